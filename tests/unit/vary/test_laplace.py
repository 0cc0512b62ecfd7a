"""The Laplace approximation against plain matrices, and fits against what was put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.special import expit

from egoalign.log import UserError
from egoalign.vary import laplace
from egoalign.vary.frame import build_frame
from egoalign.vary.laplace import fit_laplace, refit_laplace
from egoalign.vary.laplace_blocks import Blocks
from egoalign.vary.laplace_deviance import Deviance
from egoalign.vary.terms import RandomTerm

Shapes = list[tuple[int, int]]

SHAPES = st.lists(st.tuples(st.integers(2, 12), st.integers(1, 3)), min_size=1, max_size=3)


def made_terms(rng: np.random.Generator, n: int, shapes: Shapes) -> tuple[RandomTerm, ...]:
    """Return crossed terms of q levels with k effects."""
    terms = []
    for q, k in shapes:
        codes = rng.permutation(np.r_[np.arange(q), rng.integers(0, q, n - q)])
        z = np.column_stack([np.ones(n), rng.normal(size=(n, k - 1))])
        names = tuple(f"x{i}" for i in range(k))
        terms.append(RandomTerm("g", names, tuple(map(str, range(q))), codes, z))
    return tuple(terms)


def dense(blocks: Blocks, factors: list[np.ndarray]) -> np.ndarray:
    """Return Z Lambda as a plain matrix."""
    scale = np.zeros((blocks.size, blocks.size))
    for term, ((q, k), factor) in enumerate(zip(blocks.shapes, factors, strict=True)):
        at = slice(blocks.start[term], blocks.start[term] + q * k)
        scale[at, at] = np.kron(np.eye(q), factor)
    return blocks.design.toarray() @ scale


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), SHAPES)
def test_blocks_are_the_plain_matrix(seed: int, shapes: Shapes) -> None:
    rng = np.random.default_rng(seed)
    blocks = Blocks(made_terms(rng, 50, shapes))
    factors = [np.tril(rng.normal(size=(k, k))) for _, k in shapes]
    weights = rng.random(50)
    zl = dense(blocks, factors)
    inverse = np.linalg.inv(zl.T @ (weights[:, None] * zl) + np.eye(blocks.size))
    found = blocks.factorise(factors, weights)
    assert found.log_determinant == pytest.approx(-np.linalg.slogdet(inverse)[1], abs=1e-9)
    right = rng.normal(size=(blocks.size, 2))
    np.testing.assert_allclose(found.solve(right), inverse @ right, atol=1e-9)
    leverage, solved = found.selected_inverse().rows()
    np.testing.assert_allclose(leverage, np.einsum("ij,jk,ik->i", zl, inverse, zl), atol=1e-9)
    for term, codes in enumerate(blocks.codes):
        places = blocks.places(term, codes)
        expected = np.take_along_axis(zl @ inverse, places, axis=1)
        np.testing.assert_allclose(solved[term], expected, atol=1e-9)
        own = blocks.places(term, np.arange(blocks.shapes[term][0]))
        np.testing.assert_allclose(
            found.selected_inverse().own()[term],
            inverse[own[:, :, None], own[:, None, :]],
            atol=1e-9,
        )


def made_deviance(seed: int, shapes: Shapes) -> tuple[Deviance, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(150), rng.normal(size=150)])
    y = (rng.random(150) < 0.4).astype(np.float64)
    deviance = Deviance(y, x, Blocks(made_terms(rng, 150, shapes)))
    return deviance, 0.6 * rng.normal(size=deviance.n_theta), rng.normal(size=2)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), SHAPES)
def test_deviance_is_that_of_plain_matrices(seed: int, shapes: Shapes) -> None:
    deviance, theta, b = made_deviance(seed, shapes)
    zl = dense(deviance.blocks, deviance.factors(theta))

    def penalised(v: np.ndarray) -> tuple[float, np.ndarray]:
        eta = deviance.x @ b + zl @ v
        value = 2 * (np.logaddexp(0, eta) - deviance.y * eta).sum() + v @ v
        return value, 2 * (v - zl.T @ (deviance.y - expit(eta)))

    found = optimize.minimize(
        penalised, np.zeros(zl.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-7}
    )
    mean = expit(deviance.x @ b + zl @ found.x)
    information = zl.T @ ((mean * (1 - mean))[:, None] * zl) + np.eye(zl.shape[1])
    expected = found.fun + np.linalg.slogdet(information)[1]
    mode = deviance.mode(theta, b, np.zeros(zl.shape[1]), move_b=False)
    assert mode.deviance == pytest.approx(expected, abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), SHAPES, st.booleans())
def test_gradient_is_that_of_differences(seed: int, shapes: Shapes, move_b: bool) -> None:
    deviance, theta, b = made_deviance(seed, shapes)
    v = np.zeros(deviance.blocks.size)
    mode = deviance.mode(theta, b, v, move_b=move_b)
    exact = np.concatenate(deviance.gradient(mode, moved_b=move_b))

    def value(parameters: np.ndarray) -> float:
        parts = np.split(parameters, [theta.size])
        return deviance.mode(*parts, v, move_b=move_b).deviance

    at, step = np.concatenate([theta, b]), 1e-5
    steps = step * np.eye(at.size)
    differences = [(value(at + each) - value(at - each)) / (2 * step) for each in steps]
    np.testing.assert_allclose(exact, differences, atol=1e-5 * (1 + np.abs(exact).max()))


TRUTH = {"(Intercept)": -0.4, "age": 0.3, "speaker[key_child]": -0.6, "concreteness": 0.5}
SDS = {"child": 0.6, "slope": 0.4, "lemma": 0.5}
FORMULA = "aligned ~ age + speaker + concreteness + (1 + age | child_id) + (1 | lemma)"


def corpus(seed: int, n: int = 2500, n_children: int = 40, n_lemmas: int = 60) -> pa.Table:
    """Return rows with the logit of `TRUTH` and `SDS`."""
    rng = np.random.default_rng(seed)
    child, lemma = rng.integers(0, n_children, n), rng.integers(0, n_lemmas, n)
    age, key_child = rng.normal(size=n), rng.random(n) < 0.3
    concreteness = rng.uniform(-1, 1, n_lemmas)[lemma]
    intercept, slope, speaker, concrete = TRUTH.values()
    logit = intercept + slope * age + speaker * key_child + concrete * concreteness
    logit += SDS["child"] * rng.normal(size=n_children)[child]
    logit += SDS["slope"] * rng.normal(size=n_children)[child] * age
    logit += SDS["lemma"] * rng.normal(size=n_lemmas)[lemma]
    return pa.table(
        {
            "aligned": rng.random(n) < expit(logit),
            "age": age,
            "speaker": np.where(key_child, "key_child", "female_adult"),
            "concreteness": concreteness,
            "child_id": child,
            "lemma": lemma,
        }
    )


def recover(n_corpora: int, first_seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return estimates, standard errors, and standard deviations of child, slope and lemma."""
    estimates, errors, sds = [], [], []
    for seed in range(first_seed, first_seed + n_corpora):
        fit = fit_laplace(build_frame(corpus(seed), FORMULA, family="binomial"))
        assert fit.converged
        assert list(fit.frame.names) == ["(Intercept)", "age", *list(TRUTH)[2:]]
        estimates.append(fit.estimates)
        errors.append(np.sqrt(np.diag(fit.covariance)))
        sds.append(np.sqrt(np.concatenate([np.diag(each) for each in fit.components])))
    return np.array(estimates), np.array(errors), np.array(sds)


def check_recovery(n_corpora: int, first_seed: int, multiple: float = 3.0) -> None:
    estimates, errors, sds = recover(n_corpora, first_seed)
    truth = np.array(list(TRUTH.values()))
    spread = estimates.std(axis=0, ddof=1) / np.sqrt(n_corpora)
    assert np.all(np.abs(estimates.mean(axis=0) - truth) < multiple * spread)
    held = (np.abs(estimates - truth) < stats.norm.ppf(0.975) * errors).sum(axis=0)
    low, high = stats.binom.ppf([0.005 / truth.size, 1 - 0.005 / truth.size], n_corpora, 0.95)
    assert np.all((held >= low) & (held <= high))
    # Maximum likelihood takes too small variances, by about 2 parts in 40 with two effects that
    # vary between children only; hence a share, not the Monte Carlo error.
    np.testing.assert_allclose(sds.mean(axis=0), list(SDS.values()), rtol=0.12)


def test_a_few_corpora_give_back_what_was_put_in() -> None:
    # As improbable as 3 standard errors, where the spread is estimated from 8 values.
    check_recovery(8, first_seed=20_260_600, multiple=stats.t.ppf(stats.norm.cdf(3), 7))


@pytest.mark.full
def test_corpora_give_back_what_was_put_in() -> None:
    check_recovery(60, first_seed=20_260_700)


def test_units_of_predictors_do_not_matter() -> None:
    data = corpus(5, 800)
    fit = fit_laplace(build_frame(data, FORMULA, family="binomial"))
    days = build_frame(
        data, FORMULA, family="binomial", scale={"age": {"center": -3, "scale": 0.001}}
    )
    other = fit_laplace(days)
    assert other.criterion == pytest.approx(fit.criterion, abs=1e-6)
    assert other.estimates[1] * 1000 == pytest.approx(fit.estimates[1], rel=1e-4)
    assert other.components[0][1, 1] * 1e6 == pytest.approx(fit.components[0][1, 1], rel=1e-2)


def test_a_search_may_begin_at_a_theta() -> None:
    frame = build_frame(corpus(7, 800), FORMULA, family="binomial")
    fit = fit_laplace(frame)
    again = fit_laplace(frame, fit.theta)
    assert again.criterion == pytest.approx(fit.criterion, abs=1e-7)
    np.testing.assert_allclose(again.theta, fit.theta, atol=1e-3)


def test_refit_is_the_fit_of_the_other_response() -> None:
    first, second = corpus(11, 800), corpus(12, 800)
    frame = build_frame(first, FORMULA, family="binomial")
    y = build_frame(second, FORMULA, family="binomial").y
    again = refit_laplace(fit_laplace(frame), y)
    anew = fit_laplace(replace(frame, y=y))
    assert again.criterion == pytest.approx(anew.criterion, abs=1e-6)
    se = np.sqrt(np.diag(anew.covariance))
    assert np.abs((again.estimates - anew.estimates) / se).max() < 1e-3
    np.testing.assert_allclose(np.sqrt(np.diag(again.covariance)), se, rtol=1e-3)
    quick = refit_laplace(fit_laplace(frame), y, errors=False)
    assert quick.converged
    assert np.abs((quick.estimates - anew.estimates) / se).max() < 1e-2
    assert "standard errors take theta as known" in quick.notes


def test_many_rows_stop_at_the_first_stage_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = build_frame(corpus(5, 800), FORMULA, family="binomial")
    whole = fit_laplace(frame)
    monkeypatch.setattr(laplace, "MAX_ROWS", 700)
    first = fit_laplace(frame)
    assert any("more than 700" in note for note in first.notes)
    assert first.criterion > whole.criterion
    se = np.sqrt(np.diag(whole.covariance))
    assert np.abs((first.estimates - whole.estimates) / se).max() < 0.5


def test_a_model_without_fixed_effects() -> None:
    fit = fit_laplace(
        build_frame(corpus(3, 500), "aligned ~ 0 + (1 | child_id)", family="binomial")
    )
    assert fit.estimates.shape == (0,)
    assert fit.converged


def test_no_variance_is_said() -> None:
    rng = np.random.default_rng(9)
    data = pa.table({"y": np.tile([0, 1], 200), "g": np.repeat(np.arange(40), 10),
                     "x": rng.normal(size=400)})  # fmt: skip
    fit = fit_laplace(build_frame(data, "y ~ x + (1 | g)", family="binomial"))
    assert fit.singular == ("no variance of (Intercept) between members of g",)
    assert fit.theta == pytest.approx(0, abs=1e-4)


def test_a_refit_of_a_singular_fit_finds_a_variance_that_is_there() -> None:
    rng = np.random.default_rng(9)
    g = np.repeat(np.arange(40), 20)
    data = pa.table({"y": np.tile([0, 1], 400), "g": g})
    flat = fit_laplace(build_frame(data, "y ~ 1 + (1 | g)", family="binomial"))
    y = (rng.random(800) < expit(1.5 * rng.normal(size=40)[g])).astype(np.float64)
    anew = fit_laplace(replace(flat.frame, y=y))
    again = refit_laplace(flat, y, errors=False)
    assert again.theta[0] == pytest.approx(anew.theta[0], rel=1e-3)
    assert again.theta[0] > 1


@pytest.mark.parametrize(
    ("formula", "named"),
    [("y ~ threshold + (1 | g)", "threshold"), ("y ~ x + level + (1 | g)", "level[only_0]")],
)
def test_separation_is_said(formula: str, named: str) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=300)
    level = rng.choice(["a", "b", "only_0"], 300)
    y = (rng.random(300) < 0.5) & (level != "only_0")
    data = pa.table({"y": y, "x": x, "level": level, "threshold": np.where(y, 1.0, -1.0) + x / 10,
                     "g": np.resize(np.arange(20), 300)})  # fmt: skip
    with pytest.raises(UserError) as error:
        fit_laplace(build_frame(data, formula, family="binomial"))
    assert f"response y is separated by {named}:" in str(error.value)


def test_groups_of_one_kind_are_said() -> None:
    g = np.repeat(np.arange(20), 20)
    data = pa.table({"y": g % 2, "g": g, "x": np.random.default_rng(1).normal(size=400)})
    fit = fit_laplace(build_frame(data, "y ~ x + (1 | g)", family="binomial"))
    assert any("members hold only 0 or only 1" in note for note in fit.notes)
