"""The PaymentIntent: its calls, an attempt to pay it, and what a failed attempt leaves."""
