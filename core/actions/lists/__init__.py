"""What people make of lists for themselves and for others."""
