"""Selling: orders and goods delivery notes."""
