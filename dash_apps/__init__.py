"""The Dash app of the dashboards, mounted at /dash/."""
