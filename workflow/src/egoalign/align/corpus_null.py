"""The null schemes that need other sessions, for all utterances of a corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from egoalign.align.collect import gathered, session_files
from egoalign.align.null import FEWEST_WINDOWS, Null, columns_needed, first_eligible
from egoalign.align.pool import Material, Pool, even_limit, kinds, make_pool
from egoalign.align.score import BLOCK, DECIMALS, Pictures, reals, unit_rows
from egoalign.align.session import (
    counted_columns,
    decoded_pictures,
    in_excluded_interval,
    session_seed,
    spoken_over,
    text_vectors,
    timed_words_of,
)
from egoalign.config import AlignOptions, WindowOptions, parse_section
from egoalign.log import UserError, logger, progress
from egoalign.tables import (
    ALIGNMENT,
    CORPUS_SCHEMES,
    FRAME_EMBEDDINGS,
    FRAMES,
    NULLS,
    SCHEMES,
    SESSIONS,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    atomic_path,
    conform,
    read_table,
    session_table,
)
from egoalign.video.window import NO_TIMED_WORDS, TimedWords, find_windows

NO_OTHER_SESSION = "no other session of the child"
NO_AGE = "no age at recording"
NO_LIKE_AGE = "no session of another child of like age"
NOBODY = "no other session"
FEW_RUNS = f"fewer than {FEWEST_WINDOWS} unrelated runs of as many pictures to draw from"
NO_TOKENS = "number of tokens not known"
FEW_TEXTS = f"fewer than {FEWEST_WINDOWS} other texts of as many tokens by such a speaker"
NO_OTHER_TEXT = "no utterance of other words to draw"

POOL_STREAM, SCHEME_STREAM = 3, 10
"""What tells a session's random streams from those of `egoalign.align.session`."""

SPARE = 2
"""Draws for each that is wanted, since not all are unrelated to every utterance."""

ONE_DRAW_TRIES = 50
"""Utterances drawn until one has other words; common words need more than one."""

ALIGNMENT_COLUMNS = ("score_max", "n_frames", "n_tokens", "argmax_s")
UTTERANCE_COLUMNS = ("utterance_id", "start_s", "end_s", "text_id", "text_encoded", "speaker")
FRAME_COLUMNS = ("frame_id", "requested_s", "reason")
"""What is read of tables with many more columns."""

LENGTH_STEP = 4
"""Utterances share runs where their numbers of pictures lie within a factor of this."""


def text_code(text: str) -> int:
    """Return a number that tells equal texts in all sessions: 64 bits of BLAKE2b."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def material_of(
    child_id: str,
    session_id: str,
    age_days: float | None,
    alignment: pa.Table,
    utterances: pa.Table,
    frames: pa.Table,
    frame_embeddings: pa.Table,
    text_embeddings: pa.Table,
    fps: float,
    window: WindowOptions,
    words: TimedWords = NO_TIMED_WORDS,
) -> Material:
    """Return what the draws need of one session's tables.

    Parameters
    ----------
    child_id, session_id : str
        The session.
    age_days : float, optional
        Age at recording.
    alignment, utterances, frames, frame_embeddings, text_embeddings : pyarrow.Table
        Tables of those names; the first two have the same rows. Of the first three the columns
        above are enough.
    fps : float
        Grid points in a second.
    window : WindowOptions
        Grid points of an utterance, as they were scored.
    words : TimedWords
        Used where the window's points are those of words.

    Raises
    ------
    ValueError
        The pictures of an utterance are not as many as were scored.
    """
    seconds = frames["requested_s"].to_numpy()
    excluded = in_excluded_interval(frames)
    has_picture, pictures = decoded_pictures(frames, frame_embeddings, excluded)
    score = reals(alignment["score_max"])
    scored = np.isfinite(score)
    start_s, end_s = (reals(utterances[name]) for name in ("start_s", "end_s"))
    windows = find_windows(seconds, start_s, end_s, 1 / fps, window, words)
    windows = windows.of(scored).among(has_picture)
    rows = np.flatnonzero(scored)
    if not np.array_equal(windows.count[rows], alignment["n_frames"].to_numpy()[rows]):
        raise ValueError("the pictures of an utterance are not those that were scored")
    text_ids = utterances["text_id"].to_pylist()
    index = {text_id: i for i, text_id in enumerate(text_embeddings["text_id"].to_pylist())}
    codes = {
        text_id: text_code(text)
        for text_id, text in zip(text_ids, utterances["text_encoded"].to_pylist(), strict=True)
    }
    argmax = np.searchsorted(seconds, reals(alignment["argmax_s"])[rows])
    return Material(
        child_id=child_id,
        session_id=session_id,
        age_days=np.nan if age_days is None else age_days,
        utterance_ids=utterances["utterance_id"].to_pylist(),
        rows=rows,
        score=score[rows],
        texts=text_vectors(text_ids, index, text_embeddings, windows, pictures)[rows],
        codes=np.array([codes[text_ids[row]] for row in rows], dtype=np.int64),
        speakers=np.array(utterances["speaker"].to_pylist(), dtype=object)[rows],
        tokens=pc.fill_null(alignment["n_tokens"], -1).to_numpy()[rows],
        windows=windows.take(rows),
        best=np.cumsum(has_picture)[argmax] - 1,
        pictures=pictures,
        places=np.flatnonzero(has_picture),
        size=seconds.size,
    )


def corpus_nulls(
    material: Material, pool: Pool, session: int, options: AlignOptions, seed: Sequence[int]
) -> pa.Table:
    """Return the rows of table nulls of one session.

    Parameters
    ----------
    material : Material
        The session.
    pool : Pool
        What all sessions give, this one included.
    session : int
        Its position among those of the pool.
    options : AlignOptions
        Schemes, draws and tolerance of ages.
    seed : sequence of int
        Of the session; each scheme has a stream of its own, so that leaving one out changes none.
    """
    n = len(material.utterance_ids)
    columns = {
        "child_id": pa.array([material.child_id] * n, pa.string()),
        "session_id": pa.array([material.session_id] * n, pa.string()),
        "utterance_id": pa.array(material.utterance_ids, pa.string()),
    }
    others = np.arange(pool.children.size) != session
    own_child = pool.children == material.child_id
    with np.errstate(invalid="ignore"):
        distance = np.abs(pool.ages - material.age_days)
    like_age = ~own_child & (distance <= options.nulls.age_tolerance_days)
    sessions = {
        "other_session": (others & own_child, NO_OTHER_SESSION),
        "like_age": (like_age, NO_AGE if np.isnan(material.age_days) else NO_LIKE_AGE),
        "anyone": (others, NOBODY),
    }
    for scheme in CORPUS_SCHEMES:
        if scheme not in options.nulls.schemes:
            continue
        rng = np.random.default_rng([*seed, SCHEME_STREAM + SCHEMES.index(scheme)])
        if scheme == "text_matched":
            null = text_null(material, pool, options.nulls.draws, rng)
            why = np.where(material.tokens < 0, NO_TOKENS, FEW_TEXTS).tolist()
        elif scheme == "one_draw":
            null = one_draw_null(material, pool, rng)
            why = [NO_OTHER_TEXT] * material.rows.size
        else:
            allowed, nowhere = sessions[scheme]
            null = picture_null(material, pool, allowed, options.nulls.draws, rng)
            why = [FEW_RUNS if allowed.any() else nowhere] * material.rows.size
        reasons: list[str | None] = [None] * n
        for row, reason in zip(material.rows.tolist(), why, strict=True):
            reasons[row] = None if null.draws[row] else reason
        columns |= counted_columns(scheme, null, reasons)
    return conform(NULLS, pa.table(columns))


def picture_null(
    material: Material, pool: Pool, sessions: np.ndarray, draws: int, rng: np.random.Generator
) -> Null:
    """Score each text against runs of pictures of other sessions.

    Runs are drawn evenly, with replacement, among all runs of as many consecutive pictures as the
    utterance has, in the sessions that are allowed. Utterances of about the same length share the
    draws: each takes the first `draws` that are long enough for it and over which its own words
    were not spoken. For each utterance alone that is the same as drawing for itself.

    Parameters
    ----------
    material : Material
        The session with m scored of n utterances.
    pool : Pool
        What is drawn from.
    sessions : numpy.ndarray
        bool: which sessions of the pool are allowed.
    draws : int
        Draws an utterance.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    Null
        Of all n utterances.
    """
    null = Null.nothing(len(material.utterance_ids))
    counts = material.windows.count
    for alike in _alike(counts):
        starts = pool.pictures.draw(sessions, int(counts[alike].min()), SPARE * draws, rng)
        if not starts.size:
            continue
        new = np.zeros(starts.size, dtype=bool)
        new[np.unique(starts, return_index=True)[1]] = True
        for part in np.array_split(alike, -(-alike.size // BLOCK)):
            eligible = pool.pictures.unrelated(material.codes[part], counts[part], starts)
            rows = material.rows[part]
            null.choices[rows] = (eligible & new).sum(axis=1)
            enough = null.choices[rows] >= FEWEST_WINDOWS
            if enough.any():
                part, rows = part[enough], rows[enough]
                eligible = eligible[enough]
                used = columns_needed(eligible, draws)
                best = pool.pictures.greatest(material.texts[part], counts[part], starts[:used])
                drawn = first_eligible(best, eligible[:, :used], draws)
                null.put(rows, material.score[part], drawn)
    return null


def text_null(material: Material, pool: Pool, draws: int, rng: np.random.Generator) -> Null:
    """Score each utterance's own pictures against other texts of as many tokens and such a speaker.

    Texts are drawn evenly, with replacement, among utterances of the corpus, so that a text comes
    as often as it is said. Utterances of one kind share the draws; each takes the first `draws`
    that were not spoken over its own pictures, by itself or by another utterance.

    Parameters
    ----------
    material, pool, draws, rng
        As in `picture_null`.

    Returns
    -------
    Null
        Of all n utterances.
    """
    null = Null.nothing(len(material.utterance_ids))
    windows = material.windows
    on_grid = type(windows)(material.places[windows.points], windows.offsets, windows.nearest)
    spoken = spoken_over(on_grid, material.codes, material.size)
    for kind, alike in kinds(material).items():
        vectors, codes = pool.texts[kind]
        chosen = rng.integers(len(codes), size=SPARE * draws)
        new = np.zeros(chosen.size, dtype=bool)
        # The same words said twice are one text.
        new[np.unique(codes[chosen], return_index=True)[1]] = True
        for part in np.array_split(alike, -(-alike.size // BLOCK)):
            eligible = ~spoken.over(codes[chosen], material.first[part], material.last[part]).T
            rows = material.rows[part]
            null.choices[rows] = (eligible & new).sum(axis=1)
            enough = null.choices[rows] >= FEWEST_WINDOWS
            if enough.any():
                part, rows = part[enough], rows[enough]
                eligible = eligible[enough]
                used = columns_needed(eligible, draws)
                own = windows.take(part)
                texts = unit_rows(vectors[chosen[:used]])
                values = _of_pictures(material.pictures, own.points).cosines(texts)
                best = np.maximum.reduceat(values, own.offsets[:-1], axis=1).T
                drawn = first_eligible(best, eligible[:, :used], draws)
                null.put(rows, material.score[part], drawn)
    return null


def one_draw_null(material: Material, pool: Pool, rng: np.random.Generator) -> Null:
    """Score each text against the best picture of one other utterance of the corpus.

    This is the baseline of the study's authors, for comparison: the picture is the one that fits
    another utterance of other words best, and it is one picture however many the utterance has.

    Parameters
    ----------
    material, pool, rng
        As in `picture_null`.

    Returns
    -------
    Null
        Of all n utterances, with one draw each.
    """
    null = Null.nothing(len(material.utterance_ids))
    if not pool.best:
        return null
    vectors, codes = pool.best
    for part in np.array_split(np.arange(material.rows.size), -(-material.rows.size // BLOCK) or 1):
        if not part.size:
            continue
        tried = rng.integers(len(codes), size=(part.size, ONE_DRAW_TRIES))
        eligible = codes[tried] != material.codes[part, None]
        chosen = tried[np.arange(part.size), eligible.argmax(axis=1)]
        pictures = vectors[chosen].astype(np.float32)
        pictures /= np.linalg.norm(pictures, axis=2, keepdims=True)
        drawn = np.einsum("nd,ntd->nt", material.texts[part], pictures).max(axis=1, keepdims=True)
        drawn = np.round(drawn.astype(np.float64), DECIMALS)
        drawn[~eligible.any(axis=1)] = np.nan
        null.choices[material.rows[part]] = eligible.sum(axis=1)
        null.put(material.rows[part], material.score[part], drawn)
    return null


@dataclass(frozen=True)
class Folders:
    """Where the sessions' tables lie, as `egoalign.tables.session_table` names them."""

    align: Path
    encode: Path
    video: Path
    transcripts: Path


def draw_nulls(
    sessions: Path, folders: Folders, model_id: str, fps: float, options_json: str, out: Path
) -> None:
    """Draw the nulls that need other sessions, and write table nulls.

    All sessions are gone through twice, one at a time: once to gather what is drawn from, within
    the memory that the config allows, and once to draw.

    Parameters
    ----------
    sessions : Path
        Table sessions.
    folders : Folders
        Where the sessions' tables lie.
    model_id : str
        Label of the model.
    fps : float
        Grid points in a second.
    options_json : str
        Config section `align`.
    out : Path
        Table nulls, sessions in the order of table sessions.

    Raises
    ------
    UserError
        A table is missing or of another version.
    """
    options = parse_section(AlignOptions, options_json, "--options")
    table = read_table(SESSIONS, sessions)
    included = table.filter(pc.invert(table["exclude"]))
    places = [
        (row["child_id"], row["session_id"], row["age_days"])
        for row in included.select(["child_id", "session_id", "age_days"]).to_pylist()
    ]
    seeds = [session_seed(options.seed, *place[:2], model_id) for place in places]

    def material() -> Iterator[Material]:
        for place in progress(places, "sessions", len(places)):
            yield _read_material(*place, folders, fps, options.window)

    with atomic_path(out) as partial:
        schema = NULLS.schema.with_metadata({"egoalign_table": NULLS.name})
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            most = _vectors_of_a_session(included, folders.encode, options.nulls.pool_mb)
            logger.info("gathering pictures to draw from, at most %d vectors a session", most)
            streams = (np.random.default_rng([*seed, POOL_STREAM]) for seed in seeds)
            pool = make_pool(material(), most, streams)
            logger.info("drawing %d of each scheme", options.nulls.draws)
            tables = (
                corpus_nulls(one, pool, number, options, seeds[number])
                for number, one in enumerate(material())
            )
            for rows in gathered(tables):
                writer.write_table(rows)


def _alike(counts: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the utterances whose numbers of pictures lie within a factor `LENGTH_STEP`."""
    bound = LENGTH_STEP
    while (counts > bound // LENGTH_STEP).any() or bound == LENGTH_STEP:
        least = 0 if bound == LENGTH_STEP else bound // LENGTH_STEP
        alike = np.flatnonzero((counts > least) & (counts <= bound))
        if alike.size:
            yield alike
        bound *= LENGTH_STEP


def _of_pictures(pictures: Pictures, places: np.ndarray) -> Pictures:
    """Return the pictures at some places, in that order."""
    ends = np.append(pictures.first[1:], pictures.vectors.shape[0])
    count = ends[places] - pictures.first[places]
    first = np.cumsum(count) - count
    index = np.arange(count.sum()) + np.repeat(pictures.first[places] - first, count)
    return Pictures(pictures.vectors[index], first)


def _read_material(
    child_id: str,
    session_id: str,
    age_days: float | None,
    folders: Folders,
    fps: float,
    window: WindowOptions,
) -> Material:
    """Read one session's tables."""

    def path(folder: Path, table: str) -> Path:
        return session_table(folder, child_id, session_id, table)

    alignment = path(folders.align, "alignment")
    utterances = read_table(UTTERANCES, path(folders.transcripts, "utterances"), UTTERANCE_COLUMNS)
    words = NO_TIMED_WORDS
    if window.points == "words":
        words = timed_words_of(utterances, path(folders.transcripts, "words"))
    try:
        return material_of(
            *(child_id, session_id, age_days),
            read_table(ALIGNMENT, alignment, ALIGNMENT_COLUMNS),
            utterances,
            read_table(FRAMES, path(folders.video, "frames"), FRAME_COLUMNS),
            read_table(FRAME_EMBEDDINGS, path(folders.encode, "frame_embeddings")),
            read_table(TEXT_EMBEDDINGS, path(folders.encode, "text_embeddings")),
            *(fps, window, words),
        )
    except ValueError as error:
        raise UserError(f"{alignment}: {error}; delete it and run the workflow again") from error


def _vectors_of_a_session(sessions: pa.Table, encode: Path, pool_mb: int) -> int:
    """Return how many vectors of a session's pictures may be kept, so that all fit the memory."""
    counts, width = [], 0
    for file in session_files(sessions, encode, "frame_embeddings"):
        vectors = read_table(FRAME_EMBEDDINGS, file, ["embedding"])["embedding"]
        counts.append(len(vectors))
        if not width:
            width = pc.max(pc.list_value_length(vectors)).as_py() or 0
    return even_limit(counts, int(pool_mb * 1e6) // (2 * max(width, 1)))
