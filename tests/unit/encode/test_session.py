"""One session from tables and video to tables of vectors."""

from __future__ import annotations

import json
import os

import numpy as np
import pyarrow.parquet as pq
import pytest

from egoalign.cli import main
from egoalign.encode.session import encode_session
from egoalign.tables import (
    FRAME_EMBEDDINGS,
    FRAMES,
    MEDIA,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    read_metadata,
    read_table,
    write_table,
)
from egoalign.video.grid import frames_table
from egoalign.video.probe import probe

SAID = [("t0", "a red ball"), ("t1", ""), ("t0", "a red ball"), ("t2", " ".join(["dog"] * 200))]


@pytest.fixture
def session(tmp_path, clip):
    """Write a session's tables for a video, and return the arguments of the step."""

    def make(video=clip, **grid_options):
        found = probe(video)
        write_table(MEDIA, [found.media_row("c1", "s1")], tmp_path / "media.parquet")
        write_table(FRAMES, frames_table(found, 1.0, **grid_options), tmp_path / "frames.parquet")
        rows = [
            {
                "utterance_id": f"u{at}",
                "text": text,
                "text_encoded": text,
                "speaker": "unknown",
                "text_id": text_id,
                "n_words": len(text.split()),
                "source_format": "csv",
            }
            for at, (text_id, text) in enumerate(SAID)
        ]
        write_table(UTTERANCES, rows, tmp_path / "utterances.parquet")
        return {
            "row": {"child_id": "c1", "session_id": "s1", "video": [os.path.basename(video)]},
            "root": os.path.dirname(video),
            "media": tmp_path / "media.parquet",
            "frames": tmp_path / "frames.parquet",
            "utterances": tmp_path / "utterances.parquet",
            "frame_embeddings": tmp_path / "out" / "f.parquet",
            "text_embeddings": tmp_path / "out" / "t.parquet",
            "device": "cpu",
        }

    return make


def test_every_grid_point_and_text_has_its_row(session, tiny, tmp_path):
    encode_session(**session(exclude_intervals=[(2.0, 3.0)]), options=tiny)
    frames = read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet").to_pylist()
    assert [row["frame_id"] for row in frames] == [0, 1, 2, 3, 4, 5, 6]
    assert [row["decoded"] for row in frames] == [True, True, False, False, True, True, True]
    assert [row["reason"] for row in frames][2:4] == ["excluded interval"] * 2
    assert [row["embedding"] is None for row in frames] == [not row["decoded"] for row in frames]
    assert {len(row["embedding"]) for row in frames if row["decoded"]} == {24}
    texts = read_table(TEXT_EMBEDDINGS, tmp_path / "out" / "t.parquet").to_pylist()
    assert [row["text_id"] for row in texts] == ["t0", "t1", "t2"]
    assert [row["n_tokens"] for row in texts] == [3, 0, 200]
    assert [row["truncated"] for row in texts] == [False, False, True]
    assert [row["embedding"] is None for row in texts] == [False, True, False]


def test_vectors_belong_to_their_seconds(session, tiny, tiny_model, clip, tmp_path):
    from egoalign.encode.embed import embed_pictures
    from egoalign.video.decode import decode

    encode_session(**session(exclude_intervals=[(2.0, 3.0)]), options=tiny)
    frames = read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet").to_pylist()
    alone = decode(clip, probe(clip), [4.0])
    ((_, vector),) = embed_pictures(tiny_model, alone, 1)
    found = np.array(frames[4]["embedding"], dtype=np.float64)
    assert float(found @ vector.astype(np.float64)) > 0.9995
    np.testing.assert_allclose(np.linalg.norm(found), 1.0, atol=1e-3)


def test_metadata_says_what_made_the_vectors(session, tiny, tmp_path):
    encode_session(**session(), options=tiny, batch_size=8)
    for name, table in (("f", "frame_embeddings"), ("t", "text_embeddings")):
        facts = read_metadata(tmp_path / "out" / f"{name}.parquet")
        assert facts["egoalign_table"] == table
        assert facts["model_id"] == "tiny"
        assert facts["model_name"] == "tiny-test.json"
        assert len(facts["weights_sha256"]) == 64
        assert facts["precision"] == "fp32"
        assert (facts["embed_dim"], facts["batch_size"]) == ("24", "8")
        assert str(tmp_path) not in json.dumps(facts)


def test_a_second_run_is_the_same_byte_for_byte(session, tiny, tmp_path):
    arguments = session()
    encode_session(**arguments, options=tiny)
    first = [path.read_bytes() for path in sorted((tmp_path / "out").iterdir())]
    encode_session(**arguments, options=tiny)
    assert [path.read_bytes() for path in sorted((tmp_path / "out").iterdir())] == first


@pytest.mark.parametrize("content", [None, b"", b"not a video" * 50])
def test_a_bad_video_still_gives_both_tables(content, session, tiny, tmp_path):
    video = tmp_path / "bad.mp4"
    if content is not None:
        video.write_bytes(content)
    encode_session(**session(video), options=tiny)
    assert pq.read_table(tmp_path / "out" / "f.parquet").num_rows == 0
    assert pq.read_table(tmp_path / "out" / "t.parquet").num_rows == 3


def test_a_video_lost_since_the_probe_gives_reasons(session, tiny, clip, tmp_path):
    video = tmp_path / "soon_gone.mp4"
    video.write_bytes(clip.read_bytes())
    arguments = session(video)
    video.unlink()
    encode_session(**arguments, options=tiny)
    rows = read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet").to_pylist()
    assert {(row["decoded"], row["reason"]) for row in rows} == {(False, "video missing")}


def test_the_command(session, tiny, tmp_path, capsys):
    arguments = session()
    options = [
        "encode-session",
        "--row",
        json.dumps(arguments["row"]),
        "--root",
        str(arguments["root"]),
        "--model",
        tiny.model_dump_json(),
        "--precision",
        "fp32",
        "--batch-size",
        "2",
        "--threads",
        "1",
    ]
    for name in ("media", "frames", "utterances", "frame_embeddings", "text_embeddings"):
        options += [f"--{name.replace('_', '-')}", str(arguments[name])]
    assert main(options) == 0
    assert "c1 s1: 7 of 7 pictures and 3 texts embedded by tiny" in capsys.readouterr().err
    assert read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet").num_rows == 7
