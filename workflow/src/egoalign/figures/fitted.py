"""How figures tell the fits of statistical models apart, and what they call their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from egoalign.figures.facts import Facts
from egoalign.figures.style import SPEAKER_NAMES

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, str]
"""A fit: name of the statistical model, and response."""

CHILD = "child_id"
NORMAL_95 = 1.959963984540054
"""Standard deviations on each side of the mean that hold 95 % of a normal distribution."""

RESPONSES = {
    "score_max": ("greatest cosine", "cosine"),
    "score_mean": ("mean cosine", "cosine"),
    "score_min": ("least cosine", "cosine"),
    "score_top_k": ("mean of top cosines", "cosine"),
    "score_corrected": ("corrected cosine", "cosine"),
    "shuffled_difference": ("score less null", "cosine"),
    "shuffled_z": ("score over null", "SD of the null"),
    "shuffled_percentile": ("percentile in null", "share"),
    "aligned": ("aligned or not", "log odds"),
    "word_score": ("word score", "cosine"),
    "word_difference": ("word score less null", "cosine"),
    "word_z": ("word score over null", "SD of the null"),
    "word_percentile": ("word percentile", "share"),
    "word_aligned": ("word aligned or not", "log odds"),
}
"""Responses: what they are called, and the unit of their effects."""

GROUPS = {
    "child_id": "children",
    "child_id:session_id": "sessions",
    "session_id": "sessions",
    "lemma_id": "lemmas",
    "child_id:session_id:utterance_id": "utterances",
    "utterance_id": "utterances",
}
"""Grouping factors: what their members are called."""

PREDICTORS = {
    "age_within": ("age within child", "month"),
    "age_between": ("age between children", "month"),
    "age_months": ("age", "month"),
    "log_n_words": ("log words", "unit of log"),
    "log_n_frames": ("log pictures", "unit of log"),
    "log_freq": ("frequency, corpus", "Zipf unit"),
    "log_freq_others": ("frequency, other children", "Zipf unit"),
    "general_log_freq": ("frequency, general", "Zipf unit"),
    "age_of_acquisition": ("age of acquisition", "unit of the norms"),
    "concreteness": ("concreteness", "unit of the norms"),
    "position": ("position in session", "whole session"),
    "minutes": ("time in session", "minute"),
    "time_of_day_h": ("time of day", "hour"),
    "duration_s": ("duration", "second"),
}
"""Predictors: what they are called, and their unit."""


def keys_of(rows: pd.DataFrame) -> list[Key]:
    """Return the fits that a table has rows of, in its order."""
    return list(dict.fromkeys(zip(rows["name"], rows["response"], strict=True)))


def of_fit(rows: pd.DataFrame, key: Key) -> pd.DataFrame:
    """Return a table's rows of one fit."""
    return rows[(rows["name"] == key[0]) & (rows["response"] == key[1])]


def fit_title(key: Key) -> str:
    """Return what a fit is called: the statistical model, and its response in words."""
    return f"{key[0]}: {response_name(key[1])}"


def response_name(response: str) -> str:
    """Return what a response is called."""
    return RESPONSES.get(response, (response,))[0]


def response_unit(response: str, family: str = "gaussian") -> str:
    """Return the unit of a response's effects."""
    if family == "binomial":
        return "log odds"
    return RESPONSES.get(response, ("", f"unit of {response}"))[1]


def group_name(group: str) -> str:
    """Return what the members of a grouping factor are called."""
    return GROUPS.get(group, group.replace("_id", "").replace(":", " x "))


def predictor_name(name: str) -> str:
    """Return what a predictor, or an interaction of several, is called."""
    return " x ".join(_variable_name(part) for part in name.split(":"))


def predictor_unit(name: str) -> str:
    """Return the unit of a predictor."""
    return PREDICTORS.get(name, ("", f"unit of {name}"))[1]


def _variable_name(name: str) -> str:
    variable, _, level = name.partition("[")
    if level:
        return level_name(level.removesuffix("]"))
    return PREDICTORS.get(variable, (variable.replace("_", " "),))[0]


def level_name(level: str) -> str:
    """Return what a level of a factor is called."""
    return SPEAKER_NAMES.get(level, level.replace("_", " "))


def effect_facts(row: Mapping[Any, Any]) -> Facts:
    """Return a row of table MODEL_EFFECTS with its interval's ends under the names of facts."""
    return {
        "estimate": row["estimate"],
        "ci_low": row["low"],
        "ci_high": row["high"],
        "p": row["p"],
    }


def why_none(fits: pd.DataFrame) -> str:
    """Return why there are no fits, as the models' own rows say it."""
    reasons = dict.fromkeys(fits["reason"].dropna())
    return "; ".join(reasons) if reasons else "no statistical model was asked for"
