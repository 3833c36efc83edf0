"""Keeping the record sound: verify, heal, doctor."""
