"""The utterances that people can be asked about: those with a score and words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from egoalign.config import TaskOptions
from egoalign.log import progress
from egoalign.tables import ALIGNMENT, UTTERANCES, read_table
from egoalign.validate.task_distractors import Pool, text_key


def population(
    alignment: Path, utterances_folder: Path, options: TaskOptions
) -> tuple[pd.DataFrame, int]:
    """Return the utterances that may be sampled, and how many have no score or no words.

    Returns
    -------
    pandas.DataFrame
        Columns ``child_id, session_id, utterance_id, speaker, start_s, score, second, n_tokens,
        text``.
    int
        How many were passed over.
    """
    names = ["child_id", "session_id", "utterance_id", "speaker", "start_s", "n_tokens", "n_words"]
    table = read_table(ALIGNMENT, alignment, [*names, options.score, "argmax_s"])
    rows = table.to_pandas().rename(columns={options.score: "score", "argmax_s": "second"})
    n_all = len(rows)
    rows = rows[rows["score"].notna() & rows["second"].notna()]
    if options.speakers:
        rows = rows[rows["speaker"].isin(options.speakers)]
    rows = rows.assign(n_tokens=rows["n_tokens"].fillna(rows["n_words"]).astype(np.int64))
    sessions = rows[["child_id", "session_id"]].drop_duplicates().values.tolist()
    texts = [
        _texts(utterances_folder, child, session)
        for child, session in progress(sessions, "transcripts", len(sessions))
    ]
    ids = ["child_id", "session_id", "utterance_id"]
    spoken = pd.concat(texts) if texts else pd.DataFrame(columns=[*ids, "text"])
    rows = rows.merge(spoken, on=ids, how="left", validate="one_to_one")
    rows = rows[rows["text"].fillna("").map(lambda text: bool(text_key(text)))]
    return rows.reset_index(drop=True), n_all - len(rows)


def _texts(folder: Path, child: str, session: str) -> pd.DataFrame:
    path = folder / child / f"{session}.utterances.parquet"
    rows = read_table(UTTERANCES, path, ["utterance_id", "text_encoded"]).to_pandas()
    rows = rows.rename(columns={"text_encoded": "text"})
    return rows.assign(child_id=child, session_id=session)


def pool_of(rows: pd.DataFrame) -> Pool:
    """Return the population as numbers, for drawing distractors."""

    def numbers(values: pd.Series) -> np.ndarray:
        return pd.factorize(values)[0].astype(np.int64)

    return Pool(
        child=numbers(rows["child_id"]),
        session=numbers(rows["child_id"] + "/" + rows["session_id"]),
        speaker=numbers(rows["speaker"]),
        n_tokens=rows["n_tokens"].to_numpy(np.int64),
        text=numbers(rows["text"].map(text_key)),
        second=rows["second"].to_numpy(np.float64),
    )
