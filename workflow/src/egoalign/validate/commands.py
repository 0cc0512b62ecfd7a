"""Subcommands of the room validate."""

from __future__ import annotations

import argparse
from pathlib import Path

from egoalign.validate import task_commands


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add read-judgments, validate-model, compare-models, and those that collect judgments."""
    p = subparsers.add_parser(
        "read-judgments",
        help="read human judgments and check them against the corpus",
        description="Read a CSV of human judgments; every id must be in the corpus.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="CSV", help="the judgments")
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    _add_folders(p)
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table judgments")
    p.set_defaults(run=_read_judgments)

    p = subparsers.add_parser(
        "validate-model",
        help="compare one model's scores with human judgments",
        description="Ask one model what people were asked, and measure how far they agree.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="FILE", help="table judgments")
    p.add_argument(
        "--embeddings-folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.frame_embeddings.parquet and .text_embeddings.parquet",
    )
    _add_folders(p)
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'validate'")
    p.add_argument("--items", required=True, type=Path, metavar="FILE", help="table items")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_validate_model)

    p = subparsers.add_parser(
        "compare-models",
        help="put the results of all models together",
        description="Write the summaries and validations of all models as one table.",
    )
    p.add_argument(
        "--summaries", required=True, nargs="+", type=Path, metavar="FILE", help="tables metrics"
    )
    p.add_argument(
        "--validations", default=[], nargs="*", type=Path, metavar="FILE", help="tables metrics"
    )
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_compare_models)

    task_commands.add_commands(subparsers)


def _add_folders(p: argparse.ArgumentParser) -> None:
    """Add the folders in which a session's ids are looked up."""
    p.add_argument(
        "--frames-folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.frames.parquet",
    )
    p.add_argument(
        "--utterances-folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.utterances.parquet",
    )


def _read_judgments(args: argparse.Namespace) -> None:
    from egoalign.validate.judgments import read_judgments

    read_judgments(
        args.judgments, args.sessions, args.frames_folder, args.utterances_folder, args.out
    )


def _validate_model(args: argparse.Namespace) -> None:
    from egoalign.validate.model import validate_model

    validate_model(
        args.judgments,
        args.embeddings_folder,
        args.utterances_folder,
        args.frames_folder,
        args.model_id,
        args.options,
        args.items,
        args.out,
        args.csv,
    )


def _compare_models(args: argparse.Namespace) -> None:
    from egoalign.validate.compare import compare_models

    compare_models(args.summaries, args.validations, args.out, args.csv)
