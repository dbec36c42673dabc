"""Payments and Checkout Sessions: checked, scored by risk, made at Stripe."""
