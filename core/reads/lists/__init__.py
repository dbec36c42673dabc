"""What people made of lists."""
