"""What is fitted: closed forms, and one line for each input that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.log import UserError
from egoalign.vary.frame import build_frame
from egoalign.vary.repeats import repeated_response


def table(n: int = 60, **columns: Any) -> pa.Table:
    """Return rows with a response, numbers, factors and groups."""
    rng = np.random.default_rng(4)
    made = {
        "y": rng.normal(size=n),
        "x": rng.normal(size=n),
        "f": np.resize(["b", "a", "c"], n),
        "h": np.resize([True, True, False, False], n),
        "g": np.resize(np.arange(9), n),
        "s": np.resize(["s1", "s2"], n),
        "aligned": np.resize([0, 1, 1, 0, 1], n),
    }
    return pa.table(made | columns)


def test_columns_names_terms_and_levels() -> None:
    frame = build_frame(table(), "y ~ x * f + h + (1 + x | g) + (1 | g:s)")
    assert frame.names == ("(Intercept)", "x", "f[b]", "f[c]", "h[true]", "x:f[b]", "x:f[c]")
    assert frame.terms == ("(Intercept)", "x", "f", "f", "h", "x:f", "x:f")
    assert frame.factors == {"f": ("a", "b", "c"), "h": ("false", "true")}
    child, session = frame.random
    assert (child.group, child.columns, len(child.levels)) == ("g", ("(Intercept)", "x"), 9)
    assert session.group == "g:s"
    assert session.levels[:2] == ("0:s1", "0:s2")
    np.testing.assert_array_equal(child.z[:, 1], frame.x[:, 1])
    np.testing.assert_array_equal(frame.x[:, 5], frame.x[:, 1] * frame.x[:, 2])


def test_sum_contrasts_make_the_intercept_the_mean_of_the_levels() -> None:
    frame = build_frame(table(), "y ~ f", contrasts={"f": "sum"})
    cells = np.linalg.lstsq(frame.x, frame.y, rcond=None)[0]
    f = table()["f"].to_numpy(zero_copy_only=False)
    means = np.array([frame.y[f == level].mean() for level in "abc"])
    np.testing.assert_allclose(cells, [means.mean(), *(means - means.mean())[:2]], atol=1e-12)


@pytest.mark.parametrize(
    ("option", "names"),
    [("b", ["f[a]", "f[c]"]), ({"levels": ["c", "b", "a"]}, ["f[b]", "f[a]"]),
     ({"levels": ["c", "b", "a"], "coding": "sum"}, ["f[c]", "f[b]"])],
)  # fmt: skip
def test_contrasts_choose_reference_and_order(option: Any, names: list[str]) -> None:
    frame = build_frame(table(), "y ~ f", contrasts={"f": option, "s": "s2"})
    assert list(frame.names[1:]) == names


def test_contrasts_of_random_effects_are_the_same() -> None:
    frame = build_frame(table(), "y ~ 1 + (f | s)", contrasts={"f": "c"})
    assert frame.random[0].columns == ("(Intercept)", "f[a]", "f[b]")


@settings(max_examples=20)
@given(st.floats(-50, 50), st.floats(0.01, 100))
def test_scaling_is_of_the_rows_used_and_is_noted(shift: float, spread: float) -> None:
    x = shift + spread * np.random.default_rng(1).normal(size=60)
    y = np.random.default_rng(2).normal(size=60)
    y[:10] = np.nan
    frame = build_frame(table(x=x, y=y), "y ~ x", scale={"x": "standardize"})
    used = x[10:]
    np.testing.assert_allclose(frame.x[:, 1], (used - used.mean()) / used.std(ddof=1))
    assert any(note.startswith("x is less") for note in frame.notes)
    centred = build_frame(table(x=x), "y ~ x", scale={"x": "center"}).x[:, 1]
    np.testing.assert_allclose(centred, x - x.mean())
    fixed = build_frame(table(x=x), "y ~ x", scale={"x": {"center": 3, "scale": 2}}).x[:, 1]
    np.testing.assert_allclose(fixed, (x - 3) / 2)


def test_rows_with_a_missing_value_are_left_out_and_counted() -> None:
    x = [None, float("nan"), *np.arange(58.0)]
    f = pa.array([*(["a", "b"] * 29), None, "only here"])
    frame = build_frame(table(x=pa.array(x, pa.float64()), f=f), "y ~ x + f")
    assert frame.rows.tolist() == [*range(2, 58), 59]
    assert frame.notes == ("3 of 60 rows are left out for a missing value (x 2, f 1)",)
    assert frame.factors["f"] == ("a", "b", "only here")
    both = build_frame(table(x=pa.array(x[::-1], pa.float64()), f=f), "y ~ x + f")
    assert both.factors["f"] == ("a", "b")  # a level that no row used has is no column


@pytest.mark.parametrize(
    ("response", "expected"),
    [("aligned", [0, 1, 1, 0, 1]), ("h", [1, 1, 0, 0, 1]), ('f == "a"', [0, 1, 0, 0, 1]),
     ("g >= 2", [0, 0, 1, 1, 1])],
)  # fmt: skip
def test_binomial_responses(response: str, expected: list[int]) -> None:
    frame = build_frame(table(), f"{response} ~ x", family="binomial")
    assert frame.y[:5].tolist() == expected


def test_dictionary_columns_are_factors() -> None:
    f = pa.array(table()["f"].to_pylist()).dictionary_encode()
    assert build_frame(table(f=f), "y ~ f").names == ("(Intercept)", "f[b]", "f[c]")
    assert build_frame(table(f=f), "y ~ x + (1 | f)").random[0].levels == ("a", "b", "c")


def test_empty_cells_of_an_interaction_are_left_out_with_a_note() -> None:
    where = np.where(np.resize(["b", "a", "c"], 60) == "a", "home", np.resize(["home", "park"], 60))
    frame = build_frame(table(where=where), "y ~ f * where")
    assert frame.x.shape[1] == np.linalg.matrix_rank(frame.x) == 5
    assert any(
        "is left out: not every combination of levels occurs" in note for note in frame.notes
    )


INFINITE = np.r_[np.inf, np.ones(59)]


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("y ~ xx", {}, "no column 'xx'; did you mean 'x'?"),
        ("yy ~ x", {}, "no column 'yy'; did you mean 'y'?"),
        ("y ~ x + (1 | gg)", {}, "no column 'gg'; did you mean 'g'?"),
        ("y ~ one", {}, "predictor one has one value (k) in all rows used"),
        ("y ~ three", {}, "predictor three has one value (3) in all rows used"),
        ("y ~ x + none", {}, "column 'none' is missing in all 60 rows"),
        ("y ~ (1 | none)", {}, "column 'none' is missing in all 60 rows"),
        ("y ~ x + twice", {}, "predictor twice is a combination of (Intercept) and x:"),
        ("y ~ f + group", {}, "predictor group[B] is a combination of f[b]:"),
        ("y ~ 0 + x + x:f", {}, "predictor x:f[c] is a combination of x and x:f[a] and x:f[b]"),
        ("y ~ x + (1 | one)", {}, "group one has one member (k)"),
        ("y ~ x + (1 | id)", {}, "60 members of id for 60 rows"),
        ("y ~ x + f + (1 | f)", {}, "(1 | f): the fixed effects tell all 3 members of f apart"),
        ("y ~ x:f + (0 + x | f)", {}, "nothing is left to find a variance of x in; leave out"),
        ("y ~ x + (1 | f) + (1 | f:one)", {}, "(1 | f:one): (Intercept) varies over the same"),
        ("y ~ x + (1 + x | pairs)", {}, "60 effects of 30 members of pairs for 60 rows"),
        ("three ~ x", {}, "response three is 3 in all 60 rows used"),
        ("f ~ x", {}, "response f holds a, b, c: expected numbers"),
        ("f ~ x", {"family": "binomial"}, 'expected 0 and 1, or true and false; or write f == "c"'),
        ("x ~ f", {"family": "binomial"}, "expected 0 and 1; or write a comparison, such as x >"),
        ("x > 99 ~ f", {"family": "binomial"}, "response x > 99 is 0 in all 60 rows used"),
        ("y ~ infinite", {}, "column 'infinite' is infinite in 1 rows"),
        ("infinite ~ x", {}, "column 'infinite' is infinite in 1 rows"),
        ("y ~ log(x)", {}, "log(x) is not a finite number in"),
        ("y ~ log(f)", {}, "column 'f' holds a, b, c: expected numbers"),
        ("y ~ lists", {}, "column 'lists' is of type list<"),
        ("y ~ poly(aligned, 2)", {}, "poly(aligned, 2): expected more than 2 different values"),
        ("y ~ f", {"contrasts": {"f": "bb"}}, "no row used has level 'bb'; did you mean 'b'?"),
        ("y ~ f", {"contrasts": {"ff": "b"}}, "contrasts of 'ff': neither the formula nor"),
        ("y ~ f", {"contrasts": {"f": {"levels": ["a"]}}}, "expected each level once"),
        ("y ~ x", {"contrasts": {"x": "b"}}, "it holds numbers; write factor(x)"),
        ("y ~ x", {"scale": {"xx": "center"}}, "did you mean 'x'?"),
        ("y ~ log(g)", {"scale": {"g": "center"}}, "the formula has it as log(g); name that"),
        ("y ~ x", {"scale": {"x": "centre"}}, "is 'centre': expected center, standardize, or"),
        ("y ~ f", {"scale": {"f": "center"}}, "scale of 'f': it is a factor"),
        ("y ~ id", {}, "60 rows for 60 fixed effects"),
    ],
)  # fmt: skip
def test_bad_input_is_said_in_one_line(formula: str, options: Any, message: str) -> None:
    data = table(
        one=["k"] * 60,
        three=[3.0] * 60,
        none=pa.nulls(60, pa.float64()),
        twice=2 * table()["x"].to_numpy() + 1,
        group=[{"a": "A", "b": "B", "c": "A"}[f] for f in table()["f"].to_pylist()],
        id=[f"r{i}" for i in range(60)],
        pairs=np.repeat(np.arange(30), 2),
        infinite=INFINITE,
        lists=[[1]] * 60,
    )
    with pytest.raises(UserError) as error:
        build_frame(data, formula, **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_tables_without_rows_are_refused() -> None:
    with pytest.raises(UserError, match="the table has no rows"):
        build_frame(table().slice(0, 0), "y ~ x")
    half = [None] * 30 + [1.0] * 30
    other = half[::-1]
    with pytest.raises(UserError, match=r"no row has all .* missing: x 30, z 30"):
        build_frame(
            table(x=pa.array(half, pa.float64()), z=pa.array(other, pa.float64())), "y ~ x + z"
        )


def words(n_utterances: int = 40) -> pa.Table:
    """Return words with their utterance's score; utterances are numbered within sessions."""
    rng = np.random.default_rng(8)
    score = rng.normal(size=n_utterances)
    utterance = np.repeat(np.arange(n_utterances), 3)
    return pa.table(
        {
            "score": score[utterance],
            "word_score": rng.normal(size=utterance.size),
            "session_id": [f"s{u % 4}" for u in utterance],
            "utterance_id": [f"u{u // 4}" for u in utterance],
            "global_id": [f"u{u}" for u in utterance],
            "lemma": rng.choice(list("abcdefgh"), utterance.size),
            "length": rng.normal(size=utterance.size),
        }
    )


def test_a_response_that_repeats_within_a_unit_is_noted() -> None:
    data = words()
    formula = "score ~ length + (1 | session_id) + (1 | lemma)"
    found = repeated_response(data.drop_columns(["global_id"]), "score", formula)
    assert found is not None
    assert "each utterance_id within session_id" in found
    assert "add (1 | session_id:utterance_id)" in found
    frame = build_frame(data.drop_columns(["utterance_id"]), formula)
    assert any("score is the same in all rows of each global_id" in note for note in frame.notes)
    above = build_frame(data, "score > 0 ~ length + (1 | session_id)", family="binomial")
    assert any("score is the same in all rows" in note for note in above.notes)


@pytest.mark.parametrize(
    ("response", "formula"),
    [
        ("score", "score ~ length + (1 | session_id:utterance_id)"),
        ("score", "score ~ length + (1 | global_id)"),
        ("word_score", "word_score ~ length + (1 | session_id)"),
    ],
)
def test_a_unit_with_an_effect_or_an_own_response_is_not(response: str, formula: str) -> None:
    assert repeated_response(words(), response, formula) is None
