"""The schemas and the templates agree with the reader."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from egoalign.corpus.columns import INPUT_TABLES, SESSIONS, json_schema
from egoalign.corpus.read import read_corpus
from egoalign.corpus.schemas import schema_text
from egoalign.log import UserError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("table", INPUT_TABLES, ids=lambda table: table.name)
def test_schema_files_are_those_the_reader_makes(table):
    path = ROOT / "workflow" / "schemas" / f"{table.name}.schema.yaml"
    assert path.read_text(encoding="utf-8") == schema_text(table), (
        "run: egoalign make-table-schemas --out-dir workflow/schemas"
    )


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        ("session_id", "a.1-b_2", "a b"),
        ("transcript_offset_s", "-0.5", "1,5"),
        ("recording_date", "2024-01-05", "5.1.2024"),
        ("age_days", "412", "1 year"),
        ("exclude_intervals", "12-30;95.5-100", "12:30"),
        ("exclude", "No", "maybe"),
        ("exclude", "NA", "n"),
    ],
)
def test_schema_and_reader_take_and_refuse_the_same_cells(tmp_path, column, good, bad):
    pattern = json_schema(SESSIONS)["properties"][column]["pattern"]
    (tmp_path / "c.tsv").write_text("child_id\nK01\n")
    for value, taken in ((good, True), (bad, False)):
        row = {"child_id": "K01", "session_id": "a", "video": "a.mp4", column: value}
        (tmp_path / "s.tsv").write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
        assert bool(re.search(pattern, value)) == taken
        if taken:
            assert len(read_corpus(tmp_path / "c.tsv", tmp_path / "s.tsv").sessions) == 1
        else:
            with pytest.raises(UserError, match=column):
                read_corpus(tmp_path / "c.tsv", tmp_path / "s.tsv")


def test_the_templates_are_read_as_they_are_and_with_their_examples(tmp_path):
    config = ROOT / "config"
    assert read_corpus(config / "children.tsv", config / "sessions.tsv").sessions == []
    for name in ("children.tsv", "sessions.tsv"):
        text = (config / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(re.sub(r"(?m)^# (?=K0)", "", text), encoding="utf-8")
    corpus = read_corpus(tmp_path / "children.tsv", tmp_path / "sessions.tsv")
    assert [session.age_days for session in corpus.sessions] == [328.0, 410.0, 423.0]
    assert [session.exclude for session in corpus.sessions] == [False, False, True]
