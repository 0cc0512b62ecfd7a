"""Subcommands of the room validate."""

from __future__ import annotations

import argparse
from pathlib import Path

from egoalign.validate import task_commands


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what collects and reads judgments, asks people and models, and compares them."""
    p = subparsers.add_parser(
        "read-judgments",
        help="read human judgments and check them against the corpus",
        description="Read CSVs of human judgments; every id must be in the corpus.",
    )
    p.add_argument(
        "--judgments", required=True, nargs="+", type=Path, metavar="CSV", help="the judgments"
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument("--lab-children", type=Path, metavar="TSV", help="the lab's children.tsv")
    p.add_argument(
        "--lab-sessions",
        type=Path,
        metavar="TSV",
        help="the lab's sessions.tsv, by which exports that name recordings are read",
    )
    _add_folders(p)
    _add_options(p)
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table judgments")
    p.add_argument("--unmatched", required=True, type=Path, metavar="FILE", help="table unmatched")
    p.add_argument("--unmatched-csv", required=True, type=Path, metavar="FILE", help="as CSV")
    p.set_defaults(run=_read_judgments)

    p = subparsers.add_parser(
        "measure-reliability",
        help="measure how far people agree with each other",
        description="Measure reliability, lapses and drift of human judgments.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="FILE", help="table judgments")
    _add_options(p)
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table reliability")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_measure_reliability)

    p = subparsers.add_parser(
        "ask-model",
        help="ask one model what people were asked",
        description="Write the cosines of every judged item's alternatives by one model.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="FILE", help="table judgments")
    p.add_argument(
        "--embeddings-folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.frame_embeddings.arrow and .text_embeddings.arrow",
    )
    _add_folders(p)
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table asked")
    p.set_defaults(run=_ask_model)

    p = subparsers.add_parser(
        "validate-model",
        help="compare one model's scores with human judgments",
        description="Measure how far what one model says agrees with what people say.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="FILE", help="table judgments")
    p.add_argument("--asked", required=True, type=Path, metavar="FILE", help="by ask-model")
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
    _add_options(p)
    p.add_argument("--items", required=True, type=Path, metavar="FILE", help="table items")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.add_argument("--curves", required=True, type=Path, metavar="FILE", help="table psychometric")
    p.add_argument("--curves-csv", required=True, type=Path, metavar="FILE", help="as CSV")
    p.set_defaults(run=_validate_model)

    p = subparsers.add_parser(
        "score-moments",
        help="score every utterance with each of its pictures, for the calibration",
        description="Write the cosine of every pair of an utterance and one of its pictures.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="FILE", help="table judgments")
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument(
        "--embeddings-folder",
        required=True,
        type=Path,
        help="holds <child_id>/<session_id>.frame_embeddings.arrow and .text_embeddings.arrow",
    )
    _add_folders(p)
    p.add_argument("--fps", type=float, default=1.0, help="grid points per second (default 1)")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'validate'")
    p.add_argument("--align-options", default="{}", metavar="JSON", help="config section 'align'")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table moments")
    p.set_defaults(run=_score_moments)

    p = subparsers.add_parser(
        "calibrate-model",
        help="turn one model's scores into probabilities by human labels or ratings",
        description="Fit the probability that a picture and words are aligned, given their score, "
        "to labels or ratings, and tell what share of the corpus's moments is aligned.",
    )
    p.add_argument("--judgments", required=True, type=Path, metavar="FILE", help="table judgments")
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--moments", required=True, type=Path, metavar="FILE", help="by score-moments")
    p.add_argument("--model-id", required=True, metavar="ID", help="label of the model")
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
        description="Write the summaries and validations of all models as one table, and compare "
        "each two models on the items that both could score.",
    )
    p.add_argument(
        "--summaries", required=True, nargs="+", type=Path, metavar="FILE", help="tables metrics"
    )
    p.add_argument(
        "--validations", default=[], nargs="*", type=Path, metavar="FILE", help="tables metrics"
    )
    p.add_argument("--items", default=[], nargs="*", type=Path, metavar="FILE", help="tables items")
    _add_options(p)
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table metrics")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.add_argument("--contrasts", required=True, type=Path, metavar="FILE", help="table contrasts")
    p.add_argument("--contrasts-csv", required=True, type=Path, metavar="FILE", help="as CSV")
    p.set_defaults(run=_compare_models)

    p = subparsers.add_parser(
        "agreement",
        help="agreement of a score with labels or ratings, from any table",
        description="Print AUC, average precision and correlations of a score with what people "
        "say, from a CSV or Parquet of yours, with intervals over groups. AUC and average "
        "precision need a label of two values: 0 and 1, no and yes, or false and true.",
    )
    p.add_argument("table", type=Path, metavar="TABLE", help="CSV or Parquet, one row an item")
    p.add_argument("--score", required=True, metavar="COLUMN", help="the score")
    p.add_argument("--label", required=True, metavar="COLUMN", help="label or rating")
    p.add_argument("--group", metavar="COLUMN", help="rows that belong together, such as child_id")
    p.add_argument("--weight", metavar="COLUMN", help="1 / probability of being in the sample")
    p.add_argument("--bootstraps", type=int, default=1000, help="bootstrap samples (1000)")
    p.add_argument("--seed", type=int, default=2511, help="seed of the bootstrap (2511)")
    p.set_defaults(run=_agreement)
    task_commands.add_commands(subparsers)


def _add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'validate'")


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
    from egoalign.config import ValidateOptions, parse_section
    from egoalign.validate.judgments import CorpusPlaces, read_judgments

    places = CorpusPlaces(
        args.sessions,
        args.frames_folder,
        args.utterances_folder,
        args.lab_children,
        args.lab_sessions,
    )
    options = parse_section(ValidateOptions, args.options, "--options")
    read_judgments(args.judgments, places, options, args.out, args.unmatched, args.unmatched_csv)


def _measure_reliability(args: argparse.Namespace) -> None:
    from egoalign.validate.raters import measure_reliability

    measure_reliability(args.judgments, args.options, args.out, args.csv)


def _ask_model(args: argparse.Namespace) -> None:
    from egoalign.validate.ask import ask_items

    ask_items(
        args.judgments,
        args.embeddings_folder,
        args.utterances_folder,
        args.frames_folder,
        args.out,
    )


def _validate_model(args: argparse.Namespace) -> None:
    from egoalign.validate.model import validate_model

    validate_model(
        args.judgments,
        args.asked,
        args.model_id,
        args.options,
        args.items,
        args.out,
        args.csv,
        args.curves,
        args.curves_csv,
    )


def _score_moments(args: argparse.Namespace) -> None:
    from egoalign.validate.moments import score_moments

    score_moments(
        args.judgments,
        args.alignment,
        args.frames_folder,
        args.utterances_folder,
        args.embeddings_folder,
        args.fps,
        args.options,
        args.align_options,
        args.out,
    )


def _calibrate_model(args: argparse.Namespace) -> None:
    from egoalign.validate.calibrate import calibrate_model

    calibrate_model(
        args.judgments,
        args.alignment,
        args.moments,
        args.model_id,
        args.options,
        args.align_options,
        args.out,
        args.csv,
        args.curve,
        args.calibrated,
    )


def _compare_models(args: argparse.Namespace) -> None:
    from egoalign.validate.compare import compare_models

    compare_models(
        args.summaries,
        args.validations,
        args.items,
        args.options,
        args.out,
        args.csv,
        args.contrasts,
        args.contrasts_csv,
    )


def _agreement(args: argparse.Namespace) -> None:
    from egoalign.validate.by_hand import print_agreement

    print_agreement(
        args.table, args.score, args.label, args.group, args.weight, args.bootstraps, args.seed
    )
