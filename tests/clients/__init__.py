"""Other people's Stripe programs, unmodified, against a throw-away emulator: `make clients`."""
