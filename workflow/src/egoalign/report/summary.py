"""The report's first page: the corpus in numbers, what was left out and why, the main results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from egoalign.config import ReportOptions
from egoalign.report.markup import page, paragraph, section, table, tiles
from egoalign.tables import (
    ALIGNMENT,
    EFFECTS,
    METRICS,
    SESSIONS,
    SESSIONS_STATUS,
    atomic_path,
    read_table,
)
from egoalign.wording import DASH, counted, interval, number

Row = Mapping[str, Any]
ALIGNMENT_COLUMNS = ("model_id", "score_max", "reason", "null_reason")
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Result:
    """A line of the table of results: metric, subset, how to name it, decimals."""

    metric: str
    subset: str
    title: str
    digits: int = 3


RESULTS = (
    Result("score_mean", "all", "Mean score"),
    Result("null_mean", "all", "Mean of the shuffled null"),
    Result("difference", "all", "Mean score less null"),
    Result("auc_null", "all", "AUC, true pairs against shuffled"),
    Result("human_accuracy", "choose_utterance", "People choosing the utterance, share right", 2),
    Result("model_accuracy", "choose_utterance", "Model choosing the utterance, share right", 2),
    Result("human_accuracy", "choose_image", "People choosing the picture, share right", 2),
    Result("model_accuracy", "choose_image", "Model choosing the picture, share right", 2),
    Result("spearman_score", "choose_utterance", "Score and people, utterances (Spearman)", 2),
    Result("spearman_score", "choose_image", "Score and people, pictures (Spearman)", 2),
)
AGE_TITLE = "Change of the score in a month of age"


@dataclass(frozen=True)
class Reasons:
    """One model's utterances: how many have a score, and why others lack score or null."""

    model_id: str
    n_read: int
    n_scored: int
    unscored: Counter[str]
    without_null: Counter[str]


def count_reasons(alignment: pa.Table) -> Reasons:
    """Count the utterances of one model with and without a score.

    Parameters
    ----------
    alignment : pyarrow.Table
        Columns `ALIGNMENT_COLUMNS` of table alignment, one model.
    """
    models = alignment["model_id"].unique().to_pylist()
    return Reasons(
        model_id=models[0] if models else DASH,
        n_read=alignment.num_rows,
        n_scored=alignment.num_rows - alignment["score_max"].null_count,
        unscored=_count(alignment["reason"]),
        without_null=_count(alignment["null_reason"]),
    )


def summary_page(
    title: str,
    sessions: Sequence[Row],
    status: Sequence[Row],
    models: Sequence[Row],
    reasons: Sequence[Reasons],
    effects: Sequence[Row],
) -> str:
    """Return the page as HTML that needs nothing else: no script, no link, no picture.

    It holds numbers, ids of models, and reasons; neither words that were spoken nor paths.

    Parameters
    ----------
    title : str
        The report's title.
    sessions, status, models, effects : sequence of mappings
        Rows of tables SESSIONS, SESSIONS_STATUS, METRICS (all models) and EFFECTS (all models).
    reasons : sequence of Reasons
        One for each model, in the order of the config.
    """
    return page(
        title,
        [
            section("The corpus", _corpus(sessions, status, reasons)),
            section("What was left out", _left_out(status, reasons)),
            section("Main results", _results(models, effects, [row.model_id for row in reasons])),
        ],
    )


def write_summary(
    sessions: Path,
    status: Path,
    models: Path,
    alignments: Sequence[Path],
    effects: Sequence[Path],
    options: ReportOptions,
    out: Path,
) -> None:
    """Read the tables, count, and write `summary_page`."""
    text = summary_page(
        options.title,
        read_table(SESSIONS, sessions).to_pylist(),
        read_table(SESSIONS_STATUS, status).to_pylist(),
        read_table(METRICS, models).to_pylist(),
        [count_reasons(read_table(ALIGNMENT, path, ALIGNMENT_COLUMNS)) for path in alignments],
        [row for path in effects for row in read_table(EFFECTS, path).to_pylist()],
    )
    with atomic_path(out) as partial:
        partial.write_text(text, encoding="utf-8")


def _count(reasons: pa.ChunkedArray) -> Counter[str]:
    counts = reasons.drop_null().value_counts()
    return Counter({row["values"]: row["counts"] for row in counts.to_pylist()})


def _corpus(sessions: Sequence[Row], status: Sequence[Row], reasons: Sequence[Reasons]) -> str:
    """Return the corpus in numbers."""
    first = reasons[0]
    states = Counter(row["status"] for row in status)
    seconds = sum(row["duration_s"] or 0.0 for row in status if row["status"] == "ok")
    missing = sum(row["n_frames_missing"] for row in status)
    return tiles(
        [
            (f"{len({row['child_id'] for row in sessions}):,}", "children"),
            (
                f"{len(sessions):,}",
                f"sessions: {states['ok']:,} ok, {states['failed']:,} failed, "
                f"{states['excluded']:,} excluded",
            ),
            (number(seconds / SECONDS_PER_HOUR, 2), "hours of video in sessions that are ok"),
            (f"{sum(row['n_frames'] for row in status):,}", f"pictures; {missing:,} not to be had"),
            (f"{first.n_read:,}", "utterances read"),
            (f"{first.n_scored:,}", f"scored; {first.n_read - first.n_scored:,} have a reason"),
        ]
    )


def _left_out(status: Sequence[Row], reasons: Sequence[Reasons]) -> str:
    """Return every reason with how many sessions or utterances it concerns."""
    lost = [row for row in status if row["status"] != "ok"]
    sessions = Counter((row["status"], row["reason"] or "no reason given") for row in lost)
    remarks = Counter(row["reason"] for row in status if row["status"] == "ok" and row["reason"])
    first = reasons[0]
    rows = [
        *((f"session {state}", reason, n) for (state, reason), n in sessions.most_common()),
        *(("session ok, with a remark", reason, n) for reason, n in remarks.most_common()),
        *(("utterance without score", reason, n) for reason, n in first.unscored.most_common()),
        *(("utterance without null", reason, n) for reason, n in first.without_null.most_common()),
    ]
    if not rows:
        return paragraph("Nothing: every session and every utterance has its score.")
    body = table(["What", "Reason", "How many"], [(*row[:2], f"{row[2]:,}") for row in rows])
    return body + paragraph(f"Utterances are counted for the model {first.model_id}.")


def _results(models: Sequence[Row], effects: Sequence[Row], names: Sequence[str]) -> str:
    """Return the table of results, one column a model, and what a reader must know of them."""
    found = {(row["model_id"], row["metric"], row["subset"]): row for row in models}
    lines = []
    for result in RESULTS:
        values = [found.get((name, result.metric, result.subset)) for name in names]
        if any(value and value["estimate"] is not None for value in values):
            chance = next((value["chance"] for value in values if value), None)
            cells = [interval(value, result.digits) for value in values]
            lines.append((result.title, *cells, number(chance, 2)))
    ages = {
        row["model_id"]: row
        for row in effects
        if row["kind"] == "fixed" and row["term"].startswith("age")
    }
    if ages:
        lines.append((AGE_TITLE, *(interval(ages.get(name), 5) for name in names), number(0.0, 2)))
    if not lines:
        return paragraph("No model has a scored utterance, so there are no results.")
    used = [found[key] for key in found if key[1:] in {(r.metric, r.subset) for r in RESULTS}]
    intervals = _distinct(row["interval"] for row in used)
    notes = _distinct(row["note"] for row in [*used, *ages.values()])
    text = paragraph(
        f"{counted(len(names), 'model')}. In brackets: 95 % intervals "
        f"({'; '.join(intervals) or 'none could be made'}; the change with age: Wald). "
        "Every number is defined in docs/methods.md."
    )
    if notes:
        text += paragraph(f"To be known: {'; '.join(notes)}.")
    return table(["Result", *names, "By chance"], lines) + text


def _distinct(texts: Any) -> list[str]:
    """Return texts without repeats, in order, those that are not missing."""
    return list(dict.fromkeys(text for text in texts if text))
