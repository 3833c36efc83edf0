"""Running and recording. ``lifecycle`` is the page to read first; sweeps, runs in turns and
reproductions rest on it.
"""
