"""Whether two runs gave the same results, as docs/design.md defines it."""

from __future__ import annotations

from pathlib import Path

from egoalign.tables import read_columns

EXACT = (".csv", ".json", ".png", ".pdf", ".txt", ".html")


def differences(one: Path, other: Path, names: list[str]) -> list[str]:
    """Return the names of files that differ: tables by their rows, others by their bytes.

    The config as used, videos and the records of source files are left out: the first names the
    folder, the second are inputs, the third hold their times.
    """
    found = []
    for name in names:
        if name.startswith("private/provenance/"):
            continue
        a, b = one / name, other / name
        if name.endswith((".parquet", ".arrow")):
            same = read_columns(a).equals(read_columns(b))
        elif name.endswith(EXACT):
            same = a.read_bytes() == b.read_bytes()
        else:
            continue
        if not same:
            found.append(name)
    return found
