"""What the experiment issue is to be, what is missing of it, and when an update is due."""
