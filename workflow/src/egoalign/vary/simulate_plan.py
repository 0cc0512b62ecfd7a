"""What is simulated: parameters, sample sizes, and the file that states them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from egoalign.config import Section, parse_section
from egoalign.log import UserError
from egoalign.vary.formula import Column, Formula, parse_formula
from egoalign.vary.terms import INTERCEPT, Family

Positive = Annotated[float, Field(gt=0)]
Sd = Annotated[float, Field(ge=0)]
Correlation = Annotated[float, Field(ge=-1, le=1)]

RESPONSES = {
    ("utterance", "score"): "score_max",
    ("utterance", "aligned"): "aligned",
    ("word", "score"): "word_score",
    ("word", "aligned"): "word_aligned",
}
"""Response of a unit on a scale, as tables UTTERANCE_TABLE and WORD_TABLE name it."""

LEVEL = re.compile(r"\[[^\[\]]*\]$")
"""What a column of a factor has after the factor's name."""


class Sizes(Section):
    """How large the corpus is, and how unequal its parts are."""

    children: int = Field(40, ge=2, description="children")
    sessions: Positive = Field(10.0, description="mean sessions a child")
    sessions_cv: float = Field(
        0.5, ge=0, description="standard deviation over mean of sessions a child; at least one each"
    )
    hours: Positive | None = Field(
        None, description="hours recorded of all children; instead of sessions"
    )
    session_hours: Positive = Field(0.25, description="mean hours a session")
    session_hours_cv: float = Field(0.5, ge=0, description="the same of hours a session")
    utterances_per_hour: Positive = Field(240.0, description="utterances with a score an hour")
    utterances: Positive | None = Field(
        None, description="mean utterances a session; instead of utterances_per_hour"
    )
    content_words: float = Field(1.5, ge=1, description="mean content words an utterance")
    first_age_months: tuple[float, float] = Field(
        (6.0, 18.0), description="least and greatest age at which children enter"
    )
    followed_months: float = Field(12.0, ge=0, description="months over which sessions lie")
    speakers: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {"female_adult": 0.46, "key_child": 0.2, "male_adult": 0.2, "other_child": 0.14},
        description="share of each speaker type",
    )
    lemmas: int = Field(500, ge=2, description="lemmas, of Zipf frequencies")
    zipf: float = Field(1.0, ge=0, description="exponent: frequency is 1 / rank^exponent")

    @model_validator(mode="after")
    def _possible(self) -> Sizes:
        low, high = self.first_age_months
        if not 0 <= low <= high:
            raise ValueError(f"first_age_months [{low}, {high}]: expected 0 <= least <= greatest")
        if not sum(self.speakers.values()) > 0:
            raise ValueError("speakers: the shares sum to 0; expected at least one above")
        if self.mean_sessions < 1:
            raise ValueError(
                f"hours {self.hours:g}: less than a session of {self.session_hours:g} h for each "
                f"of {self.children} children; give more hours, fewer children or session_hours"
            )
        return self

    @property
    def mean_sessions(self) -> float:
        """Mean sessions a child."""
        if self.hours is None:
            return self.sessions
        return self.hours / (self.children * self.session_hours)

    @property
    def mean_utterances(self) -> float:
        """Mean utterances a session."""
        if self.utterances is not None:
            return self.utterances
        return self.utterances_per_hour * self.session_hours


class RandomEffects(Section):
    """Effects that vary over the members of a group."""

    group: str = Field(description="group as in a formula, such as child_id:session_id")
    sd: dict[str, Sd] = Field(description="standard deviation of each column that varies")
    correlations: dict[str, dict[str, Correlation]] = Field(
        default_factory=dict, description="of two columns: {column: {other: value}}; else 0"
    )

    @model_validator(mode="after")
    def _known(self) -> RandomEffects:
        named = [
            *self.correlations,
            *(name for each in self.correlations.values() for name in each),
        ]
        unknown = [name for name in named if name not in self.sd]
        if unknown:
            raise ValueError(
                f"correlations of {self.group}: {unknown[0]!r} has no sd; there are "
                f"{', '.join(self.sd)}"
            )
        return self

    def correlation(self, first: str, second: str) -> float:
        """Return the correlation of two columns, whichever is named first."""
        given = self.correlations.get(first, {}).get(second)
        if given is None:
            given = self.correlations.get(second, {}).get(first, 0.0)
        return given


class StudyPlan(Section):
    """The true model of a simulated corpus, and the corpus's sizes."""

    unit: Literal["utterance", "word"] = Field(
        "utterance", description="what a row is: an utterance, or a content word"
    )
    scale: Literal["score", "aligned"] = Field(
        "score", description="response: a score (Gaussian), or aligned or not (binomial, logit)"
    )
    formula: str | None = Field(
        None, description="the true model in lme4's notation; else that which the effects name"
    )
    contrasts: dict[str, Any] = Field(
        default_factory=dict, description="reference level or coding of factors, as for a fit"
    )
    scaling: dict[str, dict[Literal["center", "scale"], float]] = Field(
        default_factory=dict,
        description="number taken from a variable and number it is divided by, as for a fit",
    )
    effects: dict[str, float] = Field(
        description="fixed effects by the names a fit gives them, such as speaker[key_child]; "
        "those of the true model that are not named are 0"
    )
    random: list[RandomEffects] = Field(
        default_factory=list, description="what varies over children, sessions, lemmas"
    )
    residual_sd: Positive | None = Field(
        None, description="residual standard deviation; must be given for scores, not for aligned"
    )
    sizes: Sizes = Field(default_factory=Sizes, description="sizes of the corpus")

    @model_validator(mode="after")
    def _residual(self) -> StudyPlan:
        if self.scale == "score" and self.residual_sd is None:
            raise ValueError("residual_sd: missing; scores need it")
        if self.scale == "aligned" and self.residual_sd is not None:
            raise ValueError("residual_sd: found a value; a binomial model has none, leave it out")
        return self

    @property
    def family(self) -> Family:
        """Family of the response."""
        return "gaussian" if self.scale == "score" else "binomial"

    @property
    def true_formula(self) -> Formula:
        """The formula of the true model: as given, or made of the names of its effects."""
        return parse_formula(self.formula or derived_formula(self))

    @property
    def response(self) -> str:
        """Column that holds the response."""
        return response_of(self.true_formula)


def response_of(formula: Formula) -> str:
    """Return the column that is a formula's response.

    Raises
    ------
    UserError
        The response is a function or comparison: such cannot be drawn.
    """
    if not isinstance(formula.response, Column):
        raise UserError(
            f"formula '{formula}': the response is {formula.response}; a simulation draws a "
            "column, such as score_max or aligned"
        )
    return formula.response.name


def derived_formula(plan: StudyPlan) -> str:
    """Return the formula that has the effects of a plan.

    A name without its levels is its term: ``age_within:speaker[key_child]`` is of
    ``age_within:speaker``.
    """
    fixed = [_sum_of(plan.effects)]
    fixed += [f"({_sum_of(each.sd)} | {each.group})" for each in plan.random]
    return f"{RESPONSES[plan.unit, plan.scale]} ~ {' + '.join(fixed)}"


def _sum_of(names: Sequence[str] | dict[str, float]) -> str:
    """Return the sum of the terms that columns belong to."""
    terms = [
        ":".join(LEVEL.sub("", part) for part in re.split(r":(?![^\[]*\])", name))
        for name in names
        if name != INTERCEPT
    ]
    return " + ".join(["1" if INTERCEPT in names else "0", *dict.fromkeys(terms)])


def read_plan(path: Path) -> dict[str, Any]:
    """Return the values of a plan's file, YAML or JSON, not yet checked.

    Raises
    ------
    UserError
        The file cannot be read, or holds no mapping.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); give a YAML or JSON file of effects"
        ) from error
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        kind = "JSON" if path.suffix == ".json" else "YAML"
        raise UserError(f"{path}: not {kind}: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected keys such as 'effects:', found {values!r}")
    return values


def make_plan(values: dict[str, Any], where: str) -> StudyPlan:
    """Return a checked plan.

    Raises
    ------
    UserError
        One line a problem.
    """
    return parse_section(StudyPlan, values, where)


def designs(plan: StudyPlan, children: Sequence[int], hours: Sequence[float]) -> list[StudyPlan]:
    """Return the plan at each number of children and of hours; empty lists leave its own.

    Raises
    ------
    UserError
        A combination cannot be had.
    """
    values = plan.model_dump()
    each_hours: list[float | None] = list(hours) or [None]
    return [
        parse_section(
            StudyPlan,
            values
            | {"sizes": values["sizes"] | {"children": n} | ({} if h is None else {"hours": h})},
            f"{n} children" + ("" if h is None else f" and {h:g} hours"),
        )
        for h in each_hours
        for n in (children or [plan.sizes.children])
    ]
