"""One session from tables and video to tables of vectors."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from egoalign.cli import main
from egoalign.encode import session as step
from egoalign.encode.batch import Batches
from egoalign.encode.session import decoded_ahead, encode_session, frame_embeddings_table
from egoalign.tables import (
    CONTENT_WORDS,
    FRAME_EMBEDDINGS,
    FRAMES,
    MEDIA,
    TEXT_EMBEDDINGS,
    UTTERANCES,
    WORD_EMBEDDINGS,
    read_metadata,
    read_table,
    write_table,
)
from egoalign.video.decode import Picture
from egoalign.video.grid import frames_table
from egoalign.video.probe import probe
from tests.unit.encode.test_embed import ShortOfMemory

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


def content_words(path):
    """Write three words of two lemmas, and one without."""
    lemmas = [("w00000", "ball"), ("w00001", "ice cream"), ("w00000", "ball"), (None, None)]
    rows = [
        {
            "utterance_id": f"u{number}",
            "word_no": 0,
            "token": lemma or "pelota",
            "lemma": lemma,
            "lemma_id": lemma_id,
            "own_time": False,
        }
        for number, (lemma_id, lemma) in enumerate(lemmas)
    ]
    write_table(CONTENT_WORDS, rows, path)
    return path


def test_each_lemma_is_encoded_in_its_phrase(session, tiny, tiny_model, tmp_path):
    from egoalign.encode.embed import embed_texts

    words = {
        "content_words": content_words(tmp_path / "c.parquet"),
        "word_embeddings": tmp_path / "out" / "w.parquet",
        "word_template": "a photo of a {word}",
    }
    encode_session(**session(), **words, options=tiny)
    rows = read_table(WORD_EMBEDDINGS, tmp_path / "out" / "w.parquet").to_pylist()
    assert [row["lemma_id"] for row in rows] == ["w00000", "w00001"]
    phrases = ["a photo of a ball", "a photo of a ice cream"]
    for row, alone in zip(rows, embed_texts(tiny_model, phrases, Batches(1)), strict=True):
        found, vector = (np.array(v, dtype=float) for v in (row["embedding"], alone.vector))
        assert found @ vector / np.linalg.norm(found) / np.linalg.norm(vector) > 1 - 1e-5
        assert row["n_tokens"] == alone.n_tokens
    facts = read_metadata(tmp_path / "out" / "w.parquet")
    assert facts["word_template"] == "a photo of a {word}"
    assert facts["model_id"] == "tiny"
    assert "ball" not in str(rows)


def test_vectors_belong_to_their_seconds(session, tiny, tiny_model, clip, tmp_path):
    from egoalign.encode.embed import embed_pictures
    from egoalign.video.decode import decode

    encode_session(**session(exclude_intervals=[(2.0, 3.0)]), options=tiny)
    frames = read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet").to_pylist()
    alone = decode(clip, probe(clip), [4.0])
    ((_, vector),) = embed_pictures(tiny_model, alone, Batches(1))
    found = np.array(frames[4]["embedding"], dtype=np.float64)
    assert float(found @ vector[0].astype(np.float64)) > 0.9995
    np.testing.assert_allclose(np.linalg.norm(found), 1.0, atol=1e-3)


def test_each_grid_point_is_embedded_once_however_many_utterances_share_it(
    session, tiny, tmp_path, monkeypatch
):
    """Four utterances over the same seconds: what is decoded, and goes through the model."""
    asked, passed = [], []
    ahead, embed = step.decoded_ahead, step.embed_pictures

    def counted_ahead(recording, seconds, *rest):
        asked.extend(seconds)
        return ahead(recording, seconds, *rest)

    def counted_embed(model, pictures, batch_size):
        for picture, vectors in embed(model, pictures, batch_size):
            passed.append(picture.index)
            yield picture, vectors

    monkeypatch.setattr(step, "decoded_ahead", counted_ahead)
    monkeypatch.setattr(step, "embed_pictures", counted_embed)
    spoken = [(1.2, 4.1), (2.0, 4.0), (1.9, 3.1), (3.9, 4.2)]
    encode_session(**session(mode="speech", utterances=spoken), options=tiny)
    assert asked == pytest.approx([2.0, 3.0, 4.0], abs=0.1)
    assert passed == [0, 1, 2]
    rows = read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet").to_pylist()
    assert [row["frame_id"] for row in rows if row["decoded"]] == [2, 3, 4]


@pytest.mark.parametrize(("picture", "tiles"), [("pad", 1), ("tiles_mean", 1), ("tiles_max", 2)])
def test_other_ways_to_show_a_picture(picture, tiles, session, tiny, tmp_path, caplog):
    with caplog.at_level("INFO", "egoalign"):
        encode_session(
            **session(exclude_intervals=[(2.0, 3.0)]), options=tiny, picture=picture, batch_size=3
        )
    assert "5 of 5 pictures" in caplog.text
    table = read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet")
    expected = [
        (k, tile, k not in (2, 3)) for k in range(7) for tile in range(1 if k in (2, 3) else tiles)
    ]
    names = ("frame_id", "tile", "decoded")
    assert [tuple(row[name] for name in names) for row in table.to_pylist()] == expected
    assert read_metadata(tmp_path / "out" / "f.parquet")["picture"] == picture


class Numbered:
    """A recording whose pictures show their second."""

    notes = ()

    def pictures(self, seconds, backend, short_side):
        for index, second in enumerate(seconds):
            yield Picture(index, np.full((2, 2, 3), second, np.uint8), None)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("n", [0, 1, 40, 64, 101, 200])
def test_stretches_of_a_recording_are_decoded_side_by_side(n, threads):
    found = list(decoded_ahead(Numbered(), list(range(n)), "pyav", None, threads))
    assert sorted(picture.index for picture in found) == list(range(n))
    assert all(picture.rgb[0, 0, 0] == picture.index for picture in found)
    again = decoded_ahead(Numbered(), list(range(n)), "pyav", None, threads)
    assert [picture.index for picture in again] == [picture.index for picture in found]
    if threads == 2 and n == 64:
        assert [picture.index for picture in found[:4]] == [0, 32, 1, 33]


def test_a_table_needs_every_wanted_point(session):
    grid = read_table(FRAMES, session()["frames"])
    with pytest.raises(ValueError, match="1 pictures for 7 wanted grid points"):
        frame_embeddings_table(grid, [(Picture(0, None, "gone"), None)])


def test_metadata_says_what_made_the_vectors(session, tiny, tmp_path):
    encode_session(**session(), options=tiny, batch_size=8)
    for name, table in (("f", "frame_embeddings"), ("t", "text_embeddings")):
        facts = read_metadata(tmp_path / "out" / f"{name}.parquet")
        assert facts["egoalign_table"] == table
        assert facts["model_id"] == "tiny"
        assert facts["model_name"] == "tiny-test.json"
        assert len(facts["weights_sha256"]) == 64
        assert facts["precision"] == "fp32"
        assert facts["picture"] == "crop"
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


def test_a_gpu_without_memory_is_told_in_the_tables(session, tiny, tmp_path, monkeypatch):
    load = step.load_model

    def load_short(*args):
        model = load(*args)
        return replace(model, network=ShortOfMemory(model.network, 2))

    encode_session(**session(), options=tiny, batch_size=6)
    tables = (FRAME_EMBEDDINGS, "f"), (TEXT_EMBEDDINGS, "t")
    files = [(table, tmp_path / "out" / f"{name}.parquet") for table, name in tables]
    full = [read_table(*file)["embedding"].to_pylist() for file in files]
    assert "batch_size_used" not in read_metadata(files[0][1])
    monkeypatch.setattr(step, "load_model", load_short)
    encode_session(**session(), options=tiny, batch_size=6)
    for file, vectors in zip(files, full, strict=True):
        facts = read_metadata(file[1])
        assert (facts["batch_size"], facts["batch_size_used"]) == ("6", "1")
        for one, other in zip(vectors, read_table(*file)["embedding"].to_pylist(), strict=True):
            assert (one is None) == (other is None)
            np.testing.assert_allclose(one or [0.0], other or [0.0], atol=1e-3)
