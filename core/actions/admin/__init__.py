"""What administrators do: people and their way in, and the proof of the operators' log."""
