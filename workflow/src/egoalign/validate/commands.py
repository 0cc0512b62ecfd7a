"""Subcommands of the room validate."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add read-judgments, validate-model, calibrate-model and compare-models."""
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
        "calibrate-model",
        help="turn one model's scores into probabilities by human labels or ratings",
        description="Fit the probability that a picture and words are aligned, given their score, "
        "to labels or ratings, and tell what share of the corpus's moments is aligned.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="FILE", help="table judgments")
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument(
        "--embeddings-folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.frame_embeddings.parquet and .text_embeddings.parquet",
    )
    _add_folders(p)
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    p.add_argument("--fps", type=float, default=1.0, help="grid points per second (default 1)")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'validate'")
    p.add_argument("--align-options", default="{}", metavar="JSON", help="config section 'align'")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.add_argument(
        "--curve", required=True, type=Path, metavar="FILE", help="table calibration_curve"
    )
    p.add_argument(
        "--calibrated", required=True, type=Path, metavar="FILE", help="table calibrated"
    )
    p.set_defaults(run=_calibrate_model)

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


def _calibrate_model(args: argparse.Namespace) -> None:
    from egoalign.validate.calibrate import calibrate_model

    calibrate_model(
        args.judgments,
        args.alignment,
        args.frames_folder,
        args.utterances_folder,
        args.embeddings_folder,
        args.model_id,
        args.fps,
        args.options,
        args.align_options,
        args.out,
        args.csv,
        args.curve,
        args.calibrated,
    )


def _compare_models(args: argparse.Namespace) -> None:
    from egoalign.validate.compare import compare_models

    compare_models(args.summaries, args.validations, args.out, args.csv)
