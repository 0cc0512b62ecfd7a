"""Every number a paper would quote, in one JSON file and as LaTeX macros."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from egoalign.log import UserError
from egoalign.tables import (
    METRICS,
    MODEL_COMPONENTS,
    MODEL_CONTRASTS,
    MODEL_EFFECTS,
    MODEL_FITS,
    MODEL_MEANS,
    MODEL_ROBUSTNESS,
    MODEL_TESTS,
    MODEL_VARIANCE,
    RELIABILITY,
    SESSIONS,
    SESSIONS_STATUS,
    Table,
    atomic_path,
    read_table,
    write_json,
)

Row = Mapping[str, Any]
Values = dict[str, Any]

QUOTED: tuple[Table, ...] = (
    MODEL_FITS,
    MODEL_EFFECTS,
    MODEL_COMPONENTS,
    MODEL_VARIANCE,
    MODEL_TESTS,
    MODEL_MEANS,
    MODEL_CONTRASTS,
    MODEL_ROBUSTNESS,
)
"""Tables of the statistical models whose numbers are quoted."""

QUOTED_FILES = tuple(table.name.removeprefix("model_") for table in QUOTED)
"""Their files, without suffix."""

FITTED = ("model_id", "name", "response")
"""Key columns that all these tables share."""

EVERYONE = "all"
"""Of whom a measure of reliability is, if not of one rater or a pair; raters are not quoted."""

DIGITS = 4
"""Significant digits of a number in LaTeX; of a p there are two."""

SMALL_P = 0.001
MACRO_PREFIX = "ego"

NUMERALS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
SPELLED = {
    **{str(digit): word for digit, word in enumerate(NUMERALS)},
    **{"=": "Is", "<": "Below", ">": "Above", "|": "In", ":": "By", ".": "Point", "-": "Dash"},
    **{"/": "Of", "+": "Plus", "[": "Level", "%": "Percent"},
}
"""How characters that no macro's name may have are spelled; others separate words."""


def write_values(
    sessions: Path,
    status: Path,
    metrics: Sequence[Path],
    reliability: Sequence[Path],
    statistical: Sequence[Path],
    out_json: Path,
    out_tex: Path,
) -> None:
    """Read the tables; write all numbers as JSON and as LaTeX macros.

    Parameters
    ----------
    sessions, status : Path
        Tables SESSIONS and SESSIONS_STATUS.
    metrics, reliability : sequence of Path
        Tables METRICS of all models, and table RELIABILITY where people judged.
    statistical : sequence of Path
        Folders with the tables of the statistical models, one a vision-language model.
    out_json, out_tex : Path
        Numbers in full, and rounded.
    """
    values: Values = {
        "corpus": corpus_values(
            read_table(SESSIONS, sessions).to_pylist(),
            read_table(SESSIONS_STATUS, status).to_pylist(),
        ),
        "metrics": keyed(METRICS, _rows(METRICS, metrics), METRICS.key),
        "reliability": keyed(
            RELIABILITY,
            [row for row in _rows(RELIABILITY, reliability) if row["who"] == EVERYONE],
            tuple(name for name in RELIABILITY.key if name != "who"),
        ),
        "models": model_values(
            {
                table.name: _rows(table, [folder / f"{file}.parquet" for folder in statistical])
                for table, file in zip(QUOTED, QUOTED_FILES, strict=True)
            }
        ),
    }
    write_json(values, out_json)
    with atomic_path(out_tex) as partial:
        partial.write_text(macros(values), encoding="utf-8")


def corpus_values(sessions: Sequence[Row], status: Sequence[Row]) -> Values:
    """Return the corpus in numbers."""
    states = Counter(row["status"] for row in status)
    ages = [row["age_days"] for row in sessions if row["age_days"] is not None]
    ok = [row for row in status if row["status"] == "ok"]
    return {
        "n_children": len({row["child_id"] for row in sessions}),
        "n_sessions": len(sessions),
        **{f"n_sessions_{state}": states[state] for state in ("ok", "failed", "excluded")},
        "hours": sum(row["duration_s"] or 0.0 for row in ok) / 3600.0,
        "n_frames": sum(row["n_frames"] for row in status),
        "n_frames_missing": sum(row["n_frames_missing"] for row in status),
        "n_utterances": sum(row["n_utterances"] for row in status),
        "n_scored": sum(row["n_scored"] for row in status),
        "age_days_least": min(ages, default=None),
        "age_days_mean": sum(ages) / len(ages) if ages else None,
        "age_days_greatest": max(ages, default=None),
    }


def model_values(rows: Mapping[str, Sequence[Row]]) -> Values:
    """Return the statistical models' numbers: model, statistical model, response, table, row.

    Parameters
    ----------
    rows : mapping
        Rows of each table of `QUOTED`, by its name.
    """
    values: Values = {}
    for table, file in zip(QUOTED, QUOTED_FILES, strict=True):
        rest = tuple(name for name in table.key if name not in FITTED)
        order = (*FITTED, table.name, *rest)
        named = [{**row, table.name: file} for row in rows[table.name]]
        _merge(values, keyed(table, named, order))
    return values


def keyed(table: Table, rows: Sequence[Row], order: Sequence[str]) -> Values:
    """Return rows as nested dictionaries by their key columns, in sorted order.

    A missing key column is left out of the way, so that ``(Intercept)`` of a standard deviation
    has no empty level below it.
    """
    values: Values = {}
    for row in sorted(rows, key=lambda row: [str(row[name] or "") for name in order]):
        way = [str(row[name]) for name in order if row[name] is not None]
        own = {name: row[name] for name in table.schema.names if name not in {*order, *table.key}}
        at = values
        for step in way:
            at = at.setdefault(step, {})
        at.update({name: value for name, value in own.items() if value is not None})
    return values


def macros(values: Values) -> str:
    """Return LaTeX macros of all numbers, one a line, in the order of the values.

    Names are made of the way to a number, letters only; numbers have `DIGITS` significant digits,
    whole numbers all of theirs, a p two or ``<.001``.

    Raises
    ------
    UserError
        Two numbers would have the same name.
    """
    lines = [
        "% Numbers of this run. Made by egoalign: do not edit.",
        f"% {DIGITS} significant digits; p has two, and below {SMALL_P:g} is <.001.",
    ]
    names: dict[str, str] = {}
    for way, value in _numbers(values):
        name = macro_name(way)
        if name in names:
            raise UserError(
                f"values.tex: {' / '.join(way)} and {names[name]} would both be \\{name}: "
                "name a model or a level otherwise"
            )
        names[name] = " / ".join(way)
        lines.append(f"\\newcommand{{\\{name}}}{{{latex_number(value, way[-1])}}}")
    return "\n".join(lines) + "\n"


def macro_name(way: Sequence[str]) -> str:
    """Return a macro's name, such as egoCorpusNChildren, with letters only."""
    words = []
    for step in way:
        spelled = "".join(
            f" {SPELLED[letter]} " if letter in SPELLED else letter for letter in step
        )
        words += re.findall(r"[A-Za-z]+", spelled)
    return MACRO_PREFIX + "".join(word[0].upper() + word[1:] for word in words)


def latex_number(value: float, column: str) -> str:
    """Return a number rounded, in LaTeX's mathematics where it has a sign or a power of ten."""
    if isinstance(value, int):
        return str(value)
    if column in ("p", "p_holm"):
        return "\\ensuremath{<}.001" if value < SMALL_P else f"{value:.2g}"
    text = f"{value:.{DIGITS}g}"
    mantissa, power, exponent = text.partition("e")
    if power:
        return f"\\ensuremath{{{mantissa}\\times 10^{{{int(exponent)}}}}}"
    return f"\\ensuremath{{{text}}}" if text.startswith("-") else text


def _rows(table: Table, paths: Sequence[Path]) -> list[Row]:
    """Return the rows of several tables of one kind."""
    return [row for path in paths for row in read_table(table, path).to_pylist()]


def _merge(into: Values, values: Values) -> None:
    """Put nested dictionaries into others."""
    for name, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


def _numbers(values: Values, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield every finite number and the way to it; no flag and no text is one."""
    for name, value in values.items():
        here = (*way, name)
        if isinstance(value, dict):
            yield from _numbers(value, here)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            continue
        elif math.isfinite(value):
            yield here, value
