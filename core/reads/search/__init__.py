"""Operator search over payments: words to terms, terms to filters, filters to a planned read."""
