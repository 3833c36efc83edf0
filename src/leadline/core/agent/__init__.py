"""What agents' programs say of themselves and of what they are about to do, as values."""
