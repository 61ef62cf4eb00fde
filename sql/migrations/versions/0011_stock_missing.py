"""Whoever sells hears of stock that is missing."""

import sqlalchemy as sa
from alembic import op

revision = '0011_stock_missing'
down_revision = '0010_capacity_approved'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('stock_reservations', sa.Column('released_at', sa.DateTime(timezone=True), server_default=sa.FetchedValue(), nullable=True, comment='When a count or correction last took back units that it had.'))


def downgrade() -> None:
    op.drop_column('stock_reservations', 'released_at')
