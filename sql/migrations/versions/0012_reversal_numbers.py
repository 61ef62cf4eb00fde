"""Reversals have numbers."""

import sqlalchemy as sa
from alembic import op

revision = '0012_reversal_numbers'
down_revision = '0011_stock_missing'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('goods_delivery_notes', sa.Column('reversal_number', sa.String(length=40), server_default=sa.FetchedValue(), nullable=True, comment='Number of the reversal, given when they are taken back.'))
    op.create_unique_constraint(op.f('uq_goods_delivery_notes_reversal_number'), 'goods_delivery_notes', ['reversal_number'])
    op.add_column('goods_receipt_notes', sa.Column('reversal_number', sa.String(length=40), server_default=sa.FetchedValue(), nullable=True, comment='Number of the reversal, given when it is taken back.'))
    op.create_unique_constraint(op.f('uq_goods_receipt_notes_reversal_number'), 'goods_receipt_notes', ['reversal_number'])
    op.alter_column('number_series', 'entity',
               existing_type=sa.VARCHAR(length=40),
               comment='What it numbers: the table of the documents, or their reversals.',
               existing_comment='Table whose documents it numbers.',
               existing_nullable=False)


def downgrade() -> None:
    op.alter_column('number_series', 'entity',
               existing_type=sa.VARCHAR(length=40),
               comment='Table whose documents it numbers.',
               existing_comment='What it numbers: the table of the documents, or their reversals.',
               existing_nullable=False)
    op.drop_constraint(op.f('uq_goods_receipt_notes_reversal_number'), 'goods_receipt_notes', type_='unique')
    op.drop_column('goods_receipt_notes', 'reversal_number')
    op.drop_constraint(op.f('uq_goods_delivery_notes_reversal_number'), 'goods_delivery_notes', type_='unique')
    op.drop_column('goods_delivery_notes', 'reversal_number')
