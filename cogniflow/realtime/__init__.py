"""The feed: from a committed change in PostgreSQL to every subscribed client."""
