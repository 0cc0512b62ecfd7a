"""Subcommands of the room vary."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add gather-predictors, gather-given-predictors and fit-model."""
    _add_simulate(subparsers)
    _add_gather(subparsers)
    _add_gather_given(subparsers)
    p = subparsers.add_parser(
        "fit-model",
        help="fit the mixed model of the scores, and each child's mean",
        description="Fit score ~ age + speaker + length with child and session intercepts.",
    )
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'vary'")
    for name, meaning in (
        ("effects", "table effects"),
        ("effects-csv", "the same as CSV"),
        ("children", "table children_means"),
        ("children-csv", "the same as CSV"),
        ("summary", "text to read"),
    ):
        p.add_argument(f"--{name}", required=True, type=Path, metavar="FILE", help=meaning)
    p.set_defaults(run=_fit_model)


def _add_gather(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = subparsers.add_parser(
        "gather-predictors",
        help="write what may explain the scores of utterances and of content words",
        description="Gather the predictors of all utterances and content words, and describe them.",
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    for name, meaning in (
        ("transcripts-folder", "where the sessions' tables utterances and content_words lie"),
        ("video-folder", "where the sessions' tables media lie"),
    ):
        p.add_argument(f"--{name}", required=True, type=Path, metavar="FOLDER", help=meaning)
    _add_gathered(p)
    p.add_argument("--words", required=True, type=Path, metavar="FILE", help="word_predictors")
    p.set_defaults(run=_gather)


def _add_gather_given(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = subparsers.add_parser(
        "gather-given-predictors",
        help="the same for scores that the lab has already",
        description="Gather the predictors of the utterances whose scores were given.",
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    _add_gathered(p)
    p.set_defaults(run=_gather_given)


def _add_gathered(p: argparse.ArgumentParser) -> None:
    """Add the options of both."""
    p.add_argument("--options", default="{}", metavar="JSON", help="section 'vary.predictors'")
    for name, meaning in (
        ("utterances", "table utterance_predictors"),
        ("described", "table predictors_described"),
        ("described-csv", "the same as CSV"),
    ):
        p.add_argument(f"--{name}", required=True, type=Path, metavar="FILE", help=meaning)


def _gather(args: argparse.Namespace) -> None:
    from egoalign.vary.gather import gather_predictors

    gather_predictors(
        args.sessions,
        args.transcripts_folder,
        args.video_folder,
        args.options,
        args.utterances,
        args.words,
        (args.described, args.described_csv),
    )


def _gather_given(args: argparse.Namespace) -> None:
    from egoalign.vary.gather import gather_given_predictors

    gather_given_predictors(
        args.alignment,
        args.sessions,
        args.options,
        args.utterances,
        (args.described, args.described_csv),
    )


def _add_simulate(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    """Add simulate-models."""
    p = subparsers.add_parser(
        "simulate-models",
        help="plan a study: bias, coverage and power of a model over simulated corpora",
        description="Draw corpora from stated parameters and sizes, fit a model to each, and "
        "report bias, coverage and power, so that a lab sees how many children and hours it needs.",
    )
    p.add_argument(
        "--effects",
        type=Path,
        metavar="FILE",
        help="parameters and sizes, YAML or JSON (example: config/simulation.yaml)",
    )
    p.add_argument(
        "--from-fit",
        type=Path,
        metavar="FOLDER",
        help="take the parameters from the tables of a fitted model (a pilot's)",
    )
    p.add_argument("--model", metavar="NAME", help="which of the folder's models: name or response")
    p.add_argument("--formula", help="what is fitted (default: the true model)")
    p.add_argument(
        "--children", type=int, nargs="+", default=[], metavar="N", help="numbers to try"
    )
    p.add_argument(
        "--hours",
        type=float,
        nargs="+",
        default=[],
        metavar="H",
        help="hours recorded of all children, to try with each number of children",
    )
    p.add_argument("--n", type=int, default=200, help="corpora of each size (default: %(default)s)")
    p.add_argument("--seed", type=int, default=1, help="seed (default: %(default)s)")
    p.add_argument("--threads", type=int, default=1, help="processes (default: %(default)s)")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write")
    p.set_defaults(run=_simulate_models)


def _simulate_models(args: argparse.Namespace) -> None:
    from egoalign.vary.simulate import simulate_models

    text = simulate_models(
        args.out,
        effects=args.effects,
        from_fit=args.from_fit,
        model=args.model,
        formula=args.formula,
        children=args.children,
        hours=args.hours,
        n=args.n,
        seed=args.seed,
        threads=args.threads,
    )
    print(text)


def _fit_model(args: argparse.Namespace) -> None:
    from egoalign.vary.models import fit_model

    fit_model(
        args.alignment,
        args.options,
        args.effects,
        args.effects_csv,
        args.children,
        args.children_csv,
        args.summary,
    )
