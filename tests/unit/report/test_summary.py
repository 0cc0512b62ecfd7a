"""The first page counts what the tables hold, and lets nothing else out."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa

from egoalign import cli
from egoalign.report.summary import (
    RESULTS,
    ModelRows,
    Reasons,
    count_reasons,
    summary_page,
)
from egoalign.tables import (
    ALIGNMENT,
    METRICS,
    MODEL_EFFECTS,
    MODEL_FITS,
    MODEL_VARIANCE,
    SESSIONS,
    SESSIONS_STATUS,
    conform,
    write_table,
)
from tests.unit.figures import made

SCORES = [name for name in made.alignment(1).columns if name.startswith(("score_", "shuffled_"))]


class Cells(HTMLParser):
    """Collects the text of every table cell and of every large number, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.open = False

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name in ("src", "href", "onclick")]
        if tag in ("tr", "div"):
            self.rows.append([])
        self.open = tag in ("td", "th", "dt", "dd")
        if self.open:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag not in ("td", "th", "dt", "dd")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.rows[-1][-1] += data


def status_rows() -> list[dict]:
    ok = {
        "child_id": "c00",
        "status": "ok",
        "stage": None,
        "reason": None,
        "duration_s": 1800.0,
        "n_frames": 1800,
        "n_frames_missing": 1,
        "n_utterances": 30,
        "n_scored": 28,
        "n_unscored": 2,
        "log": "logs/somewhere/s.log",
    }
    bad = {**ok, "status": "failed", "stage": "video", "reason": "video unreadable"}
    bad |= {"duration_s": None, "n_frames": 0, "n_frames_missing": 0, "n_scored": 0}
    left = {**bad, "status": "excluded", "reason": "battery <b>&</b> heat"}
    return [
        {**row, "session_id": f"s{place}"} for place, row in enumerate([ok, ok, bad, bad, left])
    ]


def session_rows() -> list[dict]:
    return [
        {
            "child_id": row["child_id"],
            "session_id": row["session_id"],
            "age_days": 300.0,
            "sex": None,
            "exclude": row["status"] == "excluded",
            "exclude_reason": None,
        }
        for row in status_rows()
    ]


def parsed(page: str) -> Cells:
    cells = Cells()
    cells.feed(page)
    return cells


KEY = {"name": "main", "model_id": "tiny", "response": "score_max"}


def statistical() -> ModelRows:
    """One model with a fit, and one of another response that is not shown."""
    fit = {"formula": "score_max ~ age_within + (1 | child_id)", "family": "gaussian", "n": 1234}
    effect = {"term": "age_within", "effect": "age_within", "se": 0.0001, "estimate": 0.0003}
    effect |= {"low": 0.0001, "high": 0.0005, "p": 0.0004}
    other = KEY | {"response": "score_mean"}
    child = {"component": "(1 | child_id)", "group": "child_id", "variance": 0.2, "share": 0.25}
    return ModelRows(
        *(
            conform(table, rows).to_pylist()
            for table, rows in (
                (MODEL_FITS, [KEY | fit | {"notes": "a note"}, other | fit]),
                (MODEL_EFFECTS, [KEY | effect, other | effect | {"estimate": 9.0}]),
                (MODEL_VARIANCE, [KEY | child | {"icc": 0.257}]),
            )
        )
    )


def example() -> str:
    models = [*made.summary().to_dict("records"), *made.validation(made.items()).to_dict("records")]
    reasons = Reasons("tiny", 90, 85, count(["no words left to encode"] * 5), count([]))
    models += [
        {"model_id": "tiny", "metric": "prevalence", "subset": "label|calibrated_logistic",
         "estimate": 0.31, "ci_low": 0.2, "ci_high": 0.4, "chance": None, "n": 90,
         "interval": None, "note": None}
    ]  # fmt: skip
    return summary_page(
        "A <title>", session_rows(), status_rows(), models, [reasons], statistical()
    )


def count(values: list[str]):
    table = pa.table(
        {
            "model_id": ["m"] * len(values),
            "score_max": pa.nulls(len(values), pa.float64()),
            "reason": pa.array(values, pa.string()),
            "null_reason": pa.nulls(len(values), pa.string()),
        }
    )
    return count_reasons(table).unscored


def test_reasons_are_counted() -> None:
    rows = made.alignment(2)
    rows["null_reason"] = None
    rows.loc[:3, SCORES] = None
    rows.loc[:3, "reason"] = "no words left to encode"
    rows.loc[4:6, "null_reason"] = "too few other utterances"
    found = count_reasons(pa.Table.from_pandas(rows))
    assert (found.n_read, found.n_scored) == (len(rows), len(rows) - 4)
    assert found.unscored == {"no words left to encode": 4}
    assert found.without_null == {"too few other utterances": 3}
    assert count_reasons(pa.Table.from_pandas(rows).slice(0, 0)).n_read == 0


def test_page_counts_the_corpus_and_what_was_left_out() -> None:
    rows = parsed(example()).rows
    for row in (
        ["1", "children"],
        ["5", "sessions: 2 ok, 2 failed, 1 excluded"],
        ["1.00", "hours of video in sessions that are ok"],
        ["3,600", "pictures; 2 not to be had"],
        ["90", "utterances read"],
        ["85", "scored; 5 have a reason"],
        ["session failed", "video unreadable", "2"],
        ["session excluded", "battery <b>&</b> heat", "1"],
        ["utterance without score", "no words left to encode", "5"],
    ):
        assert row in rows, f"{row} not in {rows}"


def test_page_shows_every_result_beside_chance() -> None:
    rows = {row[0]: row[1:] for row in parsed(example()).rows if row}
    assert rows["Mean score"] == ["0.221 [0.215, 0.227]", "–"]
    assert rows["Mean of the shuffled null"] == ["0.210 [0.206, 0.214]", "–"]
    assert rows["AUC, true pairs against shuffled"] == ["0.680 [0.630, 0.730]", "0.50"]
    assert rows["Share of aligned moments"][0] == "0.310 [0.200, 0.400]"
    assert rows["age_within"] == ["0.00030 [0.00010, 0.00050]", "< 0.001"]
    assert rows["Intraclass correlation of children"][0] == "0.257"
    assert {result.title for result in RESULTS} <= set(rows)


def test_page_needs_nothing_from_outside_and_escapes_what_it_is_given() -> None:
    page = example()
    assert parsed(page).tags.isdisjoint({"script", "img", "link", "a", "iframe", "b"})
    assert "<h1>A &lt;title&gt;</h1>" in page
    assert not re.search(r"https?:|url\(|@import", page)
    assert "somewhere" not in page, "paths of logs stay in sessions_status"


def test_page_without_any_score_says_so() -> None:
    empty = Reasons("tiny", 0, 0, count([]), count([]))
    page = summary_page("T", session_rows()[:1], status_rows()[:1], [], [empty], ModelRows())
    assert "Nothing: every session and every utterance has its score." in page
    assert "there are no results" in page
    assert "There is no statistical model" in page


def test_page_says_why_there_is_no_fit() -> None:
    fit = KEY | {"formula": "score_max ~ 1", "reason": "12 rows, at least 30 are needed"}
    page = summary_page("T", [], [], [], [Reasons("tiny", 0, 0, count([]), count([]))],
                        ModelRows([fit]))  # fmt: skip
    assert "No fit: 12 rows, at least 30 are needed." in page


def test_commands_write_the_page_and_the_config(tmp_path: Path) -> None:
    rows = made.alignment(2)
    write_table(SESSIONS, session_rows(), tmp_path / "sessions.parquet")
    write_table(SESSIONS_STATUS, status_rows(), tmp_path / "status.parquet")
    write_table(METRICS, made.summary(), tmp_path / "models.parquet")
    write_table(ALIGNMENT, rows, tmp_path / "alignments.parquet")
    for name, table in (
        ("fits", MODEL_FITS),
        ("effects", MODEL_EFFECTS),
        ("variance", MODEL_VARIANCE),
    ):
        write_table(table, getattr(statistical(), name), tmp_path / "vary" / f"{name}.parquet")
    names = ("sessions", "status", "models", "alignments")
    tables = [f"--{name}={tmp_path / name}.parquet" for name in names]
    out = tmp_path / "report" / "summary.html"
    tables.append(f"--vary-folders={tmp_path / 'vary'}")
    options = '--options={"title": "Our corpus"}'
    assert cli.main(["write-summary", *tables, options, f"--out={out}"]) == 0
    assert "<title>Our corpus</title>" in out.read_text(encoding="utf-8")
    config = tmp_path / "config.yaml"
    shared = tmp_path / "shared.yaml"
    options = '--config={"encode": {"fps": 2}, "corpus": {"root": "/labs/anna"}}'
    assert cli.main(["write-config", options, f"--out={config}", f"--shared={shared}"]) == 0
    assert "fps: 2.0" in config.read_text(encoding="utf-8")
    assert "anna" in config.read_text(encoding="utf-8")
    assert "fps: 2.0" in shared.read_text(encoding="utf-8")
    assert "anna" not in shared.read_text(encoding="utf-8")
