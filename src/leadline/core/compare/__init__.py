"""Two sets of runs side by side: what differs, which test, which verdict."""
