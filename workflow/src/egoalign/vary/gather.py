"""Write the predictors of all utterances and content words of the corpus: file functions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from egoalign.align.collect import ROWS_TOGETHER, session_files
from egoalign.config import PredictorsOptions, parse_section
from egoalign.log import UserError, logger, progress
from egoalign.tables import (
    ALIGNMENT,
    CONTENT_WORDS,
    MEDIA,
    OTHER_LANGUAGE,
    PREDICTORS_DESCRIBED,
    SESSIONS,
    UTTERANCE_PREDICTORS,
    UTTERANCES,
    WORD_PREDICTORS,
    Table,
    atomic_path,
    conform,
    read_table,
    write_table,
)
from egoalign.vary.context import Context, Key, read_context
from egoalign.vary.described import Description
from egoalign.vary.frequency import LemmaCounts, general_frequency
from egoalign.vary.norms import Norms, read_norms
from egoalign.vary.predictors import (
    UTTERANCE_COLUMNS,
    WORD_COLUMNS,
    Lexicon,
    SessionFacts,
    clock_hours,
    mean_ages,
    utterance_predictors,
    word_predictors,
)

OPTIONS = "vary.predictors"


def session_facts(sessions: pa.Table, options: PredictorsOptions) -> dict[Key, SessionFacts]:
    """Return what is known of each session that is not excluded, the video's length aside.

    Parameters
    ----------
    sessions : pyarrow.Table
        Table SESSIONS with the lab's own columns.
    options : PredictorsOptions
        Which of these columns become predictors, and which is the time of day.

    Raises
    ------
    UserError
        The table lacks a column that is named, or a time of day is none.
    """
    for what, names in (
        ("session_columns", options.session_columns),
        ("time_of_day", [options.time_of_day] if options.time_of_day else []),
    ):
        for name in names:
            _check_column(name, f"{OPTIONS}.{what}", sessions.column_names)
    included = sessions.filter(pc.invert(sessions["exclude"]))
    child_ids, session_ids, ages = (
        included[name].to_pylist() for name in ("child_id", "session_id", "age_days")
    )
    between = mean_ages(child_ids, ages)
    clocks = (
        included[options.time_of_day].cast(pa.string()).to_pylist()
        if options.time_of_day
        else [None] * len(ages)
    )
    return {
        (child_id, session_id): SessionFacts(
            child_id=child_id,
            session_id=session_id,
            age_days=ages[i],
            age_between=between.get(child_id),
            clock_h=clock_hours(
                clocks[i], f"session {child_id}/{session_id}, column {options.time_of_day!r}"
            ),
            columns={name: included[name][i] for name in options.session_columns},
        )
        for i, (child_id, session_id) in enumerate(zip(child_ids, session_ids, strict=True))
    }


def _check_column(name: str, option: str, columns: list[str]) -> None:
    """Refuse a column that table SESSIONS does not have."""
    if name in columns:
        return
    near = difflib.get_close_matches(name, columns, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(
        f"{option}: the table of sessions has no column {name!r}; {hint}columns found: "
        f"{', '.join(columns)} (columns that may hold names, paths or dates are left out of it)"
    )


def check_names(options: PredictorsOptions, norms: Norms) -> None:
    """Refuse names of predictors that mean something else already.

    Raises
    ------
    UserError
        A column that the lab names has the name of another predictor.
    """
    own = [*options.session_columns, *(options.context.columns if options.context else [])]
    words = {field.name for field in WORD_PREDICTORS.schema}
    further = [name for name in norms if name not in words]
    taken = {*words, *UTTERANCE_PREDICTORS.schema.names, *ALIGNMENT.schema.names}
    taken |= {f"{kind}_{name}" for kind in ("mean", "n") for name in further}
    for name in own:
        if name in taken or name in norms:
            raise UserError(
                f"{OPTIONS}: {name!r} is the name of another predictor; rename your column"
            )
    for name in further:
        if name in taken or f"n_{name}" in UTTERANCE_PREDICTORS.schema.names:
            raise UserError(
                f"{OPTIONS}.norms: {name!r} is the name of another predictor; name it otherwise "
                "under 'columns'"
            )


def count_lemmas(keys: Iterable[Key], files: Mapping[str, list[Path]], total: int) -> LemmaCounts:
    """Count the lemmas of all sessions' content words, and their words in kept languages."""
    counts = LemmaCounts()
    both = zip(keys, files[UTTERANCES.name], files[CONTENT_WORDS.name], strict=True)
    for (child_id, _), utterances, words in progress(both, "sessions counted", total):
        spoken = read_table(UTTERANCES, utterances, ["n_words", "flags"])
        left_out = pc.match_substring(spoken["flags"].fill_null(""), OTHER_LANGUAGE)
        n_words = pc.sum(spoken["n_words"].filter(pc.invert(left_out))).as_py() or 0
        lemmas = read_table(CONTENT_WORDS, words, ["lemma"])["lemma"].drop_null().to_pylist()
        counts.add(child_id, lemmas, n_words)
    return counts


def gather_predictors(
    sessions: Path,
    transcripts_folder: Path,
    video_folder: Path,
    options_json: str,
    utterances_out: Path,
    words_out: Path,
    described: tuple[Path, Path],
) -> None:
    """Write tables UTTERANCE_PREDICTORS, WORD_PREDICTORS and PREDICTORS_DESCRIBED.

    The sessions are read twice, one at a time: once to count lemmas, once to write.

    Parameters
    ----------
    sessions : Path
        Table SESSIONS.
    transcripts_folder, video_folder : Path
        Where the sessions' tables UTTERANCES and CONTENT_WORDS, and MEDIA, lie.
    options_json : str
        Config section `vary.predictors`.
    utterances_out, words_out : Path
        Where to write; private, since norms of a word give it away.
    described : tuple of Path
        Where to write the description, as Parquet and as CSV.

    Raises
    ------
    UserError
        A table is missing or of another version, or an option does not fit the tables.
    """
    options = parse_section(PredictorsOptions, options_json, "--options")
    rows = read_table(SESSIONS, sessions)
    facts = session_facts(rows, options)
    norms = read_norms(options.norms)
    check_names(options, norms)
    context = _context(options, rows, facts)
    general = general_frequency(options.general_frequency)
    files = {
        name: session_files(rows, folder, name)
        for name, folder in (
            (UTTERANCES.name, transcripts_folder),
            (CONTENT_WORDS.name, transcripts_folder),
            (MEDIA.name, video_folder),
        )
    }
    lexicon = Lexicon(count_lemmas(facts, files, len(facts)), general, norms)

    def pieces() -> Iterator[tuple[pa.Table, pa.Table]]:
        every = zip(facts.values(), *files.values(), strict=True)
        for known, utterances, words, media in progress(every, "sessions", len(facts)):
            spoken = read_table(UTTERANCES, utterances, UTTERANCE_COLUMNS)
            own = word_predictors(read_table(CONTENT_WORDS, words, WORD_COLUMNS), known, lexicon)
            duration_s = read_table(MEDIA, media, ["duration_s"])["duration_s"][0].as_py()
            yield _utterances(spoken, known, duration_s, own, context, options), own

    _write(pieces(), utterances_out, words_out, described, options, lexicon.norms)


def gather_given_predictors(
    alignment: Path,
    sessions: Path,
    options_json: str,
    utterances_out: Path,
    described: tuple[Path, Path],
) -> None:
    """Write tables UTTERANCE_PREDICTORS and PREDICTORS_DESCRIBED for scores that were given.

    What is known of their utterances stands in table ALIGNMENT; of their words nothing is.

    Parameters
    ----------
    alignment, sessions : Path
        Tables ALIGNMENT and SESSIONS.
    options_json : str
        Config section `vary.predictors`.
    utterances_out : Path
        Where to write.
    described : tuple of Path
        Where to write the description, as Parquet and as CSV.
    """
    options = parse_section(PredictorsOptions, options_json, "--options")
    rows = read_table(SESSIONS, sessions)
    facts = session_facts(rows, options)
    check_names(options, {})
    context = _context(options, rows, facts)
    spoken = read_table(ALIGNMENT, alignment, ["child_id", "session_id", *UTTERANCE_COLUMNS])

    def pieces() -> Iterator[tuple[pa.Table, None]]:
        for key, own in _by_session(spoken):
            yield _utterances(own, facts[key], None, None, context, options), None

    _write(pieces(), utterances_out, None, described, options, {})


def _by_session(rows: pa.Table) -> Iterator[tuple[Key, pa.Table]]:
    """Return the rows of each session, in the order of its first row."""
    keys = pc.binary_join_element_wise(rows["child_id"], rows["session_id"], "/").combine_chunks()
    codes = keys.dictionary_encode().indices.to_numpy()
    rows = rows.take(pa.array(np.argsort(codes, kind="stable")))
    begin = 0
    for count in np.bincount(codes).tolist():
        own = rows.slice(begin, count)
        yield (own["child_id"][0].as_py(), own["session_id"][0].as_py()), own
        begin += count


def _context(
    options: PredictorsOptions, sessions: pa.Table, facts: Mapping[Key, SessionFacts]
) -> Context | None:
    """Return the clips that the config names, or None."""
    if options.context is None:
        return None
    left_out = sessions.filter(sessions["exclude"])
    ids = (left_out[name].to_pylist() for name in ("child_id", "session_id"))
    return read_context(options.context, facts, set(zip(*ids, strict=True)))


def _utterances(
    spoken: pa.Table,
    known: SessionFacts,
    duration_s: float | None,
    words: pa.Table | None,
    context: Context | None,
    options: PredictorsOptions,
) -> pa.Table:
    """Return the predictors of one session's utterances."""
    start_s, end_s = (spoken[name].to_numpy().astype(np.float64) for name in ("start_s", "end_s"))
    clips = context.of((known.child_id, known.session_id), start_s, end_s) if context else None
    known = replace(known, duration_s=duration_s)
    return utterance_predictors(spoken, known, words, clips, options.missing_norms)


def _write(
    pieces: Iterable[tuple[pa.Table, pa.Table | None]],
    utterances_out: Path,
    words_out: Path | None,
    described: tuple[Path, Path],
    options: PredictorsOptions,
    norms: Mapping[str, Any],
) -> None:
    """Write the sessions' tables one after the other, and describe them."""
    further = tuple(name for name in norms if name not in WORD_PREDICTORS.schema.names)
    own = (*options.session_columns, *(options.context.columns if options.context else ()))
    of_utterances = Description("utterance", further, own)
    of_words = Description("word", further)
    with ExitStack() as stack:
        utterances = _Writer(UTTERANCE_PREDICTORS, utterances_out, stack)
        words = _Writer(WORD_PREDICTORS, words_out, stack) if words_out else None
        for spoken, said in pieces:
            utterances.add(spoken)
            of_utterances.add(spoken)
            if words is not None and said is not None:
                words.add(said)
                of_words.add(said)
    logger.info("%d utterances, %d content words", utterances.rows, words.rows if words else 0)
    rows = [*of_utterances.rows(), *(of_words.rows() if words else ())]
    write_table(PREDICTORS_DESCRIBED, rows, described[0], csv=described[1])


class _Writer:
    """Writes small tables one after the other, many rows together; the file appears when whole."""

    def __init__(self, table: Table, path: Path, stack: ExitStack) -> None:
        self._table, self._path, self._stack = table, path, stack
        self._file: pq.ParquetWriter | None = None
        self._partial = stack.enter_context(atomic_path(path))
        self._held: list[pa.Table] = []
        self.rows = 0
        stack.push(self._finish)

    def add(self, piece: pa.Table) -> None:
        """Check a table and write it, now or later."""
        self._held.append(conform(self._table, piece))
        self.rows += piece.num_rows
        if sum(held.num_rows for held in self._held) >= ROWS_TOGETHER:
            self._flush()

    def _flush(self) -> None:
        if not self._held:
            return
        together = pa.concat_tables(self._held)
        if self._file is None:
            schema = together.schema.with_metadata({"egoalign_table": self._table.name})
            self._file = pq.ParquetWriter(self._partial, schema, compression="zstd")
        self._file.write_table(together)
        self._held = []

    def _finish(self, kind: Any, *_: Any) -> None:
        if kind is None:
            if self._file is None and not self._held:
                self._held = [self._table.schema.empty_table()]
            self._flush()
        if self._file is not None:
            self._file.close()
