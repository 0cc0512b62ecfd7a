"""What of a fit lies on the boundary, in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from egoalign.vary.terms import RandomTerm, Reals

SINGULAR = 1e-4
"""A standard deviation of a column's effects, beside the residual one (or on the logit scale), that
is reported as none, and how near to 1 or -1 a correlation is reported as full."""


def boundary_findings(
    terms: Sequence[RandomTerm], components: Sequence[Reals], sigma: float
) -> tuple[str, ...]:
    """Return what has no variance and what is fully correlated.

    Parameters
    ----------
    terms : sequence of RandomTerm
        The random terms.
    components : sequence of numpy.ndarray
        Their covariance matrices, shape (k, k).
    sigma : float
        Residual standard deviation; 1 in a binomial model.
    """
    findings = []
    for term, covariance in zip(terms, components, strict=True):
        sds = np.sqrt(np.diag(covariance))
        present = sds * np.sqrt((term.z**2).mean(axis=0)) > SINGULAR * sigma
        findings += [
            f"no variance of {name} between members of {term.group}"
            for name, there in zip(term.columns, present, strict=True)
            if not there
        ]
        of_present = np.flatnonzero(present)
        full = [
            (a, b, covariance[a, b] / (sds[a] * sds[b])) for a, b in combinations(of_present, 2)
        ]
        pairs = [
            f"correlation of {term.columns[a]} and {term.columns[b]} over {term.group} is "
            f"{'1' if r > 0 else '-1'}"
            for a, b, r in full
            if abs(r) > 1 - SINGULAR
        ]
        findings += pairs
        if not pairs and of_present.size > 2:
            r = covariance[np.ix_(of_present, of_present)] / np.outer(sds[present], sds[present])
            if np.linalg.eigvalsh(r).min() < SINGULAR:
                findings.append(f"effects over {term.group} are combinations of each other")
    return tuple(findings)
