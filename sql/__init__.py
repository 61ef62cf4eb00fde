"""Migrations, repeatable functions and checks; packaged as `cogniflow.sql`."""
