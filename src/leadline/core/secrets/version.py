"""The version of what the rules of this room know: what was searched by an earlier one is searched again
before it is sent. ``tests/unit/test_secret_shapes.py`` fails when the rules change and this does not.
"""

DETECTOR = 8
