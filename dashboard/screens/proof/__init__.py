"""The proof: what each witness says, the bridge, and what differs."""
