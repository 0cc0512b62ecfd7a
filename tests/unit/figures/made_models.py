"""Tables of statistical models with known content, made for the tests of figures and report."""

from __future__ import annotations

import numpy as np
import pandas as pd

MAIN_FORMULA = (
    "age_within + age_between + speaker + activity + log_n_words + log_n_frames"
    " + (1 + age_within | child_id) + (1 | child_id:session_id)"
)
WORDS_FORMULA = (
    "age_within + age_between + speaker + log_freq + concreteness"
    " + (1 | child_id) + (1 | child_id:session_id) + (1 | lemma_id)"
)
FITS = (
    ("main", "score_max", "gaussian", 0.04),
    ("main", "score_mean", "gaussian", 0.035),
    ("main", "shuffled_difference", "gaussian", 0.04),
    ("main", "shuffled_z", "gaussian", 1.1),
    ("words", "word_score", "gaussian", 0.05),
    ("words", "word_difference", "gaussian", 0.05),
    ("words", "word_z", "gaussian", 1.2),
    ("aligned", "aligned", "binomial", 1.8),
)
SLOPE, BETWEEN = 0.0004, 0.0006


def _key(name: str, response: str) -> dict[str, str]:
    return {"name": name, "model_id": "tiny", "response": response}


def fits() -> pd.DataFrame:
    """Return what was fitted: utterance, word and binomial models, eight responses."""
    rows = []
    for name, response, family, _ in FITS:
        formula = WORDS_FORMULA if name == "words" else MAIN_FORMULA
        rows.append(
            _key(name, response)
            | {
                "formula": f"{response} ~ {formula}",
                "family": family,
                "n": 812_345 if name == "words" else 1_301_223,
                "r2_marginal": 0.021,
                "r2_conditional": 0.094,
                "singular": None,
                "notes": None,
                "reason": None,
            }
        )
    return pd.DataFrame(rows)


def no_fits(reason: str = "12 rows, at least 30 are needed (vary.min_utterances)") -> pd.DataFrame:
    """Return the same where nothing could be fitted."""
    return fits().iloc[:1].assign(reason=reason, n=np.nan)


def child_names(n_children: int) -> list[str]:
    """Return names of children, as `utterances` has them."""
    return [f"S{child:05d}" for child in range(1, n_children + 1)]


def random_effects(n_children: int = 40, seed: int = 5) -> pd.DataFrame:
    """Return modes of children, with slopes in the first model, and of some sessions."""
    rng = np.random.default_rng(seed)
    rows = []
    levels = rng.normal(size=n_children)
    counts = rng.integers(500, 60_000, n_children)
    for name, response, _, scale in FITS:
        columns = ["(Intercept)"] + (["age_within"] if name == "main" else [])
        for place, child in enumerate(child_names(n_children)):
            for column in columns:
                size = 0.2 * scale if column == "(Intercept)" else 0.008 * scale
                level = levels[place] + 0.5 * rng.normal()
                rows.append(
                    _key(name, response)
                    | {
                        "group": "child_id",
                        "level": child,
                        "column": column,
                        "mode": size * level,
                        "sd": size * rng.uniform(0.2, 0.6),
                        "n": counts[place],
                    }
                )
        rows.append(
            _key(name, response)
            | {"group": "child_id:session_id", "level": "S00001:s1", "column": "(Intercept)"}
            | {"mode": 0.0, "sd": 0.01, "n": 100}
        )
    return pd.DataFrame(rows)


def components() -> pd.DataFrame:
    """Return standard deviations over children, with intervals."""
    rows = []
    for name, response, _, scale in FITS:
        for column, size in (("(Intercept)", 0.2 * scale), ("age_within", 0.008 * scale)):
            rows.append(
                _key(name, response)
                | {"kind": "sd", "group": "child_id", "column": column, "other": None}
                | {"estimate": size, "low": 0.8 * size, "high": 1.3 * size, "note": "profile"}
            )
    return pd.DataFrame(rows)


def variance() -> pd.DataFrame:
    """Return shares of fixed effects, children, sessions, lemmas, an unknown group, residual."""
    rows = []
    for name, response, family, scale in FITS:
        parts = [("Fixed effects", None, 0.021), ("(1 + age_within | child_id)", "child_id", 0.032)]
        parts.append(("(1 | child_id:session_id)", "child_id:session_id", 0.041))
        if name == "words":
            parts.append(("(1 | lemma_id)", "lemma_id", 0.112))
        if family == "binomial":
            parts.append(("(1 | activity)", "activity", 0.0003))
        rest = 1 - sum(share for _, _, share in parts)
        for component, group, share in [*parts, ("Residual", None, rest)]:
            rows.append(
                _key(name, response)
                | {"component": component, "group": group, "n_levels": 40}
                | {"variance": share * scale**2, "share": share, "icc": None}
            )
    return pd.DataFrame(rows)


def effects(seed: int = 6) -> pd.DataFrame:
    """Return fixed effects of every fit; age of score_max has the slopes of this module."""
    rng = np.random.default_rng(seed)
    rows = []
    own = {
        "main": ["log_n_words", "log_n_frames"],
        "aligned": ["log_n_words"],
        "words": ["log_freq", "concreteness"],
    }
    levels = {
        "speaker": ["male_adult", "key_child", "other_child"],
        "activity": ["book_reading", "mealtime", "outdoor_play"],
    }
    for name, response, _, scale in FITS:
        terms = [("(Intercept)", "(Intercept)"), ("age_within",) * 2, ("age_between",) * 2]
        for factor in ["speaker"] + (["activity"] if name != "words" else []):
            terms += [(factor, f"{factor}[{level}]") for level in levels[factor]]
        terms += [(term, term) for term in own[name]]
        for term, effect in terms:
            spread = {"age_within": 4.1, "age_between": 5.2}.get(effect, 0.6)
            estimate = scale * rng.normal(0, 0.08) / spread
            se = scale * 0.025 / spread
            if response == "score_max" and term.startswith("age"):
                estimate = SLOPE if term == "age_within" else BETWEEN
            rows.append(
                _key(name, response)
                | {"term": term, "effect": effect, "estimate": estimate, "se": se, "df": 38.0}
                | {"statistic": estimate / se, "p": 0.01, "spread": spread}
                | {"low": estimate - 2 * se, "high": estimate + 2 * se}
            )
    return pd.DataFrame(rows)


def means() -> pd.DataFrame:
    """Return marginal means, of which figures take the levels."""
    levels = {
        "speaker": ["female_adult", "male_adult", "key_child", "other_child"],
        "activity": ["free_play", "book_reading", "mealtime", "outdoor_play"],
    }
    rows = [
        _key(name, response) | {"factor": factor, "level": level, "scale": "response"}
        for name, response, _, _ in FITS
        for factor, own in levels.items()
        if name != "words" or factor == "speaker"
        for level in own
    ]
    return pd.DataFrame(rows)


def lines() -> pd.DataFrame:
    """Return lines over age of the utterance models: child's own age from -9 to 9 months."""
    rows = []
    for name, response, family, scale in FITS:
        middle = {"score_max": 0.24, "score_mean": 0.23, "aligned": 0.2}.get(response, 0.01)
        for value in np.linspace(-9, 9, 25):
            at = middle + (SLOPE if response == "score_max" else 0.01 * scale) * value
            half = 0.06 * scale * (1 + abs(value) / 12) * (0.2 if family == "binomial" else 1)
            rows.append(
                _key(name, response)
                | {"predictor": "age_within", "age_months": 14.0 + value, "value": value}
                | {"estimate": at, "low": at - half, "high": at + half}
            )
    return pd.DataFrame(rows[: 4 * 25] + rows[-25:])


def utterances(n_children: int = 40, sessions: int = 12, seed: int = 7) -> pd.DataFrame:
    """Return scored utterances with ages, times in the session, locations and activities."""
    rng = np.random.default_rng(seed)
    names = child_names(n_children)
    modes = random_effects(n_children)
    modes = modes[(modes["response"] == "score_max") & (modes["group"] == "child_id")]
    modes = modes.pivot(index="level", columns="column", values="mode")
    parts = []
    for child in names:
        between = rng.uniform(8, 20)
        own = max(1, int(rng.integers(sessions // 2, sessions * 2)))
        ages = np.linspace(-1, 1, own) * rng.uniform(2, 9) if own > 1 else np.zeros(1)
        for session, within in enumerate(ages):
            n = int(rng.integers(20, 60))
            length = rng.uniform(6, 32)
            minutes = np.sort(rng.uniform(0, length, n))
            activity = rng.choice(["free_play", "book_reading", "mealtime", "outdoor_play"])
            level = (
                0.24
                + SLOPE * within
                + BETWEEN * (between - 14)
                + rng.normal(0, 0.006)
                + modes.loc[child, "(Intercept)"]
                + modes.loc[child, "age_within"] * within
            )
            score = level + 0.01 * (activity == "book_reading") + rng.normal(0, 0.03, n)
            score = score - 0.006 * minutes / length
            parts.append(
                pd.DataFrame(
                    {
                        "child_id": child,
                        "session_id": f"s{session:03d}",
                        "utterance_id": [f"u{k:05d}" for k in range(n)],
                        "model_id": "tiny",
                        "score_max": score,
                        "score_mean": score - 0.01,
                        "shuffled_mean": 0.226,
                        "shuffled_difference": score - 0.226,
                        "shuffled_z": (score - 0.226) / 0.03,
                        "age_months": between + within,
                        "age_between": between,
                        "minutes": minutes,
                        "position": minutes / length,
                        "location": rng.choice(["kitchen", "living_room", "bedroom", "garden"]),
                        "activity": activity,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def lemmas(n: int = 1800, seed: int = 8) -> pd.DataFrame:
    """Return lemmas whose difference rises with concreteness, with their norms beside them."""
    rng = np.random.default_rng(seed)
    number = np.sort((2 * rng.pareto(0.9, n) + 1).astype(int))[::-1]
    word_class = rng.choice(["noun", "verb", "adjective"], n, p=[0.6, 0.25, 0.15])
    concreteness = np.clip(rng.normal(3.6, 0.8, n) + 0.6 * (word_class == "noun"), 1.2, 5)
    difference = 0.004 * (concreteness - 3) + rng.normal(0, 0.03, n) / np.sqrt(number) ** 0.7
    return pd.DataFrame(
        {
            "model_id": "tiny",
            "lemma_id": [str(k + 1) for k in range(n)],
            "word_class": word_class,
            "n": number,
            "n_scored": number,
            "n_null": number,
            "n_children": np.minimum(number, 40),
            "difference": difference,
            "log_freq": np.log10(number / number.sum()) + 9,
            "concreteness": np.where(rng.random(n) < 0.15, np.nan, concreteness),
        }
    )
