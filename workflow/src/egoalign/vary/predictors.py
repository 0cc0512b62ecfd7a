"""What may explain the scores: the predictors of a session's utterances and content words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from egoalign.align.lemma_ids import corpus_lemma_ids
from egoalign.log import UserError
from egoalign.tables import (
    REAL,
    UTTERANCE_PREDICTORS,
    WHOLE,
    WORD_PREDICTORS,
    months,
)
from egoalign.vary.frequency import Frequency, LemmaCounts
from egoalign.vary.norms import Norms

UTTERANCE_COLUMNS = ["utterance_id", "start_s", "end_s", "speaker", "n_words"]
"""Columns of table UTTERANCES, or ALIGNMENT, that predictors are made from."""

WORD_COLUMNS = ["utterance_id", "word_no", "lemma", "part_of_speech"]
"""Columns of table CONTENT_WORDS that predictors are made from."""

FREQUENCIES = ("log_freq", "log_freq_others", "general_log_freq")
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]+)?))?")
HOURS = 24.0


@dataclass(frozen=True)
class SessionFacts:
    """What is known of a session as a whole.

    Attributes
    ----------
    age_days : float or None
        Age at recording, in days.
    age_between : float or None
        The child's mean age over its sessions, in months.
    duration_s : float or None
        Length of the video, in seconds.
    clock_h : float or None
        Time of day at which it began, in hours since midnight.
    columns : mapping
        Values of the lab's own columns that become predictors, as Arrow scalars.
    """

    child_id: str
    session_id: str
    age_days: float | None = None
    age_between: float | None = None
    duration_s: float | None = None
    clock_h: float | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lexicon:
    """What is known of lemmas, whoever says them and whenever.

    Attributes
    ----------
    counts : LemmaCounts
        Of the whole corpus.
    general : Frequency
        Frequency in general.
    norms : Norms
        What people said of words.
    """

    counts: LemmaCounts
    general: Frequency
    norms: Norms
    _ids: dict[str, str] = field(default_factory=dict)
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def further(self) -> tuple[str, ...]:
        """Names of the norms beyond those that every word table has."""
        return tuple(name for name in self.norms if name not in WORD_PREDICTORS.schema.names)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of all predictors of words that are numbers."""
        fixed = [field.name for field in WORD_PREDICTORS.schema if field.type == REAL]
        return (*fixed, *self.further)

    def of(self, lemma: str, child_id: str) -> dict[str, Any]:
        """Return a lemma's id and numbers, for a word in a recording of one child."""
        if not self._ids:
            self._ids.update(corpus_lemma_ids(self.counts.total))
        if lemma not in self._known:
            self._known[lemma] = {
                "lemma_id": self._ids[lemma],
                "log_freq": self.counts.log_freq(lemma),
                "general_log_freq": self.general(lemma),
                **{name: norm.of(lemma) for name, norm in self.norms.items()},
            }
        others = self.counts.log_freq_others(lemma, child_id)
        return {**self._known[lemma], "log_freq_others": others}


def mean_ages(child_ids: Iterable[str], ages_days: Iterable[float | None]) -> dict[str, float]:
    """Return each child's mean age in months, over its sessions.

    Sessions count once each, whatever is said in them, so that the split of age into between and
    within children does not depend on how much is said; those without an age do not count.

    Parameters
    ----------
    child_ids, ages_days : iterable
        Of each session.
    """
    ages: dict[str, list[float]] = {}
    for child_id, age in zip(child_ids, ages_days, strict=True):
        if age is not None:
            ages.setdefault(child_id, []).append(months(age))
    return {child_id: sum(own) / len(own) for child_id, own in ages.items()}


def clock_hours(value: str | None, place: str) -> float | None:
    """Return hours since midnight of a time of day such as 14:05 or 14:05:30, or None.

    Raises
    ------
    UserError
        It is none.
    """
    if value is None:
        return None
    match = CLOCK.fullmatch(value.strip())
    if match is None:
        raise UserError(f"{place}: found {value!r}, expected a time of day such as 14:05 or 9:30")
    return int(match[1]) + int(match[2]) / 60 + float(match[3] or 0) / 3600


def word_predictors(words: pa.Table, facts: SessionFacts, lexicon: Lexicon) -> pa.Table:
    """Return table WORD_PREDICTORS of a session, without any word.

    Parameters
    ----------
    words : pyarrow.Table
        Columns `WORD_COLUMNS` of table CONTENT_WORDS, n rows.
    facts : SessionFacts
        The session.
    lexicon : Lexicon
        What is known of lemmas.

    Returns
    -------
    pyarrow.Table
        n rows, in the same order, norms beyond those of the schema after its columns.
    """
    n = words.num_rows
    lemmas = words["lemma"].combine_chunks().dictionary_encode()
    found = [lexicon.of(lemma, facts.child_id) for lemma in lemmas.dictionary.to_pylist()]
    columns: dict[str, Any] = {
        "child_id": _constant(facts.child_id, n),
        "session_id": _constant(facts.session_id, n),
        **{name: words[name] for name in ("utterance_id", "word_no", "part_of_speech")},
        "lemma_id": _values(found, "lemma_id", pa.string()).take(lemmas.indices),
        **{name: _values(found, name, REAL).take(lemmas.indices) for name in lexicon.numbers},
    }
    return pa.table(
        {name: columns[name] for name in (*WORD_PREDICTORS.schema.names, *lexicon.further)}
    )


def utterance_predictors(
    utterances: pa.Table,
    facts: SessionFacts,
    words: pa.Table | None = None,
    context: pa.Table | None = None,
    missing_norms: Literal["skip", "missing"] = "skip",
) -> pa.Table:
    """Return table UTTERANCE_PREDICTORS of a session.

    Parameters
    ----------
    utterances : pyarrow.Table
        Columns `UTTERANCE_COLUMNS` of table UTTERANCES, n rows.
    facts : SessionFacts
        The session.
    words : pyarrow.Table, optional
        What `word_predictors` gives; without it there are no content words.
    context : pyarrow.Table, optional
        What goes on during each utterance, n rows.
    missing_norms : str
        ``skip``: means are over the words that have a value; ``missing``: there is no mean where
        a word has none.

    Returns
    -------
    pyarrow.Table
        n rows, in the same order; the lab's own columns after those of the schema.
    """
    n = utterances.num_rows
    start_s, end_s = (_reals(utterances[name]) for name in ("start_s", "end_s"))
    age_months = np.nan if facts.age_days is None else months(facts.age_days)
    between = np.nan if facts.age_between is None else facts.age_between
    clock_h = np.nan if facts.clock_h is None else facts.clock_h
    numbers = {
        "age_days": np.full(n, np.nan if facts.age_days is None else facts.age_days),
        "age_months": np.full(n, age_months),
        "age_between": np.full(n, between),
        "age_within": np.full(n, age_months - between),
        "duration_s": end_s - start_s,
        "position": _position(start_s, facts.duration_s),
        "minutes": start_s / 60,
        "time_of_day_h": (clock_h + start_s / 3600) % HOURS,
    }
    columns: dict[str, Any] = {
        "child_id": _constant(facts.child_id, n),
        "session_id": _constant(facts.session_id, n),
        **{name: utterances[name] for name in ("utterance_id", "speaker", "n_words")},
        **{name: pa.array(values, REAL, from_pandas=True) for name, values in numbers.items()},
    }
    columns |= _word_means(utterances["utterance_id"], words, missing_norms)
    schema = UTTERANCE_PREDICTORS.schema.names
    further = [name for name in columns if name not in schema]
    columns = {name: columns[name] for name in (*schema, *further)}
    return pa.table(columns | _own_columns(facts, context, n))


def _position(start_s: NDArray[np.float64], duration_s: float | None) -> NDArray[np.float64]:
    """Return where in the video each utterance starts; NaN outside of it."""
    position = start_s / duration_s if duration_s else np.full(start_s.size, np.nan)
    return np.where((position >= 0) & (position <= 1), position, np.nan)


def _word_means(
    utterance_ids: pa.ChunkedArray, words: pa.Table | None, missing_norms: str
) -> dict[str, pa.Array]:
    """Return means over the content words of each utterance, and how many have a value."""
    n = len(utterance_ids)
    if words is None:
        words = WORD_PREDICTORS.schema.empty_table()
    names = [field.name for field in words.schema if field.type == REAL]
    place = pc.index_in(words["utterance_id"], value_set=utterance_ids.combine_chunks())
    place = place.to_numpy().astype(np.int64)
    has_lemma = pc.is_valid(words["lemma_id"]).to_numpy()
    n_words = np.bincount(place[has_lemma], minlength=n)
    columns: dict[str, pa.Array] = {"n_content_words": pa.array(n_words, WHOLE)}
    for name in names:
        values = _reals(words[name])
        has = np.isfinite(values)
        count = np.bincount(place[has], minlength=n)
        total = np.bincount(place[has], weights=values[has], minlength=n)
        mean = np.divide(total, count, out=np.full(n, np.nan), where=count > 0)
        if missing_norms == "missing":
            mean[count < n_words] = np.nan
        columns[f"mean_{name}"] = pa.array(mean, REAL, from_pandas=True)
        columns[f"n_{name}"] = pa.array(count, WHOLE)
    return columns


def _own_columns(facts: SessionFacts, context: pa.Table | None, n: int) -> dict[str, pa.Array]:
    """Return the lab's own columns: of the clip, else of the session."""
    columns: dict[str, Any] = {name: _constant(value, n) for name, value in facts.columns.items()}
    clips = {} if context is None else dict(zip(context.column_names, context.columns, strict=True))
    for name, of_clip in clips.items():
        whole = columns.get(name)
        if whole is not None and whole.type != of_clip.type:
            numbers = {whole.type, of_clip.type} == {REAL, WHOLE}
            common = REAL if numbers else pa.string()
            whole, of_clip = whole.cast(common), of_clip.cast(common)
        columns[name] = of_clip if whole is None else pc.coalesce(of_clip, whole)
    return columns


def _constant(value: Any, n: int) -> pa.Array:
    """Return n times a value."""
    return pa.repeat(value, n)


def _values(rows: Sequence[Mapping[str, Any]], name: str, type_: pa.DataType) -> pa.Array:
    """Return one value of each row, missing where a row has none."""
    return pa.array([row.get(name) for row in rows], type_)


def _reals(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return a column as float64, NaN where missing."""
    return column.cast(REAL).to_numpy().astype(np.float64)
