"""The dashboards' pages."""
