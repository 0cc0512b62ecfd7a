"""Alignment tables with known effects, for tests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from egoalign.tables import DAYS_PER_MONTH

AGE_SLOPE = 0.004
WORDS_SLOPE = 0.01
FRAMES_SLOPE = 0.02
CHILD_SPEAKER = -0.03
INTERCEPT = 0.25


def made_alignment(
    seed: int,
    n_children: int = 8,
    sessions: tuple[int, int] = (2, 5),
    utterances: int = 30,
    child_sd: float = 0.03,
    session_sd: float = 0.02,
    residual_sd: float = 0.05,
) -> pa.Table:
    """Return columns of table alignment in which the score follows the model of this room."""
    rng = np.random.default_rng(seed)
    rows = []
    for child in range(n_children):
        age = rng.uniform(180, 600)
        child_effect = child_sd * rng.normal()
        for session in range(rng.integers(sessions[0], sessions[1] + 1)):
            session_effect = session_sd * rng.normal()
            for _ in range(utterances):
                speaker = ("female_adult", "key_child")[int(rng.random() < 0.3)]
                n_words, n_frames = int(rng.integers(1, 9)), int(rng.integers(1, 6))
                days = age + 60 * session
                score = (
                    INTERCEPT
                    + AGE_SLOPE * (days / DAYS_PER_MONTH - 14)
                    + CHILD_SPEAKER * (speaker == "key_child")
                    + WORDS_SLOPE * np.log(n_words)
                    + FRAMES_SLOPE * np.log(n_frames)
                    + child_effect
                    + session_effect
                    + residual_sd * rng.normal()
                )
                rows.append(
                    {
                        "child_id": f"c{child}",
                        "session_id": f"s{session}",
                        "model_id": "tiny",
                        "age_days": days,
                        "speaker": speaker,
                        "n_words": n_words,
                        "n_frames": n_frames,
                        "score_max": score,
                        "score_mean": score - 0.02,
                        "shuffled_difference": score - 0.2,
                    }
                )
    return pa.Table.from_pylist(rows)


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    """Return the table with one column replaced."""
    place = table.schema.get_field_index(name)
    column = pa.array(values, table.schema.field(name).type)
    return table.set_column(place, name, column)
