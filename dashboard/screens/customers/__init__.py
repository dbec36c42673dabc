"""Customers: their list, and one of them."""
