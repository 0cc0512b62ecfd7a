"""One model's scores as probabilities, from judgments and scored moments: file functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from egoalign.config import AlignOptions, CalibrationOptions, ValidateOptions, parse_section
from egoalign.log import logger
from egoalign.tables import (
    CALIBRATED,
    CALIBRATION_CURVE,
    JUDGMENTS,
    METRICS,
    MOMENTS,
    read_table,
    write_table,
)
from egoalign.validate.calibration import Labelled, labelled_pairs
from egoalign.validate.judged import Judged, JudgedPair, answer_counts, judged_pairs, raters_of
from egoalign.validate.moments import SessionMoments, read_alignment_rows
from egoalign.validate.prevalence import Moments
from egoalign.validate.probabilities import (
    Probabilities,
    no_probabilities,
    tell_probabilities,
)

SECOND_TOLERANCE = 1e-6
ALL_RATERS = "all raters"


@dataclass(frozen=True)
class CorpusMoments:
    """The corpus's moments, the utterance of each, and where the judged pairs are among them.

    Attributes
    ----------
    moments : Moments
    utterance : numpy.ndarray
        int64: row of the alignment of each moment.
    judged : dict
        Position of a judged pair to that of its moment.
    """

    moments: Moments
    utterance: np.ndarray
    judged: dict[int, int]


def gather_moments(
    alignment: pd.DataFrame,
    sessions: Sequence[tuple[np.ndarray, SessionMoments]],
    pairs: Sequence[JudgedPair],
    predictors: Sequence[str],
) -> CorpusMoments:
    """Put the moments of all sessions together and find the judged pairs among them.

    Parameters
    ----------
    alignment : DataFrame
        Table alignment of the corpus, columns `ALIGNMENT_COLUMNS`.
    sessions : sequence
        Of each session its rows in the alignment and its moments.
    pairs : sequence of JudgedPair
        The judged pairs.
    predictors : sequence of str
        log_words and log_frames, as wanted beside the score.
    """
    utterance = np.concatenate([np.zeros(0, int), *(rows[m.utterance] for rows, m in sessions)])
    second = np.concatenate([np.zeros(0), *(m.second for _, m in sessions)])
    score = np.concatenate([np.zeros(0), *(m.score for _, m in sessions)])
    frames = np.bincount(utterance, minlength=len(alignment))[utterance]
    other = {
        "log_words": np.log(np.maximum(alignment["n_words"].to_numpy(np.float64)[utterance], 1)),
        "log_frames": np.log(np.maximum(frames, 1)),
    }
    child, children = pd.factorize(alignment["child_id"].iloc[utterance])
    ids = zip(
        *(alignment[name] for name in ("child_id", "session_id", "utterance_id")), strict=True
    )
    row_of = {key: i for i, key in enumerate(ids)}
    order = np.argsort(utterance, kind="stable")
    first = np.searchsorted(utterance[order], np.arange(len(alignment) + 1))
    judged = {}
    for i, pair in enumerate(pairs):
        row = row_of.get((pair.child_id, pair.session_id, pair.utterance_id))
        own = order[first[row] : first[row + 1]] if row is not None else order[:0]
        same = own[np.abs(second[own] - pair.second) <= SECOND_TOLERANCE]
        if same.size:
            judged[i] = int(same[0])
    return CorpusMoments(
        Moments(
            np.column_stack([score, *(other[name] for name in predictors)]),
            child,
            1 / frames,
            len(children),
        ),
        utterance,
        judged,
    )


def label_moments(
    corpus: CorpusMoments, judged: Judged, options: CalibrationOptions
) -> tuple[Labelled, list[str], list[str]]:
    """Return the judged pairs that are moments of the corpus.

    Returns
    -------
    labelled : Labelled
    raters : list of str
        Names of those whose errors are told apart, or one name for all.
    notes : list of str
        What was left out, and how pairs are weighted.
    """
    notes = []
    known = [i for i in corpus.judged if judged.pairs[i].weight is not None]
    used = known or list(corpus.judged)
    lost = len(judged.pairs) - len(corpus.judged)
    if lost:
        notes.append(
            f"{lost} of {len(judged.pairs)} judged pairs left out, since their picture is none of "
            "their utterance's, or has no score"
        )
    if known and len(known) < len(corpus.judged):
        notes.append(f"{len(corpus.judged) - len(known)} without a weight left out")
    if not known:
        notes.append("no weights are given: judged pairs count alike")
    pairs = [judged.pairs[i] for i in used]
    places = np.array([corpus.judged[i] for i in used], dtype=np.int64)
    weights = np.array([pair.weight or 1.0 for pair in pairs])
    predictors, child = corpus.moments.predictors[places], corpus.moments.child[places]
    if not judged.are_yes_or_no:
        means = np.array([np.mean([value for _, value in pair.answers]) for pair in pairs])
        return Labelled(predictors, child, weights, None, means), [ALL_RATERS], notes
    each = options.rater_error == "each"
    counts = answer_counts(pairs, each)
    labelled = labelled_pairs(predictors, child, counts, weights, options.rater_error != "none")
    return labelled, raters_of(pairs) if each else [ALL_RATERS], notes


def calibrated_rows(
    alignment: pd.DataFrame, corpus: CorpusMoments | None, told: Probabilities
) -> pd.DataFrame:
    """Return rows of table calibrated without model_id: one for each row of the alignment."""
    rows = alignment[["child_id", "session_id", "utterance_id", "n_frames", "reason"]].copy()
    mean, greatest = (np.full(len(rows), np.nan) for _ in range(2))
    if corpus is not None and told.calibrator is not None:
        probability = told.calibrator(corpus.moments.predictors)
        frames = np.bincount(corpus.utterance, minlength=len(rows))
        has = frames > 0
        mean[has] = np.bincount(corpus.utterance, probability, len(rows))[has] / frames[has]
        np.fmax.at(greatest, corpus.utterance, probability)
    rows["probability_mean"], rows["probability_max"] = mean, greatest
    rows["n_frames"] = rows["n_frames"].astype("Int64")
    if told.reason:
        rows.loc[rows["reason"].isna(), "reason"] = told.reason
    return rows


def calibrate_model(
    judgments: Path,
    alignment: Path,
    moments: Path,
    model_id: str,
    options_json: str,
    align_json: str,
    out: Path,
    csv: Path,
    curve_out: Path,
    calibrated_out: Path,
) -> None:
    """Read judgments and moments, and write tables metrics, calibration_curve and calibrated.

    Without labels or ratings enough the tables say so.
    """
    options = parse_section(ValidateOptions, options_json, "--options")
    align = parse_section(AlignOptions, align_json, "--align-options")
    rows = read_alignment_rows(alignment)
    judged = judged_pairs(read_table(JUDGMENTS, judgments).to_pylist(), options)
    corpus = None
    if judged.reason:
        told = no_probabilities(judged.reason, len(judged.pairs))
    else:
        predictors = options.calibration.predictors
        table = read_table(MOMENTS, moments)
        scored = SessionMoments(*(table[name].to_numpy() for name in MOMENTS.schema.names))
        corpus = gather_moments(rows, [(np.arange(len(rows)), scored)], judged.pairs, predictors)
        labelled, raters, notes = label_moments(corpus, judged, options.calibration)
        names = ["score", *predictors]
        told = tell_probabilities(
            labelled, corpus.moments, names, judged.kind, raters, align.cutoffs, options, notes
        )
    if told.reason:
        logger.warning("no calibration: %s", told.reason)
    write_table(METRICS, _with_model(told.metrics, model_id), out, csv=csv)
    write_table(CALIBRATION_CURVE, _with_model(told.curve, model_id), curve_out)
    probabilities = calibrated_rows(rows, corpus, told)
    probabilities.insert(0, "model_id", model_id)
    write_table(CALIBRATED, probabilities, calibrated_out)


def _with_model(rows: Sequence[dict[str, Any]], model_id: str) -> list[dict[str, Any]]:
    return [{"model_id": model_id, **row} for row in rows]
