"""Alembic's environment: one transaction for versions, declarations and repeatable functions."""

from alembic import context

from cogniflow.db.declarations import write_declarations
from cogniflow.db.migrate import apply_functions, include_name, render_item
from cogniflow.kernel.entity import metadata


def migrate(connection) -> None:
    """Bring the schema to the revision asked for; at head, the functions and declarations follow."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(741100)")  # first: two that create the schema at once would fail
    connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS cogniflow")
    context.configure(connection=connection, target_metadata=metadata, include_schemas=True, include_name=include_name,
                      render_item=render_item, compare_type=True, compare_server_default=True,
                      version_table_schema="cogniflow", transaction_per_migration=False)
    with context.begin_transaction():
        apply_functions(connection, "00*.sql")  # what defaults of columns call
        context.run_migrations()
        if context.config.attributes.get("upgrading"):
            write_declarations(connection)
            apply_functions(connection)


migrate(context.config.attributes["connection"])
