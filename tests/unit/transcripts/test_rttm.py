"""Who speaks when: reading RTTM, and the join by largest overlap."""

from __future__ import annotations

import logging
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.read import parse_transcript
from egoalign.transcripts.rttm import (
    MICROSECONDS,
    RttmError,
    Turns,
    parse_rttm,
    read_rttm,
    speakers_by_overlap,
)


def line(start: object, length: object, label: str, recording: str = "rec") -> str:
    return f"SPEAKER {recording} 1 {start} {length} <NA> <NA> {label} <NA> <NA>\n"


def turns_of(*turns: tuple[float, float, str]) -> Turns:
    return parse_rttm("".join(line(start, end - start, who) for start, end, who in turns), "t")


def test_turns_are_read_and_what_is_no_turn_is_left_out():
    text = (
        "\ufeff;; a comment\r\n\r\nSPKR-INFO rec 1 <NA> <NA> <NA> unknown FEM <NA> <NA>\r\n"
        + line(0.5, 1.25, "KCHI")
        + line("1.000001", "2e-1", "FEM")
        + line(0, 9, "SPEECH")
        + "SPEAKER rec 1 3 1 <NA> <NA> MAL <NA>\n"
    )
    found = parse_rttm(text, "t.rttm")
    assert found.labels == ("KCHI", "FEM", "MAL")
    assert found.start_us.tolist() == [500_000, 1_000_001, 3_000_000]
    assert found.end_us.tolist() == [1_750_000, 1_200_001, 4_000_000]


@pytest.mark.parametrize("text", ["", "\n;; nothing\n", line(0, 9, "SPEECH")])
def test_nobody_speaks(text):
    found = parse_rttm(text, "t.rttm", ["rec"])
    assert found.labels == ()
    assert speakers_by_overlap([0.0], [1.0], found) == [None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "t.rttm, line 1: not a line of RTTM; found 'hello', expected SPEAKER first"),
        (line(0, 1, "FEM") + "\nSPEAKER rec 1 0.5\n",
         "t.rttm, line 3: 4 fields, expected 10; SPEAKER recording channel onset duration <NA> "
         "<NA> label <NA> <NA>"),
        (line("x", 1, "FEM"),
         "t.rttm, line 1: onset is not a time; found 'x', expected seconds from 0 to 1000000"),
        (line(-0.1, 1, "FEM"),
         "t.rttm, line 1: onset is not a time; found '-0.1', expected seconds from 0 to 1000000"),
        (line(0, "nan", "FEM"),
         "t.rttm, line 1: length is not a time; found 'nan', expected seconds from 0 to 1000000"),
        (line(0, "1e9", "FEM"),
         "t.rttm, line 1: length is not a time; found '1e9', expected seconds from 0 to 1000000"),
        ("SPEAKER rec 1 0.5 " + line(2, 1, "FEM"),
         "t.rttm, line 1: 14 fields, expected 10; a line end may be missing"),
        (line(0, 1, "<NA>"),
         "t.rttm, line 1: no label; found <NA>, expected who speaks in field 8"),
    ],
)  # fmt: skip
def test_each_malformed_line_is_named(text, message):
    with pytest.raises(RttmError) as caught:
        parse_rttm(text, "t.rttm")
    assert str(caught.value) == message
    assert caught.value.reason.startswith("RTTM unreadable: line ")


SEVERAL = line(0, 1, "FEM", "one") + line(0, 1, "MAL", "two words") + line(0, 1, "KCHI", "c.wav")


@pytest.mark.parametrize(
    ("names", "label"),
    [(["one"], "FEM"), (["two words", "one"], "MAL"), (["z", "c"], "KCHI"), (["c.wav"], "KCHI")],
)
def test_of_several_recordings_the_first_of_the_names_counts(names, label):
    assert parse_rttm(SEVERAL, "t.rttm", names).labels == (label,)


@pytest.mark.parametrize("names", [["x", "y"], None])
def test_several_recordings_of_other_names_are_an_error(names):
    with pytest.raises(RttmError) as caught:
        parse_rttm(SEVERAL, "t.rttm", names)
    assert "3 recordings, none of this session's name; found 'c.wav' (1), 'one' (1)" in str(
        caught.value
    )
    assert "one" not in caught.value.reason.split()[4:-1]


def test_the_only_recording_is_taken_whatever_its_name_but_that_is_said(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("egoalign"), "propagate", True)
    assert parse_rttm(line(0, 1, "FEM"), "t.rttm", ["mine"]).labels == ("FEM",)
    assert "its only recording is called 'rec', looked for mine" in caplog.text


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RttmError, match=r"gone.rttm: cannot be read; No such file"):
        read_rttm(tmp_path / "gone.rttm")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.0, 2.0, "FEM"),  # 1.5 s of FEM in two turns against 1.2 s of MAL in one
        (0.7, 1.6, "MAL"),
        (3.0, 4.0, "FEM"),  # the same time each: the first in the alphabet
        (5.0, 6.0, None),
        (4.0, 5.0, None),  # they only touch
        (0.75, 0.75, "MAL"),  # an instant
        (4.0, 4.0, None),
        (2.0, 1.0, None),
        (None, 1.0, None),
        (1.0, None, None),
        (float("nan"), 1.0, None),
        (-50.0, 0.1, "FEM"),
        (1.9, 1e30, "FEM"),
    ],
)
def test_the_label_that_speaks_longest_is_taken(start, end, expected):
    turns = turns_of(
        (0.0, 0.7, "FEM"),
        (0.7, 1.9, "MAL"),
        (1.2, 2.0, "FEM"),
        (3.0, 4.0, "MAL"),
        (3.0, 4.0, "FEM"),
    )
    assert speakers_by_overlap([start], [end], turns) == [expected]


def test_a_microsecond_decides():
    turns = turns_of((0.0, 1.0, "FEM"), (1.0, 2.000001, "MAL"))
    assert speakers_by_overlap([0.0, 0.0], [2.0, 2.000001], turns) == ["FEM", "MAL"]


span = st.tuples(st.integers(0, 40), st.integers(0, 15))


@given(st.lists(st.tuples(span, st.sampled_from("abc")), max_size=12), st.lists(span, max_size=6))
def test_the_join_is_what_a_sum_over_all_pairs_gives(turns, utterances):
    table = Turns(
        "t",
        np.array([start for (start, _), _ in turns], np.int64) * MICROSECONDS,
        np.array([start + length for (start, length), _ in turns], np.int64) * MICROSECONDS,
        tuple(label for _, label in turns),
    )
    ends = [start + max(length, 1e-6) for start, length in utterances]
    expected = []
    for (start, _), end in zip(utterances, ends, strict=True):
        shared = {
            label: sum(
                max(0.0, min(end, first + length) - max(start, first))
                for (first, length), who in turns
                if who == label
            )
            for label in "abc"
        }
        most = max(shared.values())
        expected.append(min(w for w in shared if shared[w] == most) if most > 1e-9 else None)
    found = speakers_by_overlap(
        [start for start, _ in utterances], [start + length for start, length in utterances], table
    )
    assert found == expected


def test_a_day_of_speech_is_joined_in_less_than_a_second():
    rng = np.random.default_rng(20251118)
    start, length = rng.uniform(0, 36_000, 50_000), rng.exponential(0.8, 50_000)
    turns = Turns(
        "t",
        np.rint(start * MICROSECONDS).astype(np.int64),
        np.rint((start + length) * MICROSECONDS).astype(np.int64),
        tuple(rng.choice(["KCHI", "CHI", "FEM", "MAL"], 50_000).tolist()),
    )
    begin = rng.uniform(0, 36_000, 10_000)
    before = time.process_time()
    found = speakers_by_overlap(begin.tolist(), (begin + 1.5).tolist(), turns)
    assert time.process_time() - before < 1
    assert len(found) == 10_000
    assert found.count(None) < 5_000


TEXT = "start_time,end_time,text,speaker\n0,1,look,CHI\n1,2,there,CHI\n7,8,yes,CHI\n,,no,CHI\n"


def test_turns_decide_over_the_labels_of_the_transcript():
    options = TranscriptsOptions(speaker_scheme="chat", speakers={"CHI": "key_child"})
    turns = turns_of((0.0, 1.4, "CHI"), (1.4, 2.5, "FEM"))
    rows = parse_transcript(TEXT, "t.csv", options, turns).utterances
    assert [(row["speaker"], row["speaker_as_read"], row["flags"]) for row in rows] == [
        ("other_child", "CHI", None),
        ("female_adult", "FEM", None),
        ("unknown", None, "no_speaker_turn"),
        ("unknown", None, "no_time;no_speaker_turn"),
    ]


def test_labels_that_nobody_knows_are_listed():
    turns = turns_of((0.0, 1.0, "SPEAKER_01"), (1.0, 2.0, "FEM"), (3.0, 4.0, "FEM"))
    with pytest.raises(RttmError) as caught:
        parse_transcript(TEXT, "t.csv", TranscriptsOptions(), turns)
    assert "t: unknown labels of speakers; found 'SPEAKER_01' (1) among 'FEM' (2), " in str(
        caught.value
    )
    assert "set transcripts.rttm_scheme (it is vtc)" in str(caught.value)
    assert caught.value.reason == "RTTM unreadable: unknown labels of speakers"
    named = TranscriptsOptions(rttm_scheme="vtc", speakers={"SPEAKER_01": "male_adult"})
    rows = parse_transcript(TEXT, "t.csv", named, turns).utterances
    assert [row["speaker"] for row in rows][:2] == ["male_adult", "female_adult"]
