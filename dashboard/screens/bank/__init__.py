"""What the bank says: statements, their lines, and which payout each of them is."""
