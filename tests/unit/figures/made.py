"""Tables with known content, made for the tests of figures and report."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from egoalign.figures.age import Population
from egoalign.reference.compare import compare
from egoalign.reference.summary import Pairs
from egoalign.resample import choose_clusters
from egoalign.tables import METRICS, SCHEMES, conform

FURTHER = SCHEMES[1:]
SPEAKERS = ("female_adult", "male_adult", "key_child")


def alignment(n_children: int = 5, seed: int = 1, model_id: str = "tiny") -> pd.DataFrame:
    """Return utterances whose score lies 0.01 above their null, on average."""
    rng = np.random.default_rng(seed)
    extra = np.random.default_rng([seed, 1])
    rows = []
    for child in range(n_children):
        level = rng.normal(0, 0.006)
        for session in range(1 + child % 4):
            age = 200.0 + 120.0 * session + 40.0 * child
            for utterance in range(30):
                null = 0.21 + level + rng.normal(0, 0.004)
                score = null + 0.01 + 0.00001 * (age - 400) + rng.normal(0, 0.012)
                rows.append(
                    {
                        "child_id": f"c{child:02d}",
                        "session_id": f"s{session}",
                        "utterance_id": f"u{utterance:05d}",
                        "model_id": model_id,
                        "age_days": age,
                        "speaker": SPEAKERS[utterance % 3],
                        "start_s": 2.0 * utterance,
                        "end_s": 2.0 * utterance + 1.5,
                        "n_words": 3,
                        "n_frames": 2,
                        "nearest_frame": False,
                        "score_min": score - 0.01,
                        "score_mean": score - 0.005,
                        "score_max": score,
                        "shuffled_mean": null,
                        "shuffled_sd": 0.012,
                        "shuffled_difference": score - null,
                        "shuffled_draw": null + rng.normal(0, 0.012),
                        **{
                            f"{scheme}_draw": null - 0.001 * k + extra.normal(0, 0.012)
                            for k, scheme in enumerate(FURTHER, start=1)
                        },
                        "reason": None,
                    }
                )
    return pd.DataFrame(rows)


def metrics(rows: list[tuple], model_id: str = "tiny") -> pd.DataFrame:
    """Return a METRICS table of (metric, subset, estimate, low, high, chance, n)."""
    names = ["metric", "subset", "estimate", "ci_low", "ci_high", "chance", "n"]
    table = pd.DataFrame(rows, columns=names)
    table.insert(0, "model_id", model_id)
    table["interval"] = "percentile bootstrap over 5 children, 1000 samples"
    table["note"] = "only 5 children: the interval is likely too narrow"
    return table


def summary(model_id: str = "tiny", shift: float = 0.0) -> pd.DataFrame:
    """Return what summarise-alignment gives, in small."""
    return metrics(
        [
            ("score_mean", "all", 0.221 + shift, 0.215, 0.227, np.nan, 360),
            ("null_mean", "all", 0.210, 0.206, 0.214, np.nan, 360),
            ("difference", "all", 0.011 + shift, 0.009, 0.014 + shift, 0.0, 360),
            ("difference", "speaker=female_adult", 0.012 + shift, 0.009, 0.015 + shift, 0.0, 120),
            ("difference", "speaker=male_adult", 0.010 + shift, 0.006, 0.014 + shift, 0.0, 120),
            ("difference", "speaker=key_child", 0.001, -0.004, 0.006, 0.0, 120),
            ("auc_null", "all", 0.68 + shift, 0.63, 0.73, 0.5, 360),
            ("jsd", "all", 0.021, 0.012, 0.034, 0.0, 360),
            *(
                (f"{scheme}_{name}", "all", value, value - 0.004, value + 0.005, chance, 360)
                for k, scheme in enumerate(FURTHER, start=1)
                for name, value, chance in (
                    ("difference", 0.011 + 0.001 * k, 0.0),
                    ("auc_null", 0.68 + 0.01 * k, 0.5),
                    ("jsd", 0.021 + 0.003 * k, 0.0),
                )
            ),
        ],
        model_id,
    )


def pairs(n: int, shift: float, unit: str, n_clusters: int, seed: int) -> Pairs:
    """Return n scores that lie `shift` above their null, in standard deviations."""
    rng = np.random.default_rng(seed)
    draw, score = 0.21 + 0.012 * rng.normal(size=(2, n))
    score += 0.012 * shift
    percentile = (np.searchsorted(np.sort(draw), score) + 0.5) / (n + 1)
    clusters = choose_clusters([(unit, np.arange(n) % n_clusters)])
    return Pairs(score, np.full(n, 0.21), percentile, draw, clusters)


@functools.cache
def reference(n: int = 120) -> tuple[dict[str, Pairs], pd.DataFrame]:
    """Return the corpus, its one-picture utterances and a set, and their comparison."""
    groups = {
        "corpus": pairs(3 * n, 0.8, "children", 5, 3),
        "corpus|one_frame": pairs(n, 0.7, "children", 5, 4),
        "photos": pairs(2 * n, 3.0, "pairs", 2 * n, 5),
    }
    rows = compare(groups, "tiny", [0.24], 200, 2511)
    return groups, conform(METRICS, rows).to_pandas()


def items(n: int = 80, seed: int = 2, model_id: str = "tiny") -> pd.DataFrame:
    """Return forced-choice items that people answer better the higher the score."""
    rng = np.random.default_rng(seed)
    rows = []
    for kind in ("choose_utterance", "choose_image"):
        for item in range(n):
            score = rng.normal(0.22, 0.02)
            share = 0.25 + 0.7 / (1 + np.exp(-(score - 0.22) / 0.01))
            rows.append(
                {
                    "kind": kind,
                    "item_id": f"i{item}",
                    "child_id": f"c{item % 5:02d}",
                    "session_id": "s0",
                    "utterance_id": f"u{item:05d}",
                    "model_id": model_id,
                    "n_answers": 6,
                    "n_alternatives": 4,
                    "weight": 1.0,
                    "human_accuracy": rng.binomial(6, share) / 6,
                    "score": score,
                    "margin": score - 0.21,
                    "model_correct": float(rng.random() < share),
                    "reason": None,
                }
            )
    return pd.DataFrame(rows)


def validation(items_: pd.DataFrame, n_groups: int = 4, model_id: str = "tiny") -> pd.DataFrame:
    """Return what validate-model gives of these items, with rough intervals."""
    rows = []
    for kind, of_kind in items_.groupby("kind"):
        ordered = of_kind.sort_values("score")
        parts = {kind: ordered} | {
            f"{kind}|{letter}{k}/{n_groups}": ordered.iloc[places]
            for k, places in enumerate(np.array_split(np.arange(len(ordered)), n_groups), start=1)
            for letter in "qm"
        }
        for subset, part in parts.items():
            for name, column in (
                ("human_accuracy", "human_accuracy"),
                ("model_accuracy", "model_correct"),
            ):
                mean, half = part[column].mean(), 1.96 * part[column].std() / len(part) ** 0.5
                rows.append((name, subset, mean, mean - half, mean + half, 0.25, len(part)))
        rho = ordered["score"].rank().corr(ordered["human_accuracy"].rank())
        rows.append(("spearman_score", kind, rho, rho - 0.1, rho + 0.1, 0.0, len(ordered)))
    rows.append(("pearson_score", "all", 0.6, 0.5, 0.7, 0.0, len(items_)))
    rows.append(("noise_ceiling", "all", 0.85, 0.8, 0.9, np.nan, len(items_)))
    return metrics(rows, model_id)


def curves(items_: pd.DataFrame, model_id: str = "tiny") -> pd.DataFrame:
    """Return what validate-model gives of these items: the curve that made them."""
    rows = []
    for kind, of_kind in items_.groupby("kind"):
        for predictor, middle in (("score", 0.22), ("margin", 0.01)):
            values = [
                ("parameter", "threshold", middle, middle - 0.002, middle + 0.002),
                ("parameter", "slope", 100.0, 80.0, 130.0),
                ("parameter", "lapse", 0.05, 0.01, 0.11),
                ("parameter", "guess", 0.25, None, None),
            ]
            for at in np.linspace(of_kind[predictor].min(), of_kind[predictor].max(), 50):
                share = 0.25 + 0.7 / (1 + np.exp(-(at - middle) / 0.01))
                values.append(("line", f"{at:.6g}", share, share - 0.05, share + 0.05))
            rows += [(model_id, kind, predictor, *value) for value in values]
    names = ["model_id", "choice", "predictor", "kind", "term", "estimate", "ci_low", "ci_high"]
    table = pd.DataFrame(rows, columns=names)
    for name in ("n_items", "n_answers", "n_annotators"):
        table[name] = 80
    made = "percentile bootstrap over 80 items and 12 annotators, 1000 samples"
    return table.assign(interval=made, note=None)


def children(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the means of the children of an alignment table, by plain formulas."""
    found = []
    for child_id, own in rows.groupby("child_id"):
        sessions = own.groupby("session_id")[["score_max", "shuffled_difference"]].mean()
        half = 1.96 * sessions.std() / len(sessions) ** 0.5
        age = own["age_days"] / 30.4375
        slope = np.polyfit(age - age.mean(), own["score_max"], 1)[0] if age.nunique() > 1 else None
        found.append(
            {
                "child_id": child_id,
                "model_id": own["model_id"].iloc[0],
                "n_sessions": len(sessions),
                "n_utterances": len(own),
                "mean_score": own["score_max"].mean(),
                "ci_low": own["score_max"].mean() - half["score_max"],
                "ci_high": own["score_max"].mean() + half["score_max"],
                "mean_difference": own["shuffled_difference"].mean(),
                "difference_low": own["shuffled_difference"].mean() - half["shuffled_difference"],
                "difference_high": own["shuffled_difference"].mean() + half["shuffled_difference"],
                "age_slope": slope,
                "intercept": own["score_max"].mean(),
                "mean_age_days": own["age_days"].mean(),
                "note": None,
            }
        )
    return pd.DataFrame(found)


def population(
    rows: pd.DataFrame, response: str = "score_max", reason: str | None = None
) -> Population:
    """Return an age effect and its population line, as fit-models writes them."""
    key = {"name": "main", "model_id": rows["model_id"].iloc[0], "response": response}
    formula = f"{response} ~ age_within"
    fit = {"formula": formula, "n": len(rows), "notes": None, "reason": reason}
    fits = pd.DataFrame([key | fit])
    slope, age = 0.0003, rows["age_days"] / 30.4375
    effect = {"term": "age_within", "effect": "age_within", "estimate": slope, "se": 0.0001}
    effect |= {"p": 0.003, "low": slope - 0.0002, "high": slope + 0.0002}
    at = np.linspace(age.min(), age.max(), 25)
    half = 0.003 + 0.0003 * np.abs(at - age.mean())
    heights = rows["score_max"].mean() + slope * (at - age.mean())
    lines = pd.DataFrame({"age_months": at, "estimate": heights})
    lines = lines.assign(
        **key, predictor="age_within", low=lines["estimate"] - half, high=lines["estimate"] + half
    )
    effects = pd.DataFrame([key | effect])
    if reason:
        effects, lines = effects.iloc[:0], lines.iloc[:0]
    return Population(fits, effects, lines)


def lags(model_id: str = "tiny") -> pd.DataFrame:
    """Return lag profiles with a peak at 2 s, as summarise-lags writes them."""
    lag = np.arange(-30.0, 31.0)
    rows = []
    for subset, height in (
        ("all", 0.02),
        ("speaker=key_child", 0.0),
        ("speaker=female_adult", 0.03),
    ):
        difference = height * np.exp(-(((lag - 2) / 3) ** 2))
        rows.append(
            pd.DataFrame(
                {
                    "model_id": model_id,
                    "subset": subset,
                    "lag_s": lag,
                    "n": (360 - np.abs(lag)).astype(int),
                    "score_mean": 0.21 + difference,
                    "difference": difference,
                    "ci_low": difference - 0.002,
                    "ci_high": difference + 0.002,
                    "null_low": -0.003,
                    "null_high": 0.003,
                    "all_low": -0.005,
                    "all_high": 0.005,
                    "interval": "percentile bootstrap over 5 children, 1000 samples",
                    "note": None,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def lag_peaks(model_id: str = "tiny") -> pd.DataFrame:
    """Return what summarise-lags says of the peaks of `lags`."""
    return metrics(
        [
            ("lag_zero", "all", 0.0128, 0.0108, 0.0148, 0.0, 360),
            ("lag_peak_s", "all", 2.0, 1.6, 2.4, np.nan, 360),
            ("lag_width_s", "all", 5.0, 4.1, 5.9, np.nan, 360),
            ("lag_asymmetry", "all", 0.0021, 0.0010, 0.0032, 0.0, 360),
            ("lag_peak_s", "speaker=key_child", np.nan, np.nan, np.nan, np.nan, 360),
            ("lag_peak_s", "speaker=female_adult", 2.0, 1.6, 2.4, np.nan, 360),
        ],
        model_id,
    )


def calibration(model_id: str = "tiny") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables calibration and calibration_curve as calibrate-model writes them, in small."""
    rows = [("judged_pairs", "label", 240, None, None, None, 240)]
    for fit, ece in (("logistic", 0.041), ("isotonic", 0.052)):
        rows += [
            ("ece", f"label|{fit}", ece, 0.02, 0.08, 0.035, 240),
            ("brier", f"label|{fit}", 0.101, 0.06, 0.15, 0.188, 240),
            ("calibration_slope", f"label|{fit}", 0.92, 0.6, 1.6, None, 240),
        ]
    rows += [
        ("prevalence", "label|calibrated_logistic", 0.231, 0.18, 0.29, None, 7000),
        ("threshold", "label|youden", 0.2398, None, None, None, 240),
    ]
    score = np.linspace(0.16, 0.32, 101)
    sure = 1 / (1 + np.exp(-(score - 0.245) / 0.01))
    curve = []
    for fit, y in (("logistic", sure), ("isotonic", np.round(4 * sure) / 4)):
        fitted = zip(score, y, strict=True)
        curve += [
            ("fit", fit, i, x, p, 0.9 * p, 0.9 * p + 0.1, 240) for i, (x, p) in enumerate(fitted)
        ]
        told = np.linspace(0.02, 0.98, 10)
        curve += [("bin", fit, i, x, x + 0.03, x - 0.1, x + 0.15, 24) for i, x in enumerate(told)]
    for name, middle in (("corpus", 0.23), ("judged", 0.245)):
        x = np.linspace(0.162, 0.318, 40)
        y = np.exp(-((x - middle) ** 2) / 2 / 0.02**2)
        bars = zip(x, y / y.sum(), strict=True)
        curve += [("scores", name, i, a, b, None, None, 100) for i, (a, b) in enumerate(bars)]
    names = ["kind", "name", "place", "x", "y", "ci_low", "ci_high", "n"]
    drawn = pd.DataFrame(curve, columns=names)
    drawn.insert(0, "model_id", model_id)
    return metrics(rows, model_id), drawn


def no_calibration(model_id: str = "tiny") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the same tables where people gave forced choices only."""
    table = metrics([("calibration", "all", None, None, None, None, 0)], model_id)
    table["estimate"] = table["estimate"].astype(float)
    table["note"] = "no labels or ratings; forced choices are not used"
    return table, calibration(model_id)[1].iloc[:0]
