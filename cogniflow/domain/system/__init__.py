"""The installation's own rows: navigation, settings, number series, units, currencies, tax codes."""
