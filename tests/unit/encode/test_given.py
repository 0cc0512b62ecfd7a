"""Vectors that the lab has already take the place of a model's own, or say why they cannot."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from egoalign.config import ModelOptions
from egoalign.encode.given import given_pictures, given_texts
from egoalign.encode.session import encode_session
from egoalign.log import UserError
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
from egoalign.video.grid import frames_table
from egoalign.video.recording import open_recording
from egoalign.video.vectors_file import NO_VECTOR, NOT_FINITE, ZERO

WIDTH = 24
SAID = [("t0", "a red ball", " a red ball"), ("t1", "", "..."), ("t2", "look", "Look!")]
VECTORS = np.random.default_rng(8).normal(size=(6, WIDTH)).astype(np.float32)


def near(found, expected) -> bool:
    cosine = np.asarray(found, float) @ expected / np.linalg.norm(expected)
    return cosine == pytest.approx(1, abs=2e-3)


def write_texts(path, names, width=WIDTH):
    vectors = np.random.default_rng(9).normal(size=(len(names), width)).astype(np.float32)
    pq.write_table(pa.table({"text": names, "embedding": vectors.tolist()}), path)
    return dict(zip(names, vectors, strict=True))


def write_frames(path, vectors, seconds, name="second", **columns):
    data = {name: seconds, "embedding": [None if v is None else list(v) for v in vectors]}
    pq.write_table(pa.table(data | columns), path)


@pytest.fixture
def session(tmp_path):
    """Ingest a session whose ``video`` is `name`, and return the arguments of the step."""

    def make(name, per_second=1.0):
        found = open_recording([tmp_path / name], per_second)
        write_table(MEDIA, [found.media_row("c1", "s1")], tmp_path / "media.parquet")
        write_table(FRAMES, frames_table(found.probe, 1.0), tmp_path / "frames.parquet")
        rows = [
            {
                "utterance_id": f"u{number}",
                "text": text,
                "text_encoded": encoded,
                "speaker": "unknown",
                "text_id": text_id,
                "n_words": len(encoded.split()),
                "source_format": "csv",
            }
            for number, (text_id, encoded, text) in enumerate(SAID)
        ]
        write_table(UTTERANCES, rows, tmp_path / "utterances.parquet")
        return {
            "row": {"child_id": "c1", "session_id": "s1", "video": [name]},
            "root": tmp_path,
            "media": tmp_path / "media.parquet",
            "frames": tmp_path / "frames.parquet",
            "utterances": tmp_path / "utterances.parquet",
            "frame_embeddings": tmp_path / "out" / "f.parquet",
            "text_embeddings": tmp_path / "out" / "t.parquet",
            "device": "cpu",
        }

    return make


def test_a_row_of_an_array_is_a_second(session, tiny, tmp_path):
    vectors = VECTORS.copy()
    vectors[1], vectors[2, 5] = 0, np.nan
    np.save(tmp_path / "day.npy", vectors)
    encode_session(**session("day.npy"), options=tiny)
    rows = read_table(FRAME_EMBEDDINGS, tmp_path / "out" / "f.parquet").to_pylist()
    assert [row["reason"] for row in rows] == [None, ZERO, NOT_FINITE, None, None, None, None]
    assert [row["decoded"] for row in rows] == [row["reason"] is None for row in rows]
    for number in (0, 3, 4, 5):
        assert near(rows[number]["embedding"], vectors[number])
        assert np.linalg.norm(rows[number]["embedding"]) == pytest.approx(1, abs=1e-3)
    texts = read_table(TEXT_EMBEDDINGS, tmp_path / "out" / "t.parquet").to_pylist()
    assert [len(row["embedding"] or ()) for row in texts] == [WIDTH, 0, WIDTH]
    assert [row["n_tokens"] for row in texts] == [3, 0, 1]


def test_with_both_given_no_weights_are_looked_for(session, tmp_path):
    np.save(tmp_path / "day.npy", VECTORS)
    texts = write_texts(tmp_path / "texts.parquet", ["a red ball", "a shoe"])
    options = ModelOptions(
        name="no-such-model", id="lab", text_vectors=str(tmp_path / "texts.parquet")
    )
    encode_session(**session("day.npy"), options=options)
    rows = read_table(TEXT_EMBEDDINGS, tmp_path / "out" / "t.parquet").to_pylist()
    assert near(rows[0]["embedding"], texts["a red ball"])
    assert [row["embedding"] is None for row in rows] == [False, True, True]
    assert [row["n_tokens"] for row in rows] == [None] * 3
    assert read_metadata(tmp_path / "out" / "f.parquet")["model_id"] == "lab"


def test_given_vectors_of_words_are_found_by_phrase_then_by_lemma(session, tmp_path):
    np.save(tmp_path / "day.npy", VECTORS)
    texts = write_texts(tmp_path / "texts.parquet", ["a photo of a ball", "ball", "cup"])
    options = ModelOptions(
        name="no-such-model", id="lab", text_vectors=str(tmp_path / "texts.parquet")
    )
    rows = [
        {
            "utterance_id": f"u{number}",
            "word_no": 0,
            "token": lemma,
            "lemma": lemma,
            "lemma_id": f"w{number}",
            "own_time": False,
        }
        for number, lemma in enumerate(("ball", "cup", "dog"))
    ]
    write_table(CONTENT_WORDS, rows, tmp_path / "c.parquet")
    encode_session(
        **session("day.npy"),
        options=options,
        content_words=tmp_path / "c.parquet",
        word_embeddings=tmp_path / "w.parquet",
        word_template="a photo of a {word}",
    )
    rows = read_table(WORD_EMBEDDINGS, tmp_path / "w.parquet").to_pylist()
    assert near(rows[0]["embedding"], texts["a photo of a ball"])
    assert near(rows[1]["embedding"], texts["cup"])
    assert rows[2]["embedding"] is None


@pytest.mark.parametrize("order", [[0, 1, 3, 5], [5, 0, 3, 1]])
@pytest.mark.parametrize("name", ["second", "frame_id"])
def test_a_table_says_which_seconds_it_has(tmp_path, order, name):
    path = tmp_path / "day.parquet"
    vectors = [VECTORS[number] if number != 3 else None for number in order]
    reasons = ["the lens was covered" if number == 3 else None for number in order]
    write_frames(path, vectors, order, name, reason=reasons)
    seconds = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    found = list(given_pictures(path, 1.0, "m", seconds, WIDTH))
    assert [picture.reason for picture, _ in found] == [
        *(None, None, NO_VECTOR, "the lens was covered", NO_VECTOR, None, None, NO_VECTOR)
    ]
    for second, number in ((0, 0), (1, 1), (5, 5), (6, 5)):
        assert near(found[second][1], VECTORS[number])


def test_seconds_are_counted_at_their_rate(tmp_path):
    path = tmp_path / "day.parquet"
    write_frames(path, VECTORS, [0.0, 0.2, 0.4, 0.6000001, 0.8, 1.0])
    found = list(given_pictures(path, 5.0, "m", [0.0, 0.6, 1.0], WIDTH))
    for (_, vector), number in zip(found, (0, 3, 5), strict=True):
        assert near(vector, VECTORS[number])
    assert "not counted in steps" in open_recording([path], 1.0).probe.reason


def test_each_model_has_a_file_of_its_own(tmp_path):
    for number, model in enumerate(("first", "second")):
        (tmp_path / model).mkdir()
        np.save(tmp_path / model / "day [1].npy", VECTORS[number : number + 4])
    path = tmp_path / "{model}" / "day [1].npy"
    assert open_recording([path], 1.0).probe.duration_s == 4.0
    for number, model in enumerate(("first", "second")):
        ((_, vector),) = given_pictures(path, 1.0, model, [0.0], WIDTH)
        assert near(vector, VECTORS[number])
    ((picture, vector),) = given_pictures(path, 1.0, "third", [0.0], WIDTH)
    assert (picture.reason, vector) == ("embeddings missing", None)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.npy", b"", "not a .npy file"),
        ("a.npy", b"words", "not a .npy file"),
        ("a.npy", np.array([{}, {}], dtype=object), "not a .npy file"),
        ("a.npy", np.zeros(5), "float64 of shape 5"),
        ("a.npy", np.zeros((2, 3), int), "int64 of shape 2x3"),
        ("a.npy", np.zeros((0, 3)), "float64 of shape 0x3"),
        ("a.parquet", b"words", "not a Parquet file"),
        ("a.parquet", {"second": [0]}, "columns found: second; expected second, embedding"),
        ("a.parquet", {"second": [0, 0], "embedding": [[1.0]] * 2}, "a value twice"),
        ("a.parquet", {"second": [-1], "embedding": [[1.0]]}, "below zero"),
        ("a.parquet", {"second": ["0:01"], "embedding": [[1.0]]}, "no numbers"),
        ("a.parquet", {"second": [1e9], "embedding": [[1.0]]}, "reaches second 1000000000"),
        ("a.parquet", {"second": pa.array([], pa.int64()), "embedding": pa.array([], pa.list_(
            pa.float32()))}, "no vectors"),
        ("none.npy", None, "embeddings missing"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_why(tmp_path, name, content, reason):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, np.ndarray):
        np.save(path, content, allow_pickle=True)
    elif content is not None:
        pq.write_table(pa.table(content), path)
    recording = open_recording([path], 1.0)
    assert not recording.probe.readable
    assert reason in recording.probe.reason
    assert not recording.media_row("c1", "s1")["readable"]
    ((picture, vector),) = given_pictures(path, 1.0, "m", [0.0], WIDTH)
    assert (picture.reason, vector) == (recording.probe.reason, None)


def test_vectors_of_another_model_are_refused(session, tiny, tmp_path):
    np.save(tmp_path / "day.npy", VECTORS[:, :20])
    with pytest.raises(UserError, match="vectors of 20 numbers, expected 24"):
        encode_session(**session("day.npy"), options=tiny)
    write_frames(tmp_path / "day.parquet", [VECTORS[0], VECTORS[1, :5]], [0, 1])
    with pytest.raises(UserError, match="vectors of 5 and of 24 numbers"):
        list(given_pictures(tmp_path / "day.parquet", 1.0, "m", [0.0], None))
    write_texts(tmp_path / "texts.parquet", ["look"], 12)
    options = ModelOptions(name="none", text_vectors=str(tmp_path / "texts.parquet"))
    with pytest.raises(UserError, match="vectors of 20 numbers, expected 12"):
        encode_session(**session("day.npy"), options=options)


def spoken(*rows):
    return pa.table({
        name: [row[place] for row in rows]
        for place, name in enumerate(("text_id", "text_encoded", "text"))
    })  # fmt: skip


def test_a_text_is_found_as_encoded_then_as_read(tmp_path):
    path = tmp_path / "texts.parquet"
    vectors = write_texts(path, ["look", "LOOK &=laughs", "xxx", "ball", ""])
    table = spoken(
        ("t0", "look", "LOOK &=laughs"),
        ("t1", "the ball", "the ball ."),
        ("t2", "", "xxx"),
        ("t1", "the ball", "ball"),
    )
    found = [text.vector for text in given_texts(path, table, None)]
    assert near(found[0], vectors["look"])
    assert near(found[1], vectors["ball"])
    assert found[2] is None


def test_vectors_of_texts_that_cannot_be_used(tmp_path):
    path = tmp_path / "texts.parquet"
    rows = {"text": ["a", "b", "c", "c"], "embedding": [[0.0] * 3, None, [3.0, 0, 4], [1.0, 0, 0]]}
    pq.write_table(pa.table(rows), path)
    found = given_texts(path, spoken(*((f"t{x}", x, x) for x in "abc")), 3)
    assert [text.vector is None for text in found] == [True, True, False]
    assert found[2].vector.tolist() == pytest.approx([0.6, 0, 0.8], abs=1e-3)
    with pytest.raises(UserError, match="vectors of 3 numbers, expected 4"):
        given_texts(path, spoken(("t0", "c", "c")), 4)
    with pytest.raises(UserError, match=r"none\.parquet: no such file"):
        given_texts(tmp_path / "none.parquet", spoken(), None)
    path.write_text("words")
    with pytest.raises(UserError, match="not a Parquet file of texts and vectors"):
        given_texts(path, spoken(), None)
    pq.write_table(pa.table({"words": ["a"]}), path)
    with pytest.raises(UserError, match="columns found: words; expected text and embedding"):
        given_texts(path, spoken(), None)
