"""``python -m leadline``"""

import os
import sys

# The current folder, which ``-m`` puts first: a checkout may have a module of any name.
if not sys.flags.safe_path and sys.path[0] in ("", os.environ.get("PWD"), os.path.realpath(".")):
    del sys.path[0]

from leadline.cli.start import entry

entry()
