"""Corpora of random vectors for the nulls, and the nulls' definitions written out pair by pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from egoalign.align.pool import Material
from egoalign.align.score import Pictures, score_windows, unit_rows
from egoalign.video.window import Windows, find_windows

WIDTH = 64
"""Wide enough that vectors made as long as 1 again go through float16 unchanged."""

MIN_SHIFT = 20
SPEAKERS = ("female_adult", "key_child")


def halved(vectors: np.ndarray) -> np.ndarray:
    """Return vectors as unit float32 rows that have been through float16, as tables have them."""
    return unit_rows((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16))


def smooth(rng: np.random.Generator, n: int, rho: float = 0.7) -> np.ndarray:
    """Return n random vectors in a row, each like the one before."""
    noise = rng.normal(size=(n, WIDTH))
    for k in range(1, n):
        noise[k] = rho * noise[k - 1] + np.sqrt(1 - rho**2) * noise[k]
    return noise


def make_session(
    rng: np.random.Generator,
    vocabulary: np.ndarray,
    ids: tuple[str, str, float],
    seconds: int = 90,
    utterances: int = 12,
    planted: float = 0.0,
    missing: float = 0.05,
) -> Material:
    """Return a session whose texts come from a vocabulary; `planted` of them are in view."""
    start = np.sort(rng.uniform(0, seconds - 6, utterances))
    end = start + rng.choice([0.4, 1.2, 2.5, 4.5], utterances)
    windows = find_windows(np.arange(float(seconds)), start, end, 1.0)
    said = rng.integers(len(vocabulary), size=utterances)
    pictures = smooth(rng, seconds)
    for i in np.flatnonzero(rng.random(utterances) < planted):
        own = windows.points[windows.offsets[i] : windows.offsets[i + 1]]
        pictures[own] += 2 * vocabulary[said[i]]
    has = rng.random(seconds) >= missing
    windows = windows.among(has)
    rows = np.flatnonzero(windows.count)
    texts = halved(vocabulary)[said]
    had = Pictures(halved(pictures[has]), np.arange(has.sum()))
    scores = score_windows(texts, had, windows)
    return Material(
        *ids,
        utterance_ids=[f"u{i}" for i in range(utterances)],
        rows=rows,
        score=scores.greatest[rows],
        texts=texts[rows],
        codes=said[rows].astype(np.int64),
        speakers=np.array(SPEAKERS, dtype=object)[rows % 2],
        tokens=said[rows] % 3,
        windows=windows.take(rows),
        best=scores.argmax[rows],
        pictures=had,
        places=np.flatnonzero(has),
        size=seconds,
    )


def make_corpus(
    seed: int, children: int = 3, sessions: int = 2, words: int = 60, **how: float
) -> list[Material]:
    """Return the sessions of a corpus; ages lie 40 days apart within a child and 20 between."""
    rng = np.random.default_rng(seed)
    vocabulary = rng.normal(size=(words, WIDTH))
    return [
        make_session(rng, vocabulary, (f"c{c}", f"s{s}", 300.0 + 20 * c + 40 * s), **how)
        for c in range(children)
        for s in range(sessions)
    ]


def with_score(material: Material, row: int, score: float) -> Material:
    """Return a session in which one utterance has another score."""
    changed = material.score.copy()
    changed[row] = score
    return replace(material, score=changed)


def own(windows: Windows, i: int) -> np.ndarray:
    """Return the pictures of utterance i."""
    return windows.points[windows.offsets[i] : windows.offsets[i + 1]]


def cosine(text: np.ndarray, material: Material, pictures: Sequence[int]) -> float:
    """Return the greatest cosine of a text and some pictures."""
    return float(max(round(float(text @ material.pictures.vectors[k]), 6) for k in pictures))


def runs(material: Material, length: int) -> Iterator[list[int]]:
    """Yield the runs of pictures without a gap."""
    for k in range(material.places.size - length + 1):
        if material.places[k + length - 1] - material.places[k] == length - 1:
            yield list(range(k, k + length))


def said_over(material: Material, code: int, pictures: Sequence[int]) -> bool:
    """Say whether some words were spoken over one of some pictures."""
    begin, end = material.places[pictures[0]], material.places[pictures[-1]]
    return any(
        material.codes[j] == code and material.first[j] <= end and material.last[j] >= begin
        for j in range(material.rows.size)
    )


def pairs(
    scheme: str, corpus: Sequence[Material], session: int, i: int, tolerance: float = 30.0
) -> list[float]:
    """Return the score of every pair that a scheme may draw for an utterance, each as likely."""
    material = corpus[session]
    text, code, mine = material.texts[i], material.codes[i], own(material.windows, i)
    length = mine.size
    if scheme == "shuffled":
        found = []
        for j in range(material.rows.size):
            begin = min(own(material.windows, j)[0], material.places.size - length)
            run = range(begin, begin + length)
            apart = run[-1] < mine[0] or run[0] > mine[-1]
            if material.codes[j] != code and apart:
                found.append(cosine(text, material, run))
        return found
    if scheme == "shift":
        found = []
        for shift in range(MIN_SHIFT, material.size - MIN_SHIFT + 1):
            begin = (material.places[mine[0]] + shift) % material.size
            points = [begin + k for k in range(length)]
            if points[-1] < material.size and set(points) <= set(material.places.tolist()):
                run = np.searchsorted(material.places, points).tolist()
                if not said_over(material, code, run):
                    found.append(cosine(text, material, run))
        return found
    if scheme == "text_matched":
        return [
            cosine(other.texts[j], material, mine.tolist())
            for other in corpus
            for j in range(other.rows.size)
            if other.speakers[j] == material.speakers[i]
            and other.tokens[j] == material.tokens[i]
            and not said_over(material, other.codes[j], mine.tolist())
        ]
    if scheme == "one_draw":
        return [
            cosine(text, other, [int(other.best[j])])
            for other in corpus
            for j in range(other.rows.size)
            if other.codes[j] != code
        ]
    allowed = {
        "other_session": lambda other: other.child_id == material.child_id,
        "like_age": lambda other: (
            other.child_id != material.child_id
            and abs(other.age_days - material.age_days) <= tolerance
        ),
        "anyone": lambda other: True,
    }[scheme]
    return [
        cosine(text, other, run)
        for number, other in enumerate(corpus)
        if number != session and allowed(other)
        for run in runs(other, length)
        if not said_over(other, code, run)
    ]
