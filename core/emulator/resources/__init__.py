"""Stripe's resources, one module each: their states, their calls, and what they move."""
