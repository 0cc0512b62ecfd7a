"""Fit the statistical models to the scores of one vision-language model: file function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from egoalign.config import StatisticalModel, VaryOptions, parse_section
from egoalign.log import UserError, logger
from egoalign.tables import (
    ALIGNMENT,
    MODEL_LINES,
    UTTERANCE_PREDICTORS,
    WORD_PREDICTORS,
    atomic_path,
    conform,
    read_table,
    write_table,
)
from egoalign.vary.age_line import age_line
from egoalign.vary.by_hand import other_response
from egoalign.vary.defaults import DEFAULT_MODELS, speaker_reference, usable_formula
from egoalign.vary.formula import near_or_all, parse_formula
from egoalign.vary.frame import build_frame
from egoalign.vary.results import RESULT_TABLES, ResultOptions, fit_and_describe, without_fit
from egoalign.vary.table import (
    ALIGNMENT_COLUMNS,
    PERCENTILE,
    WORD_COLUMNS,
    read_word_alignment,
    slim,
    utterance_table,
    word_table,
)

OTHER_RESPONSES = {
    "utterances": ("score_mean", "shuffled_difference"),
    "words": ("word_difference", "word_z"),
}
"""Responses of the robustness table, besides the model's own others."""

MAXIMA = ("score_max", "score_top_k", "word_score")
"""Responses that grow with the number of pictures."""

MODEL_TABLES = (*RESULT_TABLES, MODEL_LINES)
"""Tables of one vision-language model: all of its statistical models, one after the other."""


@dataclass(frozen=True)
class Described:
    """Tables of one statistical model with one response, by name, and a summary to read."""

    tables: dict[str, pa.Table]
    summary: str


def fit_models(
    alignment: Path,
    predictors: Path,
    words: tuple[Path, Path, Path] | None,
    options_json: str,
    out: Path,
) -> None:
    """Fit every statistical model to every one of its responses; write tables and a summary.

    Parameters
    ----------
    alignment : Path
        Table ALIGNMENT of one vision-language model.
    predictors : Path
        Table UTTERANCE_PREDICTORS.
    words : tuple of Path or None
        Table WORD_PREDICTORS, table SESSIONS, and the folder where the sessions' word scores lie;
        None where words have no scores.
    options_json : str
        Config section ``vary``.
    out : Path
        Folder of the tables, ``fits.parquet``, ``fits.csv`` and so on, and of ``summary.txt``.

    Raises
    ------
    UserError
        A model of the config names a column that its table does not have.
    """
    options = parse_section(VaryOptions, options_json, "--options")
    own = read_table(UTTERANCE_PREDICTORS, predictors)
    scores = read_table(ALIGNMENT, alignment, ALIGNMENT_COLUMNS)
    data = {"utterances": unit_table("utterances", utterance_table, [scores, own], options)}
    del scores
    if words is not None:
        word_predictors, sessions, folder = words
        sources = [
            read_word_alignment(sessions, folder),
            read_table(WORD_PREDICTORS, word_predictors),
            own,
        ]
        data["words"] = unit_table("words", word_table, sources, options)
        del sources
    del own
    # What joining the tables took is given back, for the models need as much.
    pa.default_memory_pool().release_unused()
    described = describe_models(data, options)
    for table in MODEL_TABLES:
        rows = pa.concat_tables([each.tables[table.name] for each in described])
        file = out / f"{table.name.removeprefix('model_')}.parquet"
        write_table(table, rows, file, csv=file.with_suffix(".csv"))
    with atomic_path(out / "summary.txt") as partial:
        partial.write_text("\n".join(each.summary for each in described), encoding="utf-8")


def unit_table(
    unit: str, build: Callable[..., pa.Table], sources: list[pa.Table], options: VaryOptions
) -> pa.Table:
    """Return a unit's table without what its models do not use; the sources are used up.

    It stays whole where a model names what is not in it: the message then says what is.
    """
    named = {
        name
        for model in options.models or DEFAULT_MODELS
        for response in model.responses
        for name in (response, *parse_formula(f"{response} ~ {model.formula}").columns)
        if model.unit == unit
    }
    there = build(*(source.slice(0, 0) for source in sources)).column_names
    if options.models and not named.issubset(there):
        return build(*sources)
    used = {*named, "age_months", *OTHER_RESPONSES[unit], *WORD_COLUMNS, PERCENTILE}
    for place, source in enumerate(sources):
        kept = [name for name in source.column_names if name in {*there, *WORD_COLUMNS}]
        sources[place] = slim(source.select(kept), used)
    return build(*sources)


def describe_models(data: dict[str, pa.Table], options: VaryOptions) -> list[Described]:
    """Return what is reported of every statistical model with every response.

    Parameters
    ----------
    data : dict
        Table UTTERANCE_TABLE as ``utterances``, and WORD_TABLE as ``words`` where there is one.
    options : VaryOptions
        The models; default ones if it names none.

    Raises
    ------
    UserError
        A model names a column that its table does not have. What cannot be fitted is a reason.
    """
    is_default = options.models is None
    models: Sequence[StatisticalModel] = (
        DEFAULT_MODELS if options.models is None else options.models
    )
    if is_default:
        models = [model for model in models if model.unit in data]
    else:
        for place, model in enumerate(models):
            if model.unit in data:
                _check_names(f"vary.models[{place}] ({model.name})", model, data[model.unit])
    ids = data["utterances"]["model_id"].unique().to_pylist()
    model_id = ids[0] if ids else None
    return [
        _describe(model, response, data.get(model.unit), model_id, options, is_default)
        for model in models
        for response in model.responses
    ]


def _check_names(place: str, model: StatisticalModel, data: pa.Table) -> None:
    """Refuse names that mean nothing in the model's table or formula."""
    formula = parse_formula(f"{model.responses[0]} ~ {model.formula}")
    for response in model.responses:
        if response not in data.column_names:
            raise UserError(
                f"{place}.responses: the table of {model.unit} has no column {response!r};"
                f"{near_or_all(response, data.column_names, 'it has')}"
            )
    for name in formula.columns:
        if name not in data.column_names:
            raise UserError(
                f"{place}.formula: the table of {model.unit} has no column {name!r};"
                f"{near_or_all(name, data.column_names, 'it has')}"
            )
    fixed = list(dict.fromkeys(name for term in formula.terms for name in term))
    terms = [":".join(term) for term in formula.terms]
    for option, names, there in (
        ("contrasts", model.contrasts, formula.expressions),
        ("scale", model.scale, formula.expressions),
        ("marginal_means", model.marginal_means or [], fixed),
        ("compare", [name for name in model.compare or [] if "|" not in name], terms),
    ):
        for name in names:
            if name not in there:
                raise UserError(
                    f"{place}.{option}: the formula has no {name!r};"
                    f"{near_or_all(name, there, 'it has')}"
                )


def _describe(
    model: StatisticalModel,
    response: str,
    data: pa.Table | None,
    model_id: str | None,
    options: VaryOptions,
    is_default: bool,
) -> Described:
    """Fit one model with one response; where that cannot be, say why."""
    formula = f"{response} ~ {' '.join(model.formula.split())}"
    title = f"Model {model.name} of {response}, scores of {model_id or 'no model'}"
    asked = ResultOptions(
        name=model.name,
        model_id=model_id,
        intervals=model.intervals,
        n_bootstrap=model.draws,
        likelihood_ratio=model.compare != [],
        compare=model.compare,
        means=model.marginal_means,
        left_out=model.robustness,
        robustness=model.robustness,
        n_cluster_draws=model.draws,
        seed=model.seed,
    )
    logger.info("%s", title)
    try:
        if data is None:
            raise UserError("content words have no scores of their own (align.words.score)")
        notes: list[str] = []
        contrasts = dict(model.contrasts)
        if is_default:
            usable, notes = usable_formula(data, parse_formula(formula))
            formula, reference = str(usable), speaker_reference(data)
            if reference and "speaker" in usable.columns:
                contrasts["speaker"] = reference
        if response in MAXIMA and "log_n_frames" not in parse_formula(formula).columns:
            notes.append(
                f"{response} grows with the number of pictures, and log_n_frames is not in the "
                "formula"
            )
        frame = build_frame(
            data, formula, family=model.family, contrasts=contrasts, scale=model.scale
        )
        n = frame.y.size
        if n < options.min_utterances:
            raise UserError(
                f"{n} rows, at least {options.min_utterances} are needed (vary.min_utterances)"
            )
        frame = replace(frame, notes=(*notes, *frame.notes))
        others = dict.fromkeys((*model.responses, *OTHER_RESPONSES[model.unit]))
        if model.family == "binomial":
            others = dict.fromkeys(model.responses)
        responses = {
            name: values
            for name in others
            if name != response
            and np.isfinite(values := other_response(data, name)[frame.rows]).any()
        }
        groups = [term.group for term in frame.random]
        asked = replace(
            asked,
            responses=responses,
            clusters="child_id" if "child_id" in groups else None,
        )
        results = fit_and_describe(
            frame, model.family, model.reml and model.family == "gaussian", asked
        )
        months = other_response(data, "age_months")[frame.rows]
        line = [] if "age_within" in model.scale else age_line(results.fit, months)
    except UserError as error:
        logger.warning("%s: no fit: %s", title, error)
        tables = without_fit(formula, response, model.family, str(error), asked)
        tables[MODEL_LINES.name] = conform(MODEL_LINES, [])
        return Described(tables, f"{title}\n\nNo fit: {error}\n")
    for note in (*frame.notes, *results.fit.notes):
        logger.warning("%s: %s", title, note)
    fitted = {"name": model.name, "model_id": model_id, "response": response}
    lines = conform(MODEL_LINES, [fitted | row for row in line])
    return Described(results.tables | {MODEL_LINES.name: lines}, f"{title}\n\n{results.summary}")
