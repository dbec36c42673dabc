"""What accountants do about the books."""
