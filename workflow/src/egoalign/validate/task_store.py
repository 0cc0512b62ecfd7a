"""Answers of a task in an SQLite file: who has which list, and what was answered."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from egoalign.log import UserError
from egoalign.validate.cells import FORCED_CHOICES

ANNOTATOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
BUSY_S = 30.0
"""How long one writer waits for another."""

MAX_RT_MS = 86_400_000
"""A day: no answer takes longer, and no clock that jumps is believed."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS study (study TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS trials (
    slot INTEGER, trial_no INTEGER, kind TEXT NOT NULL, item_id TEXT NOT NULL,
    PRIMARY KEY (slot, item_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slots (
    slot INTEGER PRIMARY KEY, annotator_id TEXT NOT NULL UNIQUE, given_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    annotator_id TEXT NOT NULL REFERENCES slots (annotator_id), item_id TEXT NOT NULL,
    slot INTEGER NOT NULL, trial_no INTEGER NOT NULL, kind TEXT NOT NULL,
    answer REAL, rt_ms REAL, answered_at TEXT, stored_at TEXT NOT NULL,
    PRIMARY KEY (annotator_id, item_id)) WITHOUT ROWID;
"""

FREE_SLOT = """
WITH answered AS (SELECT kind, item_id, COUNT(*) AS n FROM answers GROUP BY kind, item_id),
     given AS (SELECT kind, item_id, COUNT(*) AS n
               FROM trials JOIN slots USING (slot) GROUP BY kind, item_id)
SELECT trials.slot FROM trials
LEFT JOIN answered USING (kind, item_id) LEFT JOIN given USING (kind, item_id)
WHERE trials.slot NOT IN (SELECT slot FROM slots)
GROUP BY trials.slot
ORDER BY AVG(COALESCE(answered.n, 0)), AVG(COALESCE(given.n, 0)), trials.slot LIMIT 1
"""
"""The free list whose items have fewest answers; of equals, fewest in lists given out."""

ANSWER_COLUMNS = (
    *("annotator_id", "slot", "trial_no", "kind", "item_id"),
    *("answer", "rt_ms", "answered_at", "stored_at"),
)


class Refused(Exception):
    """What a page asked for cannot be done; the message is for the annotator."""


class NoFreeList(Refused):
    """Every list has an annotator."""


class Store:
    """The answers of one study.

    Every answer is one transaction, on disk (write-ahead log, ``synchronous = FULL``) before
    `store` returns. Several threads, and several processes, may use the same file.

    Parameters
    ----------
    path : Path
        The file; it is made where there is none.
    study : mapping
        Facts of the study: its id, and the steps of its rating scale.
    lists : mapping
        Every list by its slot, as the page has them.

    Raises
    ------
    UserError
        The file is not SQLite, or holds the answers of another study.
    """

    def __init__(
        self, path: Path, study: Mapping[str, Any], lists: Mapping[int, Mapping[str, Any]]
    ) -> None:
        self.path = path
        self.scale = int(study["scale"])
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._transaction() as database:
                for statement in SCHEMA.split(";"):
                    database.execute(statement)
                found = [row[0] for row in database.execute("SELECT study FROM study")]
                if found and found != [study["study"]]:
                    raise UserError(
                        f"{path}: holds answers of another task (study {found[0]}, expected "
                        f"{study['study']}); give another --db"
                    )
                if not found:
                    database.execute("INSERT INTO study VALUES (?)", (study["study"],))
                    database.executemany(
                        "INSERT INTO trials VALUES (?, ?, ?, ?)",
                        (
                            (slot, number, content["kind"], trial["item"])
                            for slot, content in lists.items()
                            for number, trial in enumerate(content["trials"])
                        ),
                    )
        except sqlite3.Error as error:
            raise UserError(
                f"{path}: cannot be used for answers ({error}); give --db a new file, or one that "
                "'egoalign serve-task' made"
            ) from error
        path.chmod(0o600)
        # While one connection is open, the others need not tidy up the log when they close.
        self._open = sqlite3.connect(path, check_same_thread=False)
        self._open.execute("SELECT study FROM study").fetchone()

    def start(self, annotator: Any) -> dict[str, Any]:
        """Return an annotator's list and what was answered of it; a new one gets a free list.

        Returns
        -------
        dict
            ``slot``, and the ``answers``, each with `ANSWER_COLUMNS`.

        Raises
        ------
        Refused
            The name cannot be one, or no list is free.
        """
        annotator = _annotator(annotator)
        with self._transaction() as database:
            row = _slot(database, annotator)
            if row is None:
                row = database.execute(FREE_SLOT).fetchone()
                if row is None:
                    raise NoFreeList("All lists have been given out. Thank you for coming.")
                database.execute("INSERT INTO slots VALUES (?, ?, ?)", (*row, annotator, _now()))
            answers = database.execute(
                f"SELECT {', '.join(ANSWER_COLUMNS)} FROM answers WHERE annotator_id = ?",
                (annotator,),
            ).fetchall()
        rows = [dict(zip(ANSWER_COLUMNS, answer, strict=True)) for answer in answers]
        return {"slot": row[0], "answers": rows}

    def store(self, answer: Mapping[str, Any]) -> None:
        """Store one answer; of the same annotator and item the first one stays.

        Parameters
        ----------
        answer : mapping
            ``annotator, item, answer, rt_ms, answered_at``, as the page sends them.

        Raises
        ------
        Refused
            The annotator has no list, the item is not in it, or the answer cannot be one.
        """
        annotator = _annotator(answer.get("annotator"))
        item, rt_ms, at = answer.get("item"), answer.get("rt_ms"), answer.get("answered_at")
        if not isinstance(item, str) or not (at is None or (isinstance(at, str) and len(at) <= 40)):
            raise Refused("An answer needs an item, and its time as text.")
        with self._transaction() as database:
            row = _slot(database, annotator)
            if row is None:
                raise Refused(f"{annotator} has no list; start the task first.")
            trial = database.execute(
                "SELECT trial_no, kind FROM trials WHERE slot = ? AND item_id = ?", (row[0], item)
            ).fetchone()
            if trial is None:
                raise Refused(f"Item {item[:40]} is not in the list of {annotator}.")
            value = checked_answer(trial[1], answer.get("answer"), self.scale)
            database.execute(
                "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (annotator, item, row[0], *trial, value, _duration(rt_ms), at, _now()),
            )

    def count(self) -> tuple[int, int]:
        """Return how many answers there are, and of how many annotators."""
        with self._transaction() as database:
            return database.execute(
                "SELECT COUNT(*), COUNT(DISTINCT annotator_id) FROM answers"
            ).fetchone()

    def _transaction(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return _transaction(self.path)


def read_answers(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the study's id and every answer, in the order in which lists show them.

    Raises
    ------
    UserError
        There is no such file, or it holds no answers of a task.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; give the --db of 'egoalign serve-task'")
    try:
        with _transaction(path) as database:
            study = database.execute("SELECT study FROM study").fetchone()
            rows = database.execute(
                f"SELECT {', '.join(ANSWER_COLUMNS)} FROM answers ORDER BY slot, trial_no"
            ).fetchall()
    except sqlite3.Error as error:
        raise UserError(
            f"{path}: not the answers of a task ({error}); give the --db of 'egoalign serve-task'"
        ) from error
    return study[0], [dict(zip(ANSWER_COLUMNS, row, strict=True)) for row in rows]


def checked_answer(kind: str, answer: Any, scale: int) -> float | None:
    """Return an answer as a number, None for "unsure" of a label.

    Raises
    ------
    Refused
        It is not one that this kind of trial can have.
    """
    allowed: list[int | None] = (
        [1, 2, 3, 4]
        if kind in FORCED_CHOICES
        else list(range(1, scale + 1))
        if kind == "rating"
        else [0, 1, None]
    )
    if isinstance(answer, bool) or answer not in allowed:
        said = ", ".join("null" if value is None else str(value) for value in allowed)
        raise Refused(f"Answer {json.dumps(answer)[:40]} to a {kind}: expected one of {said}.")
    return None if answer is None else float(answer)


@contextlib.contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file and hold its write lock; commit where all went well."""
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    with contextlib.closing(database):
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")


def _slot(database: sqlite3.Connection, annotator: str) -> tuple[int] | None:
    query = "SELECT slot FROM slots WHERE annotator_id = ?"
    return database.execute(query, (annotator,)).fetchone()


def _annotator(name: Any) -> str:
    if not isinstance(name, str) or not ANNOTATOR.fullmatch(name):
        raise Refused("The name must have 1 to 64 letters, digits, dots, dashes or underscores.")
    return name


def _duration(rt_ms: Any) -> float | None:
    """Return a response time, None where it cannot be one."""
    is_number = isinstance(rt_ms, int | float) and not isinstance(rt_ms, bool)
    if not is_number or not math.isfinite(rt_ms) or not 0 <= rt_ms <= MAX_RT_MS:
        return None
    return float(rt_ms)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
