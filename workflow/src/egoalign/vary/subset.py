"""A model of some of the rows, of resampled clusters, or of another response."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from egoalign.log import UserError
from egoalign.vary.formula import near_or_all
from egoalign.vary.frame import COLLINEAR
from egoalign.vary.sums import triangle_of
from egoalign.vary.terms import MixedFit, ModelFrame, RandomTerm, Reals


@dataclass(frozen=True, eq=False)
class Clusters:
    """A grouping whose members are taken as independent: the children.

    Attributes
    ----------
    name : str
        The group, as the formula has it.
    levels : tuple of str
        Its members, q of them.
    codes : numpy.ndarray
        Member of each row, from 0, shape (n,).
    """

    name: str
    levels: tuple[str, ...]
    codes: NDArray[np.int64]


def clusters_of(frame: ModelFrame, name: str | None = None) -> Clusters | None:
    """Return the rows' clusters: the group of that name, or the one with the fewest members.

    Parameters
    ----------
    frame : ModelFrame
        A model's frame; None is returned where it has no random term.
    name : str, optional
        A group of a random term.

    Raises
    ------
    UserError
        If no random term has the group.
    """
    groups = {term.group: term for term in frame.random}
    if name is not None and name not in groups:
        raise UserError(
            f"formula '{frame.formula}': no random term has the group {name!r};"
            f"{near_or_all(name, groups, 'its groups are')}"
        )
    if not groups:
        return None
    term = groups[name] if name else min(groups.values(), key=lambda each: len(each.levels))
    return Clusters(term.group, term.levels, term.codes)


def subset(frame: ModelFrame, rows: NDArray[np.int64]) -> ModelFrame:
    """Return the frame of some rows, without the columns that they do not determine.

    Values that were made from all rows (means for scaling, polynomials) stay as they are, so that
    effects mean the same.
    """
    x = frame.x[rows]
    kept = _independent(x)
    return replace(
        frame,
        y=frame.y[rows],
        x=x if kept.all() else x[:, kept],
        names=tuple(name for name, keep in zip(frame.names, kept, strict=True) if keep),
        terms=tuple(name for name, keep in zip(frame.terms, kept, strict=True) if keep),
        random=tuple(
            _term_of(term, rows, term.codes[rows], np.array(term.levels)) for term in frame.random
        ),
        rows=frame.rows[rows],
        recipe=frame.recipe if kept.all() else None,
    )


def resample(frame: ModelFrame, clusters: Clusters, drawn: NDArray[np.int64]) -> ModelFrame:
    """Return the frame of clusters drawn with replacement; each copy is a cluster of its own.

    Groups within clusters (sessions of a child) are copied with them; crossed ones (words) stay.

    Parameters
    ----------
    frame : ModelFrame
        The frame.
    clusters : Clusters
        Its clusters.
    drawn : numpy.ndarray
        Codes of clusters, with repeats.
    """
    order = np.argsort(clusters.codes, kind="stable")
    ends = np.cumsum(np.bincount(clusters.codes, minlength=len(clusters.levels)))
    members = np.split(order, ends[:-1])
    rows = np.concatenate([members[code] for code in drawn])
    copies = np.repeat(np.arange(drawn.size), [members[code].size for code in drawn])
    made = subset(frame, rows)
    random = []
    for term, whole in zip(made.random, frame.random, strict=True):
        if _is_within(whole, clusters):
            pairs = copies * len(term.levels) + term.codes
            found, codes = np.unique(pairs, return_inverse=True)
            levels = tuple(map(str, range(found.size)))
            term = replace(term, levels=levels, codes=codes.astype(np.int64))
        random.append(term)
    return replace(made, random=tuple(random))


def with_response(frame: ModelFrame, name: str, y: Reals) -> ModelFrame:
    """Return the frame with another response, shape (n,); rows without it are left out."""
    there = np.flatnonzero(np.isfinite(y))
    if not there.size:
        raise UserError(f"column {name!r} is missing in all rows used: leave it out")
    return subset(replace(frame, response=name, y=y), there)


def fit_alike(fit: MixedFit, frame: ModelFrame, *, errors: bool) -> MixedFit:
    """Fit a frame of the same random terms in the same way, from where the fit ended.

    `errors` asks for degrees of freedom (Gaussian) or exact standard errors (binomial) as well.
    """
    if fit.family == "binomial" and frame.random:
        from egoalign.vary.laplace import fit_laplace

        return fit_laplace(frame, fit.theta, errors=errors)
    from egoalign.vary.fit import fit_frame

    start = fit.theta if frame.random else None
    return fit_frame(frame, fit.family, fit.reml, start=start, with_df=errors)


def _term_of(
    term: RandomTerm, rows: NDArray[np.int64], codes: NDArray[np.int64], levels: NDArray[np.str_]
) -> RandomTerm:
    """Return a random term over some rows, its levels those that occur."""
    found, own = np.unique(codes, return_inverse=True)
    return replace(
        term,
        levels=tuple(map(str, levels[found])),
        codes=own.astype(np.int64),
        z=term.z[rows],
    )


def _is_within(term: RandomTerm, clusters: Clusters) -> bool:
    """Return whether each level of a term belongs to one cluster."""
    pairs = np.unique(np.column_stack([term.codes, clusters.codes]), axis=0)
    return len(pairs) == len(term.levels)


def _independent(x: Reals) -> NDArray[np.bool_]:
    """Return which columns are no combination of those before them."""
    lengths = np.sqrt(np.einsum("np,np->p", x, x))
    if x.shape[1] == 0 or x.shape[0] < x.shape[1]:
        return lengths > 0
    return np.asarray(
        np.abs(np.diag(triangle_of(x))) > COLLINEAR * np.where(lengths > 0, lengths, 1.0)
    )
