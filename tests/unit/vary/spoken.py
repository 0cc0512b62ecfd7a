"""Small corpora as the earlier stages leave them: sessions, speech and content words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from egoalign.tables import CONTENT_WORDS, MEDIA, SESSIONS, UTTERANCES, write_table


@dataclass(frozen=True)
class Said:
    """An utterance: times, lemmas of its content words (None: not analysed), and words in all."""

    start_s: float | None
    end_s: float | None
    lemmas: Sequence[str | None] = ()
    n_words: int = 3
    speaker: str = "female_adult"
    flags: str | None = None


@dataclass(frozen=True)
class Spoken:
    """A session: age, its own columns, length of the video, and what was said."""

    child_id: str
    session_id: str
    age_days: float | None
    said: Sequence[Said] = ()
    duration_s: float | None = 100.0
    exclude: bool = False
    columns: Mapping[str, Any] | None = None


def write_corpus(folder: Path, sessions: Sequence[Spoken]) -> dict[str, Path]:
    """Write the tables that gathering predictors reads, and return where they lie."""
    rows = [
        {
            "child_id": one.child_id,
            "session_id": one.session_id,
            "age_days": one.age_days,
            "sex": None,
            "exclude": one.exclude,
            "exclude_reason": None,
            **(one.columns or {}),
        }
        for one in sessions
    ]
    types = {name: SESSIONS.schema.field(name).type for name in SESSIONS.schema.names}
    table = pa.table(
        {
            name: pa.array([row[name] for row in rows], types.get(name))
            for name in (rows[0] if rows else types)
        }
    )
    paths = {
        "sessions": folder / "sessions.parquet",
        "transcripts": folder / "transcripts",
        "video": folder / "video",
    }
    write_table(SESSIONS, table, paths["sessions"])
    for one in sessions:
        if one.exclude:
            continue
        base = f"{one.child_id}/{one.session_id}"
        transcripts = paths["transcripts"] / base
        write_table(UTTERANCES, _utterances(one.said), f"{transcripts}.utterances.parquet")
        write_table(CONTENT_WORDS, _words(one.said), f"{transcripts}.content_words.parquet")
        media = {"child_id": one.child_id, "session_id": one.session_id, "readable": True}
        media["duration_s"] = one.duration_s
        write_table(MEDIA, [media], paths["video"] / f"{base}.media.parquet")
    return paths


def _utterances(said: Sequence[Said]) -> list[dict[str, Any]]:
    return [
        {
            "utterance_id": f"u{k:05d}",
            "start_s": one.start_s,
            "end_s": one.end_s,
            "text": "secret",
            "text_encoded": "secret",
            "speaker": one.speaker,
            "text_id": "t0",
            "n_words": one.n_words,
            "source_format": "csv",
            "flags": one.flags,
        }
        for k, one in enumerate(said)
    ]


def _words(said: Sequence[Said]) -> list[dict[str, Any]]:
    return [
        {
            "utterance_id": f"u{k:05d}",
            "word_no": number,
            "token": "secret",
            "lemma": lemma,
            "lemma_id": None if lemma is None else f"w{number:05d}",
            "part_of_speech": None if lemma is None else "NOUN",
            "own_time": False,
            "reason": "no tagger" if lemma is None else None,
        }
        for k, one in enumerate(said)
        for number, lemma in enumerate(one.lemmas)
    ]
