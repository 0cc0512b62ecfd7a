"""The alignment of content words: by lemma and by class of word, each beside its null."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from egoalign.align.collect import session_files
from egoalign.align.lemma_ids import corpus_lemma_ids
from egoalign.config import AlignOptions, parse_section
from egoalign.log import progress
from egoalign.resample import Clusters, choose_clusters, mean_statistic, measure
from egoalign.tables import (
    CONTENT_WORDS,
    LEMMA_NUMBERS,
    LEMMAS,
    METRICS,
    SESSIONS,
    WORD_ALIGNMENT,
    WORD_CLASSES,
    read_table,
    write_table,
)

BOOTSTRAPS = 1000
KEY = ["utterance_id", "word_no"]
COLUMNS = [
    *("child_id", "session_id", *KEY, "word_class", "score_max"),
    *("shifted_mean", "shifted_difference", "shifted_percentile"),
]


def word_classes(words: pd.DataFrame, model_id: str, seed: int) -> list[dict[str, Any]]:
    """Return rows of table METRICS for all content words and for each class.

    Parameters
    ----------
    words : DataFrame
        Columns `COLUMNS` of table WORD_ALIGNMENT, all sessions.
    model_id : str
        The model.
    seed : int
        Seed of the bootstrap.
    """
    rows: list[dict[str, Any]] = []
    for name in ("all", *WORD_CLASSES.values()):
        own = words if name == "all" else words[words["word_class"] == name]
        if name != "all" and own.empty:
            continue
        subset = "all" if name == "all" else f"word_class={name}"
        rows += [{"model_id": model_id, "subset": subset, **row} for row in _metrics(own, seed)]
    return rows


def _metrics(words: pd.DataFrame, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the metrics of one class, without model and subset."""
    scored = words[words["score_max"].notna()]
    paired = words[words["shifted_mean"].notna()]
    percentile = paired["shifted_percentile"]
    measures: list[tuple[str, pd.DataFrame, pd.Series[Any], float | None]] = [
        ("word_share_scored", words, words["score_max"].notna(), None),
        ("word_score_mean", scored, scored["score_max"], None),
        ("word_null_mean", paired, paired["shifted_mean"], None),
        ("word_difference", paired, paired["shifted_difference"], 0.0),
        ("word_percentile", paired, percentile, 0.5),
        ("word_share_above_null_p95", paired, percentile > 0.95, 0.05),
    ]
    for metric, rows, values, chance in measures:
        clusters = _clusters(rows)
        statistic = mean_statistic(values.to_numpy(np.float64), clusters)
        yield measure(metric, statistic, clusters, BOOTSTRAPS, seed, chance)


def lemmas(words: pd.DataFrame, model_id: str, seed: int) -> list[dict[str, Any]]:
    """Return rows of table LEMMAS, the most frequent lemma first.

    Parameters
    ----------
    words : DataFrame
        Columns `COLUMNS` of table WORD_ALIGNMENT and `lemma`, all sessions.
    model_id : str
        The model.
    seed : int
        Seed of the bootstrap.
    """
    known = words.dropna(subset=["lemma"])
    lemma_ids: dict[Any, str] = dict(corpus_lemma_ids(Counter(known["lemma"].tolist())))
    groups = dict(list(known.groupby(["lemma", "word_class"], sort=True)))
    return [
        {
            "model_id": model_id,
            "lemma_id": lemma_ids[lemma],
            "lemma": lemma,
            "word_class": word_class,
            **_lemma_numbers(groups[lemma, word_class], seed),
        }
        for lemma, word_class in progress(
            sorted(groups, key=lambda key: (lemma_ids[key[0]], key[1])), "lemmas", len(groups)
        )
    ]


def _lemma_numbers(own: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Return the columns of table LEMMAS that hold numbers, for the tokens of one lemma."""
    paired = own[own["shifted_mean"].notna()]
    clusters = _clusters(paired)
    difference = mean_statistic(paired["shifted_difference"].to_numpy(np.float64), clusters)
    found = measure("difference", difference, clusters, BOOTSTRAPS, seed, 0.0)
    return {
        "n": len(own),
        "n_scored": int(own["score_max"].notna().sum()),
        "n_null": len(paired),
        "n_children": own["child_id"].nunique(),
        "score_mean": _mean(own["score_max"]),
        "difference": found["estimate"],
        "ci_low": found["ci_low"],
        "ci_high": found["ci_high"],
        "percentile": _mean(paired["shifted_percentile"]),
        "interval": found["interval"],
        "note": found["note"],
    }


def _mean(values: pd.Series[Any]) -> float | None:
    """Return the mean of what is there, or None."""
    return float(values.mean()) if values.notna().any() else None


def _clusters(rows: pd.DataFrame) -> Clusters:
    """Return children as clusters; sessions, then utterances, where there is only one."""
    children, sessions, utterances = (
        rows[name].tolist() for name in ("child_id", "session_id", "utterance_id")
    )
    in_session = list(zip(children, sessions, strict=True))
    return choose_clusters(
        [
            ("children", children),
            ("sessions", in_session),
            ("utterances", list(zip(in_session, utterances, strict=True))),
        ]
    )


def with_lemmas(pairs: Iterable[tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Return the words of all sessions with their lemma.

    Parameters
    ----------
    pairs : iterable of (DataFrame, DataFrame)
        Of each session: columns `COLUMNS` of WORD_ALIGNMENT; `KEY` and lemma of CONTENT_WORDS.
    """
    joined = [scores.merge(spoken, on=KEY, how="left", validate="1:1") for scores, spoken in pairs]
    filled = [part for part in joined if len(part)]
    return (
        pd.concat(filled, ignore_index=True)
        if filled
        else pd.DataFrame(columns=[*COLUMNS, "lemma"])
    )


def summarise_words(
    sessions: Path,
    folder: Path,
    words_folder: Path,
    model_id: str,
    options_json: str,
    out: tuple[Path, Path],
    lemmas_out: tuple[Path, Path],
    numbers_out: tuple[Path, Path],
) -> None:
    """Read all sessions' words, and write tables METRICS, LEMMAS and LEMMA_NUMBERS.

    Each output is a Parquet file and a CSV file.

    Raises
    ------
    UserError
        A session's table is missing or of another version.
    """
    options = parse_section(AlignOptions, options_json, "--options")
    rows = read_table(SESSIONS, sessions)
    scores = session_files(rows, folder, WORD_ALIGNMENT.name)
    spoken = session_files(rows, words_folder, CONTENT_WORDS.name)
    words = with_lemmas(
        (
            read_table(WORD_ALIGNMENT, mine, COLUMNS).to_pandas(),
            read_table(CONTENT_WORDS, theirs, [*KEY, "lemma"]).to_pandas(),
        )
        for mine, theirs in progress(zip(scores, spoken, strict=True), "sessions", len(scores))
    )
    table = lemmas(words, model_id, options.seed)
    public = [{name: value for name, value in row.items() if name != "lemma"} for row in table]
    write_table(METRICS, word_classes(words, model_id, options.seed), out[0], csv=out[1])
    write_table(LEMMAS, table, lemmas_out[0], csv=lemmas_out[1])
    write_table(LEMMA_NUMBERS, public, numbers_out[0], csv=numbers_out[1])
