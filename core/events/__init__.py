"""Events as Stripe sends and lists them: their envelope, one insert, how far they were read."""
