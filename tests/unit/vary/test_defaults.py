"""Default models lose what a corpus cannot have, and say so."""

from __future__ import annotations

import pytest

from egoalign.vary.defaults import DEFAULT_MODELS, speaker_reference, usable_formula
from egoalign.vary.formula import parse_formula
from egoalign.vary.frame import build_frame
from tests.unit.vary.made import with_column
from tests.unit.vary.test_models import utterances

MAIN = parse_formula(f"score_max ~ {DEFAULT_MODELS[0].formula}")
FIXED = "age_within + age_between + speaker + log_n_words + log_n_frames"
SESSIONS = "(1 | child_id:session_id)"


def test_a_whole_corpus_keeps_the_whole_formula() -> None:
    formula, notes = usable_formula(utterances(), MAIN)
    assert str(formula) == str(MAIN)
    assert notes == []


@pytest.mark.parametrize(
    ("shape", "expected", "note"),
    [
        (
            {"n_children": 1, "sessions": (4, 4)},
            f"age_within + speaker + log_n_words + log_n_frames + {SESSIONS}",
            "age_between is left out: it does not vary",
        ),
        (
            {"n_children": 8, "sessions": (1, 1)},
            "age_between + speaker + log_n_words + log_n_frames + (1 | child_id)",
            "child_id:session_id has the members of a group before",
        ),
        (
            {"n_children": 1, "sessions": (1, 1), "utterances": 60},
            "speaker + log_n_words + log_n_frames",
            "1 member of child_id",
        ),
    ],
)
def test_small_corpora_can_be_fitted(shape: dict, expected: str, note: str) -> None:
    table = utterances(8, **shape)
    formula, notes = usable_formula(table, MAIN)
    assert str(formula) == f"score_max ~ {expected}"
    assert note in "; ".join(notes)
    assert build_frame(table, formula).x.shape[0] == table.num_rows


def test_slopes_need_two_children_with_two_ages() -> None:
    table = utterances(3, n_children=3)
    child = table["child_id"].to_pylist()
    within = [
        age if own == "c0" else 0.0
        for own, age in zip(child, table["age_within"].to_pylist(), strict=True)
    ]
    formula, notes = usable_formula(with_column(table, "age_within", within), MAIN)
    assert str(formula) == f"score_max ~ {FIXED} + (1 | child_id) + {SESSIONS}"
    assert notes == [
        "age_within by child_id is left out: fewer than two of them have more than one value"
    ]


def test_missing_columns_are_left_out() -> None:
    table = utterances()
    none = [None] * table.num_rows
    table = with_column(table, "log_n_frames", none).drop_columns(["log_n_words"])
    table = with_column(with_column(table, "age_within", none), "age_between", none)
    formula, notes = usable_formula(table, MAIN)
    assert str(formula) == f"score_max ~ speaker + (1 | child_id) + {SESSIONS}"
    assert notes[:4] == [
        f"{name} is left out: no row has it"
        for name in ("age_within", "age_between", "log_n_words", "log_n_frames")
    ]


def test_the_woman_is_the_reference_else_the_most_frequent_speaker() -> None:
    table = utterances()
    n = table.num_rows
    assert speaker_reference(table) == "female_adult"
    labels = ["unknown" if i % 3 else "male_adult" for i in range(n)]
    assert speaker_reference(with_column(table, "speaker", labels)) == "unknown"
    assert speaker_reference(with_column(table, "speaker", ["unknown"] * n)) is None
