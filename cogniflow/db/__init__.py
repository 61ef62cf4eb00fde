"""The way to PostgreSQL: engine, transactions, roles, migrations, seeds, the embedded server."""
