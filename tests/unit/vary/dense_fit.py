"""A mixed model by dense linear algebra at given variances: what results are held to."""

from __future__ import annotations

import numpy as np

from egoalign.vary.terms import MixedFit, ModelFrame, Reals


def dense_fit(
    frame: ModelFrame, components: tuple[Reals, ...] = (), sigma: float | None = None
) -> MixedFit:
    """Return the generalised least squares fit at the given variances.

    Without random terms and with sigma left out, it is ordinary least squares.
    """
    x, y = frame.x, frame.y
    n, p = x.shape
    v = np.eye(n)
    designs = []
    for term, component in zip(frame.random, components, strict=True):
        z = np.zeros((n, len(term.levels), len(term.columns)))
        z[np.arange(n), term.codes] = term.z
        designs.append(z)
        v += np.einsum("iqa,ab,jqb->ij", z, component / (sigma or 1.0) ** 2, z)
    inverse = np.linalg.inv(v)
    unscaled = np.linalg.inv(x.T @ inverse @ x)
    estimates = unscaled @ x.T @ inverse @ y
    residual = y - x @ estimates
    quadratic = float(residual @ inverse @ residual)
    s2 = sigma**2 if sigma is not None else quadratic / (n - p)
    logdet = np.linalg.slogdet(v)[1] - np.linalg.slogdet(unscaled)[1]
    criterion = (n - p) * np.log(2 * np.pi * s2) + logdet + quadratic / s2
    modes, variances, fitted = [], [], x @ estimates
    for z, component in zip(designs, components, strict=True):
        covariance = np.einsum("ab,jqb->qaj", component / s2, z)
        modes.append(np.einsum("qaj,j->qa", covariance, inverse @ residual))
        variances.append(
            component - s2 * np.einsum("qai,ij,qbj->qab", covariance, inverse, covariance)
        )
        fitted = fitted + np.einsum("iqa,qa->i", z, modes[-1])
    return MixedFit(
        frame=frame,
        family="gaussian",
        reml=True,
        estimates=estimates,
        covariance=s2 * unscaled,
        df=None,
        components=components,
        sigma=float(np.sqrt(s2)),
        theta=np.zeros(0),
        criterion=float(criterion),
        n_parameters=p + 1 + sum(len(c) * (len(c) + 1) // 2 for c in components),
        modes=tuple(modes),
        mode_covariances=tuple(variances),
        fitted=fitted,
        converged=True,
    )
