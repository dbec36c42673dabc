"""The accountant's books: a journal of each day and settlement currency, from Stripe's ledger."""
