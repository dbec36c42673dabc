"""What people do with their bank's statements: take them in, say which line is which payout."""
