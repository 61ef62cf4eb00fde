"""Other systems are told of changes by webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013_webhooks'
down_revision = '0012_reversal_numbers'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhook_position',
    sa.Column('one', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('token', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('one', name=op.f('pk_webhook_position')),
    schema='cogniflow',
    comment='How far in the feed webhooks have been told.'
    )
    op.create_table('webhooks',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('title', sa.String(length=200), nullable=False, comment='What it is for.'),
    sa.Column('url', sa.String(length=2000), nullable=False, comment='Address that messages are sent to, such as https://shop.example.com/changes.'),
    sa.Column('topics', postgresql.ARRAY(sa.Text()), nullable=False, comment='Tables whose changes it is told, such as orders; * for every one.'),
    sa.Column('events', postgresql.ARRAY(sa.Text()), server_default='{}', nullable=False, comment='Of their events those that it is told, such as lead_assigned; every one when empty.'),
    sa.Column('user_id', sa.BigInteger(), nullable=False, comment='User by whose rights it is told: what this user may not follow it does not hear.'),
    sa.Column('enabled', sa.Boolean(), server_default='true', nullable=False, comment='Whether it is told anything; switched off by itself when it has failed for days.'),
    sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True, comment='Since when no message has arrived; empty while they do.'),
    sa.Column('problem', sa.String(length=200), nullable=True, comment='Why the last message did not arrive.'),
    sa.Column('rotated_at', sa.DateTime(timezone=True), nullable=True, comment='When it was last given another secret; for a day messages are signed with both.'),
    sa.Column('secret', sa.String(length=200), server_default=sa.text('cogniflow.new_secret()'), nullable=False, comment='Key that messages are signed with; told once, when it is made.'),
    sa.Column('former_secret', sa.String(length=200), nullable=True, comment='Key before the last.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.CheckConstraint("url ~ '^https?://[^/\\s@]+(/\\S*)?$'", name=op.f('ck_webhooks_url_shape')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_webhooks_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks')),
    sa.UniqueConstraint('uid', name=op.f('uq_webhooks_uid')),
    comment='An address of another system that is told of every change of some tables: which records, never what is in them.'
    )
    op.create_index(op.f('ix_webhooks_user_id'), 'webhooks', ['user_id'], unique=False)
    op.create_table('webhook_deliveries',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('webhook_id', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=False, comment='Webhook that is told.'),
    sa.Column('event', sa.String(length=200), server_default=sa.FetchedValue(), nullable=False, comment='What happened, such as orders_updated.'),
    sa.Column('status', sa.String(length=40), server_default='pending', nullable=False, comment='Where it stands; changed by its operations.'),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False, comment='How often it was sent since it was made or last asked for again.'),
    sa.Column('status_code', sa.Integer(), server_default=sa.FetchedValue(), nullable=True, comment="What the receiver answered, such as 200."),
    sa.Column('duration_ms', sa.Integer(), server_default=sa.FetchedValue(), nullable=True, comment='Milliseconds that the last attempt took.'),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=True, comment='When it is sent next; empty once it need not be.'),
    sa.Column('delivered_at', sa.DateTime(timezone=True), server_default=sa.FetchedValue(), nullable=True, comment='When the receiver last took it.'),
    sa.Column('problem', sa.String(length=200), server_default=sa.FetchedValue(), nullable=True, comment='Why the last attempt failed.'),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.FetchedValue(), nullable=False, comment='What it says.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name=op.f('fk_webhook_deliveries_webhook_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_deliveries')),
    sa.UniqueConstraint('uid', name=op.f('uq_webhook_deliveries_uid')),
    comment='A message to a webhook: what it says, how often it was sent, and what came of it.'
    )
    op.create_index('ix_webhook_deliveries_created_at', 'webhook_deliveries', ['created_at'], unique=False)
    op.create_index('ix_webhook_deliveries_due', 'webhook_deliveries', ['webhook_id', 'next_attempt_at'], unique=False, postgresql_where=sa.text('next_attempt_at IS NOT NULL'))
    op.create_index(op.f('ix_webhook_deliveries_status'), 'webhook_deliveries', ['status'], unique=False)
    op.create_index(op.f('ix_webhook_deliveries_webhook_id'), 'webhook_deliveries', ['webhook_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_webhook_deliveries_webhook_id'), table_name='webhook_deliveries')
    op.drop_index(op.f('ix_webhook_deliveries_status'), table_name='webhook_deliveries')
    op.drop_index('ix_webhook_deliveries_due', table_name='webhook_deliveries', postgresql_where=sa.text('next_attempt_at IS NOT NULL'))
    op.drop_index('ix_webhook_deliveries_created_at', table_name='webhook_deliveries')
    op.drop_table('webhook_deliveries')
    op.drop_index(op.f('ix_webhooks_user_id'), table_name='webhooks')
    op.drop_table('webhooks')
    op.drop_table('webhook_position', schema='cogniflow')
