"""The folder that holds what may not leave the lab."""

from __future__ import annotations

import os
from pathlib import Path

from egoalign.tables import PRIVATE_ZONE, ZONE_MARK

EFFECTIVE_CONFIG = "config.yaml"
"""The config as used, within the zone."""

README = """This folder holds what may not leave the lab: the words that were spoken, tables and
logs that name recordings, and pictures shown to people. Only its owner may open it (mode 0700).
Everything outside this folder holds numbers and ids, neither words nor pictures. `egoalign` never
copies from here.
"""


def make_private_zone(results: str | Path) -> Path:
    """Make ``<results>/private`` with mode 0700 and a README, and return it.

    Parameters
    ----------
    results : str or Path
        The folder of the results.
    """
    zone = Path(results) / PRIVATE_ZONE
    zone.mkdir(parents=True, exist_ok=True)
    zone.chmod(0o700)
    note = zone / ZONE_MARK
    if not note.is_file():
        note.write_text(README, encoding="utf-8")
    return zone


def files_below(folder: str | Path) -> list[Path]:
    """Return the files below a folder, in order, but for other results that lie in it.

    Parameters
    ----------
    folder : str or Path
        The folder of the results, or one in it; the demo's lie in that of the lab's own.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = [
            name for name in folders if not (here / name / PRIVATE_ZONE / ZONE_MARK).is_file()
        ]
        found += [here / name for name in names]
    return sorted(found)
