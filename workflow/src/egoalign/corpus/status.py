"""The step `collect-status`: what became of every session, and which log tells more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from egoalign.corpus.ingest import REASON
from egoalign.corpus.read import SessionRow, read_corpus
from egoalign.tables import (
    ALIGNMENT,
    FRAME_EMBEDDINGS,
    FRAMES,
    MEDIA,
    SESSIONS_STATUS,
    UTTERANCES,
    read_metadata,
    read_table,
    session_table,
    write_table,
)
from egoalign.transcripts.read import EMPTY, NO_TRANSCRIPT
from egoalign.video.decode import DECODER_NOTE
from egoalign.video.recording import NO_VIDEO

NOT_MADE = "the step did not finish"
NO_ROW = "the score table has no row of it"
SILENT = (EMPTY, NO_TRANSCRIPT)
"""Why a session may have no utterances without anything having failed."""


@dataclass(frozen=True)
class Outcome:
    """What the steps left behind for one session; None where a step left nothing.

    Attributes
    ----------
    media : dict or None
        The row of table MEDIA.
    speech : str or None
        Why there are no utterances.
    n_utterances : int or None
        Utterances read.
    n_wanted : int or None
        Grid points to be decoded.
    decoded : list of (bool, str or None) or None
        For each grid point of FRAME_EMBEDDINGS whether its picture was had, and why not.
    reasons : list of (str or None) or None
        For each row of ALIGNMENT why it has no score.
    decoder_note : str or None
        What was odd in decoding.
    scores_given : bool
        The scores come from a table of the lab, so that neither video nor transcript is needed.
    """

    media: dict[str, Any] | None = None
    speech: str | None = None
    n_utterances: int | None = None
    n_wanted: int | None = None
    decoded: list[tuple[bool, str | None]] | None = None
    reasons: list[str | None] | None = None
    decoder_note: str | None = None
    scores_given: bool = False


def session_status(session: SessionRow, outcome: Outcome) -> dict[str, Any]:
    """Return one session's row of SESSIONS_STATUS, without the log.

    A session has failed if a step left nothing, if its video or transcript cannot be read, or if
    no picture that was wanted could be decoded. A session without speech has not failed. Where
    scores were given, only a session without a row in their table has failed.
    """
    media = outcome.media or {}
    n_frames = sum(had for had, _ in outcome.decoded or ())
    row: dict[str, Any] = {
        "child_id": session.child_id,
        "session_id": session.session_id,
        "duration_s": media.get("duration_s"),
        "n_frames": n_frames,
        "n_frames_missing": max(0, (outcome.n_wanted or 0) - n_frames) if outcome.decoded else 0,
        "n_utterances": outcome.n_utterances or 0,
        "n_scored": sum(reason is None for reason in outcome.reasons or ()),
        "n_unscored": sum(reason is not None for reason in outcome.reasons or ()),
    }
    if session.exclude:
        return {**row, "status": "excluded", "stage": None, "reason": session.exclude_reason}
    failed = _failure(outcome, n_frames)
    if failed:
        stage, reason = failed
        return {**row, "status": "failed", "stage": stage, "reason": reason}
    return {**row, "status": "ok", "stage": None, "reason": "; ".join(_odd(row, outcome)) or None}


def _failure(outcome: Outcome, n_frames: int) -> tuple[str, str] | None:
    """Return the step where a session failed and why, or None where it did not."""
    if outcome.scores_given:
        return None if outcome.reasons else ("import_scores", NO_ROW)
    media = outcome.media
    if media is None or outcome.n_utterances is None or outcome.n_wanted is None:
        return "ingest_session", NOT_MADE
    faults = [] if media["readable"] else [media["reason"] or "video unreadable"]
    if outcome.speech and outcome.speech not in SILENT:
        faults.append(outcome.speech)
    if faults:
        return "ingest_session", "; ".join(faults)
    if outcome.decoded is None:
        return "encode_session", NOT_MADE
    if outcome.n_wanted and not n_frames:
        why = Counter(reason for had, reason in outcome.decoded if not had and reason)
        return "encode_session", why.most_common(1)[0][0] if why else "no picture was decoded"
    if outcome.reasons is None:
        return "align_session", NOT_MADE
    return None


def _odd(row: dict[str, Any], outcome: Outcome) -> list[str]:
    """Return what a reader should know of a session that went well."""
    notes = [outcome.media["reason"]] if outcome.media and outcome.media["reason"] else []
    if outcome.speech:
        notes.append(outcome.speech)
    if outcome.scores_given:
        notes = [note for note in notes if note not in (NO_VIDEO, NO_TRANSCRIPT)]
    if outcome.decoder_note:
        notes.append(outcome.decoder_note)
    if row["n_frames_missing"]:
        notes.append(f"{row['n_frames_missing']} pictures could not be decoded")
    if row["n_unscored"] and not row["n_scored"]:
        why = Counter(outcome.reasons).most_common(1)[0][0]
        notes.append(f"no utterance was scored, most often: {why}")
    return notes


def collect_status(
    children: str | Path,
    sessions: str | Path,
    root: str | Path,
    media_folder: str | Path,
    align_folder: str | Path,
    encode_folder: str | Path,
    utterances_folder: str | Path,
    logs: str | Path,
    out: str | Path,
    csv: str | Path,
    given_scores: str | Path | None = None,
) -> None:
    """Write table SESSIONS_STATUS, one row for every session of the corpus.

    Parameters
    ----------
    children, sessions, root : str or Path
        The corpus.
    media_folder, align_folder, encode_folder, utterances_folder : str or Path
        Each holds sessions' tables (`egoalign.tables.session_table`); those of `align_folder` and
        `encode_folder` belong to the first model, whose id is the folder's name.
    logs : str or Path
        Holds ``<stage>/<rule>/[<model_id>/]<child_id>/<session_id>.log``.
    out, csv : str or Path
        Where to write.
    given_scores : str or Path, optional
        Table ALIGNMENT of all sessions, where the first model's scores come from a lab's table.
    """
    corpus = read_corpus(children, sessions, root)
    model_id = Path(align_folder).name
    given = None if given_scores is None else _reasons_by_session(given_scores)
    log_folders = {
        "ingest_session": Path(logs) / "corpus" / "ingest_session",
        "encode_session": Path(logs) / "encode" / "encode_session" / model_id,
        "align_session": Path(logs) / "align" / "align_session" / model_id,
    }
    rows = []
    for session in corpus.sessions:
        outcome = _read_outcome(
            session,
            Path(media_folder),
            Path(align_folder),
            Path(encode_folder),
            Path(utterances_folder),
        )
        if given is not None:
            reasons = given.get((session.child_id, session.session_id), [])
            outcome = replace(
                outcome, reasons=reasons, n_utterances=len(reasons), scores_given=True
            )
        row = session_status(session, outcome)
        if given is None:
            log = log_folders[row["stage"] or "align_session"]
            log = log / session.child_id / f"{session.session_id}.log"
        else:
            log = Path(logs) / "align" / "import_scores" / f"{model_id}.log"
        rows.append({**row, "log": None if session.exclude else str(log)})
    write_table(SESSIONS_STATUS, rows, out, csv=csv)


def _read_outcome(
    session: SessionRow, media: Path, align: Path, encode: Path, utterances: Path
) -> Outcome:
    """Read what the steps left behind for one session; an excluded one is not looked at."""
    if session.exclude:
        return Outcome()

    def path(folder: Path, table: str) -> Path | None:
        file = session_table(folder, session.child_id, session.session_id, table)
        return file if file.is_file() else None

    media_file, frames_file = path(media, "media"), path(media, "frames")
    speech_file = path(utterances, "utterances")
    embeddings_file = path(encode, "frame_embeddings")
    scores_file = path(align, "alignment")
    decoded = reasons = n_wanted = decoder_note = None
    if frames_file:
        n_wanted = pc.sum(read_table(FRAMES, frames_file, ["wanted"])["wanted"]).as_py() or 0
    if embeddings_file:
        frames = read_table(FRAME_EMBEDDINGS, embeddings_file, ["tile", "decoded", "reason"])
        frames = frames.filter(pc.equal(frames["tile"], 0))
        decoded = list(zip(*(_values(frames, name) for name in ("decoded", "reason")), strict=True))
        decoder_note = read_metadata(embeddings_file).get(DECODER_NOTE)
    if scores_file:
        reasons = _values(read_table(ALIGNMENT, scores_file, ["reason"]), "reason")
    return Outcome(
        media=read_table(MEDIA, media_file).to_pylist()[0] if media_file else None,
        speech=read_metadata(speech_file).get(REASON) if speech_file else None,
        n_utterances=(
            read_table(UTTERANCES, speech_file, ["utterance_id"]).num_rows if speech_file else None
        ),
        n_wanted=n_wanted,
        decoded=decoded,
        reasons=reasons,
        decoder_note=decoder_note,
    )


def _reasons_by_session(path: str | Path) -> dict[tuple[str, str], list[str | None]]:
    """Return why each utterance has no score, by child and session."""
    table = read_table(ALIGNMENT, path, ["child_id", "session_id", "reason"])
    found: dict[tuple[str, str], list[str | None]] = {}
    columns = (_values(table, name) for name in ("child_id", "session_id", "reason"))
    for child, session, reason in zip(*columns, strict=True):
        found.setdefault((child, session), []).append(reason)
    return found


def _values(table: pa.Table, column: str) -> list[Any]:
    """Return a column as a list."""
    return table[column].to_pylist()
