"""Names are data: whatever a file, a folder or a recording is called, nothing is run or lost."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from egoalign.corpus.read import one_line
from tests.workflow.test_other_corpora import make_project, write_csv, write_video

ODD = (
    "-rf $(touch pwned) 'single' \"double\"",
    "two\nlines; touch pwned; `touch pwned` | touch pwned > pwned",
    "{child} {0.__class__} %s ${HOME} Zoë 日本 \u202e & #1 * ? [x] ~ !",
    "http:__\\x41\\",
)
ROOT = 'the corpus\' root $(touch pwned) "é" {model}'
HEADER = ["utterance_no", "start_time", "end_time", "text", "speaker"]
SAID = ["look a red ball", "where is the dog $(touch pwned)", "{word} 'and' \"the\" cup", "a shoe"]
ROWS = [[f"u{i}", 0.3 + 1.4 * i, 1.2 + 1.4 * i, text, "MOT"] for i, text in enumerate(SAID)]


def test_a_corpus_of_odd_names_goes_through_the_whole_workflow(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s a "project" $(touch pwned) ü'
    sessions = []
    for number, name in enumerate(ODD, start=1):
        write_video(folder / ROOT / f"{name}.mp4", "libx264", 6)
        write_csv(folder / ROOT / f"{name}.csv", HEADER, ROWS)
        sessions.append(
            {
                "child_id": f"c{number % 2}",
                "session_id": f"s{number}",
                "video": quoted(one_line(f"{name}.mp4").replace(";", r"\;")),
                "transcript": quoted(one_line(f"{name}.csv")),
                "age_days": 400 + 50 * number,
                "source_name": quoted(one_line(name)),
            }
        )
    project = make_project(
        folder,
        sessions,
        "child_id\nc0\nc1\n",
        corpus={"children": "mine/children.tsv", "sessions": "mine/sessions.tsv", "root": ROOT},
        transcripts={"speakers": {"MOT": "female_adult"}},
        align={"nulls": {"draws": 20}},
        vary={"min_utterances": 10},
    )
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path for path in tmp_path.rglob("*pwned*") if "touch" not in path.name] == []
    status = pq.read_table(project.results / "report/sessions_status.parquet").to_pylist()
    assert [(row["status"], row["reason"]) for row in status] == [("ok", None)] * len(ODD)
    assert all(row["n_scored"] == len(SAID) for row in status)
    found = project.egoalign("scan-privacy", "results/demo")
    assert (found.stdout, found.returncode) == ("", 0), found.stderr
    assert project.planned() == {}
    scores = (project.results / "private/scores/small.csv").read_text(encoding="utf-8")
    assert "where is the dog $(touch pwned)" in scores


def quoted(cell: str) -> str:
    """Return a cell as a table has it."""
    return '"' + cell.replace('"', '""') + '"'
