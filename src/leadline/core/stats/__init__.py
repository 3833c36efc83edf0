"""Numbers to numbers: summaries, tests, intervals, power, corrections for many looks.

Knows no run, no metric and no thread. Each formula names its source.
"""
