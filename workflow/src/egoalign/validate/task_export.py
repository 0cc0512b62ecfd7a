"""The step `export-task`: answers joined with the key, in the columns that readers take."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from egoalign.log import UserError, logger
from egoalign.tables import (
    JUDGMENTS,
    TASK_ANNOTATORS,
    TASK_ITEMS,
    TASK_TRIALS,
    atomic_path,
    conform,
    read_table,
)
from egoalign.validate.cells import CHOOSE_IMAGE, CHOOSE_UTTERANCE, FORCED_CHOICES
from egoalign.validate.task_folder import FACTS_FILE, ITEMS_FILE, TRIALS_FILE
from egoalign.validate.task_store import ANSWER_COLUMNS, Refused, checked_answer, read_answers

MODES = {CHOOSE_IMAGE: "images", CHOOSE_UTTERANCE: "utterances"}
"""How the study of 2025 names the two directions."""

JUDGMENT_COLUMNS = (*JUDGMENTS.schema.names, "stratum", "inclusion_probability")
CHOICE_COLUMNS = (
    *("prolific_pid", "annotator_index", "row_index", "mode"),
    *("selected_position", "correct_position", "is_correct", "utterance"),
    *("distractor_utt1", "distractor_utt2", "distractor_utt3", "image_path"),
    *("distractor_img1", "distractor_img2", "distractor_img3", "timestamp"),
    *("item_id", "trial_no", "kind", "child_id", "session_id", "utterance_id", "second"),
    *("distractors", "selected", "rt_ms", "inclusion_probability"),
)
IDS = ("child_id", "session_id", "utterance_id", "second", "distractors")


def join_key(
    answers: Iterable[Mapping[str, Any]],
    items: Iterable[Mapping[str, Any]],
    trials: Iterable[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Join answers with the key.

    Parameters
    ----------
    answers : iterable of mapping
        Columns of `ANSWER_COLUMNS`.
    items, trials : iterable of mapping
        Rows of tables task_items and task_trials.

    Returns
    -------
    list of dict
        Answers to pairs: the answer's and the item's columns, ``order`` and ``correct_answer``.
    list of dict
        Answers to catch trials: the same without the item's columns.

    Raises
    ------
    UserError
        An answer is to a trial that the key does not have.
    """
    pairs = {(row["kind"], row["item_id"]): row for row in items}
    shown = {(row["slot"], row["item_id"]): row for row in trials}
    judged, caught = [], []
    for answer in answers:
        trial = shown.get((answer["slot"], answer["item_id"]))
        if trial is None:
            raise UserError(
                f"answer of {answer['annotator_id']} to item {answer['item_id']}: not in list "
                f"{answer['slot']} of the key; give the key of the same task"
            )
        row = {**answer, "order": json.loads(trial["order"])}
        row |= {name: trial[name] for name in ("trial_no", "kind", "correct_answer")}
        if trial["is_catch"]:
            caught.append(row)
        else:
            judged.append({**pairs[trial["kind"], trial["item_id"]], **row})
    return judged, caught


def judgment_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer in the columns of table judgments, with what weighs its item."""
    is_choice = row["kind"] in FORCED_CHOICES
    right = row["correct_answer"] if is_choice else None
    return {
        **{name: row[name] for name in (*IDS, "kind", "item_id", "annotator_id", "answer")},
        "correct_answer": right,
        "correct": row["answer"] == right if is_choice else None,
        "chosen": row["order"][int(row["answer"]) - 1] if is_choice else None,
        "trial_no": row["trial_no"],
        "weight": 1 / row["inclusion_probability"],
        "stratum": row["stratum"],
        "inclusion_probability": row["inclusion_probability"],
    }


def choice_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a forced choice in the columns of the study of 2025, and ours.

    Positions count from 1. Of the direction that was not asked, distractors are empty.
    """
    texts, pictures = json.loads(row["texts"]), json.loads(row["pictures"])
    others = {f"distractor_utt{i}": text for i, text in enumerate(texts[1:], start=1)}
    others |= {f"distractor_img{i}": name for i, name in enumerate(pictures[1:], start=1)}
    position = int(row["answer"])
    return {
        **{name: row[name] for name in (*IDS, "kind", "item_id", "trial_no", "rt_ms")},
        **others,
        "prolific_pid": row["annotator_id"],
        "annotator_index": row["slot"],
        "row_index": row["trial_no"],
        "mode": MODES[row["kind"]],
        "selected_position": position,
        "correct_position": int(row["correct_answer"]),
        "is_correct": position == row["correct_answer"],
        "utterance": texts[0],
        "image_path": pictures[0],
        "timestamp": row["answered_at"] or row["stored_at"],
        "selected": row["order"][position - 1],
        "inclusion_probability": row["inclusion_probability"],
    }


def annotator_rows(
    judged: Sequence[Mapping[str, Any]],
    caught: Sequence[Mapping[str, Any]],
    trials: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return rows of table task_annotators: one for each who answered at all."""
    n_trials: dict[int, int] = {}
    for trial in trials:
        n_trials[trial["slot"]] = n_trials.get(trial["slot"], 0) + (not trial["is_catch"])
    rows = []
    for annotator in sorted({row["annotator_id"] for row in (*judged, *caught)}):
        own = [row for row in judged if row["annotator_id"] == annotator]
        catch = [row for row in caught if row["annotator_id"] == annotator]
        times = [row["rt_ms"] / 1000 for row in own if row["rt_ms"] is not None]
        first = (own or catch)[0]
        rows.append(
            {
                "annotator_id": annotator,
                "slot": first["slot"],
                "kind": first["kind"],
                "n_trials": n_trials[first["slot"]],
                "n_answered": len(own),
                "n_catch": len(catch),
                "n_catch_correct": sum(map(is_caught_right, catch)),
                "median_rt_s": median(times) if times else None,
            }
        )
    return rows


def is_caught_right(row: Mapping[str, Any]) -> bool:
    """Say whether a catch trial was answered rightly; a rating may be one step off."""
    if row["answer"] is None:
        return False
    return abs(row["answer"] - row["correct_answer"]) <= (row["kind"] == "rating")


def export_task(
    key: Path,
    out: Path,
    database: Path | None = None,
    downloads: Sequence[Path] = (),
    choices: Path | None = None,
    annotators: Path | None = None,
    min_catch: float = 0.0,
) -> None:
    """Write the judgments of a task, as CSV, or as JSON where a name ends so.

    Parameters
    ----------
    key : Path
        Folder of the key.
    out : Path
        Judgments, for ``read-judgments``.
    database : Path, optional
        Answers that ``serve-task`` stored.
    downloads : sequence of Path
        Files that the page gave to annotators who worked without a server.
    choices : Path, optional
        Forced choices in the columns of the study of 2025; holds words.
    annotators : Path, optional
        How far and how attentive each annotator was.
    min_catch : float
        Leave out annotators with a smaller share of right catch trials.

    Raises
    ------
    UserError
        A file is missing or of another task, or there is no answer.
    """
    study, scale = _study(key)
    answers: dict[tuple[str, str], dict[str, Any]] = {}
    read = [(database, *read_answers(database))] if database is not None else []
    read += [(path, *_read_download(path, scale)) for path in downloads]
    for path, found, rows in read:
        if found != study:
            raise UserError(
                f"{path}: answers of another task (study {found}, expected {study}); "
                "give the --key that was written with it"
            )
        for row in rows:
            answers.setdefault((row["annotator_id"], row["item_id"]), row)
    if not answers:
        raise UserError(f"{database or 'no file given'}: no answers yet")
    items = read_table(TASK_ITEMS, key / ITEMS_FILE).to_pylist()
    trials = read_table(TASK_TRIALS, key / TRIALS_FILE).to_pylist()
    judged, caught = join_key(answers.values(), items, trials)
    people = annotator_rows(judged, caught, trials)
    conform(TASK_ANNOTATORS, people)
    careless = {
        row["annotator_id"]
        for row in people
        if row["n_catch"] and row["n_catch_correct"] < min_catch * row["n_catch"]
    }
    if careless:
        logger.warning(
            "left out: %d of %d annotators, who had less than %g of their catch trials right",
            len(careless),
            len(people),
            min_catch,
        )
    kept = [row for row in judged if row["annotator_id"] not in careless]
    _write([judgment_row(row) for row in kept], JUDGMENT_COLUMNS, out)
    if choices is not None:
        chosen = [choice_row(row) for row in kept if row["kind"] in FORCED_CHOICES]
        _write(chosen, CHOICE_COLUMNS, choices)
    if annotators is not None:
        _write(people, TASK_ANNOTATORS.schema.names, annotators)
    logger.info("%d judgments of %d annotators: %s", len(kept), len(people) - len(careless), out)


def _study(key: Path) -> tuple[str, int]:
    """Return the id of the study that a key belongs to, and the steps of its rating scale."""
    path = key / FACTS_FILE
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return facts["study"], facts["scale"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path}: not the key of a task ({error}); give the folder 'key' of 'make-task'"
        ) from error


def _read_download(path: Path, scale: int) -> tuple[str, list[dict[str, Any]]]:
    """Return the study and the answers in a JSON file that the page gave out."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        rows = []
        for answer in values["answers"]:
            row = dict.fromkeys(ANSWER_COLUMNS) | answer
            row["answer"] = checked_answer(row["kind"], row["answer"], scale)
            rows.append({name: row[name] for name in ANSWER_COLUMNS})
        return values["study"], rows
    except (OSError, ValueError, KeyError, TypeError, Refused) as error:
        raise UserError(
            f"{path}: not answers that a task's page gave out ({error}); give its JSON file"
        ) from error


def _write(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], path: Path) -> None:
    """Write rows as CSV or JSON, by the name's ending."""
    whole = [{name: row.get(name) for name in columns} for row in rows]
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        if path.suffix == ".json":
            json.dump(whole, stream, indent=1)
            return
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row.values()] for row in whole)


def _cell(value: Any) -> Any:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value
