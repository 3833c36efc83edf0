"""The log as values: one event, its kinds and bodies, the chain; run, artifact and thread; the fold
of records into them.

The only room that knows how a record is laid out. Everything above it asks a thread.
"""
