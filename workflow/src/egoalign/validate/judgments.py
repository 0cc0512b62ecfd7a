"""Human judgments read from a CSV, every id checked against the corpus."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.log import UserError, logger
from egoalign.tables import FRAMES, JUDGMENTS, SESSIONS, UTTERANCES, read_table, write_table

CHOOSE_UTTERANCE = "choose_utterance"
CHOOSE_IMAGE = "choose_image"
FORCED_CHOICES = (CHOOSE_UTTERANCE, CHOOSE_IMAGE)
KINDS = (*FORCED_CHOICES, "rating", "label")
IDS = ("kind", "item_id", "annotator_id", "child_id", "session_id", "utterance_id")
REQUIRED = (*IDS, "second", "answer")
OPTIONAL = ("distractors", "correct_answer", "correct")
YES_NO = {"true": True, "1": True, "false": False, "0": False}
SECOND_TOLERANCE = 1e-3
"""How far a judgment's second may lie from the grid's, for CSV files that round."""
SHOWN = 10
"""Problems listed in a message."""


@dataclass
class SessionIds:
    """The utterances and grid seconds of one session."""

    utterances: set[str] = field(default_factory=set)
    seconds: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def grid_second(self, second: float) -> float | None:
        """Return the grid's own second, or None where the grid has none there."""
        if not self.seconds.size:
            return None
        nearest = float(self.seconds[np.abs(self.seconds - second).argmin()])
        return nearest if abs(nearest - second) <= SECOND_TOLERANCE else None


SessionKey = tuple[str, str]


def parse_rows(rows: Iterable[tuple[int, Mapping[str, str]]]) -> tuple[list[dict], list[str]]:
    """Turn cells of text into judgments, and list the cells that cannot be read.

    Parameters
    ----------
    rows : iterable of (int, mapping)
        Line number and cells by column.

    Returns
    -------
    list of dict
        Rows of table judgments with the key ``line`` besides.
    list of str
        One line a problem.
    """
    judgments, problems = [], []
    for line, cells in rows:
        try:
            judgments.append({"line": line, **_parse(cells)})
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    return judgments, problems


def check_rows(
    judgments: Sequence[dict[str, Any]], corpus: Mapping[SessionKey, SessionIds]
) -> list[str]:
    """Set each second to the grid's own, and list what does not match the corpus or itself.

    Parameters
    ----------
    judgments : sequence of dict
        From `parse_rows`; changed in place.
    corpus : mapping
        The ids of every session named by a judgment that the corpus has, excluded ones aside.
    """
    problems = []
    answered: set[tuple[str, str, str]] = set()
    pairs: dict[tuple[str, str], tuple[int, Any]] = {}
    for row in judgments:
        found = _check_ids(row, corpus)
        answer = (row["kind"], row["item_id"], row["annotator_id"])
        if answer in answered:
            found.append(
                f"annotator {answer[2]!r} has answered {answer[0]} item {answer[1]!r} twice"
            )
        answered.add(answer)
        pair = [row[name] for name in (*IDS[3:], "second", "distractors")]
        first_line, first = pairs.setdefault(answer[:2], (row["line"], pair))
        if pair != first:
            found.append(
                f"{answer[0]} item {answer[1]!r} shows another pair or other distractors than in "
                f"line {first_line}; give each pair its own item_id"
            )
        problems += [f"line {row['line']}: {problem}" for problem in found]
    return problems


def sessions_named(judgments: Iterable[Mapping[str, Any]]) -> set[SessionKey]:
    """Return (child_id, session_id) of every pair and distractor."""
    named = set()
    for row in judgments:
        named.add((row["child_id"], row["session_id"]))
        named.update((child, session) for child, session, _ in json.loads(row["distractors"]))
    return named


def load_ids(
    named: Iterable[SessionKey], sessions: Path, frames_folder: Path, utterances_folder: Path
) -> dict[SessionKey, SessionIds]:
    """Read the ids of the sessions `named`, but for excluded ones and those that are not there."""
    names = ("child_id", "session_id", "exclude")
    table = read_table(SESSIONS, sessions, names)
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    known = {(child, session) for child, session, exclude in rows if not exclude}
    corpus = {}
    for child, session in sorted(set(named) & known):
        utterances = utterances_folder / child / f"{session}.utterances.parquet"
        frames = frames_folder / child / f"{session}.frames.parquet"
        corpus[child, session] = SessionIds(
            set(read_table(UTTERANCES, utterances, ["utterance_id"])[0].to_pylist()),
            read_table(FRAMES, frames, ["requested_s"])[0].to_numpy(),
        )
    return corpus


def read_judgments(
    path: Path, sessions: Path, frames_folder: Path, utterances_folder: Path, out: Path
) -> None:
    """Read a CSV of judgments, check it against the corpus, and write table judgments.

    Raises
    ------
    UserError
        The file or a column is missing, or rows are wrong or do not match the corpus: the first
        ten problems and how many there are.
    """
    judgments, problems = parse_rows(_read_csv(path))
    corpus = load_ids(sessions_named(judgments), sessions, frames_folder, utterances_folder)
    problems += check_rows(judgments, corpus)
    if problems:
        more = len(problems) - SHOWN
        raise UserError(
            f"{path}: {len(problems)} problem(s); correct these lines or leave them out:"
            + "".join(f"\n  {problem}" for problem in problems[:SHOWN])
            + (f"\n  and {more} more" if more > 0 else "")
        )
    rows = [{name: row[name] for name in JUDGMENTS.schema.names} for row in judgments]
    write_table(JUDGMENTS, rows, out)
    items = {(row["kind"], row["item_id"]) for row in rows}
    logger.info("%d judgments of %d items read", len(rows), len(items))


def _read_csv(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return (line number, cells) of each row, after checking the header."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
            if missing:
                raise UserError(
                    f"{path}: column(s) {', '.join(missing)} missing; found "
                    f"{', '.join(reader.fieldnames or ['no header'])}"
                )
            return [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); set 'validate.judgments' to the CSV"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error


def _parse(cells: Mapping[str, str]) -> dict[str, Any]:
    """Return one judgment; ValueError says what is wrong with the cells."""
    row: dict[str, Any] = {name: cells[name].strip() for name in IDS}
    empty = [name for name in IDS if not row[name]]
    if empty:
        raise ValueError(f"{', '.join(empty)} empty")
    if row["kind"] not in KINDS:
        raise ValueError(f"kind {row['kind']!r}: expected one of {', '.join(KINDS)}")
    second = _number(cells, "second")
    if second is None:
        raise ValueError("second empty")
    answer, correct_answer = _number(cells, "answer"), _number(cells, "correct_answer")
    distractors = _distractors(cells.get("distractors", ""), row["kind"])
    correct = _correct(cells.get("correct", "").strip().lower(), answer, correct_answer)
    if row["kind"] in FORCED_CHOICES:
        if not distractors:
            raise ValueError("distractors empty; a forced choice needs at least one")
        if answer is not None and correct is None:
            raise ValueError("correct_answer empty; a forced choice needs it, or column correct")
    elif row["kind"] == "label" and answer not in (None, 0, 1):
        raise ValueError(f"answer {answer:g}: a label is 1 (yes), 0 (no) or empty (unsure)")
    return row | {
        "second": second,
        "distractors": json.dumps(distractors),
        "answer": answer,
        "correct_answer": correct_answer,
        "correct": correct if row["kind"] in FORCED_CHOICES else None,
    }


def _number(cells: Mapping[str, str], name: str) -> float | None:
    """Return a cell as a number, None where it is empty or absent."""
    cell = (cells.get(name) or "").strip()
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} {cell!r}: expected a number")
    return value


def _correct(cell: str, answer: float | None, correct_answer: float | None) -> bool | None:
    """Return whether the answer is right; the column, where filled, must agree with the numbers."""
    if cell and cell not in YES_NO:
        raise ValueError(f"correct {cell!r}: expected true, false, 1 or 0")
    if answer is None:
        return None
    written = YES_NO.get(cell)
    if correct_answer is None:
        return written
    right = answer == correct_answer
    if written is not None and written != right:
        raise ValueError(
            f"correct is {cell} but answer {answer:g} and correct_answer {correct_answer:g} "
            f"{'agree' if right else 'differ'}"
        )
    return right


def _distractors(cell: str, kind: str) -> list[list[Any]]:
    """Return [child_id, session_id, utterance_id or second] of each distractor."""
    what = "second" if kind == CHOOSE_IMAGE else "utterance"
    wrong = ValueError(f"distractors {cell!r}: expected JSON [[child, session, {what}], ...]")
    try:
        values = json.loads(cell or "[]")
    except json.JSONDecodeError:
        raise wrong from None
    if not isinstance(values, list):
        raise wrong
    for value in values:
        if not isinstance(value, list) or len(value) != 3:
            raise wrong
        is_number = isinstance(value[2], int | float) and not isinstance(value[2], bool)
        last_is_right = is_number if kind == CHOOSE_IMAGE else isinstance(value[2], str)
        if not (isinstance(value[0], str) and isinstance(value[1], str) and last_is_right):
            raise wrong
    return values


def _check_ids(row: dict[str, Any], corpus: Mapping[SessionKey, SessionIds]) -> list[str]:
    """Return what of one judgment the corpus does not have; seconds become the grid's own."""
    problems = []
    child, session = row["child_id"], row["session_id"]
    problems += _missing(corpus, child, session, row["utterance_id"])
    own = corpus.get((child, session))
    if own is not None:
        second = own.grid_second(row["second"])
        if second is None:
            problems.append(_no_second(child, session, row["second"]))
        else:
            row["second"] = second
    distractors = json.loads(row["distractors"])
    for distractor in distractors:
        child, session, what = distractor
        if row["kind"] != CHOOSE_IMAGE:
            problems += [f"distractor: {p}" for p in _missing(corpus, child, session, what)]
        elif (child, session) not in corpus:
            problems += [f"distractor: {p}" for p in _missing(corpus, child, session, None)]
        else:
            second = corpus[child, session].grid_second(what)
            if second is None:
                problems.append(f"distractor: {_no_second(child, session, what)}")
            else:
                distractor[2] = second
    row["distractors"] = json.dumps(distractors)
    return problems


def _missing(
    corpus: Mapping[SessionKey, SessionIds], child: str, session: str, utterance: str | None
) -> list[str]:
    """Return what the corpus lacks of a session and, where given, its utterance."""
    if (child, session) not in corpus:
        return [f"no session {session!r} of child {child!r} in the corpus, or it is excluded"]
    if utterance is not None and utterance not in corpus[child, session].utterances:
        return [f"no utterance {utterance!r} in session {session!r} of child {child!r}"]
    return []


def _no_second(child: str, session: str, second: float) -> str:
    return f"no grid second {second:g} in session {session!r} of child {child!r}"
