"""A page for each child: its sessions, and its alignment beside the null and the other children."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from egoalign.report.markup import page, paragraph, section, table, tiles
from egoalign.tables import (
    ALIGNMENT,
    CHILDREN_MEANS,
    SESSIONS_STATUS,
    atomic_path,
    months,
    read_table,
)
from egoalign.wording import DASH, counted, interval, number

Row = Mapping[str, Any]
ALIGNMENT_COLUMNS = (
    *("child_id", "session_id", "model_id"),
    *("age_days", "score_max", "shuffled_mean"),
)
SECONDS_PER_HOUR = 3600.0
WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 34
OWN, OTHER = "#0072b2", "#767676"
"""Colours of the child and of what it is compared with; both read on white."""


@dataclass(frozen=True)
class ModelMeans:
    """What one model says: a row a child (CHILDREN_MEANS), and means of sessions.

    Sessions are rows with child_id, session_id, age_days, score and null.
    """

    model_id: str
    children: Sequence[Row]
    sessions: Sequence[Row]


def session_means(alignment: pa.Table) -> list[Row]:
    """Return the mean score and mean null of each session that has a score.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns `ALIGNMENT_COLUMNS` of table alignment, one model.
    """
    scored = alignment.filter(pc.is_valid(alignment["score_max"]))
    means = scored.group_by(["child_id", "session_id"]).aggregate(
        [(name, "mean") for name in ("age_days", "score_max", "shuffled_mean")]
    )
    rows = [
        {
            "child_id": row["child_id"],
            "session_id": row["session_id"],
            "age_days": row["age_days_mean"],
            "score": row["score_max_mean"],
            "null": row["shuffled_mean_mean"],
        }
        for row in means.to_pylist()
    ]
    return sorted(rows, key=lambda row: (row["child_id"], row["session_id"]))


def child_page(child: str, status: Sequence[Row], models: Sequence[ModelMeans]) -> str:
    """Return a child's page as HTML that needs nothing else.

    It holds ids and numbers: no word, no name, no reason that the lab wrote down.

    Parameters
    ----------
    child : str
        The child_id.
    status : sequence of mappings
        Rows of table SESSIONS_STATUS.
    models : sequence of ModelMeans
        One for each model.
    """
    own = [row for row in status if row["child_id"] == child]
    parts = [section("Recordings", _recordings(child, own, models))]
    for model in models:
        parts.append(section(f"Alignment by {model.model_id}", _alignment(child, model)))
    return page(f"Child {child}", parts)


def write_child_pages(
    status: Path, alignments: Sequence[Path], children: Sequence[Path], out: Path
) -> None:
    """Read the tables and write `child_page` of every child to ``<out>/<child_id>.html``."""
    rows = read_table(SESSIONS_STATUS, status).to_pylist()
    models = []
    for alignment, means in zip(alignments, children, strict=True):
        scores = read_table(ALIGNMENT, alignment, ALIGNMENT_COLUMNS)
        found = read_table(CHILDREN_MEANS, means).to_pylist()
        names = scores["model_id"].unique().to_pylist()
        models.append(ModelMeans(names[0] if names else "?", found, session_means(scores)))
    for child in dict.fromkeys(row["child_id"] for row in rows):
        with atomic_path(out / f"{child}.html") as partial:
            partial.write_text(child_page(child, rows, models), encoding="utf-8")


def _recordings(child: str, own: Sequence[Row], models: Sequence[ModelMeans]) -> str:
    """Return what there is of a child, and what became of each of its sessions."""
    ages = {
        row["session_id"]: row["age_days"]
        for model in models
        for row in model.sessions
        if row["child_id"] == child and row["age_days"] is not None
    }
    states = Counter(row["status"] for row in own)
    span = sorted(months(age) for age in ages.values())
    numbers = tiles(
        [
            (f"{len(own)}", "sessions"),
            *((f"{states[state]}", state) for state in ("ok", "excluded", "failed")),
            (number(sum(row["duration_s"] or 0.0 for row in own) / SECONDS_PER_HOUR, 2), "hours"),
            (f"{sum(row['n_utterances'] for row in own):,}", "utterances"),
            (f"{sum(row['n_scored'] for row in own):,}", "with a score"),
            (f"{span[0]:.1f} {DASH} {span[-1]:.1f}" if span else DASH, "months of age"),
        ]
    )
    lines = [
        (
            row["session_id"],
            row["status"],
            number(months(ages[row["session_id"]]) if row["session_id"] in ages else None, 1),
            number(row["duration_s"] / 60.0 if row["duration_s"] is not None else None, 1),
            f"{row['n_utterances']:,}",
            f"{row['n_scored']:,}",
        )
        for row in own
    ]
    head = ["Session", "Status", "Age, months", "Minutes", "Utterances", "Scored"]
    return numbers + table(head, lines)


def _alignment(child: str, model: ModelMeans) -> str:
    """Return a child's means by one model, beside the null and the other children."""
    means = next((row for row in model.children if row["child_id"] == child), None)
    if means is None or means["mean_score"] is None:
        return paragraph("No utterance of this child has a score.")
    lines = [
        ("Mean score", _with_ends(means, "mean_score", "ci_low", "ci_high")),
        (
            "Mean score less shuffled null",
            _with_ends(means, "mean_difference", "difference_low", "difference_high"),
        ),
    ]
    text = table(["", "Estimate, 95 % interval"], lines)
    text += paragraph(
        f"{counted(means['n_utterances'], 'utterance')} of "
        f"{counted(means['n_sessions'], 'session')} with a score."
    )
    sessions = [
        row for row in model.sessions if row["child_id"] == child and row["age_days"] is not None
    ]
    if sessions:
        text += sessions_figure(sessions)
    if any(row["mean_difference"] is not None for row in model.children):
        text += children_figure(child, model.children)
    return text


def sessions_figure(rows: Sequence[Row]) -> str:
    """Return an SVG of the mean score of each session (filled) and of its null (open), by age."""
    xs = [months(row["age_days"]) for row in rows]
    ys = [row[name] for row in rows for name in ("score", "null") if row[name] is not None]
    x_of, y_of = _Scale(xs, LEFT, WIDTH - RIGHT), _Scale(ys, HEIGHT - BOTTOM, TOP)
    marks = []
    for row, x in zip(rows, xs, strict=True):
        if row["null"] is not None:
            marks.append(_dot(x_of(x), y_of(row["null"]), OTHER, filled=False))
        marks.append(_dot(x_of(x), y_of(row["score"]), OWN))
    return _figure(
        "Mean score of each session (filled) and its shuffled null (open), by age in months",
        [*marks, *_axes(xs, ys, x_of, y_of, "age in months", "score")],
    ) + paragraph("Filled: mean score of a session. Open: its shuffled null.")


def children_figure(child: str, rows: Sequence[Row]) -> str:
    """Return an SVG of all children's mean score less null, in order; the page's own is filled."""
    known = sorted(
        (row for row in rows if row["mean_difference"] is not None),
        key=lambda row: row["mean_difference"],
    )
    ends = [row[name] for row in known for name in ("difference_low", "difference_high")]
    ys = [
        0.0,
        *(row["mean_difference"] for row in known),
        *(end for end in ends if end is not None),
    ]
    ranks = [float(place) for place in range(1, len(known) + 1)]
    x_of, y_of = _Scale(ranks, LEFT, WIDTH - RIGHT), _Scale(ys, HEIGHT - BOTTOM, TOP)
    marks = [_line(LEFT, y_of(0.0), WIDTH - RIGHT, y_of(0.0), "#bbb")]
    for x, row in zip(ranks, known, strict=True):
        colour = OWN if row["child_id"] == child else OTHER
        if row["difference_low"] is not None and row["difference_high"] is not None:
            low, high = y_of(row["difference_low"]), y_of(row["difference_high"])
            marks.append(_line(x_of(x), low, x_of(x), high, colour))
        marks.append(_dot(x_of(x), y_of(row["mean_difference"]), colour, row["child_id"] == child))
    return _figure(
        "Mean score less null of all children, this child filled",
        [*marks, *_axes(ranks, ys, x_of, y_of, "children in order", "score less null")],
    ) + paragraph("Mean score less its null with 95 % intervals; filled: this child.")


def _with_ends(row: Row, name: str, low: str, high: str) -> str:
    """Return a mean with its interval as text."""
    return interval({"estimate": row[name], "ci_low": row[low], "ci_high": row[high]})


class _Scale:
    """Positions on the page of values between the least and the greatest of `values`."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        if not high - low > 1e-9 * max(abs(high), 1.0):
            low, high = low - 0.5, high + 0.5
        room = 0.06 * (high - low)
        self.low, self.high = low - room, high + room
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def _axes(
    xs: Sequence[float], ys: Sequence[float], x_of: _Scale, y_of: _Scale, x_name: str, y_name: str
) -> list[str]:
    """Return both axes with their least and greatest value and what they show."""
    base = HEIGHT - BOTTOM
    parts = [_line(LEFT, base, WIDTH - RIGHT, base, "#222"), _line(LEFT, TOP, LEFT, base, "#222")]
    whole = all(float(x).is_integer() for x in xs)
    for x in dict.fromkeys((min(xs), max(xs))):
        parts.append(_text(x_of(x), base + 14, f"{x:.0f}" if whole else f"{x:.1f}", "middle"))
    digits = 2 if max(ys) - min(ys) >= 0.02 else 3 + int(-math.log10(max(max(ys) - min(ys), 1e-6)))
    for y in dict.fromkeys((min(ys), max(ys))):
        parts.append(_text(LEFT - 4, y_of(y) + 4, number(y, min(digits, 4)), "end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, x_name, "middle"))
    middle = (TOP + base) / 2
    turn = f' transform="rotate(-90 12 {middle:.1f})"'
    parts.append(
        f'<text x="12" y="{middle:.1f}" text-anchor="middle"{turn}>{escape(y_name)}</text>'
    )
    return parts


def _figure(title: str, parts: Sequence[str]) -> str:
    """Return an SVG that a screen reader names."""
    inner = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">\n'
        f"{inner}\n</svg>\n"
    )


def _dot(x: float, y: float, colour: str, filled: bool = True) -> str:
    """Return a dot."""
    fill = colour if filled else "#fff"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{fill}" stroke="{colour}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    """Return a line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    """Return a word or number."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
