"""Subcommands of the room vary."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands of this room."""
    _add_gather(subparsers)
    _add_gather_given(subparsers)
    _add_summarise_children(subparsers)
    _add_fit_models(subparsers)
    _add_fit_model(subparsers)
    _add_simulate(subparsers)


def _add_summarise_children(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    p = subparsers.add_parser(
        "summarise-children",
        help="write each child's mean score",
        description="Write the mean score of each child, with its interval and its line over age.",
    )
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument("--out", required=True, type=Path, metavar="FILE", help="table children_means")
    p.add_argument("--csv", required=True, type=Path, metavar="FILE", help="the same as CSV")
    p.set_defaults(run=_summarise_children)


def _add_fit_models(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = subparsers.add_parser(
        "fit-models",
        help="fit the config's statistical models to one model's scores",
        description="Fit every statistical model of the config and write its tables.",
    )
    p.add_argument("--alignment", required=True, type=Path, metavar="FILE", help="table alignment")
    p.add_argument(
        "--predictors", required=True, type=Path, metavar="FILE", help="table utterance_predictors"
    )
    p.add_argument("--sessions", required=True, type=Path, metavar="FILE", help="table sessions")
    p.add_argument(
        "--word-predictors", type=Path, nargs="*", default=[], metavar="FILE",
        help="table word_predictors, where words have scores",
    )  # fmt: skip
    p.add_argument(
        "--align-folder", required=True, type=Path, metavar="FOLDER",
        help="where the sessions' tables word_alignment lie",
    )  # fmt: skip
    p.add_argument("--options", default="{}", metavar="JSON", help="config section 'vary'")
    p.add_argument(
        "--out-folder", required=True, type=Path, metavar="FOLDER", help="where the tables go"
    )
    p.set_defaults(run=_fit_models)


def _add_fit_model(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    p = subparsers.add_parser(
        "fit-model",
        help="fit a mixed model to any table (by hand)",
        description="Fit a linear or logistic mixed model, in lme4's notation, to a table; print "
        "its summary, and write its tables where --out is given.",
    )
    p.add_argument("table", type=Path, metavar="TABLE", help="CSV, TSV or Parquet, with a header")
    p.add_argument(
        "--formula", required=True, metavar="TEXT", help='for example "y ~ x + (1 | child_id)"'
    )
    p.add_argument(
        "--family", choices=("gaussian", "binomial"), default="gaussian", help="of the response"
    )
    criterion = p.add_mutually_exclusive_group()
    criterion.add_argument(
        "--reml", dest="reml", action="store_true", default=None,
        help="restricted maximum likelihood (the default of Gaussian models)",
    )  # fmt: skip
    criterion.add_argument("--ml", dest="reml", action="store_false", help="maximum likelihood")
    p.add_argument("--out", type=Path, metavar="FOLDER", help="where to write summary and tables")
    p.add_argument(
        "--contrasts", nargs="+", default=[], metavar="NAME=LEVEL",
        help="reference level of a factor, or NAME=sum for sum contrasts",
    )  # fmt: skip
    p.add_argument(
        "--scale", nargs="+", default=[], metavar="NAME=HOW", help="center or standardize"
    )
    p.add_argument(
        "--intervals", choices=("profile", "bootstrap", "wald", "none"), default="wald",
        help="of standard deviations and correlations",
    )  # fmt: skip
    p.add_argument(
        "--checks", nargs="+", default=[], choices=("likelihood-ratio", "left-out", "robustness"),
        help="tests by refits; effects without each member; conclusions under other choices",
    )  # fmt: skip
    p.add_argument(
        "--clusters", metavar="GROUP",
        help="group that is left out and drawn; else the one with the fewest members",
    )  # fmt: skip
    p.add_argument(
        "--also", nargs="+", default=[], metavar="COLUMN", help="other responses, for robustness"
    )
    p.add_argument("--draws", type=int, default=200, metavar="N", help="of each bootstrap")
    p.add_argument("--seed", type=int, default=1, metavar="N", help="of the bootstraps")
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


def _add_simulate(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    p.add_argument(
        "--profile",
        action="store_true",
        help="coverage of profile intervals of standard deviations and correlations too (slow)",
    )
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
        profile=args.profile,
    )
    print(text)


def _summarise_children(args: argparse.Namespace) -> None:
    from egoalign.vary.children import summarise_children

    summarise_children(args.alignment, args.out, args.csv)


def _fit_models(args: argparse.Namespace) -> None:
    from egoalign.vary.models import fit_models

    words = (
        (args.word_predictors[0], args.sessions, args.align_folder)
        if args.word_predictors
        else None
    )
    fit_models(args.alignment, args.predictors, words, args.options, args.out_folder)


def _fit_model(args: argparse.Namespace) -> None:
    from egoalign.log import UserError
    from egoalign.vary.by_hand import SCALES, Asked, fit_model_by_hand, named_options
    from egoalign.vary.results import ResultOptions

    if args.family == "binomial" and args.reml:
        raise UserError("--reml: a binomial model is fitted by maximum likelihood; leave it out")
    if args.draws < 2:
        raise UserError(f"--draws {args.draws}: expected 2 or more")
    asked = Asked(
        formula=args.formula,
        family=args.family,
        reml=args.family == "gaussian" and args.reml is not False,
        contrasts=named_options(args.contrasts, "contrasts"),
        scale=named_options(args.scale, "scale", SCALES),
        also=args.also,
    )
    options = ResultOptions(
        # Without a folder only the summary is shown, which has no intervals.
        intervals=args.intervals if args.out else "none",
        n_bootstrap=args.draws,
        likelihood_ratio="likelihood-ratio" in args.checks,
        left_out="left-out" in args.checks,
        robustness="robustness" in args.checks,
        clusters=args.clusters,
        n_cluster_draws=args.draws,
        seed=args.seed,
    )
    print(fit_model_by_hand(args.table, asked, options, args.out), end="")
