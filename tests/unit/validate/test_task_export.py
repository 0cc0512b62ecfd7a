"""export-task: answers joined with the key, in the columns that readers take."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from egoalign.tables import JUDGMENTS, TASK_ITEMS, TASK_TRIALS, read_table
from egoalign.validate.task_export import CHOICE_COLUMNS, JUDGMENT_COLUMNS
from egoalign.validate.task_folder import read_lists
from egoalign.validate.task_store import Store
from tests.unit.validate.task_made import egoalign, make_corpus, read_judgments

AUTHORS = (
    "prolific_pid,annotator_index,row_index,mode,selected_position,correct_position,is_correct,"
    "utterance,distractor_utt1,distractor_utt2,distractor_utt3,image_path,distractor_img1,"
    "distractor_img2,distractor_img3,timestamp"
)
KINDS = ["choose_utterance", "choose_image", "rating", "label"]
WHEN = "2025-11-18T10:00:00.000Z"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus with a task whose every trial is answered by one annotator a list."""
    folder = tmp_path_factory.mktemp("corpus")
    config = make_corpus(folder, kinds=KINDS, annotators=8, answers=2, catch_every=4)
    assert egoalign("make-task", "--quiet", "--config", config) == 0
    task = folder / "results" / "private" / "task"
    study, lists = read_lists(task / "page")
    store = Store(folder / "answers.sqlite", study, lists)
    right = {(row["slot"], row["item_id"]): row for row in trials(folder)}
    for n in range(8):
        annotator = f"p{n}"
        slot = store.start(annotator)["slot"]
        for place, trial in enumerate(lists[slot]["trials"]):
            row = right[slot, trial["item"]]
            answer: Any = row["correct_answer"]
            if row["is_catch"]:
                # One annotator takes no care.
                answer = answer if n != 3 else 1 + answer % 4 if row["kind"] in KINDS[:2] else None
                if row["kind"] == "rating" and n == 3:
                    answer = 6 - row["correct_answer"]
            elif row["kind"] in KINDS[:2]:
                answer = 1 + place % 4
            else:
                answer = {"rating": 1 + place % 5, "label": (0, 1, None)[place % 3]}[row["kind"]]
            answer = None if answer is None else int(answer)
            body = {"annotator": annotator, "item": trial["item"], "answer": answer}
            store.store(body | {"rt_ms": 1000 + place, "answered_at": WHEN})
    return folder


def trials(folder: Path) -> list[dict[str, Any]]:
    return read_table(TASK_TRIALS, folder / "results/private/task/key/trials.parquet").to_pylist()


def export(corpus: Path, out: Path, *flags: Any) -> int:
    key = corpus / "results" / "private" / "task" / "key"
    return egoalign(
        "export-task", "--db", corpus / "answers.sqlite", "--key", key, "--out", out, *flags
    )


def read_csv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        return list(reader.fieldnames or []), list(reader)


def test_every_kind_reaches_the_reader(corpus: Path, tmp_path: Path) -> None:
    assert export(corpus, tmp_path / "judgments.csv") == 0
    header, cells = read_csv(tmp_path / "judgments.csv")
    assert header == list(JUDGMENT_COLUMNS)
    assert len(cells) == 4 * 12 * 2
    assert read_judgments(corpus, tmp_path / "judgments.csv", tmp_path / "j.parquet") == 0
    rows = read_table(JUDGMENTS, tmp_path / "j.parquet").to_pylist()
    assert {row["kind"] for row in rows} == set(KINDS)
    key = {(row["slot"], row["item_id"]): row for row in trials(corpus)}
    by_annotator = {f"p{n}": None for n in range(8)}
    assert {row["annotator_id"] for row in rows} == set(by_annotator)
    for row in rows:
        if row["kind"] in KINDS[:2]:
            assert row["correct"] == (row["answer"] == row["correct_answer"])
            true = [k["correct_answer"] for (_, item), k in key.items() if item == row["item_id"]]
            assert row["correct_answer"] in true
            assert (row["chosen"] == 0) == row["correct"]
            assert row["chosen"] in range(4)
        else:
            assert row["correct"] is None
            assert row["chosen"] is None
    items = read_table(TASK_ITEMS, corpus / "results/private/task/key/items.parquet").to_pylist()
    chances = {row["item_id"]: row["inclusion_probability"] for row in items}
    assert all(row["weight"] == pytest.approx(1 / chances[row["item_id"]]) for row in rows)
    of_one = [row["trial_no"] for row in rows if row["annotator_id"] == "p0"]
    assert len(set(of_one)) == len(of_one) == 12
    # Positions are drawn anew for each list, so about a quarter of fixed answers are right.
    chosen = [row["correct"] for row in rows if row["kind"] in KINDS[:2]]
    assert 0 < sum(chosen) < len(chosen)


def test_choices_have_the_columns_of_the_study(corpus: Path, tmp_path: Path) -> None:
    assert export(corpus, tmp_path / "j.csv", "--choices", tmp_path / "choices.csv") == 0
    header, rows = read_csv(tmp_path / "choices.csv")
    assert header == list(CHOICE_COLUMNS)
    assert header[:16] == AUTHORS.split(",")
    wanted = ["item_id", "trial_no", "kind", "child_id", "session_id", "utterance_id", "second"]
    assert header[16:] == [*wanted, "distractors", "selected", "rt_ms", "inclusion_probability"]
    assert len(rows) == 2 * 12 * 2
    items = {
        (row["kind"], row["item_id"]): row
        for row in read_table(
            TASK_ITEMS, corpus / "results/private/task/key/items.parquet"
        ).to_pylist()
    }
    lists = read_lists(corpus / "results/private/task/page")[1]
    for row in rows:
        item = items[row["kind"], row["item_id"]]
        options = lists[int(row["annotator_index"])]["trials"][int(row["row_index"])]["options"]
        chosen = options[int(row["selected_position"]) - 1]
        if row["mode"] == "utterances":
            shown = [row["utterance"], *(row[f"distractor_utt{i}"] for i in (1, 2, 3))]
            assert row["distractor_img1"] == ""
        else:
            assert row["mode"] == "images"
            shown = [row["image_path"], *(row[f"distractor_img{i}"] for i in (1, 2, 3))]
            assert row["distractor_utt1"] == ""
        assert shown[int(row["selected"])] == chosen
        assert row["is_correct"] == str(row["selected"] == "0").lower()
        assert row["utterance"] == json.loads(item["texts"])[0]
        assert float(row["inclusion_probability"]) == item["inclusion_probability"]
        assert row["timestamp"] == WHEN


def test_annotators_and_those_who_take_no_care(
    corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, people = tmp_path / "j.csv", tmp_path / "annotators.csv"
    assert export(corpus, out, "--annotators", people, "--min-catch", 0.6) == 0
    said = capfd.readouterr().err
    assert "left out: 1 of 8 annotators, who had less than 0.6 of their catch trials right" in said
    assert "judgments of 7 annotators" in said
    rows = {row["annotator_id"]: row for row in read_csv(people)[1]}
    assert len(rows) == 8
    for name, row in rows.items():
        assert (row["n_trials"], row["n_answered"], row["n_catch"]) == ("12", "12", "3")
        assert row["n_catch_correct"] == ("0" if name == "p3" else "3")
        assert 1 <= float(row["median_rt_s"]) < 1.01
    assert "p3" not in {row["annotator_id"] for row in read_csv(out)[1]}
    assert export(corpus, tmp_path / "all.csv") == 0
    assert "p3" in {row["annotator_id"] for row in read_csv(tmp_path / "all.csv")[1]}


def test_json_holds_the_same(corpus: Path, tmp_path: Path) -> None:
    assert export(corpus, tmp_path / "j.csv") == 0
    assert export(corpus, tmp_path / "j.json") == 0
    rows = json.loads((tmp_path / "j.json").read_text())
    assert list(rows[0]) == list(JUDGMENT_COLUMNS)
    cells = [row["item_id"] for row in read_csv(tmp_path / "j.csv")[1]]
    assert [row["item_id"] for row in rows] == cells


def test_an_answer_in_both_ways_counts_once(corpus: Path, tmp_path: Path) -> None:
    assert export(corpus, tmp_path / "j.csv") == 0
    facts = json.loads((corpus / "results/private/task/key/task.json").read_text())
    lists = read_lists(corpus / "results/private/task/page")[1]
    item = lists[0]["trials"][0]["item"]
    answer = {"annotator_id": "p0", "slot": 0, "trial_no": 0, "kind": "choose_utterance"}
    answer |= {"item_id": item, "answer": 4, "rt_ms": 1, "answered_at": WHEN}
    download = tmp_path / "download.json"
    download.write_text(json.dumps({"study": facts["study"], "answers": [answer]}))
    assert export(corpus, tmp_path / "both.csv", "--downloads", download) == 0
    assert (tmp_path / "both.csv").read_text() == (tmp_path / "j.csv").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not answers that a task's page gave out"),
        ('{"study": "x"}', "not answers that a task's page gave out ('answers')"),
        ('{"study": "x", "answers": []}', "answers of another task (study x, expected "),
        (
            '{"study": "x", "answers": [{"kind": "label", "answer": 7}]}',
            "Answer 7 to a label: expected one of 0, 1, null.",
        ),
    ],
)
def test_files_that_are_no_download(
    corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (tmp_path / "d.json").write_text(text)
    assert export(corpus, tmp_path / "j.csv", "--downloads", tmp_path / "d.json") == 2
    assert message in capfd.readouterr().err
    assert not (tmp_path / "j.csv").exists()


def test_other_messages(corpus: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    key = corpus / "results" / "private" / "task" / "key"
    words = ["export-task", "--out", tmp_path / "j.csv", "--key"]
    assert egoalign(*words, tmp_path, "--db", corpus / "answers.sqlite") == 2
    assert "task.json: not the key of a task" in capfd.readouterr().err
    assert egoalign(*words, key) == 2
    assert "no file given: no answers yet" in capfd.readouterr().err
    assert egoalign(*words, key, "--db", tmp_path / "none.sqlite") == 2
    assert "none.sqlite: no such file" in capfd.readouterr().err
    facts = json.loads((key / "task.json").read_text())
    answer = {"annotator_id": "p0", "slot": 0, "trial_no": 0, "kind": "label", "answer": 1}
    download = {"study": facts["study"], "answers": [answer | {"item_id": "nowhere"}]}
    (tmp_path / "d.json").write_text(json.dumps(download))
    assert egoalign(*words, key, "--downloads", tmp_path / "d.json") == 2
    assert "answer of p0 to item nowhere: not in list 0 of the key" in capfd.readouterr().err
