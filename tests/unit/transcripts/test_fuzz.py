"""Damaged transcripts of every format: one line that names the fault, or a table without loss.

Every utterance holds a word of its own. A reader that gives a table claims to have read the whole
file; so each of these words that is still whole in the damaged text must stand in the text of an
utterance. `still_there` says where each format has speech at all.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.tables import UTTERANCES, WORDS, conform
from egoalign.transcripts.read import Transcript, parse_transcript, read_transcript
from egoalign.transcripts.rttm import RttmError, Turns, parse_rttm
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.spoken import WHOLE, WRITERS, rttm

OPTIONS = TranscriptsOptions(speakers={"*": "unknown"})
OWN = ["wombat", "lantern", "velvet", "plover", "quiver"]
SPOKEN = [
    (start, end, f"see the {word}, yes", who)
    for (start, end, _, who), word in zip(WHOLE, OWN, strict=True)
]
FILES = {name: write(SPOKEN) for name, (write, _) in WRITERS.items()}


def outcome(data: bytes | str, name: str) -> Transcript | TranscriptError:
    """Return the rows, or the error meant for people; any other error fails the test."""
    try:
        if isinstance(data, str):
            transcript = parse_transcript(data, name, OPTIONS)
        else:
            Path(name).write_bytes(data)
            transcript = read_transcript(name, OPTIONS)
    except TranscriptError as error:
        return error
    conform(UTTERANCES, transcript.utterances)
    conform(WORDS, transcript.words)
    return transcript


def check(data: bytes | str, name: str, still_there: list[str]) -> None:
    """Fail unless there is an error, or a table that holds all words that are still there."""
    found = outcome(data, name)
    if isinstance(found, TranscriptError):
        assert str(found).startswith(name)
        assert "\n" not in str(found)
        assert re.fullmatch(r"transcript unreadable: .+", found.reason)
        assert not any(word in found.reason for word in OWN)
        return
    times = [t for row in found.utterances for t in (row["start_s"], row["end_s"])]
    assert all(t is None or math.isfinite(t) for t in times)
    said = "\n".join(row["text"] for row in found.utterances)
    assert [word for word in still_there if word not in said] == []


@st.composite
def moved_lines(draw, name: str) -> str:
    """A file in which lines are doubled, exchanged, or left out."""
    lines = FILES[name].split("\n")
    for _ in range(draw(st.integers(1, 3))):
        one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        kind = draw(st.sampled_from(["double", "exchange", "drop"]))
        if kind == "double":
            lines.insert(other, lines[one])
        elif kind == "exchange":
            lines[one], lines[other] = lines[other], lines[one]
        elif len(lines) > 1:
            del lines[one]
    return "\n".join(lines)


@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_holds_every_word(name):
    suffix = WRITERS[name][1]
    found = outcome(FILES[name], f"t.{suffix}")
    assert [word in row["text"] for row, word in zip(found.utterances, OWN, strict=True)] == [
        True
    ] * 5


@pytest.mark.parametrize("name", FILES)
def test_cut_anywhere(name):
    whole, suffix = FILES[name], WRITERS[name][1]
    for end in range(0, len(whole), len(whole) // 40):
        cut = whole[:end]
        check(cut, f"t.{suffix}", still_there(cut, name))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15)
@given(data=st.data())
def test_lines_doubled_exchanged_or_lost(name, data):
    damaged = data.draw(moved_lines(name))
    check(damaged, f"t.{WRITERS[name][1]}", still_there(damaged, name))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15)
@given(data=st.data())
def test_bytes_changed(name, tmp_path_factory, data):
    content = bytearray(FILES[name].encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.getbasetemp() / f"t.{WRITERS[name][1]}"
    # Which words are speech in a file of other bytes is not known, but none may end in a traceback.
    check(bytes(content), str(path), [])


def turns_or_error(text: str) -> Turns | RttmError:
    """Return the turns, or the error meant for people; any other error fails the test."""
    try:
        return parse_rttm(text, "t.rttm", ["rec"])
    except RttmError as error:
        return error


@settings(max_examples=40)
@given(data=st.data())
def test_turns_damaged(data):
    whole = rttm(SPOKEN, {"MOT": "FEM", "FAT": "MAL", "CHI": "KCHI"})
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 30)))
    damaged = whole[:start] + data.draw(st.text(max_size=6)) + whole[end:]
    found = turns_or_error(damaged)
    if isinstance(found, RttmError):
        assert str(found).startswith("t.rttm")
    else:
        intact = r"SPEAKER rec 1 [0-9.]+ [0-9.]+ <NA> <NA> (?:FEM|MAL|KCHI) <NA> <NA>"
        lines = re.split(r"\r\n|\r|\n", damaged)
        assert len(found.labels) >= sum(bool(re.fullmatch(intact, line)) for line in lines)


def still_there(damaged: str, name: str) -> list[str]:
    """Return the words that the damaged text still holds where its format has speech."""
    speech = {
        # Speech stands in these formats alone behind such marks; elsewhere everything is speech.
        "elan": r"<ANNOTATION_VALUE>([^<]*)</ANNOTATION_VALUE>",
        "textgrid": r'text = "([^"]*)"',
        "chat": r"\*[A-Z]+:\t([^\n]*)",
        # Behind the first line of WebVTT stands a header, and before a cue's times its id.
        "vtt": r"-->.*\n((?:.+\n?)*)",
        # Whisper repeats the whole text outside the segments.
        "whisper": r'\n   "text": "([^"]*)"',
    }.get(name)
    text = "\n".join(re.findall(speech, damaged)) if speech else damaged
    return [word for word in OWN if re.search(rf"\b{word}\b", text)]
