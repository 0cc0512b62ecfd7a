"""One model against human judgments: file functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egoalign.config import ValidateOptions, parse_section
from egoalign.log import UserError, logger
from egoalign.tables import (
    ASKED,
    ITEMS,
    JUDGMENTS,
    METRICS,
    PSYCHOMETRIC,
    read_table,
    write_table,
)
from egoalign.validate.agreement import agreement
from egoalign.validate.cells import FORCED_CHOICES, KINDS
from egoalign.validate.items import Item, choose, group_items
from egoalign.validate.psychometric import Choices, psychometric
from egoalign.validate.raters import ratings_of

PREDICTORS = ("score", "margin", "alternatives")


def item_rows(items: Iterable[Item], model_id: str) -> list[dict[str, Any]]:
    """Return rows of table items: the items that somebody answered."""
    names = ("kind", "item_id", "child_id", "session_id", "utterance_id", "weight")
    results = ("score", "margin", "model_correct", "reason", "choice_agreement", "error_agreement")
    return [
        {name: getattr(item, name) for name in (*names, *results)}
        | {
            "model_id": model_id,
            "n_answers": len(item.answers),
            "n_alternatives": 1 + len(item.distractors),
            "mean_answer": item.mean_answer,
            "human_accuracy": item.mean_answer if item.kind in FORCED_CHOICES else None,
        }
        for item in items
        if item.answers
    ]


def choices_of(items: Sequence[Item]) -> Iterator[Choices]:
    """Yield the choices between the items of each number of alternatives, the most items first."""
    by_number: dict[int, list[Item]] = {}
    for item in items:
        if item.score is not None and item.answers:
            by_number.setdefault(1 + len(item.distractors), []).append(item)
    for m, group in sorted(by_number.items(), key=lambda pair: -len(pair[1])):
        identity = all(item.identity for item in group)
        annotators = sorted({who for item in group for who in item.answers})
        place = {who: k for k, who in enumerate(annotators)}
        chosen = np.full((len(group), len(annotators)), np.nan)
        cosines = np.full((len(group), m), np.nan)
        for row, item in enumerate(group):
            cosines[row, : max(len(item.cosines), 1)] = item.cosines or item.score
            for who, right in item.answers.items():
                chosen[row, place[who]] = item.chosen[who] if identity else 1 - right
        yield Choices(chosen, cosines, identity)


def curves(items: Sequence[Item], options: ValidateOptions) -> list[dict[str, Any]]:
    """Return rows of table psychometric without model_id."""
    rows = []
    for kind in FORCED_CHOICES:
        choices = next(choices_of([item for item in items if item.kind == kind]), None)
        if choices is None:
            continue
        for predictor in PREDICTORS:
            found = psychometric(choices, predictor, options.bootstraps, options.seed)
            rows += [{"choice": kind, **row} for row in found]
    return rows


def answer_matrices(
    judgments: Sequence[Mapping[str, Any]],
) -> dict[str, tuple[list[str], np.ndarray]]:
    """Return item ids and answers (items, annotators) of each kind."""
    found = {kind: ratings_of(kind, judgments) for kind in KINDS}
    return {kind: (one.items, one.matrix) for kind, one in found.items()}


def read_items(judgments: Sequence[Mapping[str, Any]], asked: Path) -> list[Item]:
    """Return the items that people judged, with what the model says of them.

    Parameters
    ----------
    judgments : sequence of mappings
        Rows of table JUDGMENTS.
    asked : Path
        Table ASKED of the same judgments.

    Raises
    ------
    UserError
        It is of other judgments.
    """
    items = group_items(judgments)
    found = {(row["kind"], row["item_id"]): row for row in read_table(ASKED, asked).to_pylist()}
    for item in items:
        row = found.get((item.kind, item.item_id))
        if row is None:
            raise UserError(
                f"{asked}: lacks item '{item.item_id}' ({item.kind}) of the judgments; run "
                "ask-model on these judgments"
            )
        item.score, item.cosines, item.reason = row["score"], row["cosines"], row["reason"]
        choose(item)
    return items


def validate_model(
    judgments: Path,
    asked: Path,
    model_id: str,
    options_json: str,
    items_out: Path,
    out: Path,
    csv: Path,
    curves_out: Path,
    curves_csv: Path,
) -> None:
    """Compare a model with people, and write tables items, metrics and psychometric."""
    options = parse_section(ValidateOptions, options_json, "--options")
    rows = read_table(JUDGMENTS, judgments).to_pylist()
    items = read_items(rows, asked)
    unanswered = sum(not item.answers for item in items)
    if unanswered:
        logger.warning("%d of %d items have no answer and are left out", unanswered, len(items))
    judged = item_rows(items, model_id)
    write_table(ITEMS, judged, items_out)
    metrics = agreement(judged, answer_matrices(rows), options)
    write_table(METRICS, [{"model_id": model_id, **row} for row in metrics], out, csv=csv)
    fitted = [{"model_id": model_id, **row} for row in curves(items, options)]
    write_table(PSYCHOMETRIC, fitted, curves_out, csv=curves_csv)
