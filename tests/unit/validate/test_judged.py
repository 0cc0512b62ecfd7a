from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from egoalign.config import ValidateOptions
from egoalign.log import UserError
from egoalign.validate.judged import answer_counts, judged_pairs, raters_of


def judgments(kind: str, items: int, answers: tuple = (1.0, 0.0, None)) -> list[dict[str, Any]]:
    return [
        {
            "kind": kind,
            "item_id": f"{kind}-{item}",
            "annotator_id": f"r{rater}",
            "child_id": "kim",
            "session_id": "day1",
            "utterance_id": f"u{item}",
            "second": 3.0,
            "answer": answer,
        }
        for item in range(items)
        for rater, answer in enumerate(answers)
    ]


def calibration(**options: Any) -> ValidateOptions:
    return ValidateOptions(calibration=options)


CHOICES = judgments("choose_utterance", 90) + judgments("choose_image", 90)


@pytest.mark.parametrize("answers", ["auto", "label", "rating"])
def test_forced_choices_are_never_used(answers: str) -> None:
    options = calibration(answers=answers, rating_cut=0.5)
    found = judged_pairs(CHOICES, options)
    assert found.pairs == []
    assert found.reason is not None
    with_labels = judged_pairs(CHOICES + judgments("label", 40), ValidateOptions())
    assert len(with_labels.pairs) == 40
    assert {rater for pair in with_labels.pairs for rater in pair.answers} == {
        ("r0", 1.0),
        ("r1", 0.0),
        ("r2", 0.5),
    }


def test_reasons_say_what_is_missing() -> None:
    options = calibration(rating_cut=3)
    reasons = [
        judged_pairs(rows, options).reason
        for rows in (
            CHOICES,
            judgments("label", 12),
            judgments("rating", 29, (4.0,)),
            judgments("rating", 40, (None,)),
        )
    ]
    assert reasons == [
        "no labels or ratings; forced choices are not used",
        "12 pairs with a label; at least 30 are needed",
        "29 pairs with a rating; at least 30 are needed",
        "no labels or ratings; forced choices are not used",
    ]
    assert judged_pairs(judgments("rating", 40, (4.0,)), ValidateOptions()).reason == (
        "ratings need validate.rating_scale or calibration.rating_cut to be read as aligned or not"
    )


def test_auto_takes_labels_and_ratings_where_labels_are_too_few() -> None:
    labels, ratings = judgments("label", 35), judgments("rating", 50, (4.0, 2.0))
    options = calibration(rating_cut=3)
    assert judged_pairs(labels + ratings, options).kind == "label"
    assert judged_pairs(labels[:60] + ratings, options).kind == "rating"
    assert judged_pairs(labels + ratings, calibration(answers="rating", rating_cut=3)).kind
    few = judged_pairs(labels[:60] + ratings, ValidateOptions())
    assert few.reason == "20 pairs with a label; at least 30 are needed"


def test_ratings_by_cut_and_by_scale() -> None:
    rows = judgments("rating", 30, (1.0, 3.0, 4.0, None))
    cut = judged_pairs(rows, calibration(rating_cut=3))
    assert [value for _, value in cut.pairs[0].answers] == [0.0, 1.0, 1.0]
    assert cut.are_yes_or_no
    scale = judged_pairs(rows, ValidateOptions(rating_scale=(1, 5)))
    assert [value for _, value in scale.pairs[0].answers] == [0.0, 0.5, 0.75]
    assert not scale.are_yes_or_no
    with pytest.raises(UserError) as caught:
        judged_pairs(rows, ValidateOptions(rating_scale=(1, 3)))
    assert str(caught.value) == (
        "rating 4 of item 'rating-0' by 'r2': outside validate.rating_scale [1, 3]; correct either"
    )


def test_answers_are_counted_by_rater_or_together() -> None:
    pairs = judged_pairs(judgments("label", 30, (1.0, 0.0, None, 1.0)), ValidateOptions()).pairs
    np.testing.assert_array_equal(answer_counts(pairs, each_rater=False)[0], [[1, 1, 2]])
    np.testing.assert_array_equal(
        answer_counts(pairs, each_rater=True)[0], [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    )
    assert raters_of(pairs) == ["r0", "r1", "r2", "r3"]


def test_weights_are_taken_where_the_table_has_them() -> None:
    rows = [row | {"weight": 4.0} for row in judgments("label", 30)]
    assert judged_pairs(rows, ValidateOptions()).pairs[7].weight == 4.0
    assert judged_pairs(judgments("label", 30), ValidateOptions()).pairs[7].weight is None
