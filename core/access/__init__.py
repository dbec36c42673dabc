"""Who is at the door, what they may do, and the record of what was done."""
