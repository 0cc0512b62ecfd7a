"""Ways in beside video: pictures, embeddings and scores that are there already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from egoalign.tables import read_columns
from egoalign.video.recording import open_recording
from tests.workflow.project import Project, copy_project
from tests.workflow.test_other_corpora import MODEL, write_csv, write_video

SESSIONS = ("day1", "day2")
SECONDS = 12
HEADER = ["utterance_no", "start_time", "end_time", "text", "speaker"]
TEXTS = ("look a ball", "where is the dog", "yes", "the red shoe", "a cup", "there it is", "")
ROWS = [
    [f"u{number}", 0.4 + 1.5 * number, 1.1 + 1.6 * number, text, ("MOT", "KIM")[number % 2]]
    for number, text in enumerate(TEXTS)
]
TRANSCRIPTS = {"speakers": {"MOT": "female_adult", "KIM": "key_child"}}


def add_corpus(folder: Path, name: str, videos: list[str], models: list[dict], **more) -> Project:
    """Lay out one more corpus of the same sessions, whose results are in ``results/<name>``."""
    own = folder / name
    own.mkdir()
    (own / "children.tsv").write_text("child_id\nkim\n")
    lines = ["child_id\tsession_id\tvideo\ttranscript\tage_days"]
    for session, video in zip(SESSIONS, videos, strict=True):
        transcript = "" if name == "scores" else f"base/{session}.csv"
        lines.append(f"kim\t{session}\t{video}\t{transcript}\t{400 + 50 * len(lines)}")
    (own / "sessions.tsv").write_text("\n".join(lines) + "\n")
    values = {
        "corpus": {"children": f"{name}/children.tsv", "sessions": f"{name}/sessions.tsv"},
        "transcripts": TRANSCRIPTS,
        "encode": {"models": models},
        "align": {"nulls": {"draws": 20}},
        "pathvars": {"results": f"results/{name}"},
        **more,
    }
    (own / "config.yaml").write_text(yaml.safe_dump(values))
    return Project(folder, f"{name}/config.yaml")


def run(project: Project, *targets: str) -> None:
    """Make some results of a corpus, or all."""
    done = project.run(*(["--", *targets] if targets else []))
    assert done.returncode == 0, done.stdout + done.stderr


def table(folder: Path, name: str) -> list[dict]:
    return read_columns(folder / "results" / name).to_pylist()


def same_scores(found: list[dict], expected: list[dict], tolerance: float) -> None:
    """Check that two alignment tables say the same of the same utterances."""
    keys = ("child_id", "session_id", "utterance_id", "speaker", "n_words", "n_frames", "reason")
    assert [[row[k] for k in keys] for row in found] == [[row[k] for k in keys] for row in expected]
    assert sum(row["score_max"] is not None for row in found) == 12
    assert any(row["shuffled_mean"] is not None for row in found)
    for name in ("score_min", "score_mean", "score_max", "shuffled_mean"):
        values = ([np.nan if row[name] is None else row[name] for row in rows]
                  for rows in (found, expected))  # fmt: skip
        np.testing.assert_allclose(*values, atol=tolerance, rtol=0, err_msg=name)


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A project in which a corpus of two videos has been scored."""
    folder = copy_project(tmp_path_factory.mktemp("ways") / "project")
    videos = [f"base/{session}.mp4" for session in SESSIONS]
    project = add_corpus(folder, "base", videos, [MODEL])
    for number, session in enumerate(SESSIONS):
        write_video(folder / "base" / f"{session}.mp4", "libx264", SECONDS, (160, 96 + 64 * number))
        write_csv(folder / "base" / f"{session}.csv", HEADER, ROWS)
    run(
        project,
        "results/base/align/small/summary.parquet",
        "results/base/private/scores/small.csv",
    )
    return folder


def test_a_folder_of_pictures_gives_the_scores_of_its_video(base):
    project = add_corpus(base, "pictures", [f"pictures/{name}" for name in SESSIONS], [MODEL])
    for session in SESSIONS:
        (base / "pictures" / session).mkdir()
        recording = open_recording([base / "base" / f"{session}.mp4"])
        for picture in recording.pictures([float(second) for second in range(SECONDS)]):
            path = base / "pictures" / session / f"{picture.index:05d}.jpg"
            Image.fromarray(picture.rgb).save(path, quality=95, subsampling=0)
    run(project, "results/pictures/align/small/alignment.parquet")
    found = table(base, "pictures/align/small/alignment.parquet")
    same_scores(found, table(base, "base/align/small/alignment.parquet"), 0.01)
    media = table(base, "pictures/video/kim/day2.media.parquet")[0]
    assert (media["width"], media["height"], media["n_pictures"]) == (160, 160, SECONDS)


def test_embeddings_of_a_run_enter_again_without_weights(base):
    texts = {}
    for session in SESSIONS:
        spoken = table(base, f"base/private/transcripts/kim/{session}.utterances.parquet")
        vectors = table(base, f"base/encode/small/kim/{session}.text_embeddings.arrow")
        by_id = {row["text_id"]: row["embedding"] for row in vectors}
        texts |= {
            row["text_encoded"]: by_id[row["text_id"]] for row in spoken if row["text_encoded"]
        }
    videos = [
        f"results/base/encode/{{model}}/kim/{session}.frame_embeddings.arrow"
        for session in SESSIONS
    ]
    model = {"name": "nowhere.json", "id": "small", "text_vectors": "embeddings/texts.parquet"}
    project = add_corpus(base, "embeddings", videos, [model])
    path = base / "embeddings" / "texts.parquet"
    vectors = pa.table({"text": list(texts), "embedding": list(texts.values())})
    pq.write_table(vectors, path)
    target = "results/embeddings/align/small/alignment.parquet"
    run(project, target)
    found = table(base, "embeddings/align/small/alignment.parquet")
    same_scores(found, table(base, "base/align/small/alignment.parquet"), 1e-3)
    assert project.planned(target) == {}
    pq.write_table(vectors.slice(1), path)
    assert project.planned(target)["encode_session"] == 2


def test_scores_of_a_run_enter_again_without_video(base):
    scores = {"id": "lab", "scores": "results/base/private/scores/small.csv"}
    project = add_corpus(base, "scores", ["", ""], [scores])
    assert "encode_session" not in project.planned()
    run(project)
    found, expected = (
        {row["metric"]: row for row in table(base, f"{name}/summary.parquet")
         if row["subset"] == "all"}
        for name in ("scores/align/lab", "base/align/small")
    )  # fmt: skip
    for metric in ("share_scored", "score_mean", "score_sd", "share_above_0.25"):
        assert found[metric]["estimate"] == pytest.approx(expected[metric]["estimate"], abs=1e-9)
        assert found[metric]["n"] == expected[metric]["n"]
    assert found["difference"]["estimate"] is None
    status = table(base, "scores/report/sessions_status.parquet")
    assert [(row["status"], row["n_scored"], row["n_unscored"]) for row in status] == [
        ("ok", 6, 1), ("ok", 6, 1)
    ]  # fmt: skip
    for name in ("null", "children", "age"):
        assert (base / "results" / "scores" / "figures" / "lab" / f"{name}.pdf").is_file()
    assert (base / "results" / "scores" / "report" / "summary.html").is_file()
    assert not (base / "results" / "scores" / "private" / "scores").exists()
    predictors = table(base, "scores/private/predictors/lab.utterances.parquet")
    assert len(predictors) == 14
    assert [row["minutes"] is None for row in predictors].count(True) < 14
    assert (base / "results" / "scores" / "vary" / "lab" / "predictors.csv").is_file()
    assert project.planned() == {}


def test_scores_stand_beside_a_model_of_the_same_corpus(base):
    scores = {"id": "lab", "scores": "results/base/private/scores/small.csv"}
    videos = [f"base/{session}.mp4" for session in SESSIONS]
    project = add_corpus(base, "beside", videos, [MODEL, scores])
    planned = project.planned()
    assert planned["import_scores"] == 1
    assert planned["encode_session"] == planned["align_session"] == 2
    assert planned["collect_alignment"] == planned["write_scores"] == 1
    assert planned["summarise_alignment"] == planned["plot_null"] == 2
