"""The table of sessions: types, and nothing private."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from egoalign.corpus.prepare import prepare_corpus
from egoalign.log import UserError


def run(tmp_path, children: str, sessions: str):
    (tmp_path / "c.tsv").write_text(children)
    (tmp_path / "s.tsv").write_text(sessions)
    out, csv = tmp_path / "out" / "sessions.parquet", tmp_path / "out" / "sessions.csv"
    prepare_corpus(tmp_path / "c.tsv", tmp_path / "s.tsv", tmp_path, out, csv)
    return pq.read_table(out), csv.read_text()


def test_numbers_are_numbers_and_private_columns_stay(tmp_path):
    table, csv = run(
        tmp_path,
        "child_id\tbirth_date\tsex\tlanguages\tsiblings\nK01\t2023-01-01\tf\tDutch\t2\n",
        "child_id\tsession_id\tvideo\trecording_date\tsource_name\tlight\tcode\troom\tmother_name"
        "\tclip\tbegun\n"
        "K01\ta\tsecret/a.mp4\t2024-01-01\tAnna at home\t0.5\t007\tkitchen\tAnna\tx\t\n"
        "K01\tb\tsecret/b.mp4\t2024-01-02\tAnna out\tNA\t012\t\tAnna\tx/b.wav"
        "\t2024-01-02T14:05\n",
    )
    assert table.to_pylist() == [
        {
            "child_id": "K01",
            "session_id": "a",
            "age_days": 365.0,
            "sex": "f",
            "exclude": False,
            "exclude_reason": None,
            "languages": "Dutch",
            "light": 0.5,
            "code": "007",
            "room": "kitchen",
            "siblings": 2,
        },
        {
            "child_id": "K01",
            "session_id": "b",
            "age_days": 366.0,
            "sex": "f",
            "exclude": False,
            "exclude_reason": None,
            "languages": "Dutch",
            "light": None,
            "code": "012",
            "room": None,
            "siblings": 2,
        },
    ]
    assert table.column_names == csv.splitlines()[0].replace('"', "").split(",")
    for private in ("secret", "Anna", "2024", "2023"):
        assert private not in csv


def test_a_corpus_without_sessions_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"s.tsv: no sessions; write one row a recording or run"):
        run(tmp_path, "child_id\nK01\n", "child_id\tsession_id\tvideo\n")
