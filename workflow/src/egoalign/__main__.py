"""``python -m egoalign`` is the same command as ``egoalign``."""

from egoalign.cli import main

raise SystemExit(main())
