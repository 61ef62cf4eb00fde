"""Buying: purchase orders and goods receipt notes."""
