"""The format is found by content first, and by the suffix only where content does not tell."""

from __future__ import annotations

import pytest

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.detect import SUFFIXES, format_of
from egoalign.transcripts.formats import READERS
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.spoken import WHOLE, WRITERS

AUTO = TranscriptsOptions()


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("suffix", [".txt", "", ".json", ".cha", ".srt"])
def test_content_goes_before_the_suffix(name, suffix):
    write, _ = WRITERS[name]
    assert format_of("\n " + write(WHOLE), f"t{suffix}", AUTO) == name.split()[0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_suffix_tells_what_content_does_not(suffix):
    assert format_of("hello", f"t{suffix.upper()}", AUTO) == SUFFIXES[suffix]
    assert SUFFIXES[suffix] in READERS


def test_a_format_that_is_named_is_taken():
    assert format_of("{}", "t.json", TranscriptsOptions(format="srt")) == "srt"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\nFile type = \"ooTextFile short\"\n\"TextGrid\"\n", "textgrid"),
        ("ooBinaryFile\x08TextGrid", "textgrid"),
        ("WEBVTT\n", "vtt"),
        ("WEBVTT - a title\n\n", "vtt"),
        ("*MOT:\tlook . \x15100_200\x15\n", "chat"),
        ("*MOT:\tlook .\n", "chat_text"),
        ("@Begin\n(0:10) *MOT:\tlook .\n", "chat_text"),
        ("(1:10)\nlook\n", "chat_text"),
        ("@Languages:\teng\n", "chat"),
        ("<!-- made by hand -->\n<ANNOTATION_DOCUMENT>", "elan"),
        ("00:01,500 --> 00:02,000\nhi\n", "srt"),
        ("start\tend\ttext\n1\t2\thi\n", "whisper_tsv"),
        ("time;speaker;utterance\n0:10;M;hi\n", "saycam"),
        ('"start_time","end_time","text"\n', "csv"),
        ("start_time\tend_time\tspeaker\ttext\n", "csv"),
    ],
)  # fmt: skip
def test_marks_of_formats(text, found):
    assert format_of(text, "t.txt", AUTO) == found


def test_columns_that_the_lab_has_named_go_before_known_headers():
    own = TranscriptsOptions.model_validate({"columns": {"start": "start", "end": "end"}})
    assert format_of("start\tend\ttext\n", "t.tsv", own) == "csv"
    assert format_of("segment_onset,segment_offset\n", "t.csv", own) == "childproject"


def test_a_format_that_nothing_tells_is_an_error():
    with pytest.raises(TranscriptError) as caught:
        format_of("hello there\n", "t.txt", AUTO)
    assert str(caught.value) == (
        "t.txt: format not recognised; found suffix '.txt' and no content that tells; expected "
        ".csv, .tsv, .json, .srt, .vtt, .cha, .eaf, .textgrid, or name the format in "
        "transcripts.format"
    )
    assert caught.value.reason == "transcript unreadable: format not recognised"
