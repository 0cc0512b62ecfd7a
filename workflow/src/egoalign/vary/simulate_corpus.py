"""Draw a corpus that follows a stated model: its rows, and their responses."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from egoalign.log import UserError
from egoalign.vary.formula import near_or_all
from egoalign.vary.simulate_plan import RandomEffects, Sizes, StudyPlan
from egoalign.vary.terms import ModelFrame, RandomTerm, Reals

Integers = NDArray[np.int64]

LOCATIONS = ("bedroom", "kitchen", "living room", "playroom")
ACTIVITIES = ("dressing", "meal", "play", "reading")

MEAN_WORDS = 3.5
MEAN_FRAMES = 2.0
"""Mean words and pictures of an utterance; one at least, the rest Poisson."""

CONCRETENESS = (3.5, 1.0, 1.0, 5.0)
"""Mean and standard deviation over lemmas, and the ends of the scale."""

PER_BILLION = 9.0
"""log10 of a billion: Zipf's scale is log10 of occurrences in a billion words."""

NO_LESS = -1e-9
"""An eigenvalue of a correlation matrix below this is no rounding error."""


def draw_rows(
    sizes: Sizes, unit: Literal["utterance", "word"], rng: np.random.Generator
) -> pa.Table:
    """Draw children, sessions, utterances and words with their predictors, without a response.

    Sessions a child and hours a session are log-normal, utterances of a session Poisson about its
    length, ages uniform within the months that a child is followed. Speakers, lengths, places in
    the session and lemmas are independent of each other. A session may stay without an utterance;
    then it has no row.

    Parameters
    ----------
    sizes : Sizes
        How many of each.
    unit : str
        ``utterance``, or ``word``: one row a content word, with lemma, frequency, concreteness.
    rng : numpy.random.Generator
        Source of every choice.

    Returns
    -------
    pyarrow.Table
        Columns as in tables UTTERANCE_TABLE and WORD_TABLE, as far as they are drawn: ids, ages in
        months, speaker, lengths, position, location, activity.
    """
    n_sessions = np.maximum(
        1, np.rint(_unequal(rng, sizes.mean_sessions, sizes.sessions_cv, sizes.children))
    ).astype(np.int64)
    child = np.repeat(np.arange(sizes.children), n_sessions)
    number = _counted(n_sessions)
    entered = rng.uniform(*sizes.first_age_months, sizes.children)
    age = entered[child] + rng.uniform(0.0, sizes.followed_months, child.size)
    between = np.bincount(child, age) / n_sessions
    length = _unequal(rng, 1.0, sizes.session_hours_cv, child.size)
    n_utterances = rng.poisson(sizes.mean_utterances * length)

    session = np.repeat(np.arange(child.size), n_utterances)
    speakers = list(sizes.speakers)
    shares = np.array(list(sizes.speakers.values()))
    n_words = 1 + rng.poisson(MEAN_WORDS - 1, session.size)
    n_frames = 1 + rng.poisson(MEAN_FRAMES - 1, session.size)
    columns = {
        "child_id": _ids("c", child[session], sizes.children),
        "session_id": _ids("s", number[session], int(number.max()) + 1),
        "utterance_id": _ids("u", _counted(n_utterances), int(n_utterances.max(initial=0)) + 1),
        "age_months": pa.array(age[session]),
        "age_between": pa.array(between[child[session]]),
        "age_within": pa.array((age - between[child])[session]),
        "speaker": _named(
            rng.choice(len(speakers), session.size, p=shares / shares.sum()), speakers
        ),
        "n_words": pa.array(n_words),
        "log_n_words": pa.array(np.log(n_words)),
        "n_frames": pa.array(n_frames),
        "log_n_frames": pa.array(np.log(n_frames)),
        "position": pa.array(rng.uniform(size=session.size)),
        "location": _named(rng.integers(len(LOCATIONS), size=child.size)[session], LOCATIONS),
        "activity": _named(rng.integers(len(ACTIVITIES), size=child.size)[session], ACTIVITIES),
    }
    utterances = pa.table(columns)
    return utterances if unit == "utterance" else _with_words(utterances, sizes, rng)


def _with_words(utterances: pa.Table, sizes: Sizes, rng: np.random.Generator) -> pa.Table:
    """Return one row a content word, each lemma with its frequency and concreteness."""
    n_words = 1 + rng.poisson(sizes.content_words - 1, utterances.num_rows)
    utterance = np.repeat(np.arange(utterances.num_rows), n_words)
    share = np.arange(1, sizes.lemmas + 1) ** -sizes.zipf
    share /= share.sum()
    mean, sd, least, greatest = CONCRETENESS
    concreteness = np.clip(rng.normal(mean, sd, sizes.lemmas), least, greatest)
    lemma = rng.choice(sizes.lemmas, utterance.size, p=share)
    words = utterances.take(utterance)
    for name, values in {
        "word_no": pa.array(_counted(n_words)),
        "lemma_id": _ids("l", lemma, sizes.lemmas),
        "log_freq": pa.array((np.log10(share) + PER_BILLION)[lemma]),
        "concreteness": pa.array(concreteness[lemma]),
    }.items():
        words = words.append_column(name, values)
    return words


def draw_response(plan: StudyPlan, frame: ModelFrame, rng: np.random.Generator) -> Reals:
    """Draw the responses of rows from the true model.

    Parameters
    ----------
    plan : StudyPlan
        The true effects and standard deviations.
    frame : ModelFrame
        The true formula over the rows.
    rng : numpy.random.Generator
        Source of every choice.

    Returns
    -------
    numpy.ndarray
        Shape (n,); 0 and 1 on the scale ``aligned``.

    Raises
    ------
    UserError
        The plan names an effect that the rows do not have.
    """
    expected = frame.x @ true_effects(plan, frame)
    for term, given in zip(frame.random, true_random(plan, frame), strict=True):
        factor = _root(covariance(term, given), term)
        effects = rng.normal(size=(len(term.levels), len(term.columns))) @ factor.T
        expected = expected + np.einsum("nk,nk->n", term.z, effects[term.codes])
    if plan.residual_sd is not None:
        return np.asarray(expected + plan.residual_sd * rng.normal(size=expected.size))
    chance = 1.0 / (1.0 + np.exp(-expected))
    return (rng.uniform(size=expected.size) < chance).astype(np.float64)


def true_effects(plan: StudyPlan, frame: ModelFrame) -> Reals:
    """Return the true value of each fixed effect of a frame, shape (p,).

    Raises
    ------
    UserError
        The plan names an effect that the frame does not have.
    """
    for name in plan.effects:
        if name not in frame.names:
            raise UserError(
                f"effects: no {name!r} in the model {frame.formula};"
                f"{near_or_all(name, frame.names, 'it has')}"
            )
    return np.array([plan.effects.get(name, 0.0) for name in frame.names])


def true_random(plan: StudyPlan, frame: ModelFrame) -> list[RandomEffects]:
    """Return the plan's effects of each random term of a frame.

    Raises
    ------
    UserError
        Terms and plan do not go together.
    """
    left = list(plan.random)
    found = []
    for term in frame.random:
        own = [
            each for each in left if each.group == term.group and set(each.sd) == set(term.columns)
        ]
        if not own:
            names = [f"{each.group} with {', '.join(each.sd)}" for each in plan.random]
            raise UserError(
                f"random: no entry of {term.group} with {', '.join(term.columns)}, which the "
                f"formula has; there are {'; '.join(names) or 'none'}"
            )
        found.append(own[0])
        left.remove(own[0])
    if left:
        raise UserError(
            f"random: the formula has no term of {left[0].group} with {', '.join(left[0].sd)}"
        )
    return found


def covariance(term: RandomTerm, given: RandomEffects) -> Reals:
    """Return the true covariance matrix of a random term, shape (k, k)."""
    sd = np.array([given.sd[name] for name in term.columns])
    correlations = np.array(
        [[1.0 if a == b else given.correlation(a, b) for b in term.columns] for a in term.columns]
    )
    return np.asarray(correlations * np.outer(sd, sd))


def _root(matrix: Reals, term: RandomTerm) -> Reals:
    """Return a factor F with F F' = matrix, which may be singular."""
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < NO_LESS * max(values[-1], 1e-300):
        raise UserError(
            f"random: the correlations of {term.group} contradict each other (no such covariance "
            "matrix); bring them nearer to 0"
        )
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _unequal(rng: np.random.Generator, mean: float, cv: float, n: int) -> Reals:
    """Return log-normal numbers of a mean and a coefficient of variation."""
    variance = np.log1p(cv**2)
    return rng.lognormal(np.log(mean) - variance / 2, np.sqrt(variance), n)


def _counted(sizes: Integers) -> Integers:
    """Return 0, 1, 2 ... within each of several parts."""
    starts = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) - np.repeat(starts, sizes)


def _ids(letter: str, codes: Integers, n: int) -> pa.Array:
    """Return ids of equal width, so that their order is that of the codes."""
    width = len(str(n))
    return _named(codes, [f"{letter}{number + 1:0{width}d}" for number in range(n)])


def _named(codes: Integers, names: list[str] | tuple[str, ...]) -> pa.Array:
    """Return names of codes as text."""
    return pa.array(list(names), pa.string()).take(pa.array(codes))
