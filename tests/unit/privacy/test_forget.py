"""A child or a recording is forgotten: every file and row, and nothing of others alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from egoalign import cli
from egoalign.privacy.forget import Forgotten, find_forgotten, forget, remains
from egoalign.privacy.zone import make_private_zone
from egoalign.tables import ALIGNMENT, SESSIONS, write_table

CORPUS = {"kim": ["s1", "s1.b"], "lee": ["s1", "s2"], "7": ["long"]}


def session_files(child: str, session: str) -> list[str]:
    place = f"{child}/{session}"
    return [
        f"video/{place}.media.parquet",
        f"encode/m/{place}.frame_embeddings.arrow",
        f"private/logs/encode/encode_session/m/{place}.log",
        f"private/transcripts/{place}.utterances.parquet",
        f"private/split/{place}.csv",
        f"private/provenance/sources/{place}.json",
        f"private/provenance/video/{place}.media.parquet.json",
        f"benchmarks/encode/encode_session/m/{place}.tsv",
    ]


OF_THE_CORPUS = [
    "align/m/alignment.parquet", "corpus/sessions.parquet", "figures/m/children.pdf",
    "private/logs/corpus/prepare_corpus.log", "private/task/key/task.json",
    "report/report.html", "reference/m/comparison.csv", "private/provenance/align/m/a.csv.json",
    "private/provenance/reference/m/comparison.csv.json",
]  # fmt: skip
OF_NOBODY = [
    "private/README.md", "private/config.yaml", "private/provenance/environments/0f.json",
    "reference/set.sample.json", "private/provenance/reference/set.sample.json.json",
]  # fmt: skip


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results of three children, with the engine's records beside them."""
    monkeypatch.chdir(tmp_path)
    results = Path("results")
    make_private_zone(results)
    rows = []
    for child, sessions in CORPUS.items():
        for session in sessions:
            rows.append({"child_id": child, "session_id": session, "exclude": False})
            for name in session_files(child, session):
                write(results / name, f"made in 7 s for {child} of others")
                record(results / name, f"input: raw/{child}/{session}.mp4")
    for name in (*OF_THE_CORPUS, *OF_NOBODY[1:]):
        write(results / name, "{}")
        record(results / name, "input: many")
    for path in [*results.rglob("*.parquet"), *results.rglob("*.arrow")]:
        write_table(SESSIONS, [], path)
    write_table(SESSIONS, rows, results / "corpus/sessions.parquet")
    write(
        Path(".snakemake/log/run.log"), "[1] ingest_session kim s1: raw/kim/s1.mp4, raw/7/long.mp4"
    )
    write(Path(".snakemake/log/other.log"), "nothing was done")
    return results


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def record(output: Path, text: str) -> None:
    """Write the engine's record of an output."""
    coded = base64.b64encode(output.as_posix().encode()).decode()
    write(Path(".snakemake/metadata") / coded, text)


def files(results: Path) -> set[str]:
    return {p.relative_to(results).as_posix() for p in results.rglob("*") if p.is_file()}


def others(*gone: tuple[str, str]) -> set[str]:
    kept = {
        name
        for child, sessions in CORPUS.items()
        for session in sessions
        if (child, session) not in gone
        for name in session_files(child, session)
    }
    return kept | set(OF_NOBODY)


def test_a_recording_goes_and_its_siblings_stay(results):
    one = find_forgotten(results, "kim/s1")
    assert len(remains(results, one)) > 10
    forget(results, one)
    assert files(results) == others(("kim", "s1"))
    assert remains(results, one) == []
    assert remains(results, Forgotten("kim", "s1.b")) != []
    records = {path.name for path in Path(".snakemake/metadata").iterdir()}
    assert len(records) == len(files(results)) - 1, "of each file but the zone's README"
    assert [path.name for path in Path(".snakemake/log").iterdir()] == ["other.log"]


@pytest.mark.parametrize("child", CORPUS)
def test_a_child_goes_with_all_recordings(results, child):
    one = find_forgotten(results, child)
    assert remains(results, one) != []
    forget(results, one)
    assert files(results) == others(*((child, session) for session in CORPUS[child]))
    assert remains(results, one) == []
    assert not list(results.rglob(f"{child}/")), "no empty folder is left"


def test_a_recording_is_known_by_its_own_id_where_only_one_child_has_it(results):
    assert find_forgotten(results, "s2") == Forgotten("lee", "s2")
    assert cli.main(["forget", "s1", "--yes"]) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("s1", "'s1' is a recording of several children; expected 'kim/s1' or 'lee/s1'"),
        ("kym", "no child or recording 'kym'; did you mean 'kim'?"),
        ("kim/s3", "no child or recording 'kim/s3'; did you mean 'kim/s1'?"),
    ],
)
def test_what_is_not_there_is_told(results, name, message, capsys):
    before = files(results)
    assert cli.main(["forget", name, "--yes"]) == 2
    assert message in capsys.readouterr().err
    assert files(results) == before


def test_it_asks_first(results, monkeypatch, capsys):
    before = files(results)
    assert cli.main(["forget", "kim"]) == 2
    assert "nobody is there to ask; give --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert cli.main(["forget", "kim"]) == 2
    assert "nothing was removed, since the answer was not the id" in capsys.readouterr().err
    assert files(results) == before
    monkeypatch.setattr("builtins.input", lambda _: "kim")
    assert cli.main(["forget", "kim"]) == 0
    assert "kim stands nowhere below results any more" in capsys.readouterr().out
    assert cli.main(["forget", "kim", "--yes"]) == 2, "it is gone"


def test_a_removal_that_was_cut_short_is_finished(results):
    for path in (results / "corpus", results / "video", results / "private/transcripts"):
        for file in path.rglob("*.parquet"):
            file.unlink()
    for file in (results / "private/split").rglob("*.csv"):
        file.unlink()
    assert cli.main(["forget", "kim", "--yes"]) == 0
    assert remains(results, Forgotten("kim")) == []


def test_what_no_step_made_is_told_and_not_removed(results, capsys):
    write(results / "mine/notes.txt", "about kim and others")
    write_table(ALIGNMENT, [], results / "align/x.parquet")
    assert cli.main(["forget", "kim", "--yes"]) == 3
    shown = capsys.readouterr()
    assert "results/mine/notes.txt: its text" in shown.out
    assert "kim still stands in 1 files below results" in shown.err
    assert (results / "mine/notes.txt").is_file()


def test_other_results_that_lie_within_are_left_alone(results):
    write(make_private_zone(results / "demo") / "transcripts/kim/s1.csv", "")
    assert cli.main(["forget", "kim", "--yes"]) == 0
    assert (results / "demo/private/transcripts/kim/s1.csv").is_file()


def test_logs_that_lie_elsewhere_go_too(results):
    config = {"pathvars": {"logs": "elsewhere", "benchmarks": "results/benchmarks"}}
    (results / "private/config.yaml").write_text(json.dumps(config))
    write(Path("elsewhere/encode/kim/s1.log"), "")
    write(Path("elsewhere/encode/lee/s1.log"), "")
    assert "elsewhere/encode/kim/s1.log: its name" in remains(results, Forgotten("kim"))
    assert cli.main(["forget", "kim", "--yes"]) == 0
    assert list(Path("elsewhere").rglob("*.log")) == [Path("elsewhere/encode/lee/s1.log")]


def test_nothing_is_removed_while_a_run_goes_on_or_where_no_results_are(results, capsys):
    write(Path(".snakemake/locks/0.output.lock"), "")
    assert cli.main(["forget", "kim", "--yes"]) == 2
    assert "a run is going on here" in capsys.readouterr().err
    Path(".snakemake/locks/0.output.lock").unlink()
    assert cli.main(["forget", "kim", "--yes", "--results", "."]) == 2
    assert "no private zone in it" in capsys.readouterr().err


def test_a_damaged_table_may_hold_anybody(results):
    write(results / "align/.scores.partial.parquet", "PAR1 half")
    found = [line for line in remains(results, Forgotten("kim")) if "partial" in line]
    assert len(found) == 1
    assert "cannot be read" in found[0]


@pytest.mark.parametrize(
    ("one", "text", "named"),
    [
        (Forgotten("D01"), "the child=D01.", True),
        (Forgotten("D01"), "results/align/D01/s1.log", True),
        (Forgotten("D01"), "D012 and XD01 and D01-b and D01.b", False),
        (Forgotten("D01"), "Adding D01.html (4 KB).", True),
        (Forgotten("7"), "report/children/7.html", True),
        (Forgotten("7"), "7 of 7 frames, K7", False),
        (Forgotten("7"), "results/video/7/s1.media.parquet", True),
        (Forgotten("D01", "s1"), "D01/s1.log, D01:s1", True),
        (Forgotten("D01", "s1"), '{"c": ["D01", "s1"]}', True),
        (Forgotten("D01", "s1"), "D01/s12, D02/s1, s1", False),
    ],
)  # fmt: skip
def test_ids_are_found_whole(one, text, named):
    assert one.is_mentioned(text) is named


def test_rows_are_found_by_their_ids(tmp_path):
    rows = [{"child_id": "7", "session_id": "03", "exclude": False}]
    write_table(SESSIONS, rows, tmp_path / "x.parquet", csv=tmp_path / "x.csv")
    for one in (Forgotten("7"), Forgotten("7", "03")):
        assert remains(tmp_path, one) == [
            f"{tmp_path / name}: a row" for name in ("x.csv", "x.parquet")
        ]
    assert remains(tmp_path, Forgotten("7", "3")) == []
