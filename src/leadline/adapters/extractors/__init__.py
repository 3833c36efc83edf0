"""Readers of what a run wrote; ``registry`` names them."""
