"""What is kept for a time only, and what of it goes then."""
