"""Corpora that are not the demo: another layout, and one where everything is wrong."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from tests.workflow.project import Project, copy_project

MODEL = {
    "name": "config/demo/model/egoalign-demo.json",
    "pretrained": "config/demo/model/egoalign-demo.safetensors",
    "id": "small",
}


def write_video(
    path: Path, codec: str, seconds: float = 6, size: tuple[int, int] = (160, 96)
) -> None:
    """Write a moving colour gradient as a video of 10 pictures a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, 10)
        x = np.linspace(0, 255, size[0])[None, :, None]
        for k in range(int(seconds * 10)):
            picture = np.broadcast_to((x + 9 * k) % 256, (size[1], size[0], 3)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = k
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_csv(path: Path, header: list[str], rows: list[list[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def make_project(
    folder: Path, sessions: list[dict[str, object]], children: str, **config
) -> Project:
    """Lay out a project with a corpus of its own."""
    copy_project(folder)
    (folder / "mine").mkdir(exist_ok=True)
    columns = sorted({name for row in sessions for name in row})
    lines = ["\t".join(columns)]
    lines += ["\t".join(str(row.get(name, "")) for name in columns) for row in sessions]
    (folder / "mine" / "sessions.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "mine" / "children.tsv").write_text(children, encoding="utf-8")
    values = {
        "corpus": {"children": "mine/children.tsv", "sessions": "mine/sessions.tsv"},
        "encode": {"models": [MODEL]},
        "pathvars": {"results": "results/demo"},
        **config,
    }
    (folder / "mine" / "config.yaml").write_text(yaml.safe_dump(values))
    return Project(folder, "mine/config.yaml")


HEADER = ["id", "from", "to", "said", "who"]
ROWS = [
    [1, 500, 1500, "look a ball", "Mama"],
    [2, 1600, 3400, "where is the dog", "Papa"],
    [3, 4000, 4200, "yes", "Kind"],
]
TRANSCRIPTS = {
    "format": "csv",
    "columns": {
        "utterance_id": "id",
        "start": "from",
        "end": "to",
        "text": "said",
        "speaker": "who",
    },
    "time_unit": "ms",
    "speakers": {"Mama": "female_adult", "Papa": "male_adult", "Kind": "key_child"},
}


@pytest.mark.parametrize(
    ("codec", "suffix"), [("libx264", "mp4"), ("libx265", "mp4"), ("libvpx-vp9", "webm")]
)
def test_a_corpus_in_another_layout(tmp_path, codec, suffix):
    """Two children in one folder, names with blanks, quotes and accents, columns of their own."""
    folder = tmp_path / "my project"
    sessions = []
    for child, name in (("anna", "Anna's 1st day (März) $HOME"), ("bo", "bo; the 2nd")):
        write_video(folder / "mine" / f"{name}.{suffix}", codec)
        write_csv(folder / "mine" / f"{name}.csv", HEADER, ROWS)
        sessions.append(
            {
                "child_id": child,
                "session_id": "day.1",
                # A semicolon parts several videos, so one inside a name is escaped.
                "video": f"mine/{name}.{suffix}".replace(";", r"\;"),
                "transcript": f"mine/{name}.csv",
                "recording_date": "2024-05-01",
                "room": "kitchen",
            }
        )
    children = "child_id\tbirth_date\tsiblings\nanna\t2023-05-01\t1\nbo\t2023-01-15\t0\n"
    project = make_project(folder, sessions, children, transcripts=TRANSCRIPTS)
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    rows = pq.read_table(project.results / "align/small/alignment.parquet").to_pylist()
    assert [(row["child_id"], row["utterance_id"]) for row in rows] == [
        (child, str(k)) for child in ("anna", "bo") for k in (1, 2, 3)
    ]
    assert all(row["score_max"] is not None for row in rows)
    assert [row["speaker"] for row in rows[:3]] == ["female_adult", "male_adult", "key_child"]
    assert [row["n_frames"] for row in rows[:3]] == [1, 2, 1]
    assert rows[0]["age_days"] == 366
    corpus = pq.read_table(project.results / "corpus/sessions.parquet").to_pylist()
    assert {row["room"] for row in corpus} == {"kitchen"}
    scores = list(csv.reader((project.results / "private/scores/small.csv").open()))
    assert scores[0] == [
        "child_id",
        "video_name",
        "utterance",
        "utterance_start_time",
        "utterance_end_time",
        "clip_score_min",
        "clip_score_mean",
        "clip_score_max",
    ]
    assert len(scores) == 7
    assert scores[1][2] == "look a ball"
    assert project.planned() == {}


def test_everything_wrong_ends_in_rows_and_the_rest_goes_on(tmp_path):
    folder = tmp_path / "project"
    videos = folder / "mine"
    write_video(videos / "good.mp4", "libx264", 12)
    whole = (videos / "good.mp4").read_bytes()
    (videos / "empty.mp4").write_bytes(b"")
    write_video(videos / "cut.mkv", "libx264", 12)
    data = (videos / "cut.mkv").read_bytes()
    (videos / "cut.mkv").write_bytes(data[: len(data) // 2])
    (videos / "halved.mp4").write_bytes(whole[: len(whole) // 2])
    (videos / "words.mp4").write_text("not a video")
    header = ["utterance_no", "start_time", "end_time", "text", "speaker"]
    long_text = " ".join(f"word{k}" for k in range(200))
    rows = [
        [1, 1, 2.5, "look at the ball", "MOT"],
        [2, 5, 4, "ends before it starts", "MOT"],
        [3, 500, 501, "long after the end", "MOT"],
        [4, 3, 6, long_text, "MOT"],
        [5, 7.2, 7.3, "short", "MOT"],
        [6, "", "", "no time", "MOT"],
        [7, 8, 9, "", "MOT"],
        [8, 9, 10, "who is this", "NEW"],
    ]
    write_csv(videos / "good.csv", header, rows)
    write_csv(videos / "plain.csv", header, rows[:1])
    (videos / "nothing.csv").write_bytes(b"")
    (videos / "broken.json").write_text(json.dumps({"segments": [{"start": 0}]})[:-3])
    names = {
        "good": ("good.mp4", "good.csv"),
        "empty": ("empty.mp4", "plain.csv"),
        "cut": ("cut.mkv", "plain.csv"),
        "halved": ("halved.mp4", "plain.csv"),
        "words": ("words.mp4", "plain.csv"),
        "missing": ("nowhere.mp4", "plain.csv"),
        "silent": ("good.mp4", "nothing.csv"),
        "broken": ("good.mp4", "broken.json"),
        "untranscribed": ("good.mp4", ""),
        "lost": ("good.mp4", "nowhere.csv"),
    }
    sessions = [
        {
            "child_id": "only",
            "session_id": name,
            "video": f"mine/{video}",
            "transcript": f"mine/{transcript}" if transcript else "",
            "age_days": 300,
        }
        for name, (video, transcript) in names.items()
    ]
    sessions.append(
        {
            "child_id": "single",
            "session_id": "one",
            "video": "mine/good.mp4",
            "transcript": "mine/plain.csv",
            "age_days": 300,
        }
    )
    project = make_project(
        folder,
        sessions,
        "child_id\nonly\nsingle\n",
        transcripts={"speakers": {"MOT": "female_adult", "*": "unknown"}},
    )
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    status = {
        row["session_id"]: row
        for row in pq.read_table(project.results / "report/sessions_status.parquet").to_pylist()
    }
    assert {name: row["status"] for name, row in status.items()} == {
        "good": "ok",
        "empty": "failed",
        "cut": "ok",
        "halved": "failed",
        "words": "failed",
        "missing": "failed",
        "silent": "ok",
        "broken": "failed",
        "untranscribed": "ok",
        "lost": "failed",
        "one": "ok",
    }
    assert "missing" in status["missing"]["reason"]
    assert "transcript" in status["broken"]["reason"]
    assert "transcript empty" in status["silent"]["reason"]
    assert all(row["reason"] for row in status.values() if row["status"] == "failed")
    assert all((folder / row["log"]).is_file() for row in status.values() if row["log"])
    table = pq.read_table(project.results / "align/small/alignment.parquet").to_pylist()
    good = {row["utterance_id"]: row for row in table if row["session_id"] == "good"}
    assert len(good) == len(rows)
    reasons = {key: row["reason"] for key, row in good.items()}
    assert reasons["1"] is None
    assert reasons["2"] == "utterance ends before it starts"
    assert reasons["3"] == "utterance lies beyond the video's end"
    assert reasons["4"] is None
    assert good["4"]["truncated"]
    assert good["4"]["n_tokens"] > 77
    assert reasons["5"] is None
    assert good["5"]["nearest_frame"]
    assert good["5"]["n_frames"] == 1
    assert reasons["6"] == "no time given"
    assert reasons["7"] == "no words left to encode"
    assert reasons["8"] is None
    assert good["8"]["speaker"] == "unknown"
    assert all((row["score_max"] is None) == (row["reason"] is not None) for row in table)
    assert len(table) == 8 + 5 + 1
    assert project.planned() == {}


def test_scan_writes_tables_that_run_with_two_models(tmp_path):
    folder = copy_project(tmp_path / "project")
    write_video(folder / "corpus" / "Kim" / "first day.mp4", "libx264")
    write_csv(
        folder / "corpus" / "Kim" / "first day.csv",
        ["utterance_no", "start_time", "end_time", "text"],
        [[1, 1, 2, "look a ball"]],
    )
    project = Project(folder, "mine.yaml")
    done = project.egoalign("scan", "corpus", "--out-dir", "mine")
    assert done.returncode == 0, done.stderr
    (folder / "mine.yaml").write_text(
        yaml.safe_dump(
            {
                "corpus": {"children": "mine/children.tsv", "sessions": "mine/sessions.tsv"},
                "encode": {"models": [MODEL, MODEL | {"id": "again"}]},
                "pathvars": {"results": "results/demo"},
            }
        )
    )
    done = project.run()
    assert done.returncode == 0, done.stdout + done.stderr
    scores = [
        pq.read_table(project.results / f"align/{model}/alignment.parquet")["score_max"].to_pylist()
        for model in ("small", "again")
    ]
    assert len(scores[0]) == 1
    assert scores[0][0] is not None
    assert scores[0] == scores[1]
    compared = pq.read_table(project.results / "validate/models.parquet")
    assert set(compared["model_id"].to_pylist()) == {"small", "again"}
    for model in ("small", "again"):
        assert (project.results / f"figures/{model}/null.pdf").is_file()
