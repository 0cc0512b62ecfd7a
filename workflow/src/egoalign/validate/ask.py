"""One model asked what people were asked: file function."""

from __future__ import annotations

from pathlib import Path

from egoalign.tables import ASKED, JUDGMENTS, read_table, write_table
from egoalign.validate.items import ask_model, group_items, load_vectors
from egoalign.validate.judgments import sessions_named


def ask_items(
    judgments: Path,
    embeddings_folder: Path,
    utterances_folder: Path,
    frames_folder: Path,
    out: Path,
) -> None:
    """Ask one model what people were asked, and write table asked."""
    rows = read_table(JUDGMENTS, judgments).to_pylist()
    vectors = load_vectors(
        sessions_named(rows), embeddings_folder, utterances_folder, frames_folder
    )
    items = group_items(rows)
    for item in items:
        ask_model(item, vectors)
    names = ASKED.schema.names
    write_table(ASKED, [{name: getattr(item, name) for name in names} for item in items], out)
