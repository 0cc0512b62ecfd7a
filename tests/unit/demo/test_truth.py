from __future__ import annotations

import pytest

from egoalign.demo.scenes import Share
from egoalign.demo.speech import Named, Utterance
from egoalign.demo.truth import utterance_rows, visible_rows

FPS = 4
BALL, CUP = Share(0.02, 0.03), Share(0.006, 0.001)


def shares(seconds=8):
    """Return a ball from second 2 to 4, and a cup, mostly outside the crop, from 3 on."""
    return [
        {
            **({"ball": BALL} if 2 <= k / FPS < 4 else {}),
            **({"cup": CUP} if k / FPS >= 3 else {}),
        }
        for k in range(seconds * FPS)
    ]


def row_of(start, end, kind="ball", cuts=(0.0, 8.0)):
    one = Utterance(start, end, f"the {kind}", "male_adult", Named(kind, 0.5, True, "with"))
    return utterance_rows([one], ["7"], cuts, shares(), FPS)[0]


def test_visible_rows_give_what_is_on_screen_at_each_grid_second():
    rows = visible_rows(shares(), FPS)
    assert [(row["second"], row["kind"]) for row in rows] == [
        (2.0, "ball"),
        (3.0, "ball"),
        (3.0, "cup"),
        (4.0, "cup"),
        (5.0, "cup"),
        (6.0, "cup"),
        (7.0, "cup"),
        (8.0, "cup"),
    ]
    assert rows[0]["share_picture"] == 0.02
    assert rows[0]["share_crop"] == 0.03


def test_an_utterance_takes_the_greatest_share_of_its_grid_seconds():
    row = row_of(0.5, 2.2)
    assert row["share_picture"] == 0.02
    assert row["in_view_picture"]
    assert row["in_view_crop"]
    assert not row_of(0.5, 1.9)["in_view_picture"]


def test_a_short_utterance_takes_the_grid_second_nearest_its_middle():
    assert row_of(1.6, 1.8)["second"] == 2.0
    assert row_of(1.6, 1.8)["in_view_picture"]
    assert not row_of(1.1, 1.3)["in_view_picture"]


def test_picture_and_crop_are_told_apart():
    row = row_of(4.5, 5.5, "cup")
    assert row["in_view_picture"]
    assert not row["in_view_crop"]


@pytest.mark.parametrize(
    ("start", "end", "lag"),
    [(2.4, 2.6, 0.0), (0.5, 1.0, 1.25), (5.0, 6.0, -1.75), (3.9, 4.2, -0.3)],
)
def test_the_lag_is_the_distance_to_the_nearest_sight(start, end, lag):
    assert row_of(start, end)["lag_s"] == pytest.approx(lag)


def test_a_sight_in_another_scene_or_none_at_all_has_no_lag():
    assert row_of(5.0, 6.0, cuts=(0.0, 4.5, 8.0))["lag_s"] is None
    assert row_of(5.0, 6.0, kind="dog")["lag_s"] is None


def test_an_utterance_that_names_nothing_has_no_truth_to_find():
    one = Utterance(2.0, 3.0, "well done", "male_adult")
    row = utterance_rows([one], ["u00000"], (0.0, 8.0), shares(), FPS)[0]
    assert row["utterance_id"] == "u00000"
    assert "in_view_picture" not in row
    assert "kind" not in row
