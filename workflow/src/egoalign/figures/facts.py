"""The numbers that a figure shows, kept beside it as JSON, so that captions can state them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from egoalign.tables import atomic_path
from egoalign.wording import counted

if TYPE_CHECKING:
    import pandas as pd

Facts = dict[str, Any]
"""Names and plain JSON values: text, numbers, None, and dictionaries of these."""

NULL_SENTENCE = (
    "Null: the text of each utterance against as many consecutive pictures of another utterance "
    "of the same session."
)


def write_facts(facts: Mapping[str, Any], path: str | Path) -> None:
    """Write facts as JSON with sorted keys; numbers that are not finite become null."""
    with atomic_path(path) as partial:
        text = json.dumps(_plain(facts), indent=1, sort_keys=True, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")


def metric(metrics: pd.DataFrame, name: str, subset: str = "all") -> Facts | None:
    """Return one row of a METRICS table as a dictionary, or None where there is no value."""
    rows = metrics[(metrics["metric"] == name) & (metrics["subset"] == subset)]
    if rows.empty or not math.isfinite(rows["estimate"].iloc[0]):
        return None
    columns = ["estimate", "ci_low", "ci_high", "chance", "n", "interval", "note"]
    values: Facts = _plain(rows.iloc[0][columns].to_dict())
    return values


def counts(rows: pd.DataFrame) -> Facts:
    """Return how many utterances, sessions and children an alignment's rows hold."""
    return {
        "n_utterances": len(rows),
        "n_sessions": len(rows[["child_id", "session_id"]].drop_duplicates()),
        "n_children": rows["child_id"].nunique(),
    }


def counts_sentence(facts: Mapping[str, Any]) -> str:
    """Return the counts of `counts` as a sentence."""
    return (
        f"n = {counted(facts['n_utterances'], 'utterance')}, "
        f"{counted(facts['n_sessions'], 'session')}, "
        f"{counted(facts['n_children'], 'child', 'children')}."
    )


def interval_sentences(value: Mapping[str, Any] | None) -> list[str]:
    """Say how a metric's interval was made, and what a reader must know of it."""
    if not value:
        return []
    made = [f"Intervals: 95 %, {value['interval']}."] if value["interval"] else []
    return made + ([f"Caution: {value['note']}."] if value["note"] else [])


def _plain(value: Any) -> Any:
    """Turn NumPy scalars into Python's and numbers that are not finite into None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
