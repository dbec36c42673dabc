"""A search line is read once, into terms with their values; lists are paged by key."""
