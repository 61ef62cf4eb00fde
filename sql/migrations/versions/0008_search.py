"""What lists are ordered and searched by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008_search'
down_revision = '0007_access'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('tracked', sa.Column('sorts', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
                  schema='cogniflow')
    op.add_column('tracked', sa.Column('searches', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
                  schema='cogniflow')
    op.create_table_comment(
        'tracked',
        'What triggers and indexes need to know of every business table; written by `db upgrade` from the declarations.',
        existing_comment='What the triggers need to know of every business table; written by `db upgrade` from the declarations.',
        schema='cogniflow'
    )


def downgrade() -> None:
    op.create_table_comment(
        'tracked',
        'What the triggers need to know of every business table; written by `db upgrade` from the declarations.',
        existing_comment='What triggers and indexes need to know of every business table; written by `db upgrade` from the declarations.',
        schema='cogniflow'
    )
    op.drop_column('tracked', 'searches', schema='cogniflow')
    op.drop_column('tracked', 'sorts', schema='cogniflow')
