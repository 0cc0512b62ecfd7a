"""One model against human judgments: file functions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from egoalign.config import ValidateOptions, parse_section
from egoalign.log import logger
from egoalign.tables import ITEMS, JUDGMENTS, METRICS, read_table, write_table
from egoalign.validate.agreement import agreement
from egoalign.validate.items import Item, ask_model, group_items, load_vectors
from egoalign.validate.judgments import FORCED_CHOICES, sessions_named


def item_rows(items: Iterable[Item], model_id: str) -> list[dict[str, Any]]:
    """Return rows of table items: the forced choices that somebody answered."""
    names = ("kind", "item_id", "child_id", "session_id", "utterance_id")
    results = ("score", "margin", "model_correct", "reason")
    return [
        {name: getattr(item, name) for name in (*names, *results)}
        | {
            "model_id": model_id,
            "n_answers": len(item.answers),
            "human_accuracy": item.mean_answer,
        }
        for item in items
        if item.kind in FORCED_CHOICES and item.answers
    ]


def validate_model(
    judgments: Path,
    embeddings_folder: Path,
    utterances_folder: Path,
    frames_folder: Path,
    model_id: str,
    options_json: str,
    items_out: Path,
    out: Path,
    csv: Path,
) -> None:
    """Ask one model what people were asked, and write tables items and metrics."""
    options = parse_section(ValidateOptions, options_json, "--options")
    rows = read_table(JUDGMENTS, judgments).to_pylist()
    vectors = load_vectors(
        sessions_named(rows), embeddings_folder, utterances_folder, frames_folder
    )
    items = group_items(rows)
    for item in items:
        ask_model(item, vectors)
    unanswered = sum(not item.answers for item in items)
    if unanswered:
        logger.warning("%d of %d items have no answer and are left out", unanswered, len(items))
    write_table(ITEMS, item_rows(items, model_id), items_out)
    metrics = [{"model_id": model_id, **row} for row in agreement(items, options)]
    write_table(METRICS, metrics, out, csv=csv)
