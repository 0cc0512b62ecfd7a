"""A score table that the lab has already, as table alignment: scores without a null."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from egoalign.align.collect import write_all
from egoalign.align.score import reals
from egoalign.config import TranscriptsOptions
from egoalign.corpus.read import SessionRow, read_corpus
from egoalign.log import UserError, logger
from egoalign.tables import ALIGNMENT, LAB_SCORES, TEXT
from egoalign.transcripts.speakers import counted, label_type
from egoalign.transcripts.text import count_words

NO_SCORE = "no score was given"
NO_NULL = "scores were given, no embeddings"
SPEAKER = "speaker"
SCORES = ("score_min", "score_mean", "score_max")
GREATEST_COSINE = 1.001
"""Cosines may exceed 1 by the rounding of half precision."""

MOST_LISTED = 20
"""How many recordings without a session the log names at most."""


class Sessions:
    """The sessions of a corpus by the names under which a score table may know them.

    A recording is known by its ``source_name``, its ``session_id``, or its video's name without
    suffix; what comes first here goes first.
    """

    def __init__(self, sessions: Iterable[SessionRow]) -> None:
        self._named: tuple[dict[tuple[str, str], list[SessionRow]], ...] = ({}, {}, {})
        for session in sessions:
            video = Path(session.videos[0]).stem if session.videos else None
            names = (session.source_name, session.session_id, video)
            for known, name in zip(self._named, names, strict=True):
                if name is not None:
                    known.setdefault((session.child_id, name), []).append(session)

    def find(self, child_id: str, name: str) -> SessionRow | None:
        """Return the session of a recording, or None where there is none.

        Raises
        ------
        UserError
            Several sessions have that name.
        """
        fitting = next(
            (known[child_id, name] for known in self._named if (child_id, name) in known), []
        )
        if len(fitting) > 1:
            ids = ", ".join(session.session_id for session in fitting)
            raise UserError(
                f"recording {name!r} of child {child_id!r} may be any of the sessions {ids}; "
                "give them a source_name of their own in sessions.tsv"
            )
        return fitting[0] if fitting else None


class ScoreReader:
    """Turns pieces of a lab's score table into pieces of table alignment, and counts.

    Attributes
    ----------
    utterances : Counter
        Rows of each session, by child_id and session_id.
    excluded : int
        Rows of sessions that the lab excludes.
    strangers : Counter
        Rows of each recording that is no session of the corpus, by child_id and video_name.
    unknown_labels : Counter
        Labels of speakers whose type nothing says.
    """

    def __init__(self, sessions: Sessions, model_id: str, options: TranscriptsOptions) -> None:
        self._sessions, self._model_id, self._options = sessions, model_id, options
        self._found: dict[tuple[str, str], SessionRow | None] = {}
        self.utterances: Counter[tuple[str, str]] = Counter()
        self.excluded = 0
        self.strangers: Counter[tuple[str, str]] = Counter()
        self.unknown_labels: Counter[str] = Counter()

    def alignment(self, rows: pa.Table) -> pa.Table:
        """Return the rows of table alignment for rows of a score table.

        Utterances are numbered within their session in the order in which they come.

        Parameters
        ----------
        rows : pyarrow.Table
            Columns of table LAB_SCORES, and ``speaker`` where the lab has it.

        Raises
        ------
        UserError
            A score is no cosine, or a recording fits several sessions.
        """
        labels = zip(rows["child_id"].to_pylist(), rows["video_name"].to_pylist(), strict=True)
        owners = [self._owner(*pair) for pair in labels]
        kept = [i for i, owner in enumerate(owners) if owner is not None]
        mine = [owner for owner in owners if owner is not None]
        rows = rows.take(pa.array(kept, pa.int64()))
        ids = []
        for owner in mine:
            key = (owner.child_id, owner.session_id)
            ids.append(f"u{self.utterances[key]:05d}")
            self.utterances[key] += 1
        scores = {name: _cosines(rows[f"clip_{name}"], name) for name in SCORES}
        scored = np.isfinite(scores["score_max"])
        n = len(mine)
        columns: dict[str, Any] = {
            "child_id": [owner.child_id for owner in mine],
            "session_id": [owner.session_id for owner in mine],
            "utterance_id": ids,
            "model_id": [self._model_id] * n,
            "age_days": [owner.age_days for owner in mine],
            "speaker": self._speakers(rows),
            "start_s": reals(rows["utterance_start_time"]),
            "end_s": reals(rows["utterance_end_time"]),
            "n_words": [count_words(text or "") for text in rows["utterance"].to_pylist()],
            **scores,
            "reason": [None if has else NO_SCORE for has in scored],
            "null_reason": [NO_NULL if has else None for has in scored],
        }
        return pa.table(
            [
                pa.array(columns[field.name], field.type, from_pandas=True)
                if field.name in columns
                else pa.nulls(n, field.type)
                for field in ALIGNMENT.schema
            ],
            schema=ALIGNMENT.schema,
        )

    def _owner(self, child_id: str, name: str) -> SessionRow | None:
        """Return the session of a row, or None where the row is left out, which is counted."""
        key = (child_id, name)
        if key not in self._found:
            self._found[key] = self._sessions.find(*key)
        session = self._found[key]
        if session is None:
            self.strangers[key] += 1
        elif session.exclude:
            self.excluded += 1
        return None if session is None or session.exclude else session

    def _speakers(self, rows: pa.Table) -> list[str]:
        """Return the speaker type of each row; unknown where the table does not say who spoke."""
        if SPEAKER not in rows.column_names:
            return ["unknown"] * rows.num_rows
        types: list[str] = []
        for cell in rows[SPEAKER].to_pylist():
            label = (cell or "").strip()
            found = label_type(
                label or None, None, self._options.speaker_scheme, self._options.speakers
            )
            if found is None:
                self.unknown_labels[label] += 1
            types.append(found or "unknown")
        return types


def import_scores(
    children: str | Path,
    sessions: str | Path,
    scores: str | Path,
    model_id: str,
    options: TranscriptsOptions,
    out: Path,
    csv: Path,
) -> None:
    """Write table alignment of all sessions from a lab's score table, a piece at a time.

    Parameters
    ----------
    children, sessions : str or Path
        The corpus tables.
    scores : str or Path
        CSV or Parquet with the columns of table LAB_SCORES; ``speaker`` is used where it is
        there, and further columns are passed over. Rows of recordings that are no session are
        counted in the log.
    model_id : str
        Label of the scores.
    options : TranscriptsOptions
        How the labels of speakers are read.
    out, csv : Path
        Table alignment, as Parquet and as CSV.

    Raises
    ------
    UserError
        The table cannot be read, no row of it belongs to the corpus, a score is no cosine, or
        the type of a speaker is not known.
    """
    reader = ScoreReader(Sessions(read_corpus(children, sessions).sessions), model_id, options)

    def tables() -> Iterator[pa.Table]:
        for piece in read_pieces(Path(scores)):
            try:
                yield reader.alignment(piece)
            except UserError as error:
                raise UserError(f"{scores}: {error}") from error
        _check(reader, scores, options)

    n_rows = write_all(tables(), out, csv)
    logger.info("%d utterances of %d sessions", n_rows, len(reader.utterances))


def read_pieces(path: Path) -> Iterator[pa.Table]:
    """Yield a score table a piece at a time, with the columns that are used.

    Raises
    ------
    UserError
        The file is missing, lacks a column, or holds what is no number in a column of numbers.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; give in 'scores' a table of scores")
    try:
        if path.suffix.lower() == ".parquet":
            file = pq.ParquetFile(path)
            wanted = _wanted(path, file.schema_arrow.names)
            for batch in file.iter_batches(columns=wanted.names):
                yield pa.Table.from_batches([batch]).select(wanted.names).cast(wanted)
            return
        # An utterance may hold a line end within quotation marks.
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        with pa_csv.open_csv(path, parse_options=parse) as opened:
            wanted = _wanted(path, opened.schema.names)
        convert = pa_csv.ConvertOptions(
            column_types=dict(zip(wanted.names, wanted.types, strict=True)),
            include_columns=wanted.names,
        )
        with pa_csv.open_csv(path, parse_options=parse, convert_options=convert) as opened:
            for batch in opened:
                yield pa.Table.from_batches([batch])
    except (pa.ArrowException, UnicodeDecodeError) as error:
        # What follows the number of columns found is a line of the file.
        why = re.sub(r"(, got \d+):.*", r"\1", str(error).splitlines()[0])
        raise UserError(f"{path}: cannot be read as a table of scores: {why}") from error


def _wanted(path: Path, names: Sequence[str]) -> pa.Schema:
    """Return the columns to read, in the order of table LAB_SCORES."""
    missing = [name for name in LAB_SCORES.schema.names if name not in names]
    if missing:
        raise UserError(
            f"{path}: column {', '.join(missing)} missing; columns found: {', '.join(names)}"
        )
    fields = [pa.field(field.name, field.type) for field in LAB_SCORES.schema]
    return pa.schema([*fields, *([pa.field(SPEAKER, TEXT)] if SPEAKER in names else [])])


def _check(reader: ScoreReader, path: str | Path, options: TranscriptsOptions) -> None:
    """Say what was left out, and refuse a table that does not fit the corpus at all."""
    if reader.strangers:
        named = reader.strangers.most_common(MOST_LISTED)
        shown = "".join(f"\n  {child} {name}: {count}" for (child, name), count in named)
        rest = len(reader.strangers) - len(named)
        logger.warning(
            "%d rows of %d recordings belong to no session of the corpus:%s%s",
            reader.strangers.total(),
            len(reader.strangers),
            shown,
            f"\n  and {rest} more recordings" if rest else "",
        )
    if reader.excluded:
        logger.info("%d rows of excluded sessions are left out", reader.excluded)
    if not reader.utterances and not reader.excluded:
        example = next(iter(reader.strangers), None)
        found = f"found child_id {example[0]!r}, video_name {example[1]!r}" if example else "empty"
        raise UserError(
            f"{path}: no row belongs to a session of the corpus; {found}; expected a child_id of "
            "children.tsv, and a source_name, session_id or video name of sessions.tsv"
        )
    if reader.unknown_labels and (options.speaker_scheme or options.speakers):
        raise UserError(
            f"{path}: speakers of unknown type: {counted(reader.unknown_labels.elements())}; "
            "add them to transcripts.speakers"
        )


def _cosines(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Return scores as float64, NaN where missing, having checked that they are cosines."""
    values = reals(column)
    wrong = values[np.abs(values) > GREATEST_COSINE]
    if wrong.size:
        raise UserError(
            f"clip_{name} has the value {wrong[0]:g}; expected cosines from -1 to 1 "
            "(scores that were scaled, as by 100, must be scaled back)"
        )
    return values
