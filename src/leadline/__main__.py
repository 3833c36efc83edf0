"""``python -m leadline``"""

from leadline.cli.start import entry

entry()
