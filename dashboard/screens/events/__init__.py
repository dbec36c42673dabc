"""Events and parked objects: what became of them, and trying them again."""
