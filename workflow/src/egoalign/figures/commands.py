"""Subcommands of the figures: one a figure."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from egoalign.config import FiguresOptions, parse_section

if TYPE_CHECKING:
    from egoalign.figures.files import Outputs


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommands of this room."""
    null = _figure(subparsers, "plot-null", "the score's distribution beside its shuffled null")
    _table(null, "--alignment", "table alignment of one model, all sessions")
    _table(null, "--summary", "its summary, by summarise-alignment")
    null.set_defaults(run=_plot_null)

    nulls = _figure(subparsers, "plot-nulls", "the score's distribution beside every null scheme")
    _table(nulls, "--alignment", "table alignment of one model, all sessions")
    _table(nulls, "--summary", "its summary, by summarise-alignment")
    nulls.set_defaults(run=_plot_nulls)

    accuracy = _figure(subparsers, "plot-accuracy", "people's accuracy against the score")
    _table(accuracy, "--items", "table items of one model, by validate-model")
    _table(accuracy, "--validation", "table validation of the same model")
    _table(accuracy, "--curves", "table psychometric of the same model")
    accuracy.set_defaults(run=_plot_accuracy)

    reliability = _figure(
        subparsers, "plot-reliability", "probabilities as told against shares as found"
    )
    _table(reliability, "--calibration", "table calibration of one model, by calibrate-model")
    _table(reliability, "--curve", "table calibration_curve of the same model")
    reliability.set_defaults(run=_plot_reliability)

    children = _figure(subparsers, "plot-children", "children ordered by their mean score")
    _table(children, "--children", "table children of one model, by summarise-children")
    children.set_defaults(run=_plot_children)

    age = _figure(subparsers, "plot-age", "the score against age, with each child's line")
    _table(age, "--alignment", "table alignment of one model, all sessions")
    _table(age, "--children", "table children_means of the same model, by summarise-children")
    for name in ("fits", "effects", "lines"):
        _table(age, f"--{name}", f"table model_{name} of the same model, by fit-models")
    age.set_defaults(run=_plot_age)

    reference = _figure(subparsers, "plot-reference", "the corpus beside other data sets")
    _table(reference, "--alignment", "table alignment of one model, all sessions")
    reference.add_argument(
        "--pairs", required=True, nargs="+", type=Path, metavar="F", help="tables reference_pairs"
    )
    _table(reference, "--comparison", "table comparison of the same model, by compare-references")
    reference.set_defaults(run=_plot_reference)
    lag = _figure(subparsers, "plot-lag", "the score against the time between speech and sight")
    _table(lag, "--lags", "table lags of one model, by summarise-lags")
    _table(lag, "--peaks", "table lag_peaks of the same model, by summarise-lags")
    lag.set_defaults(run=_plot_lag)

    models = _figure(subparsers, "plot-models", "the results of all models side by side")
    _table(models, "--models", "table models, by compare-models")
    models.set_defaults(run=_plot_models)
    _add_statistical(subparsers)


def _add_statistical(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the figures of the statistical models, and of what goes into them."""
    intercepts = _figure(subparsers, "plot-intercepts", "what each child differs by from all")
    _fitted(intercepts, "random-effects", "components", "fits")
    intercepts.set_defaults(run=_plot_intercepts)

    trajectories = _figure(subparsers, "plot-trajectories", "children's lines over age")
    _utterances(trajectories)
    _fitted(trajectories, "fits", "effects", "random-effects", "lines")
    trajectories.set_defaults(run=_plot_trajectories)

    variance = _figure(subparsers, "plot-variance", "how the variance is shared out")
    _fitted(variance, "variance", "fits")
    variance.set_defaults(run=_plot_variance)

    effects = _figure(subparsers, "plot-effects", "the fixed effects of all statistical models")
    _fitted(effects, "effects", "variance", "means", "fits")
    effects.set_defaults(run=_plot_effects)

    lemmas = _figure(subparsers, "plot-lemmas", "lemmas by frequency and concreteness")
    _table(lemmas, "--lemma-numbers", "table lemma_numbers of one model, by summarise-words")
    _table(lemmas, "--word-predictors", "table word_predictors, by gather-predictors")
    lemmas.set_defaults(run=_plot_lemmas)

    context = _figure(subparsers, "plot-context", "the score by location and activity")
    _utterances(context)
    context.set_defaults(run=_plot_context)

    course = _figure(subparsers, "plot-course", "the score over the course of a session")
    _utterances(course)
    course.set_defaults(run=_plot_course)


def _figure(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str
) -> argparse.ArgumentParser:
    """Add a subcommand with what all figures share."""
    parser = subparsers.add_parser(name, help=f"draw {what}", description=f"Draw {what}.")
    parser.add_argument("--pdf", required=True, type=Path, metavar="OUT", help="vector figure")
    parser.add_argument("--png", required=True, type=Path, metavar="OUT", help="same, as pixels")
    parser.add_argument(
        "--facts", required=True, type=Path, metavar="OUT", help="numbers shown, as JSON"
    )
    parser.add_argument("--options", default="{}", metavar="JSON", help="config section 'figures'")
    return parser


def _table(parser: argparse.ArgumentParser, flag: str, what: str) -> None:
    parser.add_argument(flag, required=True, type=Path, metavar="F", help=what)


def _utterances(parser: argparse.ArgumentParser) -> None:
    """Add the tables of the utterances' scores and predictors."""
    _table(parser, "--alignment", "table alignment of one model, all sessions")
    _table(parser, "--predictors", "table utterance_predictors of the same utterances")


def _fitted(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add tables of the statistical models."""
    for name in names:
        table = name.replace("-", "_")
        _table(parser, f"--{name}", f"table model_{table} of one model, by fit-models")


def _outputs(args: argparse.Namespace) -> tuple[Outputs, FiguresOptions]:
    from egoalign.figures.files import Outputs

    options = parse_section(FiguresOptions, args.options, "--options")
    return Outputs(args.pdf, args.png, args.facts), options


def _plot_null(args: argparse.Namespace) -> None:
    from egoalign.figures.null import plot_null

    plot_null(args.alignment, args.summary, *_outputs(args))


def _plot_nulls(args: argparse.Namespace) -> None:
    from egoalign.figures.nulls import plot_nulls

    plot_nulls(args.alignment, args.summary, *_outputs(args))


def _plot_accuracy(args: argparse.Namespace) -> None:
    from egoalign.figures.accuracy import plot_accuracy

    plot_accuracy(args.items, args.validation, args.curves, *_outputs(args))


def _plot_reliability(args: argparse.Namespace) -> None:
    from egoalign.figures.reliability import plot_reliability

    plot_reliability(args.calibration, args.curve, *_outputs(args))


def _plot_children(args: argparse.Namespace) -> None:
    from egoalign.figures.children import plot_children

    plot_children(args.children, *_outputs(args))


def _plot_age(args: argparse.Namespace) -> None:
    from egoalign.figures.age import plot_age

    models = (args.fits, args.effects, args.lines)
    plot_age(args.alignment, args.children, models, *_outputs(args))


def _plot_reference(args: argparse.Namespace) -> None:
    from egoalign.figures.reference import plot_reference

    plot_reference(args.alignment, args.pairs, args.comparison, *_outputs(args))


def _plot_lag(args: argparse.Namespace) -> None:
    from egoalign.figures.lag import plot_lag

    plot_lag(args.lags, args.peaks, *_outputs(args))


def _plot_models(args: argparse.Namespace) -> None:
    from egoalign.figures.models import plot_models

    plot_models(args.models, *_outputs(args))


def _plot_intercepts(args: argparse.Namespace) -> None:
    from egoalign.figures.intercepts import plot_intercepts

    plot_intercepts(args.random_effects, args.components, args.fits, *_outputs(args))


def _plot_trajectories(args: argparse.Namespace) -> None:
    from egoalign.figures.trajectories import plot_trajectories

    models = (args.fits, args.effects, args.random_effects, args.lines)
    plot_trajectories((args.alignment, args.predictors), models, *_outputs(args))


def _plot_variance(args: argparse.Namespace) -> None:
    from egoalign.figures.variance import plot_variance

    plot_variance(args.variance, args.fits, *_outputs(args))


def _plot_effects(args: argparse.Namespace) -> None:
    from egoalign.figures.effects import plot_effects

    plot_effects((args.effects, args.variance, args.means, args.fits), *_outputs(args))


def _plot_lemmas(args: argparse.Namespace) -> None:
    from egoalign.figures.lemmas import plot_lemmas

    plot_lemmas(args.lemma_numbers, args.word_predictors, *_outputs(args))


def _plot_context(args: argparse.Namespace) -> None:
    from egoalign.figures.context import plot_context

    plot_context(args.alignment, args.predictors, *_outputs(args))


def _plot_course(args: argparse.Namespace) -> None:
    from egoalign.figures.course import plot_course

    plot_course(args.alignment, args.predictors, *_outputs(args))
