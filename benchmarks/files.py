"""Writing and reading vectors: a file each, as labs have them, against egoalign's tables.

Run from the project's folder: ``python benchmarks/files.py [--small]``. The pictures and texts of a
session have random unit vectors of 512 numbers; they are written, and read again until they are
arrays, by the functions of `lab_script.py` and by those of ``encode-session`` and
``align-session``. CPU seconds; runs take turns; medians.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import lab_script
import numpy as np
import pyarrow as pa
from made import SEED, Session, make_session
from measure import machine, table, take_turns, timed
from numpy.typing import NDArray

from egoalign.align.session import unit_vectors
from egoalign.encode.embed import TextVector
from egoalign.encode.session import frame_embeddings_table, vectors_column
from egoalign.tables import (
    FRAME_EMBEDDINGS,
    FRAMES,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    read_table,
    write_table,
)
from egoalign.video.decode import Picture

VIDEO = {"size": (320, 180), "g": 250, "rate": "50k"}
WIDTH = 512
TABLES = ("frame_embeddings", "text_embeddings")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a session of seconds")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each")
    parser.add_argument("--per-minute", type=float, default=20.0, help="utterances")
    args = parser.parse_args()
    if args.small:
        args.repeats = 1
    rows: list[list[object]] = []
    for minutes in (0.2,) if args.small else (3, 10, 20, 60):
        with tempfile.TemporaryDirectory() as name:
            session = make_session(Path(name), minutes * 60, args.per_minute, VIDEO)
            rows.append([minutes, len(session.utterances), *compared(session, args.repeats)])
    print(f"{machine()}; CPU milliseconds, medians of {args.repeats}\n")
    header = ["minutes", "utterances", "a file each", "files, a file each", "bytes, a file each"]
    print(table([*header, "ours", "files, ours", "bytes, ours", "ratio"], rows))


def compared(session: Session, repeats: int) -> list[object]:
    """Return the cells of a line: seconds, files and bytes of each design, and the ratio."""
    rng = np.random.default_rng(SEED)
    grid = read_table(FRAMES, session.table("frames"))
    pictures = random_vectors(rng, grid.num_rows)
    spoken = read_table(UTTERANCES, session.table("utterances"), ["text_id"])
    text_ids = spoken["text_id"].unique().to_pylist()
    texts = random_vectors(rng, len(text_ids))
    lab = session.folder / "lab"

    def one_each() -> None:
        for number, (start, end, _) in enumerate(session.utterances):
            folder = lab_script.utterance_folder(lab, number)
            folder.mkdir(parents=True)
            shown = pictures[int(np.ceil(start)) : max(int(np.floor(end)), int(start) + 1) + 1]
            lab_script.save(folder, shown, texts[number % len(texts)])
        lab_script.load(lab, len(session.utterances))

    def as_tables() -> None:
        embedded = ((Picture(i, None, None), v) for i, v in enumerate(pictures.astype(np.float16)))
        found = [TextVector(7, False, vector) for vector in texts.astype(np.float16)]
        write_and_read(session, grid, embedded, text_ids, found)

    def fresh(write: Callable[[], None]) -> dict[str, float]:
        shutil.rmtree(lab, ignore_errors=True)
        for name in TABLES:
            session.table(name).unlink(missing_ok=True)
        return timed(write)

    took = take_turns({"lab": lambda: fresh(one_each), "ours": lambda: fresh(as_tables)}, repeats)
    one_each()
    as_tables()
    made = [
        [path for path in lab.rglob("*") if path.is_file()],
        [session.table(name) for name in TABLES],
    ]
    theirs, own = ([len(paths), f"{sum(p.stat().st_size for p in paths):,}"] for paths in made)
    spent = [took[name]["cpu"] for name in ("lab", "ours")]
    theirs_ms, own_ms = (f"{1000 * seconds:.0f}" for seconds in spent)
    return [theirs_ms, *theirs, own_ms, *own, f"{spent[0] / spent[1]:.1f}"]


def random_vectors(rng: np.random.Generator, number: int) -> NDArray[np.float32]:
    """Return random vectors of length one, shape (number, WIDTH)."""
    vectors = rng.normal(size=(number, WIDTH)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def write_and_read(
    session: Session,
    grid: pa.Table,
    embedded: Iterable[tuple[Picture, NDArray[np.float16] | None]],
    text_ids: Sequence[str],
    texts: Sequence[TextVector],
) -> None:
    """Write vectors as `encode-session` does, and read them as `align-session` does."""
    frames_out, texts_out = (session.table(name) for name in TABLES)
    write_table(FRAME_EMBEDDINGS, frame_embeddings_table(grid, embedded), frames_out)
    columns = {
        "text_id": text_ids,
        "n_tokens": [text.n_tokens for text in texts],
        "truncated": [text.truncated for text in texts],
        "embedding": vectors_column([text.vector for text in texts]),
    }
    write_table(TEXT_EMBEDDINGS, pa.table(columns, schema=TEXT_EMBEDDINGS.schema), texts_out)
    for schema, path in ((FRAME_EMBEDDINGS, frames_out), (TEXT_EMBEDDINGS, texts_out)):
        unit_vectors(read_table(schema, path)["embedding"].drop_null())


if __name__ == "__main__":
    main()
