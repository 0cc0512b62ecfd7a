"""What each predictor is, how it was made, and how much of it there is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from egoalign.tables import UTTERANCE_PREDICTORS, WORD_PREDICTORS, Column, Table

Unit = Literal["utterance", "word"]
UNITS: Mapping[Unit, Table] = {"utterance": UTTERANCE_PREDICTORS, "word": WORD_PREDICTORS}

MOST_LEVELS = 20
"""Levels are named where there are at most so many: labels, not free text."""

SESSIONS_TABLE, TRANSCRIPT = "children.tsv and sessions.tsv", "transcript"
NO_AGE = "the session has no age"
NO_TIME = "the utterance has no time"
NO_LEMMA = "nothing gave the word a lemma"


@dataclass(frozen=True)
class Making:
    """How a predictor was made: what was done, from what, and why a row may lack it."""

    transformation: str
    source: str
    missing_means: str | None = None


MAKING: Mapping[str, Making] = {
    "age_days": Making("none", SESSIONS_TABLE, NO_AGE),
    "age_months": Making("days / 30.4375", SESSIONS_TABLE, NO_AGE),
    "age_between": Making(
        "mean of age_months over the child's sessions that are not excluded, each once",
        SESSIONS_TABLE,
        "no session of the child has an age",
    ),
    "age_within": Making("age_months - age_between", SESSIONS_TABLE, NO_AGE),
    "speaker": Making("the lab's labels mapped by the config", TRANSCRIPT),
    "n_words": Making("count; log_n_words in the tables of models", TRANSCRIPT),
    "duration_s": Making("end_s - start_s", TRANSCRIPT, NO_TIME),
    "position": Making(
        "start_s / length of the video",
        "transcript and video",
        "no time, a video of unknown length, or a start outside of it",
    ),
    "minutes": Making("start_s / 60", TRANSCRIPT, NO_TIME),
    "time_of_day_h": Making(
        "clock at the start of the recording + start_s / 3600, modulo 24",
        "sessions.tsv and transcript",
        "the session's time of day is not known, or the utterance has no time",
    ),
    "n_content_words": Making("count", "transcript or tagger"),
    "lemma_id": Making("numbered by falling count in the corpus", "transcript or tagger", NO_LEMMA),
    "part_of_speech": Making("none", "transcript or tagger", NO_LEMMA),
    "log_freq": Making(
        "log10((count + 1) / (words + lemmas)) + 9 over all speech of the corpus, whoever speaks",
        "transcripts of the corpus",
        NO_LEMMA,
    ),
    "log_freq_others": Making(
        "the same over the recordings of the other children",
        "transcripts of the corpus",
        f"{NO_LEMMA}, or there is one child",
    ),
    "general_log_freq": Making(
        "log10 of occurrences in 10^9 words, of the lemma's form",
        "wordfreq",
        f"{NO_LEMMA}, the list does not have it, or no list is asked for",
    ),
}

NORM = Making(
    "none; the mean where the norms have the word several times",
    "table of norms",
    f"{NO_LEMMA}, or no norms have it",
)
MEAN = Making(
    "mean over the utterance's content words", "its content words", "no content word has a value"
)
COUNT = Making("count", "its content words")
OWN = Making("none", "the lab's own column", "the lab's table says nothing")


class Description:
    """Gathers table PREDICTORS_DESCRIBED while the tables are written, a piece at a time.

    Parameters
    ----------
    unit : str
        What a row is: utterance or word.
    norms, own : tuple of str
        Names of norms, and of the lab's own columns.
    """

    def __init__(self, unit: Unit, norms: tuple[str, ...] = (), own: tuple[str, ...] = ()) -> None:
        self._unit, self._table = unit, UNITS[unit]
        self._norms, self._own = norms, own
        self._rows = 0
        self._columns: dict[str, _Numbers | _Levels] = {}

    def add(self, piece: pa.Table) -> None:
        """Count the rows of a session."""
        self._rows += piece.num_rows
        for name in piece.column_names:
            if name in self._table.key:
                continue
            if name not in self._columns:
                kind = piece[name].type
                is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
                self._columns[name] = _Numbers() if is_number else _Levels()
            self._columns[name].add(piece[name])

    def rows(self) -> list[dict[str, Any]]:
        """Return rows of table PREDICTORS_DESCRIBED, in the order of the columns."""
        columns = {column.name: column for column in self._table.columns}
        return [
            {
                "unit": self._unit,
                "name": name,
                **self._what(name, columns.get(name)),
                "n": found.n,
                "n_missing": self._rows - found.n,
                **found.summary(),
            }
            for name, found in self._columns.items()
        ]

    def _what(self, name: str, column: Column | None) -> dict[str, Any]:
        """Return what a predictor is and how it was made."""
        kind, _, of = name.partition("_")
        mean_of_norm = self._unit == "utterance" and kind in ("mean", "n") and of in self._norms
        if name in self._own:
            making, meaning = OWN, f"the lab's {name}, of the clip or the session"
        elif name in MAKING:
            making, meaning = MAKING[name], ""
        elif mean_of_norm or (column is not None and kind == "mean"):
            making, meaning = (MEAN if kind == "mean" else COUNT), f"{kind} of {of} over its words"
        elif column is not None and kind == "n":
            making, meaning = COUNT, ""
        else:
            making, meaning = NORM, f"{name} of the lemma"
        return {
            "meaning": meaning if column is None else column.meaning,
            "measured_in": (column.unit or None) if column else None,
            "transformation": making.transformation,
            "source": making.source,
            "missing_means": making.missing_means,
        }


class _Numbers:
    """Running count, mean, sum of squared deviations and extremes."""

    def __init__(self) -> None:
        self.n, self._mean, self._squares = 0, 0.0, 0.0
        self._least, self._greatest = math.inf, -math.inf

    def add(self, column: pa.ChunkedArray) -> None:
        values = column.drop_null().cast(pa.float64()).to_numpy()
        if not values.size:
            return
        mean = float(values.mean())
        squares = float(((values - mean) ** 2).sum())
        # Two sets joined (Chan, Golub & LeVeque 1983, The American Statistician 37, 242-247).
        n, apart = self.n + values.size, mean - self._mean
        self._squares += squares + apart**2 * self.n * values.size / n
        self._mean += apart * values.size / n
        self.n = n
        self._least = min(self._least, float(values.min()))
        self._greatest = max(self._greatest, float(values.max()))

    def summary(self) -> dict[str, Any]:
        if not self.n:
            return {}
        return {
            "mean": self._mean,
            "sd": math.sqrt(self._squares / (self.n - 1)) if self.n > 1 else None,
            "least": self._least,
            "greatest": self._greatest,
        }


class _Levels:
    """Running count of each level."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    @property
    def n(self) -> int:
        return self._counts.total()

    def add(self, column: pa.ChunkedArray) -> None:
        for one in pc.value_counts(column.drop_null().cast(pa.string())).to_pylist():
            self._counts[one["values"]] += one["counts"]

    def summary(self) -> dict[str, Any]:
        order = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        listed = "; ".join(f"{level} ({count})" for level, count in order)
        return {
            "n_levels": len(order),
            "levels": listed if 0 < len(order) <= MOST_LEVELS else None,
        }
