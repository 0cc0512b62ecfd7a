"""The Laplace approximation to a logistic mixed model's deviance, with its exact gradient.

With eta = X b + Z Lambda v and v ~ N(0, I), the integral over v is approximated at the mode of the
penalised likelihood, found by penalised iteratively reweighted least squares (Breslow & Clayton
1993; as lme4's ``glmer`` with nAGQ = 1):

    d(theta, b) = -2 log p(y | eta) + |v|^2 + log |Lambda' Z' W Z Lambda + I|.

The gradient follows from the implicit function theorem: the mode moves with theta and b, and the
weights W with it (Skaug & Fournier 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import expit

from egoalign.vary.laplace_blocks import Blocks, Factorisation
from egoalign.vary.terms import Reals

MODE_TOLERANCE = 1e-16
"""The mode is found when a step promises less than this in -2 log likelihood; the error that is
left is of the order of its square root, in units of the random effects' standard errors."""

STALE = 0.05
"""A factorisation of earlier weights serves on while each step promises this much less than the
one before."""

MAX_STEPS = 200
MAX_HALVINGS = 30


@dataclass(frozen=True, eq=False)
class System:
    """The normal equations of random and fixed effects at given weights.

    Attributes
    ----------
    random : Factorisation
        Of A.
    solved : numpy.ndarray
        A^-1 Lambda' Z' W X, shape (size, p).
    cross : numpy.ndarray
        Lambda' Z' W X, shape (size, p).
    fixed : numpy.ndarray
        Cholesky factor of X' W X less what the random effects explain, shape (p, p).
    """

    random: Factorisation
    solved: Reals
    cross: Reals
    fixed: Reals

    def solve(self, right_v: Reals, right_b: Reals) -> tuple[Reals, Reals]:
        """Return the step in v and b."""
        alone = self.random.solve(right_v)
        b = linalg.cho_solve((self.fixed, True), right_b - self.cross.T @ alone)
        return alone - self.solved @ b, b


@dataclass(frozen=True, eq=False)
class Mode:
    """The conditional mode at given parameters.

    Attributes
    ----------
    factors : list of numpy.ndarray
        T of each term.
    b, v : numpy.ndarray
        Fixed effects, and random effects with unit variance.
    eta : numpy.ndarray
        Linear predictor, shape (n,).
    penalised : float
        -2 log likelihood + |v|^2.
    system : System
        At the mode's weights.
    """

    factors: list[Reals]
    b: Reals
    v: Reals
    eta: Reals
    penalised: float
    system: System

    @property
    def deviance(self) -> float:
        """Laplace approximation to -2 log likelihood."""
        return self.penalised + self.system.random.log_determinant


class Deviance:
    """-2 log likelihood of a logistic mixed model as a function of theta and b.

    Parameters
    ----------
    y : numpy.ndarray
        0 and 1, shape (n,).
    x : numpy.ndarray
        Shape (n, p), of full rank and well conditioned.
    blocks : Blocks
        The random terms.
    """

    def __init__(self, y: Reals, x: Reals, blocks: Blocks) -> None:
        self.y, self.x, self.blocks = y, x, blocks
        self.lower = [[(a, b) for b in range(k) for a in range(b, k)] for _, k in blocks.shapes]
        self.n_theta = sum(map(len, self.lower))

    def factors(self, theta: Reals) -> list[Reals]:
        """Return theta as a lower triangle for each term."""
        out, values = [], iter(theta.tolist())
        for places, (_, k) in zip(self.lower, self.blocks.shapes, strict=True):
            t = np.zeros((k, k))
            for a, b in places:
                t[a, b] = next(values)
            out.append(t)
        return out

    def theta(self, matrices: list[Reals]) -> Reals:
        """Return the lower triangles of matrices as theta has them."""
        return np.array(
            [m[a, b] for m, places in zip(matrices, self.lower, strict=True) for a, b in places]
        )

    def _minus_two_log_likelihood(self, eta: Reals) -> float:
        return 2 * float(np.logaddexp(0, eta).sum() - self.y @ eta)

    def _system(self, factors: list[Reals], weights: Reals) -> System:
        blocks, weighted = self.blocks, weights[:, None] * self.x
        random = blocks.factorise(factors, weights)
        cross = blocks.scaled_t(factors, blocks.design_t @ weighted)
        solved = random.solve(cross)
        fixed = linalg.cholesky(self.x.T @ weighted - cross.T @ solved, lower=True)
        return System(random, solved, cross, fixed)

    def mode(
        self, theta: Reals, b: Reals, v: Reals, *, move_b: bool, system: System | None = None
    ) -> Mode:
        """Return the mode of v, or of v and b together.

        Parameters
        ----------
        theta, b, v : numpy.ndarray
            Parameters, and where the search begins.
        move_b : bool
            b is found with v (nAGQ = 0) instead of given.
        system : System, optional
            Of a point close by, for the first steps.
        """
        blocks, factors = self.blocks, self.factors(theta)
        eta = self.x @ b + blocks.design @ blocks.scaled(factors, v)
        value = self._minus_two_log_likelihood(eta) + float(v @ v)
        before = np.inf
        for _ in range(MAX_STEPS):
            mean = expit(eta)
            residual = self.y - mean
            to_v = blocks.scaled_t(factors, blocks.design_t @ residual) - v
            to_b = self.x.T @ residual if move_b else np.zeros_like(b)
            fresh = system is None
            if system is None:
                system = self._system(factors, mean * (1 - mean))
            if move_b:
                step_v, step_b = system.solve(to_v, to_b)
            else:
                step_v, step_b = system.random.solve(to_v), to_b
            promise = float(to_v @ step_v + to_b @ step_b)
            if not fresh and promise > STALE * before:
                system = None
                before = np.inf
                continue
            step_eta = self.x @ step_b + blocks.design @ blocks.scaled(factors, step_v)
            length = 1.0
            for _ in range(MAX_HALVINGS):
                new_v, new_eta = v + length * step_v, eta + length * step_eta
                new_value = self._minus_two_log_likelihood(new_eta) + float(new_v @ new_v)
                if new_value <= value + 1e-12 * abs(value):
                    break
                length /= 2
            v, eta, value, b = new_v, new_eta, new_value, b + length * step_b
            if promise < MODE_TOLERANCE:
                break
            before = promise
            if length < 1:
                system, before = None, np.inf
        mean = expit(eta)
        return Mode(factors, b, v, eta, value, self._system(factors, mean * (1 - mean)))

    def gradient(self, mode: Mode, *, moved_b: bool) -> tuple[Reals, Reals]:
        """Return the derivatives of the deviance by theta and by b.

        With `moved_b`, b follows theta, and the second is zero.
        """
        blocks, factors, system = self.blocks, mode.factors, mode.system
        mean = expit(mode.eta)
        weights, residual = mean * (1 - mean), self.y - mean
        leverage, solved = system.random.selected_inverse().rows()
        bend = leverage * weights * (1 - 2 * mean)  # of log |A| by eta
        to_v = blocks.scaled_t(factors, blocks.design_t @ bend)
        if moved_b:
            pull_v, pull_b = system.solve(to_v, self.x.T @ bend)
        else:
            pull_v, pull_b = system.random.solve(to_v), np.zeros_like(mode.b)
        pull = blocks.design @ blocks.scaled(factors, pull_v) + self.x @ pull_b
        by_eta = bend - weights * pull
        direct = blocks.split(blocks.design_t @ (by_eta - 2 * residual))
        unexplained = blocks.split(blocks.design_t @ residual)
        by_factor = [
            direct[j].T @ v
            + unexplained[j].T @ s
            + 2 * (weights[:, None] * blocks.z[j]).T @ solved[j]
            for j, (v, s) in enumerate(zip(blocks.split(mode.v), blocks.split(pull_v), strict=True))
        ]
        by_b = np.zeros_like(mode.b) if moved_b else self.x.T @ (by_eta - 2 * residual)
        return self.theta(by_factor), by_b
