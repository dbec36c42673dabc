"""Revenue: what each settlement currency came to, and where the ledger differs."""
