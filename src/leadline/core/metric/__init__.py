"""What a number means: contract, unit, formula, the items it is over; derived metrics.

``thread_of`` is how records become a thread with all its metrics.
"""
