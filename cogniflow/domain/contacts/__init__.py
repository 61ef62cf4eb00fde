"""Customers, suppliers and everybody else the company deals with."""
