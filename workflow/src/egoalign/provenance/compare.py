"""Whether a run from a bundle made the same statistics and figures as lie in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from egoalign.log import UserError
from egoalign.provenance.bundle import RESULTS_FOLDER, checksums, open_bundle
from egoalign.tables import read_columns


@dataclass(frozen=True)
class Comparison:
    """Files that are equal, and the others with what differs."""

    equal: list[str]
    unequal: dict[str, str]


def compare_bundle(results: Path, folder: Path) -> Comparison:
    """Compare the statistics and figures of a run with those of a bundle.

    Tables are compared row by row, to the last digit; other files byte by byte.

    Parameters
    ----------
    results : Path
        Results of a run from the bundle.
    folder : Path
        The bundle's folder.

    Raises
    ------
    UserError
        There is no bundle, or nothing in it to compare.
    """
    open_bundle(folder)
    prefix = f"{RESULTS_FOLDER}/"
    names = [name for name in checksums(folder) if name.startswith(prefix)]
    if not names:
        raise UserError(f"{folder}: holds no statistics and figures to compare with")
    equal, unequal = [], {}
    for name in names:
        below = name.removeprefix(prefix)
        difference = _difference(results / below, folder / name)
        if difference:
            unequal[below] = difference
        else:
            equal.append(below)
    return Comparison(equal, unequal)


def _difference(made: Path, shared: Path) -> str | None:
    """Return how two files differ, or None."""
    if not made.is_file():
        return "was not made"
    if made.suffix != ".parquet":
        return None if made.read_bytes() == shared.read_bytes() else "differs"
    one, other = read_columns(made), read_columns(shared)
    if one.column_names != other.column_names or one.num_rows != other.num_rows:
        return (
            f"{one.num_rows} rows and {one.num_columns} columns, "
            f"expected {other.num_rows} and {other.num_columns}"
        )
    differing = [
        name for name in one.column_names if not _same(one[name], other[name])
    ]  # fmt: skip
    if not differing:
        return None
    return "; ".join(f"{name}{_greatest(one[name], other[name])}" for name in differing)


def _same(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Say whether two columns are equal, where two that are not a number are the same."""
    if one.type == other.type and pa.types.is_floating(one.type):
        # NaN is unequal to itself.
        one, other = (column.fill_null(float("inf")) for column in (one, other))
        same = pc.or_(pc.equal(one, other), pc.and_(pc.is_nan(one), pc.is_nan(other)))
        return pc.all(same).as_py() is not False
    return bool(one.equals(other))


def _greatest(one: pa.ChunkedArray, other: pa.ChunkedArray) -> str:
    """Return the greatest relative difference of two columns of numbers, as text."""
    if one.type != other.type or not pa.types.is_floating(one.type):
        return ""
    scale = pc.max_element_wise(pc.abs(one), pc.abs(other))
    found = pc.max(pc.divide(pc.abs(pc.subtract(one, other)), scale)).as_py()
    return "" if found is None else f" (by {found:.1e} of its value)"
