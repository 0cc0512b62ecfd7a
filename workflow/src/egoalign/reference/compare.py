"""The corpus beside other data sets, at equal numbers of pairs and of pictures a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign.config import CORPUS
from egoalign.reference.summary import PAIRED, Pairs, pair_metrics, paired, set_levels
from egoalign.resample import choose_clusters
from egoalign.tables import ALIGNMENT, METRICS, REFERENCE_PAIRS, read_table, write_table

ONE_FRAME = f"{CORPUS}|one_frame"
"""Utterances with one picture, whose score is no maximum: like a caption's with its picture."""

FEWEST = 20
"""With fewer pairs than this a group is not compared, and does not limit the others."""

CORPUS_COLUMNS = ("child_id", "session_id", "utterance_id", "model_id", "n_frames", *PAIRED)
SET_COLUMNS = ("set", "pair_id", "picture_id", "model_id", *PAIRED)


def groups_of(corpus: pa.Table, sets: Sequence[pa.Table]) -> dict[str, Pairs]:
    """Return what is compared, by name: the corpus, its one-picture utterances, and each set.

    Parameters
    ----------
    corpus : pyarrow.Table
        Columns `CORPUS_COLUMNS` of table ALIGNMENT, one model.
    sets : sequence of pyarrow.Table
        Columns `SET_COLUMNS` of table REFERENCE_PAIRS, the same model, one set each.
    """
    one = corpus.filter(pa.array([n == 1 for n in corpus["n_frames"].to_pylist()], pa.bool_()))
    groups = {
        CORPUS: paired(corpus, _corpus_levels(corpus)),
        ONE_FRAME: paired(one, _corpus_levels(one)),
    }
    for table in sets:
        groups[table["set"][0].as_py()] = paired(table, set_levels(table))
    return groups


def equally_many(groups: Mapping[str, Pairs], seed: int) -> dict[str, Pairs]:
    """Draw as many pairs of each group as the smallest has, evenly and without replacement.

    Groups of fewer than `FEWEST` pairs are left out of the reckoning and given as they are.

    Parameters
    ----------
    groups : mapping of str to Pairs
        The groups.
    seed : int
        Seed of the draws; a group's draw does not depend on the other groups but for their size.
    """
    n = min((pairs.n for pairs in groups.values() if pairs.n >= FEWEST), default=0)
    return {
        name: _some(pairs, n, seed) if pairs.n >= FEWEST else pairs
        for name, pairs in groups.items()
    }


def compare(
    groups: Mapping[str, Pairs], model_id: str, cutoffs: Sequence[float], draws: int, seed: int
) -> list[dict[str, Any]]:
    """Return rows of table metrics: every measure of every group, a measure's rows together.

    Parameters
    ----------
    groups : mapping of str to Pairs
        By `groups_of`.
    model_id : str
        The model.
    cutoffs, draws, seed
        As in `egoalign.reference.summary.pair_metrics`.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, pairs in equally_many(groups, seed).items():
        whole = groups[name].n
        for row in pair_metrics(pairs, cutoffs, draws, seed):
            if pairs.n < FEWEST:
                row |= dict.fromkeys(("estimate", "ci_low", "ci_high", "interval"))
                note = f"fewer than {FEWEST} pairs with a null: not compared"
            else:
                drawn = f"{pairs.n:,} of {whole:,} pairs, as many as of every other"
                note = "; ".join(part for part in (drawn, row["note"]) if part)
            rows.setdefault(row["metric"], []).append(
                {"model_id": model_id, "subset": name, **row, "note": note}
            )
    return [row for of_metric in rows.values() for row in of_metric]


def compare_references(
    alignment: Path,
    pairs: Sequence[Path],
    model_id: str,
    cutoffs: Sequence[float],
    draws: int,
    seed: int,
    out: Path,
    csv: Path,
) -> None:
    """Read table ALIGNMENT and the tables REFERENCE_PAIRS of all sets; write table METRICS."""
    groups = read_groups(alignment, pairs)
    write_table(METRICS, compare(groups, model_id, cutoffs, draws, seed), out, csv=csv)


def read_groups(alignment: Path, pairs: Sequence[Path]) -> dict[str, Pairs]:
    """Read what `groups_of` takes."""
    return groups_of(
        read_table(ALIGNMENT, alignment, CORPUS_COLUMNS),
        [read_table(REFERENCE_PAIRS, path, SET_COLUMNS) for path in pairs],
    )


def _corpus_levels(table: pa.Table) -> list[tuple[str, Sequence[object]]]:
    """Return children as clusters; sessions, then utterances, where there is only one."""
    children, sessions, utterances = (table[name].to_pylist() for name in CORPUS_COLUMNS[:3])
    return [
        ("children", children),
        ("sessions", list(zip(children, sessions, strict=True))),
        ("utterances", list(zip(children, sessions, utterances, strict=True))),
    ]


def _some(pairs: Pairs, n: int, seed: int) -> Pairs:
    """Return n of the pairs, in their order."""
    chosen = np.sort(np.random.default_rng(seed).permutation(pairs.n)[:n])
    clusters = choose_clusters([(pairs.clusters.unit, pairs.clusters.codes[chosen].tolist())])
    score, null_mean, percentile, draw = (
        values[chosen] for values in (pairs.score, pairs.null_mean, pairs.percentile, pairs.draw)
    )
    return replace(
        pairs,
        score=score,
        null_mean=null_mean,
        percentile=percentile,
        draw=draw,
        clusters=clusters,
    )
