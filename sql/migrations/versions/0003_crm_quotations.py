"""Quotations, amendments and leads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003_crm_quotations'
down_revision = '0002_people_tasks'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('lead_sources',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('name', sa.String(length=200), nullable=False, comment='Name shown to people.'),
    sa.Column('description', sa.Text(), nullable=True, comment='What belongs in it.'),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True, comment='When it was put away; empty while it is in use.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_sources')),
    sa.UniqueConstraint('uid', name=op.f('uq_lead_sources_uid')),
    comment='Where leads come from, such as a trade fair.'
    )
    op.create_index('uq_lead_sources_living_name', 'lead_sources', ['name'], unique=True, postgresql_where=sa.text('archived_at IS NULL'))
    op.create_table('pipeline_stages',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('name', sa.String(length=200), nullable=False, comment='Name shown to people.'),
    sa.Column('kind', sa.String(length=40), server_default='open', nullable=False, comment='Whether a lead in it is open, won or lost.'),
    sa.Column('position', sa.Integer(), server_default='100', nullable=False, comment='Place among the stages, lowest first.'),
    sa.Column('probability', sa.Numeric(precision=9, scale=6), server_default='0', nullable=False, comment='How likely a lead in it becomes an order, as a fraction: 0.25 is 25 %.'),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True, comment='When it was put away; empty while it is in use.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.CheckConstraint("kind IN ('open', 'won', 'lost')", name=op.f('ck_pipeline_stages_kind_known')),
    sa.CheckConstraint('probability BETWEEN 0 AND 1', name=op.f('ck_pipeline_stages_probability_is_a_fraction')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pipeline_stages')),
    sa.UniqueConstraint('uid', name=op.f('uq_pipeline_stages_uid')),
    comment='A step on the way from a first contact to a customer, or to none.'
    )
    op.create_index('uq_pipeline_stages_living_name', 'pipeline_stages', ['name'], unique=True, postgresql_where=sa.text('archived_at IS NULL'))
    op.create_table('quotations',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('number', sa.String(length=40), server_default=sa.FetchedValue(), nullable=True, comment='Given when it is sent.'),
    sa.Column('status', sa.String(length=40), server_default='draft', nullable=False, comment='Where it stands; changed by its operations.'),
    sa.Column('revision', sa.Integer(), server_default='1', nullable=False, comment='Which version of the offer it is.'),
    sa.Column('revises_id', sa.BigInteger(), nullable=True, comment='Offer it replaces.'),
    sa.Column('customer_id', sa.BigInteger(), nullable=False, comment='Customer it is made to.'),
    sa.Column('employee_id', sa.BigInteger(), nullable=True, comment='Who makes it.'),
    sa.Column('warehouse_id', sa.BigInteger(), nullable=True, comment='Warehouse the goods would be delivered from.'),
    sa.Column('quoted_on', sa.Date(), server_default=sa.text('cogniflow.company_today()'), nullable=False, comment='Date of the offer.'),
    sa.Column('valid_until', sa.Date(), server_default=sa.text('(cogniflow.company_today() + 30)'), nullable=False, comment='Last day on which it can be accepted.'),
    sa.Column('currency_id', sa.BigInteger(), nullable=True, comment='Currency of its prices; the base currency when empty.'),
    sa.Column('rate', sa.Numeric(precision=18, scale=8), server_default=sa.FetchedValue(), nullable=True, comment='Base currency for one unit of its currency, fixed when it is sent.'),
    sa.Column('reason', sa.Text(), nullable=True, comment='Why the customer rejected it.'),
    sa.Column('note', sa.Text(), nullable=True, comment='Anything the customer should know.'),
    sa.Column('net_total', sa.Numeric(precision=18, scale=4), server_default=sa.text('0'), nullable=False, comment='Sum of its lines before tax, in its currency.'),
    sa.Column('tax_total', sa.Numeric(precision=18, scale=4), server_default=sa.text('0'), nullable=False, comment='Tax, rounded once per rate.'),
    sa.Column('total', sa.Numeric(precision=18, scale=4), server_default=sa.text('0'), nullable=False, comment='Net and tax.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.CheckConstraint("(status = 'rejected') = (coalesce(reason, '') <> '')", name=op.f('ck_quotations_rejected_with_reason')),
    sa.CheckConstraint('revises_id <> id', name=op.f('ck_quotations_not_revised_by_itself')),
    sa.CheckConstraint('valid_until >= quoted_on', name=op.f('ck_quotations_valid_after_quoted')),
    sa.ForeignKeyConstraint(['currency_id'], ['currencies.id'], name=op.f('fk_quotations_currency_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['customer_id'], ['contacts.id'], name=op.f('fk_quotations_customer_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['employee_id'], ['employees.id'], name=op.f('fk_quotations_employee_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['revises_id'], ['quotations.id'], name=op.f('fk_quotations_revises_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['warehouse_id'], ['warehouses.id'], name=op.f('fk_quotations_warehouse_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quotations')),
    sa.UniqueConstraint('number', name=op.f('uq_quotations_number')),
    sa.UniqueConstraint('revises_id', name=op.f('uq_quotations_revises_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_quotations_uid')),
    comment='An offer of goods at fixed prices, made to a customer until a day.'
    )
    op.create_index(op.f('ix_quotations_currency_id'), 'quotations', ['currency_id'], unique=False)
    op.create_index(op.f('ix_quotations_customer_id'), 'quotations', ['customer_id'], unique=False)
    op.create_index(op.f('ix_quotations_employee_id'), 'quotations', ['employee_id'], unique=False)
    op.create_index(op.f('ix_quotations_status'), 'quotations', ['status'], unique=False)
    op.create_index(op.f('ix_quotations_valid_until'), 'quotations', ['valid_until'], unique=False)
    op.create_index(op.f('ix_quotations_warehouse_id'), 'quotations', ['warehouse_id'], unique=False)
    op.create_table('leads',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('title', sa.String(length=200), nullable=False, comment='What it is about.'),
    sa.Column('company', sa.String(length=200), nullable=True, comment='Organisation that may buy.'),
    sa.Column('person', sa.String(length=200), nullable=True, comment='Whom to ask for.'),
    sa.Column('email', sa.String(length=254), nullable=True, comment='Address for mail.'),
    sa.Column('phone', sa.String(length=200), nullable=True, comment='Telephone.'),
    sa.Column('source_id', sa.BigInteger(), nullable=True, comment='Where it comes from.'),
    sa.Column('stage_id', sa.BigInteger(), nullable=True, comment='How far it is; the first open stage to begin with.'),
    sa.Column('assigned_to_id', sa.BigInteger(), nullable=True, comment='Employee who looks after it.'),
    sa.Column('user_id', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User that employee signs in as.'),
    sa.Column('value', sa.Numeric(precision=18, scale=4), server_default='0', nullable=False, comment='What it may bring, in base currency.'),
    sa.Column('score', sa.Integer(), nullable=True, comment='How promising it is, from 0 to 100.'),
    sa.Column('expected_close_on', sa.Date(), nullable=True, comment='When a decision is expected.'),
    sa.Column('contact_id', sa.BigInteger(), nullable=True, comment='Contact it is about, or became.'),
    sa.Column('quotation_id', sa.BigInteger(), nullable=True, comment='Quotation drafted when it was won.'),
    sa.Column('converted_at', sa.DateTime(timezone=True), nullable=True, comment='When it was won.'),
    sa.Column('lost_reason', sa.Text(), nullable=True, comment='Why it was lost.'),
    sa.Column('note', sa.Text(), nullable=True, comment='Anything else worth knowing.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.CheckConstraint('score BETWEEN 0 AND 100', name=op.f('ck_leads_score_out_of_a_hundred')),
    sa.CheckConstraint('value >= 0', name=op.f('ck_leads_value_not_negative')),
    sa.ForeignKeyConstraint(['assigned_to_id'], ['employees.id'], name=op.f('fk_leads_assigned_to_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contact_id'], ['contacts.id'], name=op.f('fk_leads_contact_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['quotation_id'], ['quotations.id'], name=op.f('fk_leads_quotation_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['source_id'], ['lead_sources.id'], name=op.f('fk_leads_source_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['stage_id'], ['pipeline_stages.id'], name=op.f('fk_leads_stage_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_leads_user_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leads')),
    sa.UniqueConstraint('quotation_id', name=op.f('uq_leads_quotation_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_leads_uid')),
    comment='Somebody who may become a customer, or a customer who may buy something new.'
    )
    op.create_index(op.f('ix_leads_assigned_to_id'), 'leads', ['assigned_to_id'], unique=False)
    op.create_index(op.f('ix_leads_contact_id'), 'leads', ['contact_id'], unique=False)
    op.create_index(op.f('ix_leads_source_id'), 'leads', ['source_id'], unique=False)
    op.create_index(op.f('ix_leads_stage_id'), 'leads', ['stage_id'], unique=False)
    op.create_index(op.f('ix_leads_user_id'), 'leads', ['user_id'], unique=False)
    op.create_table('quotation_items',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('quotation_id', sa.BigInteger(), nullable=False, comment='Quotation it is a line of.'),
    sa.Column('position', sa.Integer(), server_default='0', nullable=False, comment='Place among the lines.'),
    sa.Column('product_id', sa.BigInteger(), nullable=False, comment='Product offered.'),
    sa.Column('quantity', sa.Numeric(precision=18, scale=6), nullable=False, comment='Units offered.'),
    sa.Column('unit_price', sa.Numeric(precision=20, scale=8), nullable=False, comment='Price of one unit in its currency, before discount and tax.'),
    sa.Column('discount', sa.Numeric(precision=9, scale=6), server_default='0', nullable=False, comment='Discount as a fraction: 0.1 is 10 %.'),
    sa.Column('tax_code_id', sa.BigInteger(), nullable=True, comment='Tax on it.'),
    sa.Column('tax_rate', sa.Numeric(precision=9, scale=6), server_default='0', nullable=False, comment='Tax as a fraction, fixed when the quotation is sent.'),
    sa.Column('line_total', sa.Numeric(precision=18, scale=4), sa.Computed('round(quantity * unit_price * (1 - discount), 2)', persisted=True), nullable=False, comment='Price of the line after discount, before tax, in cents.'),
    sa.Column('ordered_quantity', sa.Numeric(precision=18, scale=6), server_default=sa.text('0'), nullable=False, comment='Units on orders made of it.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.CheckConstraint('discount BETWEEN 0 AND 1', name=op.f('ck_quotation_items_discount_is_a_fraction')),
    sa.CheckConstraint('ordered_quantity BETWEEN 0 AND quantity', name=op.f('ck_quotation_items_ordered_within_quoted')),
    sa.CheckConstraint('quantity > 0', name=op.f('ck_quotation_items_quantity_positive')),
    sa.CheckConstraint('unit_price >= 0', name=op.f('ck_quotation_items_price_not_negative')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_quotation_items_product_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['quotation_id'], ['quotations.id'], name=op.f('fk_quotation_items_quotation_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['tax_code_id'], ['tax_codes.id'], name=op.f('fk_quotation_items_tax_code_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quotation_items')),
    sa.UniqueConstraint('uid', name=op.f('uq_quotation_items_uid')),
    comment='A product offered at a price.'
    )
    op.create_index(op.f('ix_quotation_items_product_id'), 'quotation_items', ['product_id'], unique=False)
    op.create_index(op.f('ix_quotation_items_quotation_id'), 'quotation_items', ['quotation_id'], unique=False)
    op.create_index(op.f('ix_quotation_items_tax_code_id'), 'quotation_items', ['tax_code_id'], unique=False)
    op.create_table('lead_activities',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('lead_id', sa.BigInteger(), nullable=False, comment='Lead it is about.'),
    sa.Column('kind', sa.String(length=40), server_default='note', nullable=False, comment='What kind of thing it is.'),
    sa.Column('subject', sa.String(length=200), nullable=False, comment='What it is, in a few words.'),
    sa.Column('due_on', sa.Date(), nullable=True, comment='When it is to be done.'),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True, comment='When it was done.'),
    sa.Column('note', sa.Text(), nullable=True, comment='What came of it.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.CheckConstraint("kind IN ('call', 'email', 'meeting', 'task', 'note')", name=op.f('ck_lead_activities_kind_known')),
    sa.ForeignKeyConstraint(['lead_id'], ['leads.id'], name=op.f('fk_lead_activities_lead_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_activities')),
    sa.UniqueConstraint('uid', name=op.f('uq_lead_activities_uid')),
    comment='Something that was, or is to be, done about a lead.'
    )
    op.create_index(op.f('ix_lead_activities_lead_id'), 'lead_activities', ['lead_id'], unique=False)
    op.create_table('lead_stage_history',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('lead_id', sa.BigInteger(), nullable=False, comment='Lead that moved.'),
    sa.Column('from_stage_id', sa.BigInteger(), nullable=True, comment='Stage it left; empty for a new lead.'),
    sa.Column('to_stage_id', sa.BigInteger(), nullable=False, comment='Stage it came to.'),
    sa.Column('reason', sa.Text(), server_default=sa.FetchedValue(), nullable=True, comment='Why it was lost.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.ForeignKeyConstraint(['from_stage_id'], ['pipeline_stages.id'], name=op.f('fk_lead_stage_history_from_stage_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['lead_id'], ['leads.id'], name=op.f('fk_lead_stage_history_lead_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['to_stage_id'], ['pipeline_stages.id'], name=op.f('fk_lead_stage_history_to_stage_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_stage_history')),
    sa.UniqueConstraint('uid', name=op.f('uq_lead_stage_history_uid')),
    comment='A move of a lead from one stage to another.'
    )
    op.create_index(op.f('ix_lead_stage_history_from_stage_id'), 'lead_stage_history', ['from_stage_id'], unique=False)
    op.create_index(op.f('ix_lead_stage_history_lead_id'), 'lead_stage_history', ['lead_id'], unique=False)
    op.create_index(op.f('ix_lead_stage_history_to_stage_id'), 'lead_stage_history', ['to_stage_id'], unique=False)
    op.create_table('order_amendments',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False, comment='Number of the record.'),
    sa.Column('uid', sa.Uuid(), server_default=sa.text('gen_random_uuid()'), nullable=False, comment='World-wide identity of the record.'),
    sa.Column('order_id', sa.BigInteger(), nullable=False, comment='Order it amends.'),
    sa.Column('revision', sa.Integer(), server_default=sa.FetchedValue(), nullable=False, comment='Which amendment of the order it is.'),
    sa.Column('reason', sa.Text(), server_default=sa.FetchedValue(), nullable=False, comment='Why the order was amended.'),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.FetchedValue(), nullable=False, comment='The lines before it.'),
    sa.Column('after', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.FetchedValue(), nullable=True, comment='The lines after it.'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was created.'),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False, comment='When it was last changed.'),
    sa.Column('created_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who created it.'),
    sa.Column('updated_by', sa.BigInteger(), server_default=sa.FetchedValue(), nullable=True, comment='User who last changed it.'),
    sa.Column('version', sa.Integer(), server_default=sa.text('1'), nullable=False, comment='Raised by one at each change.'),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('fk_order_amendments_order_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_order_amendments')),
    sa.UniqueConstraint('order_id', 'revision', name=op.f('uq_order_amendments_order_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_order_amendments_uid')),
    comment="A change of a confirmed order's lines, agreed with the customer: what they were, and what they became."
    )
    op.create_index(op.f('ix_order_amendments_order_id'), 'order_amendments', ['order_id'], unique=False)
    op.add_column('order_items', sa.Column('quotation_item_id', sa.BigInteger(), nullable=True, comment='Row of the offer.'))
    op.create_index(op.f('ix_order_items_quotation_item_id'), 'order_items', ['quotation_item_id'], unique=False)
    op.create_foreign_key(op.f('fk_order_items_quotation_item_id'), 'order_items', 'quotation_items', ['quotation_item_id'], ['id'], ondelete='RESTRICT')
    op.add_column('orders', sa.Column('quotation_id', sa.BigInteger(), nullable=True, comment='Offer it accepts.'))
    op.create_index(op.f('ix_orders_quotation_id'), 'orders', ['quotation_id'], unique=False)
    op.create_foreign_key(op.f('fk_orders_quotation_id'), 'orders', 'quotations', ['quotation_id'], ['id'], ondelete='RESTRICT')
    op.create_check_constraint(op.f('ck_contacts_archived_when_merged'), 'contacts', 'merged_into_id IS NULL OR archived_at IS NOT NULL')


def downgrade() -> None:
    op.drop_constraint(op.f('ck_contacts_archived_when_merged'), 'contacts', type_='check')
    op.drop_constraint(op.f('fk_orders_quotation_id'), 'orders', type_='foreignkey')
    op.drop_index(op.f('ix_orders_quotation_id'), table_name='orders')
    op.drop_column('orders', 'quotation_id')
    op.drop_constraint(op.f('fk_order_items_quotation_item_id'), 'order_items', type_='foreignkey')
    op.drop_index(op.f('ix_order_items_quotation_item_id'), table_name='order_items')
    op.drop_column('order_items', 'quotation_item_id')
    op.drop_index(op.f('ix_order_amendments_order_id'), table_name='order_amendments')
    op.drop_table('order_amendments')
    op.drop_index(op.f('ix_lead_stage_history_to_stage_id'), table_name='lead_stage_history')
    op.drop_index(op.f('ix_lead_stage_history_lead_id'), table_name='lead_stage_history')
    op.drop_index(op.f('ix_lead_stage_history_from_stage_id'), table_name='lead_stage_history')
    op.drop_table('lead_stage_history')
    op.drop_index(op.f('ix_lead_activities_lead_id'), table_name='lead_activities')
    op.drop_table('lead_activities')
    op.drop_index(op.f('ix_quotation_items_tax_code_id'), table_name='quotation_items')
    op.drop_index(op.f('ix_quotation_items_quotation_id'), table_name='quotation_items')
    op.drop_index(op.f('ix_quotation_items_product_id'), table_name='quotation_items')
    op.drop_table('quotation_items')
    op.drop_index(op.f('ix_leads_user_id'), table_name='leads')
    op.drop_index(op.f('ix_leads_stage_id'), table_name='leads')
    op.drop_index(op.f('ix_leads_source_id'), table_name='leads')
    op.drop_index(op.f('ix_leads_contact_id'), table_name='leads')
    op.drop_index(op.f('ix_leads_assigned_to_id'), table_name='leads')
    op.drop_table('leads')
    op.drop_index(op.f('ix_quotations_warehouse_id'), table_name='quotations')
    op.drop_index(op.f('ix_quotations_valid_until'), table_name='quotations')
    op.drop_index(op.f('ix_quotations_status'), table_name='quotations')
    op.drop_index(op.f('ix_quotations_employee_id'), table_name='quotations')
    op.drop_index(op.f('ix_quotations_customer_id'), table_name='quotations')
    op.drop_index(op.f('ix_quotations_currency_id'), table_name='quotations')
    op.drop_table('quotations')
    op.drop_index('uq_pipeline_stages_living_name', table_name='pipeline_stages', postgresql_where=sa.text('archived_at IS NULL'))
    op.drop_table('pipeline_stages')
    op.drop_index('uq_lead_sources_living_name', table_name='lead_sources', postgresql_where=sa.text('archived_at IS NULL'))
    op.drop_table('lead_sources')
