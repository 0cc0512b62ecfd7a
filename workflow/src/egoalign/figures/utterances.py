"""Scores of utterances with predictors beside them, as figures read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from egoalign.tables import ALIGNMENT, UTTERANCE_PREDICTORS, read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def read_utterances(
    alignment: Path, scores: Sequence[str], predictors: Path, named: Sequence[str]
) -> pd.DataFrame:
    """Read columns of the two tables of one model's utterances, a row an utterance.

    Parameters
    ----------
    alignment, predictors : Path
        Tables ALIGNMENT and UTTERANCE_PREDICTORS.
    scores, named : sequence of str
        Columns of each besides the ids and the model's.
    """
    key = list(UTTERANCE_PREDICTORS.key)
    rows = read_table(ALIGNMENT, alignment, [*key, "model_id", *scores]).to_pandas()
    beside = read_table(UTTERANCE_PREDICTORS, predictors, [*key, *named]).to_pandas()
    return rows.merge(beside, on=key, how="left")
