"""How the null schemes grow: time and memory of ``draw-nulls`` and ``align-session``.

Run from the project's folder: ``python benchmarks/nulls.py [--small] [--utterances N ...]``.
Sessions are made here: ten minutes of a picture a second, random vectors of 512 numbers of which
neighbours are alike, 200 utterances of 1 to 12 pictures of which a quarter is said often. A few
sessions are written and stand for all others under other names (links to their files), so that the
disk is spared; each is read, drawn from and drawn for as if it were its own. ``draw-nulls`` is run
as a command; ``align-session``, which draws the nulls within the session, is timed on the few.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
from measure import machine, table

from egoalign.align.session import align
from egoalign.config import AlignOptions
from egoalign.tables import (
    ALIGNMENT,
    FRAME_EMBEDDINGS,
    FRAMES,
    SESSIONS,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    VECTOR,
    Table,
    conform,
    write_table,
)

SEED = 20251118
SIZES = (10_000, 100_000, 1_000_000)
SMALL = (400, 800)
PER_SESSION = 200
SECONDS = 600
WIDTH = 512
MADE = 40
CHILDREN = 30
COMMON = 300
"""Utterances that are said again and again."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="seconds, for a look only")
    parser.add_argument("--utterances", type=int, nargs="+", help=f"corpora (default {SIZES})")
    args = parser.parse_args()
    sizes = args.utterances or (SMALL if args.small else SIZES)
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = [
            write_session(folder / "made", number) for number in range(2 if args.small else MADE)
        ]
        for size in sizes:
            corpus = folder / str(size)
            link_sessions(corpus, folder / "made", len(made), size // PER_SESSION)
            wall_s, cpu_s, peak = draw(corpus)
            count = f"{size // PER_SESSION:,}"
            cells = [f"{size:,}", count, wall_s, cpu_s, cpu_s / size * 1e3, f"{peak / 1e6:.0f}"]
            rows.append(cells)
            print(" ".join(map(str, rows[-1])), file=sys.stderr, flush=True)
    print(f"{machine()}; one run each; align-session {np.mean(made):.2f} s a session\n")
    header = ["utterances", "sessions", "draw-nulls, wall s", "CPU s", "CPU ms an utterance"]
    print(table([*header, "largest size, MB"], rows))


def write_session(folder: Path, number: int) -> float:
    """Write the tables of one session, and return the seconds that aligning it takes."""
    rng = np.random.default_rng([SEED, number])
    common = np.random.default_rng(SEED).normal(size=(COMMON, WIDTH))
    pictures = rng.normal(size=(SECONDS, WIDTH))
    for k in range(1, SECONDS):
        pictures[k] = 0.8 * pictures[k - 1] + 0.6 * pictures[k]
    often = rng.random(PER_SESSION) < 0.25
    chosen = rng.integers(COMMON, size=PER_SESSION)
    said = [f"common {chosen[i]}" if often[i] else f"{number} {i}" for i in range(PER_SESSION)]
    distinct = list(dict.fromkeys(said))
    vectors = np.array([
        common[int(text.split()[1])] if text.startswith("common") else rng.normal(size=WIDTH)
        for text in distinct
    ])  # fmt: skip
    start = np.sort(rng.uniform(0, SECONDS - 13, PER_SESSION))
    end = start + np.minimum(rng.exponential(2.2, PER_SESSION) + 0.3, 12)
    parts: dict[str, tuple[Table, pa.Table]] = {
        "frames": (FRAMES, pa.table({
            "frame_id": np.arange(SECONDS),
            "requested_s": np.arange(float(SECONDS)),
            "wanted": [True] * SECONDS,
        })),
        "frame_embeddings": (FRAME_EMBEDDINGS, pa.table({
            "frame_id": np.arange(SECONDS),
            "tile": np.zeros(SECONDS, np.int64),
            "decoded": [True] * SECONDS,
            "embedding": column(pictures),
        })),
        "text_embeddings": (TEXT_EMBEDDINGS, pa.table({
            "text_id": [str(k) for k in range(len(distinct))],
            "n_tokens": [1 + len(text) * 7 % 12 for text in distinct],
            "truncated": [False] * len(distinct),
            "embedding": column(vectors),
        })),
        "utterances": (UTTERANCES, pa.table({
            "utterance_id": [f"u{i:05d}" for i in range(PER_SESSION)],
            "start_s": start,
            "end_s": end,
            "text": said,
            "text_encoded": said,
            "speaker": rng.choice(["female_adult", "key_child", "male_adult"], PER_SESSION),
            "text_id": [str(distinct.index(text)) for text in said],
            "n_words": [2] * PER_SESSION,
            "source_format": ["csv"] * PER_SESSION,
        })),
    }  # fmt: skip
    tables = {name: conform(*part) for name, part in parts.items()}
    row = {"child_id": "C", "session_id": f"S{number}", "age_days": 400.0, "exclude": False}
    media = {"readable": True, "reason": None, "duration_s": float(SECONDS)}
    began = perf_counter()
    aligned = align(row, media, **tables, model_id="made", fps=1.0, options=AlignOptions())
    seconds = perf_counter() - began
    for name, data in {**tables, "alignment": aligned}.items():
        schema = parts[name][0] if name in parts else ALIGNMENT
        write_table(schema, data, folder / f"{number}.{name}{schema.suffix}")
    return seconds


def column(vectors: np.ndarray) -> pa.Array:
    """Return vectors, made as long as 1, as a column of lists of half-precision numbers."""
    units = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    offsets = np.arange(0, units.size + 1, units.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(units.ravel()), type=VECTOR)


def link_sessions(folder: Path, made: Path, n_made: int, n: int) -> None:
    """Lay out a corpus of n sessions whose files are those of the few that were made."""
    rows = []
    for number in range(n):
        child = f"C{number % CHILDREN:02d}"
        rows.append(
            {
                "child_id": child,
                "session_id": f"S{number:05d}",
                "age_days": 200.0 + 20 * (number // CHILDREN % 40),
                "exclude": False,
            }
        )
        (folder / child).mkdir(parents=True, exist_ok=True)
        for file in made.glob(f"{number % n_made}.*"):
            kind = file.name.split(".", 1)[1]
            os.link(file, folder / child / f"S{number:05d}.{kind}")
    write_table(SESSIONS, rows, folder / "sessions.parquet")


def draw(folder: Path) -> tuple[float, float, int]:
    """Run ``draw-nulls``; return seconds of clock and CPU, and the greatest resident bytes."""
    words: Sequence[object] = [
        *(sys.executable, "-m", "egoalign", "draw-nulls", "--quiet"),
        *("--sessions", folder / "sessions.parquet", "--model-id", "made"),
        *("--out", folder / "nulls.parquet"),
    ]
    for name in ("align", "encode", "video", "transcripts"):
        words = [*words, f"--{name}-folder", folder]
    began = perf_counter()
    process = subprocess.Popen([str(word) for word in words])
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("draw-nulls failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * unit


if __name__ == "__main__":
    main()
