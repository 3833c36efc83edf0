"""Weights & Biases: its files, its server, its history."""
