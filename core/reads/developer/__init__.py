"""Reads for developers: events, calls to Stripe, parked objects, scenario runs."""
