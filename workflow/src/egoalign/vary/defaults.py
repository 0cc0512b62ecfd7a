"""The models that are fitted where the config names none, less what a corpus cannot have."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from egoalign.config import StatisticalModel
from egoalign.vary.formula import Bar, Column, Formula, parse_formula

DEFAULT_MODELS = (
    StatisticalModel(
        name="main",
        unit="utterances",
        responses=["score_max", "shuffled_difference"],
        formula="age_within + age_between + speaker + log_n_words + log_n_frames"
        " + (1 + age_within | child_id) + (1 | child_id:session_id)",
    ),
    StatisticalModel(
        name="words",
        unit="words",
        responses=["word_score", "word_difference"],
        formula="age_within + age_between + speaker + log_freq + concreteness + log_n_frames"
        " + (1 + age_within | child_id) + (1 | child_id:session_id) + (1 | lemma_id)",
    ),
)
"""Every variable of these is a column, and no term is an interaction: see `usable_formula`."""

REFERENCE_SPEAKER = "female_adult"

ROUNDED = 9
"""Decimals beyond which numbers do not differ: a mean of equal ages may be off by rounding."""


def usable_formula(data: pa.Table, formula: Formula) -> tuple[Formula, list[str]]:
    """Return a default formula without the terms that a table cannot have, and why each is gone.

    A fixed effect goes where its column is missing or does not vary; a random slope where fewer
    than two members of the group have more than one value; a random intercept where the group has
    one member, as many as rows, or the same members as a group before it.

    Parameters
    ----------
    data : pyarrow.Table
        What the model is to be fitted to.
    formula : Formula
        Main effects of columns only.
    """
    notes: list[str] = []
    n = data.num_rows
    for name in [name for term in formula.terms for name in term]:
        if name not in data.column_names or data[name].null_count == n:
            formula = _without(formula, name)
            notes.append(f"{name} is left out: no row has it")
    # What varies is asked of the rows that will be used.
    rows = data.select(list(formula.columns)).drop_null()
    for name in [name for term in formula.terms for name in term]:
        if np.unique(_values(rows, name)).size < 2:
            formula = _without(formula, name)
            notes.append(f"{name} is left out: it does not vary")
    bars: list[Bar] = []
    partitions: list[np.ndarray] = []
    for bar in formula.bars:
        members = _members(rows, bar.group)
        n_members = np.unique(members).size
        if n_members < 2:
            notes.append(f"{bar} is left out: {n_members} member of {bar.group_name}")
        elif n_members == rows.num_rows:
            notes.append(f"{bar} is left out: each member of {bar.group_name} has one row")
        elif any(np.array_equal(members, other) for other in partitions):
            notes.append(f"{bar} is left out: {bar.group_name} has the members of a group before")
        else:
            slopes = tuple(term for term in bar.terms if _varies_within(rows, term[0], members))
            for term in bar.terms:
                if term not in slopes:
                    notes.append(
                        f"{term[0]} by {bar.group_name} is left out: fewer than two of them have "
                        "more than one value"
                    )
            bars.append(Bar(slopes, bar.intercept, bar.group))
            partitions.append(members)
    terms = [" + ".join(":".join(term) for term in formula.terms) or "1", *map(str, bars)]
    return parse_formula(f"{formula.response} ~ {' + '.join(terms)}"), notes


def speaker_reference(data: pa.Table) -> str | None:
    """Return the speakers' reference level: the woman, else the most frequent type.

    Returns
    -------
    str or None
        None where speakers are of one type or not in the table.
    """
    if "speaker" not in data.column_names:
        return None
    found = {row["values"]: row["counts"] for row in data["speaker"].value_counts().to_pylist()}
    found.pop(None, None)
    if len(found) < 2:
        return None
    if REFERENCE_SPEAKER in found:
        return REFERENCE_SPEAKER
    return str(min(found, key=lambda level: (-found[level], level)))


def _without(formula: Formula, name: str) -> Formula:
    """Return the formula without a column, among the random slopes too."""
    terms = " + ".join(":".join(term) for term in formula.terms if name not in term) or "1"
    bars = [
        str(Bar(tuple(term for term in bar.terms if name not in term), bar.intercept, bar.group))
        for bar in formula.bars
        if Column(name).name not in bar.group
    ]
    return parse_formula(f"{formula.response} ~ {' + '.join([terms, *bars])}")


def _members(rows: pa.Table, group: tuple[str, ...]) -> np.ndarray:
    """Return the first row of each row's member, shape (n,): alike for like partitions."""
    codes = np.zeros(rows.num_rows, dtype=np.int64)
    for name in group:
        own = rows[name].combine_chunks().dictionary_encode().indices.to_numpy()
        codes = np.unique(codes * (own.max(initial=0) + 1) + own, return_inverse=True)[1]
    first = np.unique(codes, return_index=True)[1]
    found: np.ndarray = first[codes]
    return found


def _values(rows: pa.Table, name: str) -> np.ndarray:
    """Return a column; numbers that differ by rounding alone are made the same."""
    values: np.ndarray = rows[name].to_numpy()
    return values.round(ROUNDED) if values.dtype.kind == "f" else values.astype(str)


def _varies_within(rows: pa.Table, name: str, members: np.ndarray) -> bool:
    """Return whether a column has several values in two members or more."""
    values = np.unique(_values(rows, name), return_inverse=True)[1]
    pairs = np.unique(np.column_stack([members, values]), axis=0)[:, 0]
    return bool((np.unique(pairs, return_counts=True)[1] > 1).sum() >= 2)
