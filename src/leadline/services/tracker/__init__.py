"""A thread beside its tracker: chosen, sent, fetched, linked, reconciled."""
