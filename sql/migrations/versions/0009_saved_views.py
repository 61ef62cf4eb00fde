"""Lists that people come back to."""

import sqlalchemy as sa
from alembic import op

revision = '0009_saved_views'
down_revision = '0008_search'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('saved_views',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('title', sa.String(length=200), nullable=False, comment='What its user calls it.'),
    sa.Column('entity', sa.String(length=40), nullable=False, comment='Table of the records listed.'),
    sa.Column('arguments', sa.String(length=2000), nullable=False, comment="What stands after the question mark of the list's address, such as sort=-total&status=confirmed."),
    sa.Column('user_id', sa.BigInteger(), nullable=False, comment='User whose view it is.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.CheckConstraint("arguments !~ '[[:cntrl:][:space:]]'", name=op.f('ck_saved_views_arguments_plain')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_saved_views_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_views')),
    sa.UniqueConstraint('uid', name=op.f('uq_saved_views_uid')),
    sa.UniqueConstraint('user_id', 'entity', 'title', name=op.f('uq_saved_views_user_id')),
    comment='A list as somebody comes back to it: its filters, search, order and columns.'
    )
    op.create_index(op.f('ix_saved_views_user_id'), 'saved_views', ['user_id'], unique=False)
    # a role that is there already gets what a new one is seeded with: everybody keeps views of their own
    op.execute("INSERT INTO permissions (role_id, entity, can_read, can_create, can_update, can_delete, reach) "
               "SELECT id, 'saved_views', true, true, true, true, 'own' FROM roles "
               "WHERE name <> 'administrator' AND archived_at IS NULL ON CONFLICT DO NOTHING")


def downgrade() -> None:
    op.execute("DELETE FROM permissions WHERE entity = 'saved_views'")
    op.drop_index(op.f('ix_saved_views_user_id'), table_name='saved_views')
    op.drop_table('saved_views')
