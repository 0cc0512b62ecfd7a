"""A lab's table of scores becomes table alignment, and what comes after can work with it."""

from __future__ import annotations

import csv
import json
import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from egoalign.align.import_scores import NO_NULL, NO_SCORE, import_scores
from egoalign.align.summary import summarise
from egoalign.config import AlignOptions, TranscriptsOptions
from egoalign.log import UserError
from egoalign.tables import ALIGNMENT, LAB_SCORES, SESSIONS, conform, read_table, write_table
from egoalign.vary.children import children_means

HEADER = LAB_SCORES.schema.names
ROWS = [
    ["K02", "day two", "a red ball, look", 1.5, 2.5, 0.1, 0.2, 0.25],
    ["K01", "a", "yes", "", "", 0.2, 0.2, 0.2],
    ["K02", "day two", "no", 3, 4, "", "nan", "NA"],
    ["K01", "film", "what is\nthat", 9, 10.5, -0.05, 0.1, 0.3],
    ["K09", "a", "who", 1, 2, 0.1, 0.1, 0.1],
    ["K01", "dark", "hidden", 1, 2, 0.1, 0.1, 0.1],
    ["K02", "day two", "...", 5, 6, 0.15, 0.15, 0.15],
]


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "c.tsv").write_text("child_id\nK01\nK02\n")
    (tmp_path / "s.tsv").write_text(
        "child_id\tsession_id\tvideo\tage_days\tsource_name\texclude\texclude_reason\n"
        "K01\ta\t\t400\t\t\t\n"
        "K01\tb\tv/film.MP4\t500\t\t\t\n"
        "K01\tdark\t\t500\t\tyes\tdark\n"
        "K02\ta\t\t410\tday two\t\t\n"
    )
    return tmp_path


def run(folder, rows=ROWS, header=HEADER, name="scores.csv", **transcripts):
    """Write a score table, import it, and return the rows of table alignment."""
    path = folder / name
    if name.endswith(".csv"):
        with path.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([header, *rows])
    else:
        pq.write_table(pa.table(dict(zip(header, zip(*rows, strict=True), strict=True))), path)
    out = folder / "out" / "alignment.parquet"
    options = TranscriptsOptions(**transcripts)
    import_scores(folder / "c.tsv", folder / "s.tsv", path, "lab", options, out, folder / "a.csv")
    table = read_table(ALIGNMENT, out)
    conform(ALIGNMENT, table)
    return table.to_pylist()


def test_every_row_of_a_session_is_an_utterance(corpus, caplog):
    with caplog.at_level(logging.INFO, logger="egoalign"):
        rows = run(corpus)
    keys = ("child_id", "session_id", "utterance_id", "age_days", "start_s", "end_s", "n_words")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("K02", "a", "u00000", 410.0, 1.5, 2.5, 4),
        ("K01", "a", "u00000", 400.0, None, None, 1),
        ("K02", "a", "u00001", 410.0, 3.0, 4.0, 1),
        ("K01", "b", "u00000", 500.0, 9.0, 10.5, 3),
        ("K02", "a", "u00002", 410.0, 5.0, 6.0, 0),
    ]
    scores = [(row["score_min"], row["score_mean"], row["score_max"]) for row in rows]
    assert scores == [
        (0.1, 0.2, 0.25), (0.2, 0.2, 0.2), (None,) * 3, (-0.05, 0.1, 0.3), (0.15,) * 3
    ]  # fmt: skip
    assert [row["reason"] for row in rows] == [None, None, NO_SCORE, None, None]
    assert [row["null_reason"] for row in rows] == [NO_NULL, NO_NULL, None, NO_NULL, NO_NULL]
    assert {row["speaker"] for row in rows} == {"unknown"}
    assert {row["model_id"] for row in rows} == {"lab"}
    unknown = ("n_frames", "nearest_frame", "n_tokens", "argmax_s", "shuffled_mean")
    assert all(row[name] is None for row in rows for name in unknown)
    assert len((corpus / "a.csv").read_text().splitlines()) == 6
    assert "1 rows of 1 recordings belong to no session of the corpus:\n  K09 a: 1" in caplog.text
    assert "1 rows of excluded sessions" in caplog.text


def test_parquet_gives_the_same(corpus):
    numbers = [[*row[:3], *(np.nan if x in ("", "nan", "NA") else x for x in row[3:])]
               for row in ROWS]  # fmt: skip
    typed = [[*row[:3], *map(float, row[3:])] for row in numbers]
    assert run(corpus, typed, name="scores.parquet") == run(corpus)


def test_speakers_of_the_table_are_used(corpus):
    labels = ["FEM", "KCHI", "", "female_adult", "FEM", "FEM", "MAL"]
    rows = [[*row, label, "x"] for row, label in zip(ROWS, labels, strict=True)]
    header = [*HEADER, "speaker", "further"]
    found = run(corpus, rows, header, speaker_scheme="vtc")
    assert [row["speaker"] for row in found] == [
        "female_adult", "key_child", "unknown", "female_adult", "male_adult"
    ]  # fmt: skip
    found = run(corpus, rows, header)
    assert [row["speaker"] for row in found] == [*["unknown"] * 3, "female_adult", "unknown"]
    with pytest.raises(UserError, match=r"speakers of unknown type: 'FEM' \(1\), 'KCHI' \(1\)"):
        run(corpus, rows, header, speakers={"MAL": "male_adult"})
    assert not list((corpus / "out").glob(".*"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header": [*HEADER[:-1], "max"]}, "column clip_score_max missing; columns found: chi"),
        ({"rows": [["K9", "x", "a", 1, 2, 0, 0, 0]]}, "found child_id 'K9', video_name 'x'"),
        ({"rows": []}, "no row belongs to a session of the corpus"),
        ({"rows": [["K01", "a", "a", 1, 2, 20, 22, 25.5]]}, "clip_score_min has the value 20"),
        ({"rows": [["K01", "a", "a", "0:01", 2, 0, 0, 0]]}, "invalid value '0:01'"),
        ({"rows": [["K01", "a", "said", 1, 2, 0, 0, 0, "more words"]]}, r"got 9$"),
        ({"name": "none/scores.csv"}, None),
    ],
)
def test_a_table_that_cannot_be_used_says_why(corpus, changes, message):
    if message is None:
        with pytest.raises(UserError, match="no such file"):
            import_scores(corpus / "c.tsv", corpus / "s.tsv", corpus / "none.csv", "lab",
                          TranscriptsOptions(), corpus / "o.parquet", corpus / "o.csv")  # fmt: skip
        return
    with pytest.raises(UserError, match=message):
        run(corpus, **changes)
    assert not (corpus / "out" / "alignment.parquet").exists()


def test_a_name_that_fits_two_sessions_is_refused(corpus):
    (corpus / "s.tsv").write_text(
        "child_id\tsession_id\tvideo\nK01\ta\tmon/film.mp4\nK01\tb\ttue/film.mp4\n"
    )
    with pytest.raises(UserError, match="recording 'film' of child 'K01' may be any of the sessi"):
        run(corpus, [["K01", "film", "a", 1, 2, 0, 0, 0]])
    assert len(run(corpus, [["K01", "b", "a", 1, 2, 0, 0, 0]])) == 1


def sessions_of(table: pa.Table) -> pa.Table:
    """Return table sessions of what was imported."""
    named = dict.fromkeys(
        zip(table["child_id"].to_pylist(), table["session_id"].to_pylist(), strict=True)
    )
    rows = [{"child_id": child, "session_id": one, "exclude": False} for child, one in named]
    return conform(SESSIONS, rows)


def test_what_comes_after_works_without_a_null(corpus):
    rng = np.random.default_rng(4)
    rows = [
        [child, name, "look a ball" if k % 3 else "yes", k, k + 1, *([score] * 3)]
        for child, name in (("K01", "a"), ("K01", "b"), ("K02", "a"))
        for k, score in enumerate(rng.normal(0.2, 0.03, 40).round(6))
    ]
    run(corpus, rows)
    table = read_table(ALIGNMENT, corpus / "out" / "alignment.parquet")
    summary, of_groups = summarise(table, sessions_of(table), AlignOptions())
    metrics = {row["metric"]: row for row in summary if row["subset"] == "all"}
    assert {row["subset"] for row in of_groups} >= {"child=K01", "child=K02"}
    assert metrics["score_mean"]["estimate"] == pytest.approx(np.mean([row[7] for row in rows]))
    assert metrics["score_mean"]["n"] == 120
    assert (metrics["difference"]["estimate"], metrics["difference"]["n"]) == (None, 0)
    assert (metrics["auc_null"]["estimate"], metrics["auc_null"]["n"]) == (None, 0)
    children = children_means(table, "m")
    assert [row["n_utterances"] for row in children] == [80, 40]
    assert all(row.get("mean_difference") is None for row in children)


def test_the_figures_can_be_drawn(corpus):
    from egoalign.cli import main

    rows = [["K01", name, "look", k, k + 1, *([0.2 + k / 100] * 3)] for name in "ab"
            for k in range(20)]  # fmt: skip
    run(corpus, rows)
    out = corpus / "out"
    alignment = str(out / "alignment.parquet")
    sessions = out / "sessions.parquet"
    write_table(SESSIONS, sessions_of(read_table(ALIGNMENT, alignment)), sessions)
    commands = [
        ["summarise-alignment", "--alignment", alignment, "--sessions", str(sessions),
         *(part for name in ("out", "groups") for part in (
             f"--{name}", str(out / f"{name}.parquet"))),
         "--csv", str(out / "summary.csv"), "--groups-csv", str(out / "groups.csv")],
        ["compare-models", "--summaries", str(out / "out.parquet"), "--validations", "--out",
         str(out / "models.parquet"), "--csv", str(out / "models.csv"),
         "--contrasts", str(out / "c.parquet"), "--contrasts-csv", str(out / "c.csv")],
        ["summarise-children", "--alignment", alignment, "--out", str(out / "children.parquet"),
         "--csv", str(out / "children.csv")],
        ["gather-given-predictors", "--alignment", alignment, "--sessions", str(sessions),
         "--utterances", str(out / "predictors.parquet"),
         "--described", str(out / "d.parquet"), "--described-csv", str(out / "d.csv")],
        ["fit-models", "--alignment", alignment, "--sessions", str(sessions),
         "--predictors", str(out / "predictors.parquet"), "--align-folder", str(out),
         "--out-folder", str(out / "vary")],
        ["plot-null", "--alignment", alignment, "--summary", str(out / "out.parquet")],
        ["plot-nulls", "--alignment", alignment, "--summary", str(out / "out.parquet")],
        ["plot-children", "--children", str(out / "children.parquet")],
        ["plot-age", "--alignment", alignment, "--children", str(out / "children.parquet"),
         *(part for name in ("fits", "effects", "lines") for part in (
             f"--{name}", str(out / "vary" / f"{name}.parquet")))],
        ["plot-models", "--models", str(out / "models.parquet")],
    ]  # fmt: skip
    for command in commands:
        name = command[0]
        if name.startswith("plot"):
            command += ["--pdf", str(out / f"{name}.pdf"), "--png", str(out / f"{name}.png"),
                        "--facts", str(out / f"{name}.json"), "--options", "{}"]  # fmt: skip
        assert main(command) == 0, command
    facts = json.loads((out / "plot-null.json").read_text())
    assert facts["message"].startswith("0 of 40 utterances have a score and a null")
    assert json.loads((out / "plot-children.json").read_text())["n_utterances"] == 40
    assert "message" not in json.loads((out / "plot-age.json").read_text())
