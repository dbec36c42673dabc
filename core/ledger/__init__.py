"""Balance transactions and the sums kept of them, to the minor unit."""
