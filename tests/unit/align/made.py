"""Sessions made up for tests: tables with vectors that are what a test wants them to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egoalign import tables
from egoalign.tables import Table, conform, session_table, write_table


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (the last axis) made as long as 1, as float16."""
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float16)


@dataclass
class Made:
    """A session: utterances as (start, end, text number), and vectors of each second and text."""

    utterances: Sequence[tuple[float | None, float | None, int | None]]
    pictures: np.ndarray
    texts: np.ndarray
    child_id: str = "kim"
    session_id: str = "day1"
    row: dict[str, Any] = field(default_factory=dict)
    media: dict[str, Any] = field(default_factory=dict)
    undecoded: Sequence[int] = ()

    def session_row(self) -> dict[str, Any]:
        own = {"child_id": self.child_id, "session_id": self.session_id, "age_days": 400.0}
        return own | {"exclude": False, "exclude_intervals": []} | self.row

    def tables(self) -> dict[str, tuple[Table, pa.Table]]:
        """Return (schema, rows) of each table, by the name of its file."""
        n = self.pictures.shape[0]
        media = {"child_id": self.child_id, "session_id": self.session_id, "readable": True}
        rows: dict[str, tuple[Table, list[dict[str, Any]]]] = {
            "media": (tables.MEDIA, [media | {"duration_s": float(n)} | self.media]),
            "frames": (
                tables.FRAMES,
                [{"frame_id": k, "requested_s": float(k), "wanted": True} for k in range(n)],
            ),
            "frame_embeddings": (
                tables.FRAME_EMBEDDINGS,
                [
                    {"frame_id": k, "tile": 0, "decoded": False, "reason": "damaged"}
                    if k in self.undecoded
                    else {"frame_id": k, "tile": t, "decoded": True, "embedding": list(vector)}
                    for k in range(n)
                    for t, vector in enumerate(np.atleast_2d(self.pictures[k]))
                    if t == 0 or k not in self.undecoded
                ],
            ),
            "text_embeddings": (
                tables.TEXT_EMBEDDINGS,
                [
                    {"text_id": f"t{k}", "n_tokens": 1 + k % 6, "truncated": False, "embedding": v}
                    for k, v in enumerate(self.texts.tolist())
                ]
                + [{"text_id": "empty", "n_tokens": 0, "truncated": False, "embedding": None}],
            ),
            "utterances": (
                tables.UTTERANCES,
                [
                    {
                        "utterance_id": f"u{i:05d}",
                        "start_s": start,
                        "end_s": end,
                        "text": "a made sentence",
                        "text_encoded": "" if text is None else f"words {text}",
                        "speaker": ("female_adult", "key_child")[i % 2],
                        "text_id": "empty" if text is None else f"t{text}",
                        "n_words": 0 if text is None else 1 + text % 7,
                        "source_format": "csv",
                    }
                    for i, (start, end, text) in enumerate(self.utterances)
                ],
            ),
        }
        return {name: (table, conform(table, part)) for name, (table, part) in rows.items()}

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the tables where a stage's folder has them; return the paths."""
        paths = {}
        for name, (table, data) in self.tables().items():
            paths[name] = session_table(folder, self.child_id, self.session_id, name)
            write_table(table, data, paths[name])
        return paths


def random_session(
    seed: int,
    n_utterances: int = 60,
    seconds: int = 300,
    planted: float = 0.0,
    width: int = 64,
    **more: Any,
) -> Made:
    """Return a session of random vectors; `planted` of the utterances have their text in view."""
    rng = np.random.default_rng(seed)
    start = np.sort(rng.uniform(0, seconds - 10, n_utterances))
    length = rng.choice([0.2, 1.5, 3.0, 6.0, 9.0], n_utterances)
    texts, pictures = rng.normal(size=(n_utterances, width)), rng.normal(size=(seconds, width))
    for i in np.flatnonzero(rng.random(n_utterances) < planted):
        pictures[round(start[i] + length[i] / 2)] += 3 * texts[i]
    utterances = [
        (float(s), float(s + d), i) for i, (s, d) in enumerate(zip(start, length, strict=True))
    ]
    return Made(utterances, unit(pictures), unit(texts), **more)
