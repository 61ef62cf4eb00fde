"""Leads: where they come from, where they stand, what was done about them."""
