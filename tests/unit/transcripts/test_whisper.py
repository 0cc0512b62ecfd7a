"""JSON of Whisper, WhisperX and stable-ts: one reader, three shapes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.segments import TranscriptError, Word
from egoalign.transcripts.whisper import json_kind, read_stable_ts, read_whisper, read_whisperx
from tests.unit.transcripts.damage import damaged, read_or_refuse

OPTIONS = TranscriptsOptions()
READERS = {"whisperx": read_whisperx, "whisper": read_whisper, "stable_ts": read_stable_ts}


def segments(confidence: str) -> list[dict]:
    """Return what a recogniser says, with its own name for the confidence of a word."""
    return [
        {
            "id": 0,
            "start": 1.86,
            "end": 3.0,
            "text": " Where is teddy?",
            "words": [
                {"word": " Where", "start": 1.86, "end": 2.14, confidence: 0.5, "tokens": [1]},
                {"word": " is"},
                {"word": " teddy?", "start": 2.5, "end": 3.0},
            ],
        },
        {"id": 1, "start": 99.92, "end": 90.72, "text": " There!"},
        {"id": 2, "start": 100.0, "end": None, "text": " Up we go", "words": None},
    ]


def written(kind: str) -> str:
    if kind == "stable_ts":
        return json.dumps(segments("probability"))
    if kind == "whisper":
        return json.dumps(
            {"text": " Where is ...", "segments": segments("probability"), "language": "en"}
        )
    return json.dumps(
        {"segments": segments("score"), "word_segments": [{"word": "Where"}], "language": "en"}
    )


@pytest.mark.parametrize("kind", READERS)
def test_each_shape_gives_the_same_utterances(kind):
    found = READERS[kind](written(kind), "t.json", OPTIONS)
    assert [(s.line, s.start_s, s.end_s, s.text) for s in found] == [
        (0, 1.86, 3.0, " Where is teddy?"),
        (1, 99.92, 90.72, " There!"),
        (2, 100.0, None, " Up we go"),
    ]
    assert found[0].words == (
        Word(" Where", 1.86, 2.14, 0.5),
        Word(" is"),
        Word(" teddy?", 2.5, 3.0),
    )
    assert found[1].words == found[2].words == ()
    assert {s.language for s in found} == {None if kind == "stable_ts" else "en"}


@pytest.mark.parametrize("kind", READERS)
def test_the_shape_tells_the_format(kind):
    assert json_kind("\ufeff" + written(kind)) == kind


@pytest.mark.parametrize("text", ["{", "7", "null", '{"text": 5, "segments": []}'])
def test_every_other_shape_is_left_to_whisperx_to_refuse_or_read(text):
    assert json_kind(text) == "whisperx"


def refused(kind: str, text: str) -> str:
    with pytest.raises(TranscriptError) as caught:
        READERS[kind](text, "t.json", OPTIONS)
    return str(caught.value)


def test_each_name_refuses_the_shape_of_another():
    assert refused("whisperx", written("whisper")) == (
        "t.json: Whisper JSON, not WhisperX JSON; found a string 'text' beside the segments; set "
        "transcripts.format: whisper or auto"
    )
    assert "no list of segments; found [{'id': 0" in refused("whisperx", written("stable_ts"))
    assert refused("whisper", written("whisperx")).startswith("t.json: no text of the whole")
    assert "no list of segments" in refused("whisper", written("stable_ts"))
    assert "not a list; found {'" in refused("stable_ts", written("whisper"))
    assert "not a list; found {'" in refused("stable_ts", written("whisperx"))


def test_a_segment_without_speaker_takes_that_of_most_words():
    words = [{"word": "a", "speaker": who} for who in ("S1", "S0", "S0", None)]
    text = json.dumps(
        {
            "segments": [
                {"text": "a", "words": words},
                {"text": "a", "words": words, "speaker": "S1"},
                {"text": "a", "words": [{"word": "a"}]},
            ]
        }
    )
    assert [s.speaker for s in read_whisperx(text, "t.json", OPTIONS)] == ["S0", "S1", None]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_of_a_fault_is_counted_with_every_line_end(end):
    assert refused("whisperx", '{"segments": [\n{},\n{"start" 1}]}'.replace("\n", end)) == (
        "t.json, line 3: not JSON; Expecting ':' delimiter"
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"words": [{"word": "a", "probability": "high"}]},
            "probability of a word is not a number",
        ),
        ({"words": [{"word": "a", "score": [1]}]}, "score of a word is not a number"),
        ({"words": [{"word": 1}]}, "word is not a string"),
        ({"words": [{"speaker": 1}]}, "speaker is not a string"),
        ({"language": 1}, "language is not a string"),
        ({"end": "x"}, "end is not a number"),
    ],
)
def test_what_is_wrong_in_a_segment_is_named(value, message):
    text = json.dumps([{"text": "a"}, value])
    assert refused("stable_ts", text).startswith(f"t.json, segment 1: {message}")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["segments", "text", "start", "words", "word", "probability"]), inner
        )
    ),
    max_leaves=10,
)


@settings(max_examples=80)
@given(json_values, st.sampled_from(sorted(READERS)))
def test_json_of_any_shape_gives_a_table_or_one_line(value, kind):
    read_or_refuse(READERS[kind], json.dumps(value))


@settings(max_examples=80)
@given(st.data(), st.sampled_from(sorted(READERS)))
def test_a_damaged_result_gives_a_table_or_one_line(data, kind):
    read_or_refuse(READERS[kind], data.draw(damaged(written(kind))))
