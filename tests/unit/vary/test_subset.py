"""Frames of some rows and of resampled clusters, against the same made from the table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from egoalign.log import UserError
from egoalign.vary.fit import fit_frame
from egoalign.vary.frame import build_frame
from egoalign.vary.subset import clusters_of, fit_alike, resample, subset, with_response
from tests.unit.vary.mixed_table import LOGISTIC, MIXED, mixed_table


def nested() -> pa.Table:
    """Return two sessions a child; names of sessions begin anew in each child."""
    rng = np.random.default_rng(2)
    n = 60
    return pa.table(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "child": np.resize([f"c{i}" for i in range(5)], n),
            "session": np.repeat(["s1", "s2"], n // 2),
            "word": rng.choice(["dog", "cat", "sun", "mug"], n),
        }
    )


def test_rows_left_out_are_as_if_they_had_not_been_in_the_table() -> None:
    table = mixed_table()
    frame = build_frame(table, MIXED)
    keep = pc.not_equal(table["child"], "c3")
    made = subset(frame, np.flatnonzero(keep.to_numpy()))
    expected = build_frame(table.filter(keep), MIXED)
    np.testing.assert_array_equal(made.x, expected.x)
    np.testing.assert_array_equal(made.y, expected.y)
    for ours, theirs in zip(made.random, expected.random, strict=True):
        assert ours.levels == theirs.levels
        np.testing.assert_array_equal(ours.codes, theirs.codes)
        np.testing.assert_array_equal(ours.z, theirs.z)


def test_a_level_that_only_the_left_out_rows_have_loses_its_column() -> None:
    table = mixed_table()
    frame = build_frame(table, MIXED)
    f = table["f"].to_numpy(zero_copy_only=False)
    made = subset(frame, np.flatnonzero(f != "c"))
    assert made.names == ("(Intercept)", "x", "f[b]")
    assert made.terms == ("(Intercept)", "x", "f")


def test_the_clusters_are_the_smallest_group_or_the_one_named() -> None:
    frame = build_frame(mixed_table(), MIXED)
    found = clusters_of(frame)
    assert found is not None
    assert (found.name, len(found.levels)) == ("child", 10)
    named = clusters_of(frame, "word")
    assert named is not None
    assert named.name == "word"
    assert clusters_of(build_frame(mixed_table(), "y ~ x")) is None
    with pytest.raises(UserError, match=r"no random term has the group 'chid'; did you mean"):
        clusters_of(frame, "chid")


def test_copies_of_a_cluster_are_clusters_with_sessions_of_their_own_and_the_same_words() -> None:
    frame = build_frame(nested(), "y ~ x + (1 | child/session) + (1 | word)")
    clusters = clusters_of(frame, "child")
    assert clusters is not None
    made = resample(frame, clusters, np.array([0, 0, 2]))
    child, session, word = made.random
    assert made.y.size == 3 * 12
    np.testing.assert_array_equal(made.y[:12], made.y[12:24])
    assert (len(child.levels), len(session.levels), len(word.levels)) == (3, 6, 4)
    np.testing.assert_array_equal(word.codes[:12], word.codes[12:24])
    assert not set(session.codes[:12]) & set(session.codes[12:24])


def test_each_cluster_once_is_the_same_model() -> None:
    frame = build_frame(mixed_table(), MIXED)
    clusters = clusters_of(frame)
    assert clusters is not None
    fit = fit_frame(frame)
    again = fit_alike(fit, resample(frame, clusters, np.arange(10)), errors=True)
    assert again.criterion == pytest.approx(fit.criterion, abs=1e-6)
    np.testing.assert_allclose(again.estimates, fit.estimates, atol=1e-5)


def test_another_response_leaves_out_the_rows_without_it() -> None:
    table = mixed_table()
    frame = build_frame(table, MIXED)
    y = table["softer"].to_numpy().copy()
    y[:40] = np.nan
    made = with_response(frame, "softer", y)
    np.testing.assert_array_equal(made.rows, np.arange(40, 500))
    np.testing.assert_array_equal(made.y, y[40:])
    with pytest.raises(UserError, match="'softer' is missing in all rows"):
        with_response(frame, "softer", np.full(500, np.nan))


def test_a_logistic_model_is_fitted_again_from_where_it_ended() -> None:
    frame = build_frame(mixed_table(), LOGISTIC, family="binomial")
    fit = fit_frame(frame, "binomial")
    again = fit_alike(fit, frame, errors=True)
    np.testing.assert_allclose(again.estimates, fit.estimates, atol=1e-4)
    assert again.criterion == pytest.approx(fit.criterion, abs=1e-5)
