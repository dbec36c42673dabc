"""The proof: differences explained and given to somebody, and a reconciliation asked for."""
