"""Values and pure functions: no I/O, no clock, no third-party import. Its ground may be used by
every room.
"""
