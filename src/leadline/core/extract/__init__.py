"""From what a run wrote to its metrics: what was declared, what was gathered, what was wrong with
which row.
"""
