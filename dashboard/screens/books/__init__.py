"""The accountant's books: where things are booked."""
