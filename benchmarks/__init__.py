"""What `make bench` runs: each figure beside its baseline, in the same run."""
