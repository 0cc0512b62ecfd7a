"""What null schemes draw from other sessions: pictures, texts and best pictures, within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from egoalign.align.score import DECIMALS, Pictures
from egoalign.align.spoken import Spoken
from egoalign.video.window import Windows

TEXTS_OF_A_KIND = 1000
"""Texts of one speaker type and number of tokens that are kept to draw from."""

BEST_PICTURES = 10_000
"""Utterances whose picture of greatest score is kept to draw from."""

MOST_VECTORS = 2**14
"""Vectors compared at a time; bounds the memory."""


@dataclass(frozen=True)
class Material:
    """What the draws need of one session: its m scored utterances and its f pictures.

    Attributes
    ----------
    child_id, session_id : str
        The session.
    age_days : float
        NaN where it is not known.
    utterance_ids : sequence of str
        All n utterances, scored or not.
    rows : numpy.ndarray
        Positions of the scored utterances among them, shape (m,).
    score : numpy.ndarray
        Their greatest cosines, shape (m,).
    texts : numpy.ndarray
        Their unit float32 vectors, shape (m, d).
    codes : numpy.ndarray
        int64, shape (m,): equal where the encoded words are, in all sessions.
    speakers : numpy.ndarray
        Speaker types, shape (m,).
    tokens : numpy.ndarray
        int64, shape (m,): tokens of the text, -1 where that is not known.
    windows : Windows
        Their pictures, positions among the f.
    best : numpy.ndarray
        int64, shape (m,): the picture of greatest score.
    pictures : Pictures
        Unit float32 vectors.
    places : numpy.ndarray
        int64, shape (f,), rising: where on the grid each picture lies.
    size : int
        Points of the grid.
    """

    child_id: str
    session_id: str
    age_days: float
    utterance_ids: Sequence[str]
    rows: np.ndarray
    score: np.ndarray
    texts: np.ndarray
    codes: np.ndarray
    speakers: np.ndarray
    tokens: np.ndarray
    windows: Windows
    best: np.ndarray
    pictures: Pictures
    places: np.ndarray
    size: int

    @property
    def first(self) -> np.ndarray:
        """First point of the grid of each scored utterance, shape (m,)."""
        return self.places[self.windows.points[self.windows.offsets[:-1]]]

    @property
    def last(self) -> np.ndarray:
        """Last point of the grid of each scored utterance, shape (m,)."""
        return self.places[self.windows.points[self.windows.offsets[1:] - 1]]


@dataclass(frozen=True)
class Stretch:
    """The pictures of a stretch of a session, and what is said over them.

    Attributes
    ----------
    vectors : numpy.ndarray
        float16, shape (p, t, d): t tiles a picture.
    ahead : numpy.ndarray
        int64, shape (p,): pictures that follow without a gap from each on, itself included.
    codes, first, last : numpy.ndarray
        Texts spoken over pictures `first` to `last` of the stretch.
    weight : float
        Pictures of the whole session over pictures of the stretch.
    """

    vectors: np.ndarray
    ahead: np.ndarray
    codes: np.ndarray
    first: np.ndarray
    last: np.ndarray
    weight: float


def cut_stretch(material: Material, most: int, rng: np.random.Generator) -> Stretch:
    """Return a random stretch of a session, of at most `most` vectors; all of it if that fits.

    A stretch that reaches the session's end goes on at its beginning, so that all moments are as
    likely to be in it.
    """
    tiled = tiles(material.pictures)
    points = min(material.size, max(1, most // tiled.shape[1]))
    begin = int(rng.integers(max(material.size, 1)))
    inside = np.flatnonzero((material.places - begin) % max(material.size, 1) < points)
    places = material.places[inside]
    position = np.arange(places.size)
    ends = np.flatnonzero(np.diff(places, append=-1) != 1)
    ahead = ends[np.searchsorted(ends, position)] - position + 1
    first = np.searchsorted(places, material.first, side="left")
    last = np.searchsorted(places, material.last, side="right") - 1
    heard = first <= last
    return Stretch(
        tiled[inside].astype(np.float16),
        ahead,
        material.codes[heard],
        first[heard],
        last[heard],
        material.places.size / max(places.size, 1),
    )


def tiles(pictures: Pictures) -> np.ndarray:
    """Return the vectors of f pictures as (f, t, d); a picture of fewer tiles repeats its first."""
    ends = np.append(pictures.first[1:], pictures.vectors.shape[0])
    counts = ends - pictures.first
    tile = np.arange(int(counts.max(initial=1)))
    index = np.where(
        tile < counts[:, None], pictures.first[:, None] + tile, pictures.first[:, None]
    )
    return pictures.vectors[index]


def stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return arrays one after the other; pictures of fewer tiles repeat their last."""
    if parts[0].ndim == 3:
        most = max(part.shape[1] for part in parts)
        parts = [
            np.pad(part, ((0, 0), (0, most - part.shape[1]), (0, 0)), mode="edge")
            if part.shape[1] < most
            else part
            for part in parts
            if part.size
        ] or parts[:1]
    return np.concatenate(parts)


class PicturePool:
    """Stretches of sessions, from which runs of consecutive pictures are drawn.

    Parameters
    ----------
    stretches : sequence of Stretch
        One a session.
    """

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        sizes = [stretch.ahead.size for stretch in stretches]
        self._offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        self._vectors = stacked([stretch.vectors for stretch in stretches])
        self._ahead = np.concatenate([stretch.ahead for stretch in stretches])
        self._weights = np.array([stretch.weight for stretch in stretches])
        # Products are made in small pieces, where a copy in single precision would take double.
        squares = np.einsum("ptd,ptd->pt", self._vectors, self._vectors, dtype=np.float32)
        self._scale = 1 / np.sqrt(squares)
        begins = self._offsets[:-1]
        self._spoken = Spoken.of(
            np.concatenate([stretch.codes for stretch in stretches]),
            np.concatenate([s.first + b for s, b in zip(stretches, begins, strict=True)]),
            np.concatenate([s.last + b for s, b in zip(stretches, begins, strict=True)]),
            self._ahead.size + 1,
        )
        self._runs_before = lru_cache(maxsize=64)(self._count_runs)

    def _count_runs(self, length: int) -> np.ndarray:
        """Return how many runs of that length begin before each position, and in all."""
        return np.concatenate([[0], np.cumsum(self._ahead >= length)])

    def draw(
        self, sessions: np.ndarray, length: int, draws: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw where runs begin, evenly among all runs of `length` and with replacement.

        A session counts by the number of runs that the whole of it is estimated to have. The draws
        that have more pictures ahead are even draws among the longer runs.

        Parameters
        ----------
        sessions : numpy.ndarray
            bool: which sessions may be drawn from.
        length : int
            Least number of pictures in a run.
        draws : int
            Runs wanted.
        rng : numpy.random.Generator
            Source of the draws.

        Returns
        -------
        numpy.ndarray
            int64 positions in the pool; empty where there is no such run.
        """
        before = self._runs_before(length)
        runs = np.diff(before[self._offsets])
        weights = np.cumsum(np.where(sessions, runs * self._weights, 0.0))
        if not weights.size or not weights[-1]:
            return np.zeros(0, dtype=np.int64)
        session = np.searchsorted(weights, rng.random(draws) * weights[-1], side="right")
        chosen = before[self._offsets[session]]
        chosen += (rng.random(draws) * runs[session]).astype(np.int64)
        return np.searchsorted(before, chosen, side="right") - 1

    def unrelated(self, codes: np.ndarray, lengths: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Say which runs an utterance may be compared with.

        Parameters
        ----------
        codes, lengths : numpy.ndarray
            Text and number of pictures of n utterances.
        starts : numpy.ndarray
            Where m runs begin.

        Returns
        -------
        numpy.ndarray
            bool, shape (n, m): the run is long enough and the same words were not spoken over it.
        """
        ends = starts + lengths[:, None] - 1
        fits = self._ahead[starts] >= lengths[:, None]
        ends = np.minimum(ends, self._ahead.size - 1)
        return fits & ~self._spoken.over(codes, starts, ends)

    def greatest(self, texts: np.ndarray, lengths: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return each text's greatest cosine over the first pictures of each run.

        Parameters
        ----------
        texts : numpy.ndarray
            Unit float32 vectors, shape (n, d).
        lengths : numpy.ndarray
            Number of pictures of each, shape (n,).
        starts : numpy.ndarray
            Where m runs begin.

        Returns
        -------
        numpy.ndarray
            Shape (n, m); without meaning where a run is too short.
        """
        longest = int(lengths.max())
        _, n_tiles, width = self._vectors.shape
        best = np.empty((texts.shape[0], starts.size))
        step = max(1, MOST_VECTORS // (longest * n_tiles))
        for begin in range(0, starts.size, step):
            index = starts[begin : begin + step, None] + np.arange(longest)
            index = np.minimum(index, self._ahead.size - 1)
            vectors = self._vectors[index].reshape(-1, width).astype(np.float32)
            values = (texts @ vectors.T) * self._scale[index].reshape(-1)
            values = values.reshape(texts.shape[0], *index.shape, n_tiles).max(axis=3)
            for length in np.unique(lengths):
                rows = np.flatnonzero(lengths == length)
                best[rows, begin : begin + step] = values[rows, :, :length].max(axis=2)
        return np.round(best, DECIMALS)


class Reservoir:
    """An even sample without replacement of rows that come in parts, of at most `most`.

    Each row has a random key, and the rows of least key are kept, so that the sample does not
    depend on how the rows are parted.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._held = 0
        self._limit = np.inf

    def add(self, keys: np.ndarray, *columns: np.ndarray) -> None:
        """Offer rows: keys of shape (n,) and columns of n rows each."""
        kept = keys < self._limit
        if not kept.any():
            return
        self._parts.append((keys[kept], *(column[kept] for column in columns)))
        self._held += int(kept.sum())
        if self._held > 2 * self._most:
            self._prune()

    def _prune(self) -> None:
        keys, *columns = (stacked(column) for column in zip(*self._parts, strict=True))
        least = np.argsort(keys, kind="stable")[: self._most]
        self._parts = [(keys[least], *(column[least] for column in columns))]
        self._held = least.size
        if least.size == self._most:
            self._limit = keys[least[-1]]

    def columns(self) -> tuple[np.ndarray, ...]:
        """Return the sampled rows' columns, in the order of their keys; nothing where none came."""
        if not self._parts:
            return ()
        self._prune()
        return self._parts[0][1:]


@dataclass(frozen=True)
class Pool:
    """All that other sessions give.

    Attributes
    ----------
    pictures : PicturePool
        Runs of pictures.
    texts : mapping of (str, int) to (numpy.ndarray, numpy.ndarray)
        Of each speaker type and number of tokens: float16 vectors and codes of texts.
    best : tuple of numpy.ndarray
        float16 vectors (r, t, d) of pictures of greatest score, and the codes of their texts;
        empty where there is none.
    children : numpy.ndarray
        Child of each session.
    ages : numpy.ndarray
        Age in days at each session, NaN where it is not known.
    """

    pictures: PicturePool
    texts: dict[tuple[str, int], tuple[np.ndarray, ...]]
    best: tuple[np.ndarray, ...]
    children: np.ndarray
    ages: np.ndarray


def make_pool(sessions: Iterable[Material], most: int, rngs: Iterable[np.random.Generator]) -> Pool:
    """Gather what is drawn from, a session at a time.

    Parameters
    ----------
    sessions : iterable of Material
        All sessions.
    most : int
        Vectors of pictures kept of a session at most.
    rngs : iterable of numpy.random.Generator
        One a session.
    """
    stretches: list[Stretch] = []
    texts: dict[tuple[str, int], Reservoir] = {}
    best = Reservoir(BEST_PICTURES)
    children, ages = [], []
    for material, rng in zip(sessions, rngs, strict=True):
        stretches.append(cut_stretch(material, most, rng))
        children.append(material.child_id)
        ages.append(material.age_days)
        keys = rng.random(material.rows.size)
        half = material.texts.astype(np.float16)
        for kind, rows in kinds(material).items():
            reservoir = texts.setdefault(kind, Reservoir(TEXTS_OF_A_KIND))
            reservoir.add(keys[rows], half[rows], material.codes[rows])
        if material.rows.size:
            pictures = tiles(material.pictures)[material.best].astype(np.float16)
            best.add(rng.random(material.rows.size), pictures, material.codes)
    return Pool(
        PicturePool(stretches),
        {kind: reservoir.columns() for kind, reservoir in texts.items()},
        best.columns(),
        np.array(children, dtype=object),
        np.array(ages, dtype=np.float64),
    )


def kinds(material: Material) -> dict[tuple[str, int], np.ndarray]:
    """Return the scored utterances of each speaker type and number of tokens, where known."""
    found: dict[tuple[str, int], list[int]] = {}
    pairs = zip(material.speakers.tolist(), material.tokens.tolist(), strict=True)
    for row, (speaker, tokens) in enumerate(pairs):
        if tokens >= 0:
            found.setdefault((speaker, tokens), []).append(row)
    return {kind: np.array(rows) for kind, rows in found.items()}


def even_limit(sizes: Sequence[int], most: int) -> int:
    """Return the greatest limit that, put on every size, keeps the sum within `most`; at least 1.

    Parameters
    ----------
    sizes : sequence of int
        What there is.
    most : int
        What there may be together.
    """
    left, rising = most, sorted(sizes)
    for place, size in enumerate(rising):
        share = left // (len(rising) - place)
        if size > share:
            return max(share, 1)
        left -= size
    return max(rising[-1], 1) if rising else 1
