"""Make one demo session: its video, its transcript and its truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from egoalign.config import DemoOptions
from egoalign.demo.audio import SAMPLE_RATE, babble
from egoalign.demo.film import Film, direct
from egoalign.demo.movie import write_movie
from egoalign.demo.plan import VIDEO_FPS, corpus_plan
from egoalign.demo.scenes import Share
from egoalign.demo.source import Source
from egoalign.demo.transcripts import transcript_text, utterance_ids
from egoalign.demo.truth import truth_paths, utterance_rows, visible_rows
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
    options: DemoOptions,
    child_id: str,
    session_id: str,
    video: Path,
    transcript: Path,
    truth_dir: Path,
) -> None:
    """Write the files of one demo session.

    Parameters
    ----------
    options : DemoOptions
        The demo corpus.
    child_id, session_id : str
        Which session of it.
    video, transcript : Path
        What the pipeline may read, to write.
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
    text = transcript_text(
        session.transcript_format, film.utterances, session.transcript_offset_s, rng
    )
    sound = babble(rng, film.utterances, session.duration_s, getattr(source, "word_audio", None))
    shares: list[Mapping[str, Share]] = []
    with atomic_path(video) as partial:
        pictures = _keep_shares(film, shares)
        write_movie(partial, pictures, session.size, VIDEO_FPS, sound, SAMPLE_RATE)
    with atomic_path(transcript) as partial:
        partial.write_text(text, encoding="utf-8")
    ids = utterance_ids(session.transcript_format, len(film.utterances))
    visible, utterances = truth_paths(truth_dir, child_id, session_id)
    write_table(DEMO_VISIBLE, visible_rows(shares, VIDEO_FPS), visible)
    rows = utterance_rows(film.utterances, ids, film.cuts, shares, VIDEO_FPS)
    write_table(DEMO_UTTERANCES, rows, utterances)


def _keep_shares(film: Film, shares: list[Mapping[str, Share]]) -> Iterator[np.ndarray]:
    """Pass the pictures on and keep what they show."""
    total = round(film.session.duration_s * VIDEO_FPS)
    for rgb, shown in progress(film.pictures(), "pictures", total):
        shares.append(shown)
        yield rgb
