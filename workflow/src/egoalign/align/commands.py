"""Subcommands of the room align."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this room's subcommands to the command line."""
    p = subparsers.add_parser(
        "align-session",
        help="score the utterances of one session, with their null",
        description="Score every utterance of one session against the pictures seen meanwhile.",
    )
    p.add_argument("--row", required=True, metavar="JSON", help="row of the sessions table")
    for name in ("media", "utterances", "frames", "frame-embeddings", "text-embeddings"):
        p.add_argument(f"--{name}", required=True, type=Path, metavar="FILE", help="table to read")
    p.add_argument("--words", type=Path, metavar="FILE", help="table words, if windows need it")
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    p.add_argument("--fps", type=float, default=1.0, help="grid points per second (default 1)")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'align'")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--lag-profile", type=Path, metavar="FILE", help="table lag_profile to write")
    p.add_argument("--content-words", type=Path, metavar="FILE", help="table to read")
    p.add_argument("--word-embeddings", type=Path, metavar="FILE", help="table to read")
    p.add_argument("--word-alignment", type=Path, metavar="FILE", help="table to write of them")
    p.set_defaults(run=_align_session)

    p = subparsers.add_parser(
        "import-scores",
        help="take over a table of scores that is there already",
        description="Write a lab's table of scores as the alignment of all sessions, without null.",
    )
    p.add_argument("--children", required=True, metavar="FILE", help="children.tsv")
    p.add_argument("--sessions", required=True, metavar="FILE", help="sessions.tsv")
    p.add_argument("--scores", required=True, metavar="FILE", help="CSV or Parquet of scores")
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the scores")
    p.add_argument(
        "--transcripts", default="{}", metavar="JSON", help="config section, for the speakers"
    )
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_import_scores)

    p = subparsers.add_parser(
        "draw-nulls",
        help="draw the nulls that need other sessions",
        description="Draw for all utterances the nulls that need other sessions: other pictures "
        "of the child, of children of like age, of anyone, and other texts.",
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    for name, tables in (
        ("align", "tables alignment"),
        ("encode", "the embeddings"),
        ("video", "tables frames"),
        ("transcripts", "tables utterances and words"),
    ):
        p.add_argument(
            f"--{name}-folder",
            required=True,
            type=Path,
            metavar="DIR",
            help=f"holds {tables} of the sessions",
        )
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    p.add_argument("--fps", type=float, default=1.0, help="grid points per second (default 1)")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'align'")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table nulls")
    p.set_defaults(run=_draw_nulls)

    p = subparsers.add_parser(
        "collect-alignment",
        help="put the alignment of all sessions together",
        description="Write the alignment tables of all sessions as one, as Parquet and CSV.",
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument(
        "--folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.alignment.parquet",
    )
    p.add_argument("--nulls", type=Path, metavar="FILE", help="table nulls, by draw-nulls")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_collect_alignment)

    p = subparsers.add_parser(
        "summarise-alignment",
        help="scores beside their nulls, over the corpus, by speaker and by group",
        description="Write mean score, nulls, difference, AUC, divergence and shares above "
        "cut-offs.",
    )
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'align'")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.add_argument("--groups", required=True, type=Path, metavar="FILE", help="the same by group")
    p.add_argument("--groups-csv", required=True, type=Path, metavar="FILE", help="those as CSV")
    p.set_defaults(run=_summarise_alignment)

    p = subparsers.add_parser(
        "summarise-lags",
        help="lag profiles of the corpus, of children and of speakers",
        description="Put the lag profiles of all sessions together, with their null and peaks.",
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument(
        "--folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.lag_profile.parquet",
    )
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'align'")
    for name, what in (("", "table lags"), ("-peaks", "table metrics of their peaks")):
        p.add_argument(f"--out{name}", required=True, type=Path, metavar="FILE", help=what)
        p.add_argument(f"--csv{name}", required=True, type=Path, metavar="FILE", help="as CSV")
    p.set_defaults(run=_summarise_lags)

    p = subparsers.add_parser(
        "summarise-words",
        help="scores of content words, by lemma and by class",
        description="Put the scores of the content words of all sessions together.",
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument(
        "--folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.word_alignment.parquet",
    )
    p.add_argument(
        "--words-folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.content_words.parquet",
    )
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'align'")
    for name, what in (
        ("", "table metrics, by class"),
        ("-lemmas", "table lemmas (private)"),
        ("-numbers", "table lemma_numbers"),
    ):
        p.add_argument(f"--out{name}", required=True, type=Path, metavar="FILE", help=what)
        p.add_argument(f"--csv{name}", required=True, type=Path, metavar="FILE", help="as CSV")
    p.set_defaults(run=_summarise_words)


def _align_session(args: argparse.Namespace) -> None:
    from egoalign.align.session import align_session

    align_session(
        args.row,
        args.media,
        args.utterances,
        args.frames,
        args.frame_embeddings,
        args.text_embeddings,
        args.model_id,
        args.fps,
        args.options,
        args.out,
        args.words,
        args.lag_profile,
        args.content_words,
        args.word_embeddings,
        args.word_alignment,
    )


def _import_scores(args: argparse.Namespace) -> None:
    from egoalign.align.import_scores import import_scores
    from egoalign.config import TranscriptsOptions, parse_section

    import_scores(
        args.children,
        args.sessions,
        args.scores,
        args.model_id,
        parse_section(TranscriptsOptions, args.transcripts, "--transcripts"),
        args.out,
        args.csv,
    )


def _draw_nulls(args: argparse.Namespace) -> None:
    from egoalign.align.corpus_null import Folders, draw_nulls

    folders = Folders(
        args.align_folder, args.encode_folder, args.video_folder, args.transcripts_folder
    )
    draw_nulls(args.sessions, folders, args.model_id, args.fps, args.options, args.out)


def _collect_alignment(args: argparse.Namespace) -> None:
    from egoalign.align.collect import collect_alignment

    collect_alignment(args.sessions, args.folder, args.nulls, args.out, args.csv)


def _summarise_alignment(args: argparse.Namespace) -> None:
    from egoalign.align.summary import summarise_alignment

    summarise_alignment(
        *(args.alignment, args.sessions, args.options),
        *(args.out, args.csv, args.groups, args.groups_csv),
    )


def _summarise_lags(args: argparse.Namespace) -> None:
    from egoalign.align.lag_summary import summarise_lags

    summarise_lags(
        args.sessions,
        args.folder,
        args.model_id,
        args.options,
        args.out,
        args.csv,
        args.out_peaks,
        args.csv_peaks,
    )


def _summarise_words(args: argparse.Namespace) -> None:
    from egoalign.align.word_summary import summarise_words

    summarise_words(
        args.sessions,
        args.folder,
        args.words_folder,
        args.model_id,
        args.options,
        (args.out, args.csv),
        (args.out_lemmas, args.csv_lemmas),
        (args.out_numbers, args.csv_numbers),
    )
