"""Everything that changes something at Stripe, under our own rules."""
