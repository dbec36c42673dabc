"""What finance sees of the bank: accounts, statements, lines, proposals, payouts without a line."""
