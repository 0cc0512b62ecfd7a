"""The cells of a line of text as one judgment, and what may be wrong with them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CHOOSE_UTTERANCE = "choose_utterance"
CHOOSE_IMAGE = "choose_image"
FORCED_CHOICES = (CHOOSE_UTTERANCE, CHOOSE_IMAGE)
KINDS = (*FORCED_CHOICES, "rating", "label")
IDS = ("kind", "item_id", "annotator_id", "child_id", "session_id", "utterance_id")
REQUIRED = (*IDS, "second", "answer")
YES_NO = {"true": True, "1": True, "false": False, "0": False}
LABELS = {"yes": 1.0, "1": 1.0, "no": 0.0, "0": 0.0, "unsure": None, "": None}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a line; `unmatched`: the corpus does not have what it names."""

    line: int
    what: str
    unmatched: bool = False

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


def parse_rows(
    rows: Iterable[tuple[int, Mapping[str, str]]], scale: tuple[float, float] | None = None
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Turn cells of text into judgments, and list the cells that cannot be read.

    Parameters
    ----------
    rows : iterable of (int, mapping)
        Line number and cells by column.
    scale : (float, float), optional
        Least and greatest rating.

    Returns
    -------
    list of dict
        Rows of table judgments with the keys ``line`` and ``timestamp`` besides.
    list of Problem
    """
    judgments, problems = [], []
    for line, cells in rows:
        try:
            judgments.append({"line": line, **_parse(cells, scale)})
        except ValueError as error:
            problems.append(Problem(line, str(error)))
    return judgments, problems


def _parse(cells: Mapping[str, str], scale: tuple[float, float] | None) -> dict[str, Any]:
    """Return one judgment; ValueError says what is wrong with the cells."""
    row: dict[str, Any] = {name: (cells.get(name) or "").strip() for name in IDS}
    empty = [name for name in IDS if not row[name]]
    if empty:
        raise ValueError(f"{', '.join(empty)} empty")
    kind = row["kind"]
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}: expected one of {', '.join(KINDS)}")
    second = _number(cells, "second")
    if second is None:
        raise ValueError("second empty")
    answer = _label(cells) if kind == "label" else _number(cells, "answer")
    if kind == "rating":
        _check_rating(answer, scale)
    distractors = _distractors(cells.get("distractors") or "", kind)
    choice: dict[str, Any] = {"correct_answer": None, "correct": None, "chosen": None}
    if kind in FORCED_CHOICES:
        if not distractors:
            raise ValueError("distractors empty; a forced choice needs at least one")
        choice = _choice(cells, answer, len(distractors))
    return (
        row
        | choice
        | {
            "second": second,
            "distractors": json.dumps(distractors),
            "answer": answer,
            "trial_no": _whole(cells, "trial_no"),
            "weight": _weight(cells),
            "timestamp": _time(cells),
        }
    )


def _choice(cells: Mapping[str, str], answer: float | None, n_distractors: int) -> dict[str, Any]:
    """Return whether a forced choice is right, and what was chosen where that is known."""
    correct_answer = _number(cells, "correct_answer")
    correct = _correct((cells.get("correct") or "").strip().lower(), answer, correct_answer)
    if answer is not None and correct is None:
        raise ValueError("correct_answer empty; a forced choice needs it, or column correct")
    chosen = _whole(cells, "chosen")
    if chosen is not None and not 0 <= chosen <= n_distractors:
        raise ValueError(f"chosen {chosen}: expected 0 (the true pair) to {n_distractors}")
    if chosen is not None and correct is not None and (chosen == 0) != correct:
        raise ValueError(
            f"chosen is {chosen} but the answer is {'right' if correct else 'wrong'}; 0 is the "
            "true pair"
        )
    if answer is None or (chosen is None and correct):
        chosen = 0 if correct else None
    return {"correct_answer": correct_answer, "correct": correct, "chosen": chosen}


def _label(cells: Mapping[str, str]) -> float | None:
    """Return 1 for yes, 0 for no, None for unsure."""
    cell = (cells.get("answer") or "").strip().lower()
    if cell not in LABELS:
        try:
            return LABELS[f"{float(cell):g}"]
        except (ValueError, KeyError):
            raise ValueError(
                f"answer {cell!r}: a label is yes or 1, no or 0, unsure or empty"
            ) from None
    return LABELS[cell]


def _check_rating(answer: float | None, scale: tuple[float, float] | None) -> None:
    if scale is None:
        raise ValueError("a rating, but validate.rating_scale is not set; state it, such as [1, 5]")
    if answer is not None and not scale[0] <= answer <= scale[1]:
        raise ValueError(
            f"rating {answer:g}: outside validate.rating_scale [{scale[0]:g}, {scale[1]:g}]"
        )


def _weight(cells: Mapping[str, str]) -> float | None:
    """Return the weight that is given, or 1 over the inclusion probability."""
    weight, probability = _number(cells, "weight"), _number(cells, "inclusion_probability")
    if weight is not None and weight <= 0:
        raise ValueError(f"weight {weight:g}: expected a number above 0")
    if probability is None:
        return weight
    if not 0 < probability <= 1:
        raise ValueError(f"inclusion_probability {probability:g}: expected above 0 and at most 1")
    if weight is not None and not math.isclose(weight * probability, 1, rel_tol=1e-3):
        raise ValueError(
            f"weight {weight:g} is not 1 / inclusion_probability {probability:g}; give one of them"
        )
    return 1 / probability


def _time(cells: Mapping[str, str]) -> float | None:
    """Return a timestamp as seconds: a number of any unit, or ISO 8601."""
    cell = (cells.get("timestamp") or "").strip()
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        pass
    try:
        time = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"timestamp {cell!r}: expected ISO 8601 or a number") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _whole(cells: Mapping[str, str], name: str) -> int | None:
    """Return a cell as a whole number, None where it is empty or absent."""
    value = _number(cells, name)
    if value is not None and value != int(value):
        raise ValueError(f"{name} {value:g}: expected a whole number")
    return None if value is None else int(value)


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
