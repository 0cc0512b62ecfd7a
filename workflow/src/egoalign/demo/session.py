"""Make one demo session: its video, its transcript and its truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from egoalign.config import DemoOptions
from egoalign.demo.audio import SAMPLE_RATE, babble
from egoalign.demo.film import direct
from egoalign.demo.movie import write_movie
from egoalign.demo.plan import VIDEO_FPS, SessionPlan, corpus_plan
from egoalign.demo.scenes import Share
from egoalign.demo.source import Source
from egoalign.demo.transcripts import transcript_text, utterance_ids
from egoalign.demo.truth import truth_paths, utterance_rows, visible_rows
from egoalign.demo.turns import rttm_text
from egoalign.log import UserError, progress
from egoalign.tables import DEMO_UTTERANCES, DEMO_VISIBLE, atomic_path, write_table


def open_source(options: DemoOptions) -> Source:
    """Return the source of objects that the options name.

    Raises
    ------
    UserError
        The photo source is asked for, but not where its pictures are.
    """
    if options.source == "drawn":
        from egoalign.demo.drawn import DrawnSource

        return DrawnSource()
    if options.photos is None:
        raise UserError(
            "demo.photos: missing; demo.source 'photo' needs the folder that "
            "'egoalign fetch-demo-photos' made"
        )
    from egoalign.demo.photo import PhotoSource

    return PhotoSource(Path(options.photos))


def make_session(
    options: DemoOptions, child_id: str, session_id: str, corpus: Path, truth_dir: Path
) -> None:
    """Write the files of one demo session.

    Parameters
    ----------
    options : DemoOptions
        The demo corpus.
    child_id, session_id : str
        Which session of it.
    corpus : Path
        Folder for what the pipeline may read: video, transcript and turns, where the plan says.
    truth_dir : Path
        Folder of the truth; the session's two tables are written where `truth_paths` says.

    Raises
    ------
    UserError
        The corpus has no such session, or its source of objects cannot be opened.
    """
    session = corpus_plan(options).session(child_id, session_id)
    source = open_source(options)
    film = direct(options.seed, session, source)
    rng = film.random()
    text = transcript_text(session, film.utterances, rng)
    sound = babble(rng, film.utterances, session.duration_s, getattr(source, "word_audio", None))
    lost = lost_pictures(rng, session)
    shares: list[Mapping[str, Share]] = []
    with ExitStack() as stack:
        files = [stack.enter_context(atomic_path(corpus / name)) for name in session.videos]
        drawn = progress(film.pictures(), "pictures", len(lost))
        pictures = stored_pictures(drawn, lost, shares)
        size, n_pictures = session.size, len(lost)
        write_movie(
            files, session.video_kind, pictures, n_pictures, size, VIDEO_FPS, sound, SAMPLE_RATE
        )
    _write_text(text, corpus / session.transcript)
    if session.rttm:
        _write_text(rttm_text(session, film.utterances, rng), corpus / session.rttm)
    ids = utterance_ids(session.transcript_format, len(film.utterances))
    visible, utterances = truth_paths(truth_dir, child_id, session_id)
    write_table(DEMO_VISIBLE, visible_rows(shares, VIDEO_FPS), visible)
    rows = utterance_rows(film.utterances, ids, film.cuts, shares, VIDEO_FPS)
    write_table(DEMO_UTTERANCES, rows, utterances)


def lost_pictures(rng: np.random.Generator, session: SessionPlan) -> np.ndarray:
    """Draw which pictures of a session the camera does not store.

    Returns
    -------
    numpy.ndarray
        bool, one for each picture; the first and last of each file are stored.
    """
    kind = session.video_kind
    n_pictures = round(session.duration_s * VIDEO_FPS)
    lost = rng.random(n_pictures) < kind.lost_share
    for first, last in kind.parts(n_pictures):
        lost[[first, last - 1]] = False
    return lost


def stored_pictures(
    drawn: Iterable[tuple[np.ndarray, Mapping[str, Share]]],
    lost: np.ndarray,
    shares: list[Mapping[str, Share]],
) -> Iterator[np.ndarray | None]:
    """Pass the pictures on, None for a lost one, and note what is on screen in its time.

    Parameters
    ----------
    drawn : iterable of (numpy.ndarray, mapping)
        Each picture with the visible share of each kind.
    lost : numpy.ndarray
        bool, one for each picture.
    shares : list
        Gets the shares of each picture, or, for a lost one, of the picture that stays on screen.
    """
    for (rgb, shown), is_lost in zip(drawn, lost, strict=True):
        shares.append(shares[-1] if is_lost else shown)
        yield None if is_lost else rgb


def _write_text(text: str, path: Path) -> None:
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")
