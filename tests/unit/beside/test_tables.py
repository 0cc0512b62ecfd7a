from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign import tables
from egoalign.log import UserError


def test_ages_in_months():
    assert tables.months(365.25) == pytest.approx(12)


@given(st.lists(st.floats(-100, 100, width=16), min_size=1, max_size=8))
def test_embeddings_come_back_bit_exact(values):
    import tempfile
    from pathlib import Path

    vector = np.array(values, np.float16)
    rows = [
        {"frame_id": 0, "tile": 0, "decoded": True, "embedding": vector},
        {"frame_id": 1, "tile": 0, "decoded": False, "reason": "why", "embedding": None},
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.parquet"
        tables.write_table(tables.FRAME_EMBEDDINGS, rows, path, {"model_id": "m"})
        read = tables.read_table(tables.FRAME_EMBEDDINGS, path)
        assert tables.read_metadata(path)["model_id"] == "m"
    assert np.array_equal(read["embedding"][0].as_py(), vector)
    assert read["embedding"][1].as_py() is None


FRAME = {"frame_id": 0, "requested_s": 0.0, "wanted": True}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"frame_id": 0, "wanted": True}], "column requested_s is missing"),
        ([FRAME | {"colour": "red"}], r"unknown columns \['colour'\]"),
        ([FRAME | {"wanted": None}], "column wanted has missing values"),
        ([FRAME, FRAME], "is not unique"),
        ([FRAME | {"requested_s": "soon"}], "requested_s|soon"),
    ],
)
def test_a_step_that_makes_wrong_rows_is_told(rows, message, tmp_path):
    with pytest.raises((ValueError, TypeError), match=message):
        tables.write_table(tables.FRAMES, rows, tmp_path / "f.parquet")
    assert list(tmp_path.iterdir()) == []


def test_further_columns_are_kept_where_the_table_lets_them(tmp_path):
    rows = [{"child_id": "a", "session_id": "b", "exclude": False, "home": "flat"}]
    tables.write_table(tables.SESSIONS, rows, tmp_path / "s.parquet", csv=tmp_path / "s.csv")
    assert tables.read_table(tables.SESSIONS, tmp_path / "s.parquet")["home"].to_pylist() == [
        "flat"
    ]
    assert "flat" in (tmp_path / "s.csv").read_text()


def test_reading_says_what_is_wrong_with_a_file(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        tables.read_table(tables.FRAMES, tmp_path / "none.parquet")
    bad = tmp_path / "bad.parquet"
    bad.write_text("not a table")
    with pytest.raises(UserError, match="not a Parquet file"):
        tables.read_table(tables.FRAMES, bad)
    other = tmp_path / "other.parquet"
    tables.write_table(tables.SESSIONS, [], other)
    with pytest.raises(UserError, match="column 'frame_id' of table 'frames' is missing"):
        tables.read_table(tables.FRAMES, other)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.json"
    tables.write_json({"a": 1}, path)

    def interrupted_write() -> None:
        with tables.atomic_path(path) as partial:
            partial.write_text("half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        interrupted_write()
    assert path.read_text() == '{\n  "a": 1\n}\n'
    assert [item.name for item in tmp_path.iterdir()] == ["x.json"]


def test_what_a_killed_process_left_is_gone_after_the_next_write(tmp_path):
    path = tmp_path / "film.mp4"
    killed = (
        "import os, sys; from egoalign.tables import atomic_path\n"
        "with atomic_path(sys.argv[1]) as partial:\n"
        "    partial.write_text('half'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(path)])
    assert done.returncode == -9
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1
    with tables.atomic_path(path) as partial:
        assert not partial.exists()
        partial.write_text("whole")
    assert [item.name for item in tmp_path.iterdir()] == ["film.mp4"]
    assert path.read_text() == "whole"


@pytest.mark.parametrize("name", sorted(tables.TABLES))
def test_every_table_explains_itself(name):
    table = tables.TABLES[name]
    assert isinstance(table.schema, pa.Schema)
    assert set(table.key) <= set(table.schema.names)
    assert all(column.meaning for column in table.columns)
    seconds = [c for c in table.columns if c.name.endswith("_s") and c.type == tables.REAL]
    assert all(column.unit == "s" for column in seconds)


def test_vectors_keep_their_numbers_in_arrows_own_format(tmp_path: Path) -> None:
    rows = [{"text_id": "t1", "n_tokens": 3, "truncated": False, "embedding": [0.5, -0.25]}]
    path = tables.session_table(tmp_path, "c1", "s1", "text_embeddings")
    assert path == tmp_path / "c1" / "s1.text_embeddings.arrow"
    tables.write_table(tables.TEXT_EMBEDDINGS, rows, path, {"model_id": "m"})
    assert path.read_bytes().startswith(b"ARROW1")
    read = tables.read_table(tables.TEXT_EMBEDDINGS, path)
    assert read["embedding"].to_pylist() == [[0.5, -0.25]]
    assert tables.read_table(tables.TEXT_EMBEDDINGS, path, ["text_id"]).column_names == ["text_id"]
    assert tables.read_metadata(path)["model_id"] == "m"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UserError, match="not an Arrow file"):
        tables.read_table(tables.TEXT_EMBEDDINGS, path)
