"""What people decide and write about customers."""
