"""The methods text, assembled from the steps that ran: what was done, how, and after whom."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from egoalign import __version__
from egoalign.config import Config, ModelOptions, NullOptions, WindowOptions
from egoalign.privacy.shared_config import WITHHELD
from egoalign.report.markup import page, section
from egoalign.report.references import OF_WEIGHTS, REFERENCES, SHORT
from egoalign.tables import (
    MODEL_FITS,
    RELIABILITY,
    SESSIONS_STATUS,
    atomic_path,
    read_table,
)
from egoalign.wording import counted, number

Row = Mapping[str, Any]
CITED = re.compile(r"\[@(\w+)\]")
"""A citation in the text below."""

SECONDS_PER_HOUR = 3600.0

SCHEMES = {
    "shuffled": "the utterance's text with as many consecutive pictures of another utterance of "
    "the same session (shuffled)",
    "shift": "the session's speech moved against its sight by at least {shift:g} s (shift)",
    "other_session": "pictures of another session of the same child (other session)",
    "like_age": "pictures of another child whose age differs by at most {age:g} days (like age)",
    "anyone": "pictures of any other session (anyone)",
    "text_matched": "the utterance's own pictures with another text of as many tokens by such a "
    "speaker (text matched)",
    "one_draw": "one picture of one other utterance, drawn once as in the study [@study] (one "
    "draw)",
}

PICTURES = {
    "crop": "the central square of each picture",
    "pad": "each whole picture, padded to a square",
    "stretch": "each whole picture, squeezed to a square",
    "tiles_mean": "squares along the longer side of each picture, whose mean vector counts",
    "tiles_max": "squares along the longer side of each picture, of which the best counts",
}


@dataclass(frozen=True)
class Ran:
    """What a run's tables say of its steps.

    Parameters
    ----------
    status : sequence of mappings
        Rows of table SESSIONS_STATUS.
    fits : sequence of mappings
        Rows of table MODEL_FITS of all models.
    reliability : sequence of mappings
        Rows of table RELIABILITY, empty where nobody judged.
    """

    status: Sequence[Row]
    fits: Sequence[Row]
    reliability: Sequence[Row]


def write_methods(
    config: Config,
    status: Path,
    fits: Sequence[Path],
    reliability: Sequence[Path],
    markdown: Path,
    html: Path,
) -> None:
    """Read the tables and write the methods text, as Markdown and as a page."""
    ran = Ran(
        read_table(SESSIONS_STATUS, status).to_pylist(),
        [row for path in fits for row in read_table(MODEL_FITS, path).to_pylist()],
        [row for path in reliability for row in read_table(RELIABILITY, path).to_pylist()],
    )
    sections = list(methods_sections(config, ran))
    with atomic_path(markdown) as partial:
        partial.write_text(methods_markdown(sections), encoding="utf-8")
    with atomic_path(html) as partial:
        partial.write_text(methods_page(sections), encoding="utf-8")


def methods_sections(config: Config, ran: Ran) -> Iterator[tuple[str, list[str]]]:
    """Yield title and paragraphs of each section, with citations as ``[@key]``."""
    networks = [model for model in config.encode.models if not model.scores]
    yield "Corpus", list(_corpus(ran.status))
    yield "Pictures, texts and scores", list(_scores(config, networks))
    if networks:
        yield "Null", list(_nulls(config.align.nulls, config.align.seed))
        extra = list(_lags_and_words(config))
        if extra:
            yield "Time and words", extra
    if ran.reliability:
        yield "People", list(_people(config, ran.reliability))
    yield "What explains the scores", list(_explained(ran.fits))
    if config.reference.sets:
        yield "Other data sets", list(_other_sets(config))
    yield (
        "Software",
        [
            f"All steps are those of egoalign {__version__}, which rebuilds and extends a "
            "published "
            "method [@study], run as a workflow by Snakemake [@snakemake]. Every option stands in "
            "report/config.yaml, the versions of all packages in the records of the run."
        ],
    )


def methods_markdown(sections: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return the text as Markdown, with the list of works that it cites."""
    parts = ["# Methods"]
    for title, paragraphs in sections:
        parts += [f"## {title}", *(_cited(text) for text in paragraphs)]
    parts.append("## References")
    return "\n\n".join([*parts, "\n".join(f"- {one}" for one in _works(sections))]) + "\n"


def methods_page(sections: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return the text as a page that needs nothing else."""
    bodies = [
        section(title, "".join(f"<p>{escape(_cited(text))}</p>\n" for text in paragraphs))
        for title, paragraphs in sections
    ]
    works = "".join(f"<p>{escape(one)}</p>\n" for one in _works(sections))
    return page("Methods", [*bodies, section("References", works)])


def _cited(text: str) -> str:
    """Return a text with its citations written out."""
    return CITED.sub(lambda found: f"({SHORT[found[1]]})", text)


def _works(sections: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Return the works that a text cites, in the order of the alphabet."""
    keys = {key for _, paragraphs in sections for text in paragraphs for key in CITED.findall(text)}
    return sorted(REFERENCES[key] for key in keys)


def _corpus(status: Sequence[Row]) -> Iterator[str]:
    states = Counter(row["status"] for row in status)
    ok = [row for row in status if row["status"] == "ok"]
    hours = sum(row["duration_s"] or 0.0 for row in ok) / SECONDS_PER_HOUR
    text = (
        f"The corpus has {counted(len(status), 'session')} of "
        f"{counted(len({row['child_id'] for row in status}), 'child', 'children')}. "
        f"{counted(states['ok'], 'session')} "
        f"{'was' if states['ok'] == 1 else 'were'} analysed ({number(hours, 2)} hours, "
        f"{counted(sum(row['n_utterances'] for row in ok), 'utterance')}, of which "
        f"{sum(row['n_scored'] for row in ok):,} have a score); {states['excluded']} "
        f"excluded by the lab, {states['failed']} failed."
    )
    yield text


def _scores(config: Config, networks: Sequence[ModelOptions]) -> Iterator[str]:
    encode = config.encode
    if networks:
        grid = (
            "the picture on screen at each point of a fixed grid"
            if encode.grid == "exact"
            else "the key frame nearest to each point of a fixed grid, where one lies within "
            f"{encode.keyframe_tolerance_s:g} s, else the picture on screen"
        )
        yield (
            f"Of each recording, {grid} with {encode.fps:g} a second was taken, and of it "
            f"{PICTURES[encode.picture]} at the model's own resolution. Texts were encoded as the "
            "transcripts have them, less codes and marks "
            f"({', '.join(config.transcripts.text_rules) or 'nothing was removed'})."
        )
        names = "; ".join(_model(model) for model in networks)
        yield (
            f"Pictures and texts were embedded with {counted(len(networks), 'model')} "
            f"by open_clip [@open_clip] in {encode.precision}: {names}. An utterance's score is "
            "the "
            f"greatest cosine of its text with its pictures; its pictures are {_window(config)}."
        )
    given = [model.model_id for model in config.encode.models if model.scores]
    if given:
        yield f"Scores that the lab had already were taken over: {', '.join(given)}."


def _model(model: ModelOptions) -> str:
    """Return how a model is named and cited; files of the lab are not named."""
    here = model.files_here()
    named = f"{model.name} {model.pretrained or ''}".lower()
    works = dict.fromkeys(work for part, work in OF_WEIGHTS if part in named and not here)
    cited = "".join(f" [@{work}]" for work in works)
    if model.name in here or model.name == WITHHELD:
        return f"{model.model_id}, a model of the lab's own"
    weights = (
        "" if not model.pretrained
        else " with the lab's own weights" if model.pretrained in here
        else f" with the weights {model.pretrained}"
    )  # fmt: skip
    return f"{model.name}{weights}{cited}"


def _window(config: Config) -> str:
    """Return which pictures belong to an utterance."""
    window: WindowOptions = config.align.window
    around = ""
    if window.before_s or window.after_s:
        around = f", from {window.before_s:g} s before to {window.after_s:g} s after it"
    kinds = {
        "all": f"all grid points within it{around}",
        "number": f"the {window.number} grid points nearest to its middle{around}",
        "words": f"the grid points nearest to the middle of each of its timed words{around}",
    }
    return f"{kinds[window.points]}, or the nearest one where it holds none"


def _nulls(options: NullOptions, seed: int) -> Iterator[str]:
    schemes = "; ".join(
        SCHEMES[name].format(shift=options.min_shift_s, age=options.age_tolerance_days)
        for name in options.schemes
    )
    yield (
        f"Each score stands beside what unrelated speech and sight would give: {schemes}. There "
        f"were {options.draws} draws an utterance and scheme (seed {seed}). A score's difference "
        "is "
        "the score less the mean of its draws, and its z that over their standard deviation."
    )


def _lags_and_words(config: Config) -> Iterator[str]:
    align = config.align
    if align.lags.profile:
        yield (
            "The score was also computed with sight moved against speech by up to "
            f"{align.lags.reach_s:g} s either way; the band beside the profile is of far shifts."
        )
    if align.words.score:
        yield (
            "Nouns, verbs and adjectives were scored by themselves, each lemma put into the phrase "
            f"'{align.words.template}'; lemmas that transcripts lack are those of HanTa [@hanta]."
        )


def _people(config: Config, reliability: Sequence[Row]) -> Iterator[str]:
    options = config.validate_
    kinds = sorted({row["kind"].replace("_", " ") for row in reliability})
    yield (
        f"People judged pairs of pictures and utterances ({', '.join(kinds)}). Their agreement is "
        "given by Krippendorff's alpha [@krippendorff] and other measures. The model was asked the "
        "same items; people's accuracy as a function of its score was fitted with lapses "
        "[@wichmann]. Intervals are bootstrap intervals over items "
        f"({options.bootstraps} samples, seed {options.seed})."
    )
    calibration = options.calibration
    yield (
        "Scores were turned into probabilities that speech and sight are aligned, by "
        f"{calibration.fit} regression on labels or ratings, with raters' errors "
        f"{'not modelled' if calibration.rater_error == 'none' else 'modelled [@dawid]'}; children "
        "were held out in turn. The share of aligned moments is "
        + (
            "the mean of these probabilities."
            if calibration.prevalence == "calibrated"
            else "that of Rogan and Gladen [@rogan]."
        )
    )


def _explained(fits: Sequence[Row]) -> Iterator[str]:
    fitted = [row for row in fits if row["reason"] is None]
    if not fitted:
        yield "No statistical model could be fitted."
        return
    formulas: dict[tuple[str, str, str | None], list[str]] = {}
    for row in fitted:
        key = (row["formula"].partition("~")[2].strip(), row["family"], row["estimation"])
        formulas.setdefault(key, []).append(row["response"])
    for (formula, family, estimation), responses in formulas.items():
        names = ", ".join(dict.fromkeys(responses))
        by = f" by {estimation}" if estimation else ""
        kind = "Linear" if family == "gaussian" else "Logistic"
        yield f"{kind} models of {names}{by}: {formula}."
    yield (
        "Formulas are in the notation of lme4 [@lme4]. Linear models with random terms have "
        "t tests with Satterthwaite's degrees of freedom, as lmerTest has them [@lmertest]; "
        "contrasts of levels are corrected by Holm's method [@holm]; shares of explained "
        "variance are as defined by "
        "Nakagawa and Schielzeth [@nakagawa]. Frequencies of words in general come from wordfreq "
        "[@wordfreq]."
    )


def _other_sets(config: Config) -> Iterator[str]:
    names = ", ".join(
        f"{one.name} (at most {one.n_pairs:,} pairs)" for one in config.reference.sets
    )
    yield (
        f"The same models scored captioned pictures of other sets: {names}, drawn by seed "
        f"{config.reference.seed}. The corpus and the sets are compared at equal numbers of pairs."
    )
