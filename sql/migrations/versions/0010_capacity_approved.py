"""Goods beyond a hard limit are let in by who may."""

import sqlalchemy as sa
from alembic import op

revision = '0010_capacity_approved'
down_revision = '0009_saved_views'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('goods_receipt_notes', sa.Column('capacity_approved', sa.Boolean(), server_default='false', nullable=False, comment='Whether it may fill its warehouse beyond the hard limit.'))
    op.add_column('stock_transfers', sa.Column('capacity_approved', sa.Boolean(), server_default='false', nullable=False, comment='Whether it may fill its warehouse beyond the hard limit.'))


def downgrade() -> None:
    op.drop_column('stock_transfers', 'capacity_approved')
    op.drop_column('goods_receipt_notes', 'capacity_approved')
