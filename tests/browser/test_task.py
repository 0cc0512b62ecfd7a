"""The web task in a browser, from the first trial to judgments that the reader takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from egoalign.tables import JUDGMENTS, METRICS, TASK_TRIALS, read_table
from egoalign.validate.task_store import read_answers
from tests.browser.chrome import Chrome
from tests.browser.task_run import answer, begin, item_shown, through_screens
from tests.unit.validate.task_made import egoalign, make_corpus, read_judgments
from tests.unit.validate.task_process import TaskProcess
from tests.workflow.project import Project

DONE = "document.querySelector('.end[data-done]')"
TASK = {"n_items": 6, "annotators": 2, "answers": 1, "catch_every": 3, "practice": 2}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus with a task of two lists, one a direction."""
    folder = tmp_path_factory.mktemp("corpus")
    assert egoalign("make-task", "--quiet", "--config", make_corpus(folder, **TASK)) == 0
    return folder


@pytest.fixture
def chrome(tmp_path: Path):
    with Chrome(tmp_path / "browser") as browser:
        yield browser


def right_keys(corpus: Path) -> dict[str, str]:
    """Return the key to press for the true alternative of each item, by direction."""
    trials = read_table(TASK_TRIALS, corpus / "results/private/task/key/trials.parquet")
    return {
        row["kind"] + row["item_id"]: str(int(row["correct_answer"])) for row in trials.to_pylist()
    }


def test_from_first_trial_to_judgments(chrome: Chrome, corpus: Path, tmp_path: Path) -> None:
    """Two annotators, one a direction: by keys, one reloads the page in the middle."""
    task, database = corpus / "results/private/task", tmp_path / "answers.sqlite"
    keys = right_keys(corpus)
    with TaskProcess(task, database) as server:
        for annotator, kind in (("first", "choose_utterance"), ("second", "choose_image")):
            begin(chrome, server.address, annotator)
            assert through_screens(chrome) == 2
            assert chrome.run(f"return document.querySelectorAll('.{kind}').length;") == 1
            done = []
            for number in range(8):
                if annotator == "second" and number == 3:
                    item = item_shown(chrome)
                    begin(chrome, server.address, annotator)
                    assert through_screens(chrome) == 0
                    assert item_shown(chrome) == item
                item = item_shown(chrome)
                right = keys[kind + item]
                done.append(answer(chrome, right if number != 1 else str(int(right) % 4 + 1)))
                bar = "document.querySelector('#jspsych-progressbar-container span').innerText"
                if number < 7:
                    assert chrome.run(f"return {bar};") == f"{number + 1} of 8 done"
            chrome.wait_until(DONE)
            assert len(set(done)) == 8
        assert chrome.errors() == []
        said = chrome.run("return document.querySelector('.end').innerText;")
        assert "All 8 answers are saved." in said
    _, stored = read_answers(database)
    assert len(stored) == 16
    assert all(row["rt_ms"] > 0 for row in stored)
    out = tmp_path / "judgments.csv"
    choices, people = tmp_path / "choices.json", tmp_path / "annotators.json"
    assert (
        egoalign(
            *("export-task", "--quiet", "--db", database, "--key", task / "key", "--out", out),
            *("--choices", choices, "--annotators", people),
        )
        == 0
    )
    assert read_judgments(corpus, out, tmp_path / "judgments.parquet") == 0
    rows = read_table(JUDGMENTS, tmp_path / "judgments.parquet").to_pylist()
    assert len(rows) == 12
    wrong = [row for row in rows if not row["correct"]]
    caught = sum(row["n_catch"] - row["n_catch_correct"] for row in json.loads(people.read_text()))
    # The second trial of each was answered wrongly; it may be a catch trial.
    assert len(wrong) + caught == 2
    assert {row["annotator_id"] for row in rows} == {"first", "second"}
    for row in json.loads(choices.read_text()):
        assert row["is_correct"] == (row["selected"] == 0)


def test_every_screen_fits_the_window(chrome: Chrome, corpus: Path, tmp_path: Path) -> None:
    task = corpus / "results/private/task"
    with TaskProcess(task, tmp_path / "answers.sqlite") as server:
        for annotator in ("a", "b"):
            begin(chrome, server.address, annotator)
            through_screens(chrome)
            item_shown(chrome)
            for width in (1280, 400):
                chrome.resize(width, 800)
                assert chrome.run("return window.innerWidth;") == width
                assert chrome.run("return document.documentElement.scrollWidth;") <= width
                sizes = chrome.run(
                    "return [...document.querySelectorAll('#task p, button, blockquote')]"
                    ".map(part => parseFloat(getComputedStyle(part).fontSize));"
                )
                assert min(sizes) >= 12
            broken = "[...document.images].filter(image => image.naturalWidth === 0).length"
            assert chrome.run(f"return {broken};") == 0
            assert chrome.run("return document.images.length;") > 0


def test_answers_given_while_the_server_is_away(
    chrome: Chrome, corpus: Path, tmp_path: Path
) -> None:
    """Nothing is lost: the page keeps what was not acknowledged, and says so."""
    task, database = corpus / "results/private/task", tmp_path / "answers.sqlite"
    with TaskProcess(task, database) as server:
        begin(chrome, server.address, "p1")
        through_screens(chrome)
        answer(chrome, "1")
        chrome.wait_until("document.getElementById('saved').hidden")
    answer(chrome, "2")
    chrome.wait_until("!document.getElementById('saved').hidden")
    said = chrome.run("return document.getElementById('saved').innerText;")
    assert "1 not saved yet: please keep this page open" in said
    assert len(read_answers(database)[1]) == 1
    with TaskProcess(task, database, server.port):
        chrome.wait_until("document.getElementById('saved').hidden")
        assert [row["answer"] for row in read_answers(database)[1]] == [1, 2]


def test_ratings_and_labels_by_mouse_and_keys(chrome: Chrome, corpus: Path, tmp_path: Path) -> None:
    task, database = tmp_path / "task", tmp_path / "answers.sqlite"
    words = ("make-task", "--quiet", "--config", corpus / "config.yaml", "--out", task)
    assert egoalign(*words, "--kinds", "rating", "label", "--n-items", 2) == 0
    given = {"rating": ["1", "5", "2"], "label": ["y", "u", "2"]}
    with TaskProcess(task, database) as server:
        for annotator, kind in (("a", "rating"), ("b", "label")):
            begin(chrome, server.address, annotator)
            through_screens(chrome)
            item = item_shown(chrome)
            # By mouse first: keys must still be heard after it.
            chrome.run("document.querySelector('.options button').click();")
            chrome.wait_until(f"document.querySelector('.trial').dataset.item !== '{item}'")
            for key in given[kind][1:]:
                answer(chrome, key)
            chrome.wait_until(DONE)
    stored = {kind: [] for kind in given}
    for row in read_answers(database)[1]:
        stored[row["kind"]].append(row["answer"])
    assert stored == {"rating": [1, 5, 2], "label": [1, None, 0]}
    out = tmp_path / "judgments.csv"
    export = ("export-task", "--quiet", "--db", database, "--key", task / "key", "--out", out)
    assert egoalign(*export) == 0
    assert read_judgments(corpus, out, tmp_path / "judgments.parquet") == 0


def test_without_a_server_answers_leave_as_a_file(
    chrome: Chrome, corpus: Path, tmp_path: Path
) -> None:
    task = corpus / "results/private/task"
    page = (task / "page" / "index.html").resolve().as_uri()
    chrome.go(f"{page}?annotator=home&list=1")
    chrome.wait_until("document.activeElement.id === 'annotator'")
    chrome.press("\n")
    through_screens(chrome)
    answer(chrome, "3")
    chrome.go(f"{page}?annotator=home&list=1")
    chrome.wait_until("document.activeElement.id === 'annotator'")
    chrome.press("\n")
    through_screens(chrome)
    for _ in range(7):
        answer(chrome, "3")
    chrome.wait_until(DONE)
    text = chrome.wait_for(
        "const done = arguments[0]; const make_url = URL.createObjectURL;"
        "URL.createObjectURL = (blob) => { blob.text().then(done); return make_url(blob); };"
        "document.querySelector('.end button').click();"
    )
    download, out = tmp_path / "answers.json", tmp_path / "judgments.csv"
    download.write_text(text)
    assert (
        egoalign(
            *(
                "export-task",
                "--quiet",
                "--downloads",
                download,
                "--key",
                task / "key",
                "--out",
                out,
            )
        )
        == 0
    )
    assert read_judgments(corpus, out, tmp_path / "judgments.parquet") == 0
    rows = read_table(JUDGMENTS, tmp_path / "judgments.parquet").to_pylist()
    assert [row["answer"] for row in rows] == [3.0] * 6


def test_from_a_run_to_its_validation(chrome: Chrome, tiny: Project, tmp_path: Path) -> None:
    """The workflow's own results: videos decoded, people asked, the model asked the same."""
    task, database = tmp_path / "task", tmp_path / "answers.sqlite"
    made = tiny.egoalign(
        *("make-task", "--config", tiny.config, "--out", str(task), "--n-items", "3"),
        *("--annotators", "2", "--answers", "1"),
    )
    assert made.returncode == 0, made.stderr
    with TaskProcess(task, database) as server:
        for annotator in ("p1", "p2"):
            begin(chrome, server.address, annotator)
            through_screens(chrome)
            while chrome.run("return Boolean(document.querySelector('.trial'));"):
                answer(chrome, "2")
            chrome.wait_until(DONE)
    csv, results = tmp_path / "judgments.csv", Path("results/demo")
    judgments, metrics = tmp_path / "judgments.parquet", tmp_path / "validation.parquet"
    folders = ("--frames-folder", results / "video")
    folders += ("--utterances-folder", results / "private" / "transcripts")
    sessions, vectors = results / "corpus/sessions.parquet", results / "encode/egoalign-demo"
    for words in (
        ("export-task", "--db", database, "--key", task / "key", "--out", csv),
        (
            *("read-judgments", "--judgments", csv, "--out", judgments, *folders),
            *("--sessions", sessions, "--unmatched", tmp_path / "unmatched.parquet"),
            *("--unmatched-csv", tmp_path / "unmatched.csv"),
        ),
        (
            *("ask-model", "--judgments", judgments, *folders),
            *("--embeddings-folder", vectors, "--out", tmp_path / "asked.parquet"),
        ),
        (
            *("validate-model", "--judgments", judgments, "--model-id", "egoalign-demo"),
            *("--asked", tmp_path / "asked.parquet", "--out", metrics),
            *("--items", tmp_path / "items.parquet", "--csv", tmp_path / "validation.csv"),
            *("--curves", tmp_path / "curves.parquet", "--curves-csv", tmp_path / "curves.csv"),
        ),
    ):
        done = tiny.egoalign(*map(str, words))
        assert done.returncode == 0, done.stderr
    rows = {
        row["metric"]: row
        for row in read_table(METRICS, metrics).to_pylist()
        if row["subset"] == "all"
    }
    kept = read_table(JUDGMENTS, judgments).to_pylist()
    # Each pair stands in one list, so that an answer weighs as much as its pair.
    right = sum(row["weight"] * row["correct"] for row in kept)
    share = right / sum(row["weight"] for row in kept)
    assert rows["human_accuracy"]["estimate"] == pytest.approx(share)
    assert rows["model_accuracy"]["n"] == len(kept) > 3
    assert rows["human_accuracy"]["chance"] == 0.25
