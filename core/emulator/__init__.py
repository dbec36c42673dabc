"""A local, stateful Stripe: the same HTTP API, test mode only, with books that balance."""
