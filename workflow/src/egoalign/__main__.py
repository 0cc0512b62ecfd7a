"""``python -m egoalign`` is the same command as ``egoalign``."""

import gc
import sys

from egoalign.encode.handover import hand_over

code = hand_over(sys.argv[1:])
if code is None:
    from egoalign.cli import main

    code = main()
    # The end of Python would look once more through all that torch keeps, for most of a second.
    gc.freeze()
raise SystemExit(code)
