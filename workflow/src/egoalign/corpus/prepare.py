"""The step `prepare-corpus`: the sessions as a table without paths, names and dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from egoalign.corpus.read import ChildRow, Corpus, read_corpus
from egoalign.log import UserError, logger
from egoalign.tables import SESSIONS, write_table

PRIVATE_NAME = re.compile(
    r"(?:^|_)(?:name|path|file|filename|folder|dir|url|note|comment|birth|birthdate|dob|date|email"
    r"|address|phone)s?(?:_|$)",
    re.IGNORECASE,
)
"""Names of columns that may hold names, paths, dates or free text about a family."""

PATH_LIKE = re.compile(r"[/\\]|\.(?:mp4|mov|avi|mkv|webm|csv|tsv|json|txt)$", re.IGNORECASE)
DATE_LIKE = re.compile(
    r"(?<![0-9])(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[.-][0-9]{1,2}[.-][0-9]{4})"
)
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
MISSING = ("", "NA")


def sessions_table(corpus: Corpus) -> tuple[pa.Table, list[str]]:
    """Return table SESSIONS and the names of the lab's columns that were left out of it.

    Parameters
    ----------
    corpus : Corpus
        As read. The lab's further columns of both tables are kept, numbers as numbers where all
        values are, except those whose name or content is like a name, path or date.
    """
    children = {child.child_id: child for child in corpus.children}
    rows = [(session, children[session.child_id]) for session in corpus.sessions]
    columns: dict[str, Any] = {
        "child_id": [session.child_id for session, _ in rows],
        "session_id": [session.session_id for session, _ in rows],
        "age_days": [session.age_days for session, _ in rows],
        "sex": [child.sex for _, child in rows],
        "exclude": [session.exclude for session, _ in rows],
        "exclude_reason": [session.exclude_reason for session, _ in rows],
    }
    table = {
        name: pa.array(values, SESSIONS.schema.field(name).type) for name, values in columns.items()
    }
    further: dict[str, list[str]] = {}
    if any(child.languages for _, child in rows):
        further["languages"] = [child.languages or "" for _, child in rows]
    for name in corpus.sessions[0].extra if rows else ():
        further[name] = [session.extra[name] for session, _ in rows]
    for name in _child_columns(corpus.children) if rows else ():
        further[name] = [child.extra[name] for _, child in rows]
    left_out = []
    for name, values in further.items():
        private = any(PATH_LIKE.search(value) or DATE_LIKE.search(value) for value in values)
        if private or PRIVATE_NAME.search(name):
            left_out.append(name)
        else:
            table[name] = typed(values)
    return pa.table(table), left_out


def prepare_corpus(
    children: str | Path,
    sessions: str | Path,
    root: str | Path,
    out: str | Path,
    csv: str | Path,
) -> None:
    """Read the corpus tables and write table SESSIONS as Parquet and CSV.

    Raises
    ------
    UserError
        The tables are wrong, or hold no session.
    """
    corpus = read_corpus(children, sessions, root)
    if not corpus.sessions:
        raise UserError(
            f"{sessions}: no sessions; write one row a recording or run 'egoalign scan FOLDER'"
        )
    table, left_out = sessions_table(corpus)
    if left_out:
        logger.info("left out of %s, since they may hold names: %s", csv, ", ".join(left_out))
    write_table(SESSIONS, table, out, csv=csv)


def _child_columns(children: Sequence[ChildRow]) -> list[str]:
    """Return the names of the lab's further columns in the table of children."""
    return list(children[0].extra) if children else []


def typed(values: Sequence[str]) -> pa.Array:
    """Return a column as whole numbers, numbers or text; empty cells and NA are missing."""
    given = [value for value in values if value not in MISSING]
    if given and all(INTEGER.fullmatch(value) for value in given):
        return pa.array([int(v) if v not in MISSING else None for v in values], pa.int64())
    if given and all(DECIMAL.fullmatch(value) for value in given):
        return pa.array([float(v) if v not in MISSING else None for v in values], pa.float64())
    return pa.array([value if value not in MISSING else None for value in values], pa.string())
