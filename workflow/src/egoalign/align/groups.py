"""The groups of utterances whose numbers are reported apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.log import UserError
from egoalign.tables import SESSIONS, months

UNKNOWN = "unknown"
OWN_GROUPS = ("child", "session", "age")
"""Groups that need no column of the lab's."""


def groups(
    alignment: pa.Table, sessions: pa.Table, names: Sequence[str], age_bins: Sequence[float]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each group's subset name and the rows in it.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns child_id, session_id and age_days of table alignment.
    sessions : pyarrow.Table
        Table sessions with the lab's further columns.
    names : sequence of str
        ``child``, ``session``, ``age``, or columns of table sessions.
    age_bins : sequence of float
        Months at which one age group ends and the next begins.

    Yields
    ------
    str
        Such as ``child=c01``, ``session=c01/s2``, ``age_months=12-18`` or ``room=kitchen``.
    numpy.ndarray
        int64 positions of the rows.

    Raises
    ------
    UserError
        A name is no column of table sessions.
    """
    children, of_session = (alignment[name].to_pylist() for name in SESSIONS.key)
    keys = list(zip(children, of_session, strict=True))
    for name in names:
        if name == "child":
            yield from _by_label("child", children)
        elif name == "session":
            yield from _by_label("session", [f"{child}/{session}" for child, session in keys])
        elif name == "age":
            labels = [_age_label(age, age_bins) for age in alignment["age_days"].to_pylist()]
            yield from _by_label("age_months", labels, _age_labels(age_bins))
        else:
            if name not in sessions.column_names:
                own = [n for n in sessions.column_names if n not in SESSIONS.key]
                raise UserError(
                    f"align.groups: no column {name!r} in the corpus tables; expected child, "
                    f"session, age or one of {', '.join(own)}"
                )
            rows = sessions.select([*SESSIONS.key, name]).to_pylist()
            found = {(row["child_id"], row["session_id"]): _said(row[name]) for row in rows}
            labels = [found.get(key, UNKNOWN) for key in keys]
            yield from _by_label(name, labels, sorted(set(labels)))


def _by_label(
    name: str, labels: Sequence[str], order: Sequence[str] = ()
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the rows of each label, in the order given, else in that in which they come."""
    place = {label: k for k, label in enumerate(order)}
    codes = np.array([place.setdefault(label, len(place)) for label in labels], dtype=np.int64)
    rows = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(place)))
    for label, (begin, end) in zip(place, pairwise([0, *ends.tolist()]), strict=True):
        if end > begin:
            yield f"{name}={label}", rows[begin:end]


def _age_labels(bins: Sequence[float]) -> list[str]:
    """Return the names of all age groups, youngest first."""
    return [
        f"<{bins[0]:g}",
        *(f"{low:g}-{high:g}" for low, high in pairwise(bins)),
        f">={bins[-1]:g}",
        UNKNOWN,
    ]


def _age_label(age_days: float | None, bins: Sequence[float]) -> str:
    """Return the name of the group that an age belongs to."""
    if age_days is None:
        return UNKNOWN
    return _age_labels(bins)[int(np.searchsorted(bins, months(age_days), side="right"))]


def _said(value: Any) -> str:
    """Return a cell as text."""
    return UNKNOWN if value is None else str(value)
