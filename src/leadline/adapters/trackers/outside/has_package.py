"""Ends with 0 where this Python can import the package that is named."""

import sys
from importlib.util import find_spec

if __name__ == "__main__":
    found = find_spec(sys.argv[1])
    sys.exit(found is None or found.origin is None)
