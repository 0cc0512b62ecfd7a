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
    METRICS,
    MODEL_EFFECTS,
    MODEL_FITS,
    MODEL_VARIANCE,
    SESSIONS,
    SESSIONS_STATUS,
    atomic_path,
    read_table,
)
from egoalign.wording import DASH, counted, interval, number

Row = Mapping[str, Any]
ALIGNMENT_COLUMNS = ("model_id", "score_max", "reason", "null_reason")
SECONDS_PER_HOUR = 3600.0
SMALL_P = 0.001


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
MORE_RESULTS = (
    Result("noise_ceiling", "choose_utterance", "Noise ceiling, choosing the utterance", 2),
    Result("noise_ceiling", "choose_image", "Noise ceiling, choosing the picture", 2),
    *(
        Result("prevalence", estimator, "Share of aligned moments")
        for estimator in (
            *("calibrated_logistic", "calibrated_isotonic"),
            *("rogan_gladen_youden", "rogan_gladen_precision", "rogan_gladen_equal_error"),
        )
    ),
    Result("ece", "logistic", "Calibration error, logistic"),
    Result("ece", "isotonic", "Calibration error, isotonic"),
    Result("calibration_slope", "logistic", "Calibration slope, logistic (1 is ideal)", 2),
    Result("calibration_slope", "isotonic", "Calibration slope, isotonic (1 is ideal)", 2),
)
"""Results that only some corpora have.

Those of the calibration stand in its table under the kind of answers that it was fitted to and a
bar, ``label|logistic``; a model has one kind, and one estimator of the share.
"""

EFFECTS_SHOWN = ("age_within", "age_between", "age_months", "speaker")
"""Terms of the first statistical model whose effects are shown."""


@dataclass(frozen=True)
class ModelRows:
    """What the page says of the statistical models: rows of their tables, all models together."""

    fits: Sequence[Row] = ()
    effects: Sequence[Row] = ()
    variance: Sequence[Row] = ()


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
    statistical: ModelRows,
) -> str:
    """Return the page as HTML that needs nothing else: no script, no link, no picture.

    It holds numbers, ids of models, and reasons; neither words that were spoken nor paths.

    Parameters
    ----------
    title : str
        The report's title.
    sessions, status, models : sequence of mappings
        Rows of tables SESSIONS, SESSIONS_STATUS and METRICS (all models).
    reasons : sequence of Reasons
        One for each model, in the order of the config.
    statistical : ModelRows
        Of the statistical models the first one of each vision-language model is shown.
    """
    return page(
        title,
        [
            section("The corpus", _corpus(sessions, status, reasons)),
            section("What was left out", _left_out(status, reasons)),
            section("Main results", _results(models, [row.model_id for row in reasons])),
            section("What explains the score", _explained(statistical)),
        ],
    )


def write_summary(
    sessions: Path,
    status: Path,
    models: Path,
    calibrations: Sequence[Path],
    alignments: Sequence[Path],
    statistical: Sequence[Path],
    options: ReportOptions,
    out: Path,
) -> None:
    """Read the tables, count, and write `summary_page`.

    `statistical` are folders with the tables fits, effects and variance, one a model.
    """
    text = summary_page(
        options.title,
        read_table(SESSIONS, sessions).to_pylist(),
        read_table(SESSIONS_STATUS, status).to_pylist(),
        [row for path in (models, *calibrations) for row in read_table(METRICS, path).to_pylist()],
        [count_reasons(read_table(ALIGNMENT, path, ALIGNMENT_COLUMNS)) for path in alignments],
        ModelRows(
            *(
                [
                    row
                    for folder in statistical
                    for row in read_table(kind, folder / f"{name}.parquet").to_pylist()
                ]
                for name, kind in (
                    ("fits", MODEL_FITS),
                    ("effects", MODEL_EFFECTS),
                    ("variance", MODEL_VARIANCE),
                )
            )
        ),
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


def _results(models: Sequence[Row], names: Sequence[str]) -> str:
    """Return the table of results, one column a model, and what a reader must know of them."""
    found = {
        (row["model_id"], row["metric"], row["subset"].rpartition("|")[2]): row for row in models
    }
    lines = []
    for result in (*RESULTS, *MORE_RESULTS):
        values = [found.get((name, result.metric, result.subset)) for name in names]
        if any(value and value["estimate"] is not None for value in values):
            chance = next((value["chance"] for value in values if value), None)
            cells = [interval(value, result.digits) for value in values]
            lines.append((result.title, *cells, number(chance, 2)))
    if not lines:
        return paragraph("No model has a scored utterance, so there are no results.")
    shown = {(result.metric, result.subset) for result in (*RESULTS, *MORE_RESULTS)}
    used = [found[key] for key in found if key[1:] in shown]
    intervals = _distinct(row["interval"] for row in used)
    notes = _distinct(row["note"] for row in used)
    text = paragraph(
        f"{counted(len(names), 'model')}. In brackets: 95 % intervals "
        f"({'; '.join(intervals) or 'none could be made'}). "
        "Every number is defined in docs/methods.md."
    )
    if notes:
        text += paragraph(f"To be known: {'; '.join(notes)}.")
    return table(["Result", *names, "By chance"], lines) + text


def _explained(rows: ModelRows) -> str:
    """Return the main effects of each model's first statistical model, and the children's ICC."""
    text = ""
    firsts = {row["model_id"]: row for row in reversed(rows.fits)}
    for model_id in dict.fromkeys(row["model_id"] for row in rows.fits):
        fit = firsts[model_id]
        title = f"{model_id}, model {fit['name']}: {fit['formula']}"
        if fit["reason"]:
            text += paragraph(f"{title}. No fit: {fit['reason']}.")
            continue
        own = {name: fit[name] for name in ("name", "model_id", "response")}.items()
        lines = [
            (row["effect"], interval(_with_ends(row), 5), _p(row["p"]))
            for row in rows.effects
            if own <= row.items() and row["term"] in EFFECTS_SHOWN
        ]
        shares = [
            row["icc"]
            for row in rows.variance
            if own <= row.items() and row["group"] == "child_id" and row["icc"] is not None
        ]
        if shares:
            lines.append(("Intraclass correlation of children", number(sum(shares), 3), DASH))
        text += paragraph(f"{title}; {fit['n']:,} rows.")
        text += table(["Effect", "Estimate", "p"], lines) if lines else ""
        if fit["notes"]:
            text += paragraph(f"To be known: {fit['notes']}.")
    return text or paragraph("There is no statistical model.")


def _with_ends(row: Row) -> Row:
    """Return a row with its interval's ends under the names that `interval` knows."""
    return {**row, "ci_low": row["low"], "ci_high": row["high"]}


def _p(value: float | None) -> str:
    """Return a p as text."""
    if value is None:
        return DASH
    return "< 0.001" if value < SMALL_P else number(value, 3)


def _distinct(texts: Any) -> list[str]:
    """Return texts without repeats, in order, those that are not missing."""
    return list(dict.fromkeys(text for text in texts if text))
