"""SRT and WebVTT: cues of every shape, speakers, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.segments import TranscriptError
from egoalign.transcripts.subtitles import read_srt, read_vtt
from tests.unit.transcripts.damage import damaged, one_letter_wrong, read_or_refuse

OPTIONS = TranscriptsOptions()
SRT = (
    "1\n"
    "00:00:10,260 --> 00:00:11,260\n"
    "[SPEAKER_00]: Where is\n"
    " the ball?\n"
    "\n"
    "00:00:12,000 --> 00:00:13,000\n"
    "no number <i>here</i> {\\an8}\n"
    "\n"
    "3\n"
    "00:00:14,000 --> 00:00:15,000\n"
    "\n"
    "4\n"
    "01:00:16.000 --> 01:00:17.005 X1:10 X2:20\n"
    "42\n"
    "5\n"
    "00:00:18,000-->00:00:19,000\n"
    "above\n"
    "\n"
    "below a blank line\n"
)
VTT = (
    "WEBVTT - made up\n"
    "Kind: captions\n"
    "\n"
    "STYLE\n"
    "::cue { color: red }\n"
    "\n"
    "NOTE\n"
    "of two lines\n"
    "\n"
    "intro\n"
    "00:10.260 --> 00:11.260 align:start position:0%\n"
    "<v Anna>hello <i>you</i></v>\n"
    "\n"
    "01:00:12.000 --> 01:00:13.000\n"
    "[SPEAKER_01]: salt &amp; <00:12.500>pepper\n"
    "two lines\n"
    "\n"
    "3\n"
    "00:14.000 --> 00:15.000\n"
    "<v.loud Ben Li>bye</v> <v Anna>and me</v>\n"
    "00:16.000 --> 00:17.000\n"
    "no blank line before\n"
    "\n"
    "REGION\n"
    "id:left\n"
)


def seen(found):
    return [(s.line, s.start_s, s.end_s, s.speaker, s.text) for s in found]


def fault(reader, text):
    with pytest.raises(TranscriptError) as caught:
        reader(text, "a.srt", OPTIONS)
    return str(caught.value)


def test_srt_cues_of_every_shape():
    found = read_srt(SRT, "a.srt", OPTIONS)
    assert seen(found) == [
        (2, 10.26, 11.26, "SPEAKER_00", "Where is\n the ball?"),
        (6, 12.0, 13.0, None, "no number <i>here</i> {\\an8}"),
        (10, 14.0, 15.0, None, ""),
        (13, 3616.0, 3617.005, None, "42"),
        (16, 18.0, 19.0, None, "above\n\nbelow a blank line"),
    ]
    assert {s.utterance_id for s in found} == {None}


def test_vtt_cues_of_every_shape():
    found = read_vtt(VTT, "a.vtt", OPTIONS)
    assert seen(found) == [
        (11, 10.26, 11.26, "Anna", "hello <i>you</i>"),
        (14, 3612.0, 3613.0, "SPEAKER_01", "salt & <00:12.500>pepper\ntwo lines"),
        (19, 14.0, 15.0, "Ben Li", "bye"),
        (19, 14.0, 15.0, "Anna", "and me"),
        (21, 16.0, 17.0, None, "no blank line before"),
    ]
    assert [s.utterance_id for s in found] == ["intro", None, "3-0", "3-1", None]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
@pytest.mark.parametrize(("reader", "text"), [(read_srt, SRT), (read_vtt, VTT)])
def test_line_ends_change_nothing(reader, text, end):
    assert reader(text.replace("\n", end), "a", OPTIONS) == reader(text, "a", OPTIONS)


def test_whisper_writes_vtt_without_hours_and_srt_with_commas_for_the_same_cues():
    cues = [("00:01.500", "00:02.250", "a red ball"), ("59:59.999", "59:59.999", "gone")]
    vtt = "WEBVTT\n\n" + "".join(f"{a} --> {b}\n{text}\n\n" for a, b, text in cues)
    srt = "".join(
        f"{no}\n00:{a} --> 00:{b}\n{text}\n\n".replace(".", ",")
        for no, (a, b, text) in enumerate(cues, start=1)
    )

    def without_lines(found):
        return [(s.start_s, s.end_s, s.text) for s in found]

    assert without_lines(read_vtt(vtt, "a", OPTIONS)) == without_lines(read_srt(srt, "a", OPTIONS))
    assert without_lines(read_vtt(vtt, "a", OPTIONS)) == [
        (1.5, 2.25, "a red ball"),
        (3599.999, 3599.999, "gone"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("12,000 -->", "1x,000 -->", 6),
        ("12,000 -->", "12,000 ->", 6),
        ("12,000 -->", "12,00 -->", 6),
        ("00:00:12,000", "00:60:12,000", 6),
        ("00:00:12,000", "00:00:60,000", 6),
        ("3\n00:00:14,000 -->", "3\n00:00:14,000 >", 10),
        ("1\n00:00:10", "text\n1\n00:00:10", 1),
        ("below a blank line\n", "\n6\n", 21),
    ],
)
def test_srt_faults_are_said_with_their_line(old, new, line):
    assert old in SRT
    assert fault(read_srt, SRT.replace(old, new, 1)).startswith(
        f"a.srt, line {line}: no start and end of a cue"
    )


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("00:10.260", "00:1x.260", 11),
        ("intro\n00:10.260 -->", "intro\n00:10.260 ->", 11),
        ("NOTE", "NOTES", 7),
        ("intro\n", "intro\nof three\n", 10),
        ("two lines\n\n3\n", "two\n\nlines\n\n3\n", 18),
        ("01:00:12.000 --> 01:00:13.000", "01:00:12.000 --> ", 14),
    ],
)
def test_vtt_faults_are_said_with_their_line(old, new, line):
    assert old in VTT
    assert fault(read_vtt, VTT.replace(old, new, 1)).startswith(
        f"a.srt, line {line}: no start and end of a cue"
    )


def test_what_does_not_start_as_webvtt_is_none():
    assert fault(read_vtt, VTT.removeprefix("WEB")) == (
        "a.srt, line 1: not WebVTT; found 'VTT - made up', expected 'WEBVTT'"
    )


@pytest.mark.parametrize(("reader", "text"), [(read_srt, SRT), (read_vtt, VTT)])
def test_one_wrong_letter_loses_no_cue(reader, text):
    whole = {(s.start_s, s.line) for s in reader(text, "a", OPTIONS)}
    for damaged_text in one_letter_wrong(text):
        found = read_or_refuse(reader, damaged_text)
        assert found is None or {s.line for s in found} == {line for _, line in whole}


@given(damaged(SRT))
def test_a_damaged_srt_is_read_or_refused(text):
    read_or_refuse(read_srt, text)


@given(damaged(VTT))
def test_a_damaged_vtt_is_read_or_refused(text):
    read_or_refuse(read_vtt, text)
