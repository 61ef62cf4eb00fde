"""Keeping enough in stock: reorder rules and the suggestions they raise."""
