"""What is missing before a start, a post or an end."""
