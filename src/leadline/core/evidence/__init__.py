"""Predicates, labels and what the next label lacks; of a thread as it is now."""
