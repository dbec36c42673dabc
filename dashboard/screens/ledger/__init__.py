"""Ledger rows, as a bridge, an adjustment or an address asks for them."""
