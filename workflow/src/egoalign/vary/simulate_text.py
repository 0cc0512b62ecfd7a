"""The results of a simulation as text to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from egoalign.vary.simulate_summary import by_design

HEADER = (
    "",
    "truth",
    "bias",
    "MC SE",
    "emp. SE",
    "mean SE",
    "coverage [95 % CI]",
    "power [95 % CI]",
)
NUMBERS = ("truth", "bias", "bias_se", "empirical_se", "mean_se")
SHARES = ("coverage", "power")

EXPLAINED = """\
MC SE: Monte Carlo standard error of the bias. emp. SE: standard deviation of the estimates;
mean SE: what fits report for it. coverage: share of 95 % intervals that hold the truth. power:
share of p < 0.05; where the truth is 0, of false alarms (5 % expected).
"""


def simulation_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one block for each combination of sizes: fixed effects, then variances.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of table SIMULATED_MODELS.
    """
    return "\n".join([f"Model: {rows[0]['formula']}", *map(_block, by_design(rows)), EXPLAINED])


def _block(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one combination of sizes."""
    first = rows[0]
    lines = [
        "",
        f"{first['children']} children, {first['hours']:g} hours (on average "
        f"{first['mean_sessions']:.0f} sessions, {first['mean_rows']:,.0f} rows); "
        f"{first['n_corpora']} corpora, {first['n_failed']} not fitted, "
        f"{first['share_not_converged']:.1%} not converged, {first['share_singular']:.1%} singular",
    ]
    parts = {
        "fixed effects": [row for row in rows if row["kind"] == "fixed"],
        "standard deviations and correlations": [
            row for row in rows if row["kind"] != "fixed" and not row["near_zero"]
        ],
        "near zero (estimates cannot be negative: biased)": [
            row for row in rows if row["near_zero"]
        ],
    }
    width = max(len(_name(row)) for row in rows) + 2
    for title, own in parts.items():
        if own:
            lines += ["", f"{title}:", _line(HEADER, width)]
            lines += [_line(_cells(row), width) for row in own]
    return "\n".join([*lines, ""])


def _name(row: Mapping[str, Any]) -> str:
    """Return a parameter with its kind."""
    return row["parameter"] if row["kind"] == "fixed" else f"{row['kind']} {row['parameter']}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    """Return what stands in a row."""
    numbers = ["" if row.get(name) is None else f"{row[name]:.4g}" for name in NUMBERS]
    shares = [
        ""
        if row.get(name) is None
        else f"{row[name]:.3f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]"
        for name in SHARES
    ]
    return [_name(row), *numbers, *shares]


def _line(cells: Sequence[str], width: int) -> str:
    """Return cells in columns."""
    name, *rest = cells
    widths = (10, 11, 10, 10, 10, 23, 23)
    padded = [cell.rjust(size) for cell, size in zip(rest, widths, strict=True)]
    return (name.ljust(width) + "".join(padded)).rstrip()
