"""The null of speech that is moved in time: which shifts there are, and what a session says."""

from __future__ import annotations

import numpy as np
import pytest

from egoalign.align.shift import TOO_FEW_SHIFTS, TOO_SHORT, shifts_of
from egoalign.config import AlignOptions, NullOptions
from tests.unit.align.made import random_session
from tests.unit.align.test_session import OPTIONS, table_of


@pytest.mark.parametrize(
    ("points", "fps", "min_s", "first", "last"),
    [
        (600, 1.0, 60.0, 60, 540),
        (1200, 2.0, 60.0, 120, 1080),
        (600, 0.5, 60.0, 30, 570),
        (600, 1.0, 59.5, 60, 540),
        # A third of the recording where that is less than the least shift.
        (120, 1.0, 60.0, 40, 80),
        (121, 1.0, 60.0, 41, 80),
        (180, 1.0, 60.0, 60, 120),
    ],
)
def test_shifts_lie_between_the_least_and_a_full_turn_less_it(
    points: int, fps: float, min_s: float, first: int, last: int
) -> None:
    shifts = shifts_of(points, fps, min_s)
    assert shifts.tolist() == list(range(first, last + 1))


def test_twenty_shifts_are_needed() -> None:
    assert shifts_of(57, 1.0, 60.0).size == 20
    for points in (56, 20, 1, 0):
        assert shifts_of(points, 1.0, 60.0).size == 0


def test_short_recordings_have_a_reason() -> None:
    rows = table_of(random_session(1, n_utterances=9, seconds=56)).to_pylist()
    assert {row["shift_reason"] for row in rows} == {TOO_SHORT}
    assert TOO_SHORT == "recording too short for 20 distinct shifts"
    assert {row["shift_mean"] for row in rows} == {None}
    assert all(row["score_max"] is not None for row in rows)


def test_all_shifts_are_taken_where_they_are_fewer_than_the_draws() -> None:
    options = AlignOptions(nulls=NullOptions(draws=1000))
    rows = table_of(random_session(2, seconds=100), options=options).to_pylist()
    # 34 to 66; those that wrap a run round the end, or meet the same words, are not used.
    assert max(row["shift_draws"] for row in rows) == 33
    assert {row["shift_reason"] for row in rows} == {None}
    rows = table_of(random_session(2), options=OPTIONS).to_pylist()
    assert {row["shift_draws"] for row in rows} == {50}


def test_missing_pictures_are_not_met() -> None:
    made = random_session(3, n_utterances=20, seconds=120, undecoded=range(0, 120, 2))
    rows = table_of(made).to_pylist()
    # 41 shifts; every second one meets a picture, and no two pictures stand together.
    single = [row for row in rows if row["n_frames"] == 1]
    assert {row["shift_draws"] for row in single} <= {20, 21}
    assert {row["shift_reason"] for row in rows if row["n_frames"] > 1} == {TOO_FEW_SHIFTS}


def test_it_can_be_left_out_and_changes_nothing_else() -> None:
    made = random_session(4)
    bare = AlignOptions(nulls=NullOptions(draws=50, schemes=["shuffled"]))
    with_it, without = table_of(made), table_of(made, options=bare)
    for name in with_it.column_names:
        if name.startswith("shift_"):
            assert without[name].null_count == without.num_rows
        else:
            assert without[name].equals(with_it[name])


def test_unscored_utterances_have_neither_null_nor_reason() -> None:
    made = random_session(5)
    made.utterances = [(None, 2.0, 0), *list(made.utterances)[1:]]
    row = table_of(made).to_pylist()[0]
    assert [row[f"shift_{name}"] for name in ("mean", "draws", "reason")] == [None] * 3
    assert np.isfinite(table_of(made)["shift_mean"].to_numpy()[1])
