"""Settings: limits, keys, the go-live check, approvals, tokens."""
