"""Test checkout: an order, a way to pay, and every step on its way."""
