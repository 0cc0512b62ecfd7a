"""How numbers and counts are written in figures, captions and pages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with fixed decimals and a true minus; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return DASH
    return f"{value:z,.{digits}f}".replace("-", MINUS)


def interval(value: Mapping[str, Any] | None, digits: int = 3) -> str:
    """Return what has `estimate`, `ci_low` and `ci_high` as "0.612 [0.580, 0.641]"."""
    if not value:
        return DASH
    estimate, low, high = (
        number(value.get(name), digits) for name in ("estimate", "ci_low", "ci_high")
    )
    return estimate if low == high == DASH else f"{estimate} [{low}, {high}]"


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun: "1 child", "1,204 utterances"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"
