"""Human judgments read from CSV files, every id checked against the corpus."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egoalign.config import ValidateOptions
from egoalign.log import UserError, logger
from egoalign.tables import JUDGMENTS, UNMATCHED, write_table
from egoalign.validate import export
from egoalign.validate.cells import CHOOSE_IMAGE, IDS, REQUIRED, Problem, parse_rows
from egoalign.validate.corpus_ids import (
    SessionIds,
    SessionKey,
    load_ids,
    missing,
    no_second,
    sessions_by_name,
)

SHOWN = 10
"""Problems listed in a message."""


@dataclass(frozen=True)
class CorpusPlaces:
    """Where the corpus' ids and names stand.

    Attributes
    ----------
    sessions : Path
        Table sessions.
    frames_folder, utterances_folder : Path
        Hold the tables of each session.
    lab_children, lab_sessions : Path or None
        The tables that the lab wrote, for exports that name recordings.
    """

    sessions: Path
    frames_folder: Path
    utterances_folder: Path
    lab_children: Path | None = None
    lab_sessions: Path | None = None


def check_ids(
    judgments: Iterable[dict[str, Any]], corpus: Mapping[SessionKey, SessionIds]
) -> list[Problem]:
    """Set each second to the grid's own, and list what the corpus does not have.

    Parameters
    ----------
    judgments : iterable of dict
        From `parse_rows`; changed in place.
    corpus : mapping
        The ids of every session named by a judgment that the corpus has, excluded ones aside.
    """
    return [
        Problem(row["line"], what, unmatched=True)
        for row in judgments
        for what in _check_ids(row, corpus)
    ]


def check_repeats(judgments: Iterable[Mapping[str, Any]]) -> list[str]:
    """List the answers that are there twice, and the items that do not show the same each time.

    Parameters
    ----------
    judgments : iterable of mapping
        From `parse_rows`, with the key ``place`` besides, which names file and line.
    """
    problems = []
    answered: set[tuple[str, str, str]] = set()
    pairs: dict[tuple[str, str], tuple[str, Any]] = {}
    for row in judgments:
        answer = (row["kind"], row["item_id"], row["annotator_id"])
        if answer in answered:
            problems.append(
                f"{row['place']}: annotator {answer[2]!r} has answered {answer[0]} item "
                f"{answer[1]!r} twice"
            )
        answered.add(answer)
        pair = [row[name] for name in (*IDS[3:], "second", "distractors", "weight")]
        first_place, first = pairs.setdefault(answer[:2], (row["place"], pair))
        if pair != first:
            problems.append(
                f"{row['place']}: {answer[0]} item {answer[1]!r} shows another pair, other "
                f"distractors or another weight than in {first_place}; give each pair its own "
                "item_id"
            )
    return problems


def number_trials(judgments: Sequence[dict[str, Any]]) -> None:
    """Set trial_no by the timestamps of annotators whose answers have these and no numbers."""
    by_annotator: dict[str, list[dict[str, Any]]] = {}
    for row in judgments:
        by_annotator.setdefault(row["annotator_id"], []).append(row)
    for rows in by_annotator.values():
        if all(row["trial_no"] is None and row["timestamp"] is not None for row in rows):
            for number, row in enumerate(sorted(rows, key=lambda row: row["timestamp"]), start=1):
                row["trial_no"] = number


def sessions_named(judgments: Iterable[Mapping[str, Any]]) -> set[SessionKey]:
    """Return (child_id, session_id) of every pair and distractor."""
    named = set()
    for row in judgments:
        named.add((row["child_id"], row["session_id"]))
        named.update((child, session) for child, session, _ in json.loads(row["distractors"]))
    return named


def read_judgments(
    files: Sequence[Path],
    places: CorpusPlaces,
    options: ValidateOptions,
    out: Path,
    unmatched_out: Path,
    unmatched_csv: Path,
) -> None:
    """Read files of judgments, check them against the corpus, and write table judgments.

    Parameters
    ----------
    files : sequence of Path
        Each in the columns of table judgments, or as a forced-choice task exports it.
    places : CorpusPlaces
        The corpus.
    options : ValidateOptions
        Rating scale, and what to do with answers that do not match the corpus.
    out : Path
        Table judgments.
    unmatched_out, unmatched_csv : Path
        Table unmatched: what was left out.

    Raises
    ------
    UserError
        A file or a column is missing, or rows are wrong or do not match the corpus: the first
        ten problems of a file and how many there are.
    """
    judgments: list[dict[str, Any]] = []
    unmatched: list[dict[str, Any]] = []
    for number, path in enumerate(files, start=1):
        rows, problems = _read_file(path, places, options.rating_scale)
        lost = {problem.line: problem for problem in problems if problem.unmatched}
        if options.on_unmatched == "drop":
            problems = [problem for problem in problems if not problem.unmatched]
        hint = "correct these lines or leave them out"
        if lost and options.on_unmatched == "fail":
            hint += ", or set validate.on_unmatched to drop"
        _refuse(str(path), list(map(str, problems)), hint)
        unmatched += [
            {"file": number, "line": line, "reason": problem.what} for line, problem in lost.items()
        ]
        of_file = f" of {path.name}" if len(files) > 1 else ""
        judgments += [
            row | {"place": f"line {row['line']}{of_file}"}
            for row in rows
            if row["line"] not in lost
        ]
    several = ", ".join(map(str, files))
    _refuse(several, check_repeats(judgments), "correct these lines or leave them out")
    if unmatched and not judgments:
        raise UserError(
            f"{several}: none of {len(unmatched)} answers names what the corpus has, the first: "
            f"{unmatched[0]['reason']}; check that file and corpus belong together"
        )
    number_trials(judgments)
    rows = [{name: row[name] for name in JUDGMENTS.schema.names} for row in judgments]
    write_table(JUDGMENTS, rows, out)
    write_table(UNMATCHED, unmatched, unmatched_out, csv=unmatched_csv)
    items = {(row["kind"], row["item_id"]) for row in rows}
    logger.info("%d judgments of %d items read", len(rows), len(items))
    if unmatched:
        logger.warning(
            "%d answers are left out, for the corpus does not have what they name: %s",
            len(unmatched),
            unmatched_csv,
        )


def _refuse(where: str, problems: Sequence[str], hint: str) -> None:
    """Raise what is wrong, if anything is."""
    if problems:
        more = len(problems) - SHOWN
        raise UserError(
            f"{where}: {len(problems)} problem(s); {hint}:"
            + "".join(f"\n  {problem}" for problem in problems[:SHOWN])
            + (f"\n  and {more} more" if more > 0 else "")
        )


def _read_file(
    path: Path, places: CorpusPlaces, scale: tuple[float, float] | None
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the judgments of one file, with seconds of the grid, and what is wrong with them."""
    header, lines = _read_csv(path)
    where = (places.sessions, places.frames_folder, places.utterances_folder)
    problems: list[Problem] = []
    if all(name in header for name in REQUIRED):
        judgments, problems = parse_rows(lines, scale)
        corpus = load_ids(*where, sessions_named(judgments))
    elif all(name in header for name in export.COLUMNS):
        corpus = load_ids(*where)
        lines, problems = _from_export(lines, corpus, places)
        judgments, more = parse_rows(lines, scale)
        problems += more
    else:
        absent = [name for name in REQUIRED if name not in header]
        raise UserError(
            f"{path}: column(s) {', '.join(absent)} missing; found "
            f"{', '.join(header) or 'no header'}; expected the columns of table judgments "
            "(docs/outputs.md) or those of a forced-choice export (docs/methods.md)"
        )
    return judgments, sorted(problems + check_ids(judgments, corpus), key=lambda one: one.line)


def _from_export(
    lines: Iterable[tuple[int, Mapping[str, str]]],
    corpus: Mapping[SessionKey, SessionIds],
    places: CorpusPlaces,
) -> tuple[list[tuple[int, Mapping[str, str]]], list[Problem]]:
    """Return the lines of an export in the columns of table judgments."""
    names = (
        sessions_by_name(places.lab_children, places.lab_sessions)
        if places.lab_children and places.lab_sessions
        else {}
    )
    reader = export.ExportReader(corpus, names)
    read: list[tuple[int, Mapping[str, str]]] = []
    problems, not_judgments = [], 0
    for line, row in lines:
        try:
            cells = reader.cells(row)
        except ValueError as error:
            problems.append(Problem(line, str(error), isinstance(error, export.Unmatched)))
            continue
        if cells is None:
            not_judgments += 1
        else:
            read.append((line, cells))
    if not_judgments:
        logger.info("%d practice and catch trials are no judgments", not_judgments)
    return read, problems


def _read_csv(path: Path) -> tuple[list[str], list[tuple[int, Mapping[str, str]]]]:
    """Return the header, and (line number, cells) of each row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            return list(reader.fieldnames or ()), [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); set 'validate.judgments' to the CSV"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error


def _check_ids(row: dict[str, Any], corpus: Mapping[SessionKey, SessionIds]) -> list[str]:
    """Return what of one judgment the corpus does not have; seconds become the grid's own."""
    problems = []
    child, session = row["child_id"], row["session_id"]
    problems += missing(corpus, child, session, row["utterance_id"])
    own = corpus.get((child, session))
    if own is not None:
        second = own.grid_second(row["second"])
        if second is None:
            problems.append(no_second(child, session, row["second"]))
        else:
            row["second"] = second
    distractors = json.loads(row["distractors"])
    for distractor in distractors:
        child, session, what = distractor
        if row["kind"] != CHOOSE_IMAGE:
            problems += [f"distractor: {p}" for p in missing(corpus, child, session, what)]
        elif (child, session) not in corpus:
            problems += [f"distractor: {p}" for p in missing(corpus, child, session, None)]
        else:
            second = corpus[child, session].grid_second(what)
            if second is None:
                problems.append(f"distractor: {no_second(child, session, what)}")
            else:
                distractor[2] = second
    row["distractors"] = json.dumps(distractors)
    return problems
