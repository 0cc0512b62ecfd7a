"""About how long a session is, from its row or from the size of its videos."""

from __future__ import annotations

from dataclasses import replace

import pytest

from egoalign.corpus.length import BYTES_PER_S, LONGEST_H, UNKNOWN_H, session_hours
from egoalign.corpus.read import SessionRow

SESSION = SessionRow("K01", "a", ("a.mp4",), None, None, 0.0, None, None, False, None, (), None)


def _write(path, seconds):
    with path.open("wb") as file:
        file.truncate(int(seconds * BYTES_PER_S))


def test_the_size_of_its_videos_tells_the_length(tmp_path):
    _write(tmp_path / "a.mp4", 1800)
    _write(tmp_path / "b.mp4", 900)
    session = replace(SESSION, videos=("a.mp4", "b.mp4"))
    assert session_hours(session, tmp_path) == pytest.approx(0.75)


def test_the_column_of_the_table_goes_before_the_size(tmp_path):
    _write(tmp_path / "a.mp4", 1800)
    session = replace(SESSION, extra={"duration_s": "7200"})
    assert session_hours(session, tmp_path) == 2.0


@pytest.mark.parametrize("cell", ["", "long", "-3", "0", "nan", "inf"])
def test_a_cell_that_is_no_length_is_passed_over(tmp_path, cell):
    _write(tmp_path / "a.mp4", 1800)
    assert session_hours(replace(SESSION, extra={"duration_s": cell}), tmp_path) == 0.5


def test_videos_that_are_folders_or_not_there_tell_nothing(tmp_path):
    assert session_hours(SESSION, tmp_path) == UNKNOWN_H
    (tmp_path / "a.mp4").mkdir()
    assert session_hours(SESSION, tmp_path) == UNKNOWN_H
    _write(tmp_path / "b.mp4", 1800)
    half = replace(SESSION, videos=("b.mp4", "gone.mp4"))
    assert session_hours(half, tmp_path) == UNKNOWN_H


def test_no_session_counts_as_more_than_a_day(tmp_path):
    _write(tmp_path / "a.mp4", 400_000)
    assert session_hours(SESSION, tmp_path) == LONGEST_H
