"""A fit as text, in the order of lmerTest's summary."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from egoalign.vary.inference import infer_effects
from egoalign.vary.influence import residual_quantiles
from egoalign.vary.likelihood_ratio import aic, bic
from egoalign.vary.result_rows import known
from egoalign.vary.terms import MixedFit
from egoalign.vary.variance import variance_shares

SMALLEST_P = 2.2e-16
"""Below this a p is only said to be smaller, as R has it."""


def summary_text(fit: MixedFit) -> str:
    """Return what was fitted, residuals, random effects, fixed effects, and what to beware of."""
    lines = [
        *_head(fit),
        "",
        *_residuals(fit),
        "",
        *_random_effects(fit),
        "",
        *_fixed_effects(fit),
        "",
        *_variance(fit),
    ]
    remarks = list(_remarks(fit))
    return "\n".join([*lines, *([""] if remarks else []), *remarks]) + "\n"


def _head(fit: MixedFit) -> Iterator[str]:
    """Yield title, formula, engine and criterion."""
    mixed = bool(fit.frame.random)
    if fit.family == "binomial":
        how = "maximum likelihood (Laplace approximation)" if mixed else "maximum likelihood"
        kind = "Logistic mixed model" if mixed else "Logistic model"
        tests = "z tests"
    else:
        how = "REML" if fit.reml and mixed else "maximum likelihood" if mixed else "least squares"
        kind = "Linear mixed model" if mixed else "Linear model"
        tests = "t tests use Satterthwaite's method" if mixed else "t tests"
    yield f"{kind} fit by {how}; {tests}"
    yield f"Formula: {fit.frame.formula}"
    yield f"Family: {fit.family}{' (logit)' if fit.family == 'binomial' else ''}"
    yield f"Fitted by: {fit.engine}"
    yield ""
    if fit.reml:
        yield f"REML criterion at convergence: {fit.criterion:.4f}"
    else:
        yield (
            f"AIC {aic(fit):.4f}, BIC {bic(fit):.4f}, log likelihood {-fit.criterion / 2:.4f}, "
            f"-2 log likelihood {fit.criterion:.4f}"
        )


def _residuals(fit: MixedFit) -> Iterator[str]:
    """Yield the quantiles of the scaled residuals."""
    found = residual_quantiles(fit)
    yield "Scaled residuals:"
    yield "".join(f"{name:>10}" for name in found)
    yield "".join(f"{value:>10.4f}" for value in found.values())


def _random_effects(fit: MixedFit) -> Iterator[str]:
    """Yield variances, standard deviations and correlations, and the number of rows and groups."""
    rows: list[tuple[str, str, float, str]] = []
    for term, covariance in zip(fit.frame.random, fit.components, strict=True):
        sds = np.sqrt(np.diag(covariance))
        for at, column in enumerate(term.columns):
            with np.errstate(invalid="ignore", divide="ignore"):
                correlations = covariance[at, :at] / (sds[at] * sds[:at])
            corr = " ".join(f"{value:5.2f}" for value in correlations)
            rows.append((term.group if at == 0 else "", column, float(covariance[at, at]), corr))
    if fit.family == "gaussian":
        rows.append(("Residual", "", fit.sigma**2, ""))
    if rows:
        groups = max(8, *(len(row[0]) for row in rows)) + 1
        names = max(8, *(len(row[1]) for row in rows)) + 1
        yield "Random effects:"
        yield f"{'Groups':<{groups}}{'Name':<{names}}{'Variance':>12}{'Std.Dev.':>12}  Corr"
        for group, name, variance, corr in rows:
            line = f"{group:<{groups}}{name:<{names}}{variance:>12.5g}{math.sqrt(variance):>12.5g}"
            yield f"{line}  {corr}".rstrip()
    counts = dict.fromkeys(f"{term.group}, {len(term.levels)}" for term in fit.frame.random)
    of_groups = f", groups: {'; '.join(counts)}" if counts else ""
    yield f"Number of obs: {fit.frame.y.size}{of_groups}"


def _fixed_effects(fit: MixedFit) -> Iterator[str]:
    """Yield estimates and their tests."""
    if not fit.frame.names:
        yield "No fixed effects"
        return
    found = infer_effects(fit)
    width = max(len(name) for name in fit.frame.names) + 1
    with_df = bool(np.isfinite(found.df).all())
    letter = "t" if with_df else "z"
    yield "Fixed effects:"
    yield (
        f"{'':<{width}}{'Estimate':>12}{'Std. Error':>12}{'df' if with_df else '':>9}"
        f"{letter + ' value':>10}{f'Pr(>|{letter}|)':>12}"
    )
    for at, name in enumerate(fit.frame.names):
        df = f"{found.df[at]:.2f}" if with_df else ""
        yield (
            f"{name:<{width}}{found.estimate[at]:>12.5g}{found.se[at]:>12.5g}{df:>9}"
            f"{found.statistic[at]:>10.3f}{p_text(found.p[at]):>12}"
        )


def _variance(fit: MixedFit) -> Iterator[str]:
    """Yield R squared and intraclass correlations."""
    shares = variance_shares(fit)
    yield f"R2 marginal {shares.r2_marginal:.4f}, conditional {shares.r2_conditional:.4f}"
    for term, icc in zip(fit.frame.random, shares.icc, strict=True):
        yield f"ICC {term.group} ({', '.join(term.columns)}) {icc:.4f}"


def _remarks(fit: MixedFit) -> Iterator[str]:
    """Yield notes, what is singular, and whether the search converged."""
    for note in fit.frame.notes:
        yield f"Note: {note}"
    for finding in fit.singular:
        yield f"Singular fit: {finding}"
    for note in fit.notes:
        if not any(finding in note for finding in fit.singular):
            yield f"Note: {note}"
    if not fit.converged:
        yield "Not converged: the search did not end in an optimum; do not quote these numbers"


def p_text(p: float) -> str:
    """Return a p as R prints it."""
    if known(p) is None:
        return "NA"
    return f"<{SMALLEST_P:.1e}" if p < SMALLEST_P else f"{p:.3g}"
