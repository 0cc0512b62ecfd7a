"""``python -m egoalign`` is the same command as ``egoalign``."""

import gc

from egoalign.cli import main

code = main()
# The end of Python would look once more through all that torch keeps, for most of a second.
gc.freeze()
raise SystemExit(code)
