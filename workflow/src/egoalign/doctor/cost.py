"""How long a run takes and how much it writes, by what earlier sessions took."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from egoalign.corpus.read import Corpus
from egoalign.tables import MEDIA, read_table, session_table

PER_SESSION = {
    "ingest_session": "corpus/ingest_session",
    "encode_session": "encode/encode_session",
    "align_session": "align/align_session",
}
"""The rules that run once a session, and where their benchmarks lie."""

SECONDS_AN_HOUR = {"ingest_session": 10.0, "encode_session": 140.0, "align_session": 10.0}
"""Seconds of a step for an hour of video where nothing has been measured: 720p, ViT-B/32 on two
cores of a CPU (docs/performance.md)."""

BYTES_AN_HOUR = 8_000_000
"""What a session of an hour writes where nothing has been measured: vectors of 512 numbers for a
grid of seconds, and tables (docs/performance.md)."""

PROBED = 10
"""Videos that are probed for their length where no session has been read."""

SESSION_H = 0.5
"""Hours of a session where nothing is known of any."""

TABLES = ("video", "private/transcripts", "encode", "align")
"""Folders, below the results, of what is written once a session."""


@dataclass(frozen=True)
class Cost:
    """What a run will take.

    Attributes
    ----------
    hours : float
        Hours of video in a session, the mean.
    seconds : dict
        Seconds of each rule that runs once a session, all its jobs together.
    n_bytes : float
        What these jobs write.
    measured : bool
        Whether the rates are those of earlier sessions of this corpus.
    """

    hours: float
    seconds: dict[str, float]
    n_bytes: float
    measured: bool


def cost_of(jobs: Mapping[str, int], results: str | Path, corpus: Corpus) -> Cost:
    """Return what the planned jobs will take, by what is known of the sessions that are done.

    Parameters
    ----------
    jobs : mapping
        How many jobs of each rule are planned.
    results : str or Path
        The folder of the results.
    corpus : Corpus
        The children and sessions.
    """
    read = known_hours(results, corpus)
    lengths = read or probed_hours(corpus)
    mean_h = sum(lengths) / len(lengths) if lengths else SESSION_H
    rates = {rule: rate_of(results, rule, mean_h) for rule in PER_SESSION}
    seconds = {
        rule: jobs[rule] * mean_h * (rates[rule] or SECONDS_AN_HOUR[rule])
        for rule in PER_SESSION
        if jobs.get(rule)
    }
    an_hour = _bytes_an_hour(results, read) or BYTES_AN_HOUR
    n_bytes = jobs.get("encode_session", 0) * mean_h * an_hour
    return Cost(mean_h, seconds, n_bytes, any(rates[rule] for rule in seconds))


def known_hours(results: str | Path, corpus: Corpus) -> list[float]:
    """Return the lengths, in hours, of the sessions that have been read."""
    folder = Path(results) / "video"
    found = []
    for row in corpus.sessions:
        path = session_table(folder, row.child_id, row.session_id, "media")
        if path.is_file():
            seconds = read_table(MEDIA, path, ["duration_s"])["duration_s"][0].as_py()
            found += [seconds / 3600] if seconds else []
    return found


def probed_hours(corpus: Corpus) -> list[float]:
    """Return the lengths, in hours, of the first sessions whose files are there."""
    from egoalign.video.recording import open_recording

    there = (
        paths
        for row in corpus.sessions
        if not row.exclude and (paths := [corpus.root / name for name in row.videos])
        if all(path.exists() for path in paths)
    )
    lengths = (open_recording(paths).probe.duration_s for paths in islice(there, PROBED))
    return [seconds / 3600 for seconds in lengths if seconds]


def rate_of(results: str | Path, rule: str, hours: float) -> float | None:
    """Return seconds for an hour of video by the rule's benchmarks; None where there are none.

    Parameters
    ----------
    results : str or Path
        The folder of the results.
    rule : str
        One of `PER_SESSION`.
    hours : float
        Mean hours of a session.
    """
    seconds: list[float] = []
    for path in (Path(results) / "benchmarks" / PER_SESSION[rule]).rglob("*.tsv"):
        with path.open(newline="", encoding="utf-8") as file:
            seconds += [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
    return sum(seconds) / len(seconds) / hours if seconds and hours else None


def _bytes_an_hour(results: str | Path, lengths: list[float]) -> float | None:
    """Return what an hour has written so far, for all models together."""
    files = (
        path
        for folder in TABLES
        for path in (Path(results) / folder).glob("**/*/*")
        if path.suffix in (".parquet", ".arrow")
    )
    n_bytes = sum(path.stat().st_size for path in files)
    return n_bytes / sum(lengths) if n_bytes and lengths else None
