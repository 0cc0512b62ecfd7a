"""The files that sessions name: which are missing, which are made, which a job waits for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from egoalign.corpus.read import Corpus, SessionRow
from egoalign.provenance.files import source_names


@dataclass(frozen=True)
class WaitFor:
    """The files of a session that its jobs wait for.

    Attributes
    ----------
    watched : list of str
        Those that are newer than the results when they have changed: a rule makes them, or they
        are embeddings.
    kept_in_mind : list of str
        Those whose content is kept in mind (`egoalign.provenance.files`), whatever their times.
    """

    watched: list[str]
    kept_in_mind: list[str]


def files_to_wait_for(
    session: SessionRow, root: str, results: str, models: Sequence[str]
) -> WaitFor:
    """Return the files of a session that exist or that a rule makes; others become a reason.

    Parameters
    ----------
    session : SessionRow
        The session.
    root, results : str
        Folder from which its paths are reckoned, and that of the results, which rules make.
    models : sequence of str
        Ids that stand for ``{model}`` in paths of embeddings.
    """
    made = os.path.join(os.path.normpath(results), "")
    sources = set(source_names(session.row()))
    found = WaitFor([], [])
    for name in session.files(models):
        path = os.path.normpath(os.path.join(root, name))
        if path.startswith(made) or (name not in sources and os.path.exists(path)):
            found.watched.append(path)
        elif os.path.exists(path):
            found.kept_in_mind.append(path)
    return found


def with_split_transcripts(corpus: Corpus, folder: str | Path) -> Corpus:
    """Return the corpus in which sessions without a transcript have one that a step splits off.

    Parameters
    ----------
    corpus : Corpus
        As read.
    folder : str or Path
        Where ``split-transcripts`` writes ``<child_id>/<session_id>.csv``.
    """
    below = os.path.relpath(folder, corpus.root)
    sessions = [
        session
        if session.transcript
        else replace(session, transcript=f"{below}/{session.child_id}/{session.session_id}.csv")
        for session in corpus.sessions
    ]
    return replace(corpus, sessions=sessions)


def missing_files(corpus: Corpus, models: Sequence[str] = ()) -> list[str]:
    """Return one line for every file that sessions name but that is not there.

    That is no error of the tables: such a session ends as failed in `sessions_status`. Ids in
    `models` stand for ``{model}`` in paths of embeddings.
    """
    lines: list[str] = []
    for session in corpus.sessions:
        if session.exclude:
            continue
        lines.extend(
            f"{session.child_id}/{session.session_id}: {name!r} is not there"
            for name in session.files(models)
            if not (corpus.root / name).exists()
        )
    return lines
