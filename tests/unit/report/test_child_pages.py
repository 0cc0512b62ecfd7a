"""A child's page counts its sessions, shows it beside null and others, and names nothing."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from egoalign.report.child_pages import (
    ModelMeans,
    child_page,
    children_figure,
    session_means,
    sessions_figure,
)

MEANS = {
    "n_sessions": 2,
    "n_utterances": 30,
    "mean_score": 0.25,
    "ci_low": 0.24,
    "ci_high": 0.26,
    "mean_difference": 0.02,
    "difference_low": 0.01,
    "difference_high": 0.03,
}
NONE = dict.fromkeys(MEANS)


def status(session: str, state: str = "ok", child: str = "A") -> dict:
    return {
        "child_id": child,
        "session_id": session,
        "status": state,
        "reason": "Anna's birthday" if state != "ok" else None,
        "duration_s": 1800.0 if state == "ok" else None,
        "n_utterances": 15 if state == "ok" else 0,
        "n_scored": 14 if state == "ok" else 0,
    }


def model(*children: dict) -> ModelMeans:
    sessions = [
        {"child_id": "A", "session_id": f"s{n}", "age_days": 300.0 + 30 * n,
         "score": 0.25 + 0.01 * n, "null": 0.22}
        for n in (1, 2)
    ]  # fmt: skip
    return ModelMeans("clip", children, sessions)


def example() -> str:
    rows = [status("s1"), status("s2"), status("s3", "excluded"), status("s4", "failed")]
    means = model({"child_id": "A", **MEANS}, {"child_id": "B", **MEANS, "mean_difference": 0.03})
    return child_page("A", [*rows, status("s1", child="B")], [means])


def test_it_counts_the_sessions_of_the_child() -> None:
    page = example()
    found = re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page)
    tiles = {what: value for value, what in found}
    assert tiles["sessions"] == "4"
    assert (tiles["ok"], tiles["excluded"], tiles["failed"]) == ("2", "1", "1")
    assert tiles["hours"] == "1.00"
    assert tiles["with a score"] == "28"
    assert tiles["months of age"] == "10.8 \N{EN DASH} 11.8"
    assert "0.250 [0.240, 0.260]" in page
    assert page.count("<svg") == 2


def test_it_holds_nothing_that_the_lab_wrote_down() -> None:
    assert "Anna" not in example()


def test_a_child_without_a_score_has_a_page_that_says_so() -> None:
    page = child_page("C", [status("s1", "failed", "C")], [model({"child_id": "A", **MEANS})])
    assert "No utterance of this child has a score." in page
    assert "<svg" not in page


def test_the_child_is_filled_among_the_others_in_order() -> None:
    rows = [
        {"child_id": name, **MEANS, "mean_difference": value}
        for name, value in (("A", 0.03), ("B", 0.01), ("C", 0.02))
    ]
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="3.5" fill="(#\w+)"',
                      children_figure("C", [*rows, {"child_id": "D", **NONE}]))  # fmt: skip
    assert [fill for *_, fill in dots] == ["#fff", "#0072b2", "#fff"]
    heights = [float(y) for _, y, _ in dots]
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize("score", [0.2, 0.0])
def test_one_session_and_equal_values_can_be_drawn(score: float) -> None:
    row = {"child_id": "A", "session_id": "s", "age_days": 365.25, "score": score, "null": None}
    assert sessions_figure([row]).count("<circle") == 1


def test_sessions_have_means_of_their_scored_utterances() -> None:
    table = pa.table(
        {
            "child_id": ["A", "A", "A"],
            "session_id": ["s1", "s1", "s1"],
            "model_id": ["m"] * 3,
            "age_days": [300.0] * 3,
            "score_max": [0.2, 0.4, None],
            "shuffled_mean": [0.1, 0.3, None],
        }
    )
    (row,) = session_means(table)
    assert row["score"] == pytest.approx(0.3)
    assert row["null"] == pytest.approx(0.2)
    assert row["age_days"] == 300.0
