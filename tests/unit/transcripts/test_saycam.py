"""SAYCam sheets: starts only, cells of several sentences, several videos."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.saycam import read_saycam
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.damage import damaged, read_or_refuse

OPTIONS = TranscriptsOptions()
HEAD = "Time,Speaker,Utterance,Video Name,Notes\n"
ESTIMATED = ("estimated_time",)
SHEET = (
    HEAD
    + '0:05,Mom,"Here, the duck. It is wet! *inaudible*",Q_2031.mp4,\n'
    + ",,,,\n"
    + "0:12,m,hm,,\n"
    + ",Mom,no time here,,\n"
    + "1:02,papa,,,\n"
    + "1:00:30,Mom,up and up we go,,windy\n"
)


def rows(text: str, name: str = "Q_2031.csv") -> list[tuple]:
    found = read_saycam(text, name, OPTIONS)
    return [(s.line, s.start_s, s.end_s, s.text, s.flags) for s in found]


def test_a_row_ends_where_the_next_one_starts_and_sentences_share_it():
    assert rows(SHEET) == [
        (2, 5.0, 8.0, "Here, the duck.", ESTIMATED),
        (2, 8.0, 11.0, "It is wet!", ESTIMATED),
        (2, 11.0, 12.0, "*inaudible*", ESTIMATED),
        (4, 12.0, 62.0, "hm", ()),
        (5, None, None, "no time here", ()),
        (6, 62.0, 3630.0, "", ()),
        (7, 3630.0, 3632.0, "up and up we go", ESTIMATED),
    ]


def test_speakers_stay_as_written():
    found = read_saycam(SHEET, "Q_2031.csv", OPTIONS)
    assert [s.speaker for s in found] == ["Mom", "Mom", "Mom", "m", "Mom", "papa", "Mom"]


@pytest.mark.parametrize(
    ("cell", "start", "end"),
    [
        ("0:05", 5.0, 60.0),
        (":09", 9.0, 60.0),
        ("0:05.5", 5.5, 60.0),
        ("0.05", 5.0, 60.0),
        ("0;45", 45.0, 60.0),
        ("0.3", 30.0, 60.0),
        ("0:00:07", 7.0, 60.0),
        ("0:05-0:09", 5.0, 9.0),
        ("0:05 \u2013 0:09", 5.0, 9.0),
        ("0:05-", 5.0, 60.0),
        ("", None, None),
    ],
)
def test_the_ways_in_which_people_write_a_time(cell, start, end):
    text = f"Time,Speaker,Utterance\n{cell},Mom,hi\n1:00,Mom,bye\n"
    assert rows(text)[0][1:3] == (start, end)


@pytest.mark.parametrize("cell", ["5", "0.00347", "soon", "1:75", "0:6", "1:60:00", "-0:05"])
def test_what_is_no_time_is_named(cell):
    with pytest.raises(TranscriptError, match=r"^t.csv, line 2: Time is not a clock time; "):
        rows(f"Time,Speaker,Utterance\n{cell},Mom,hi\n", "t.csv")


SEVERAL = HEAD + "0:01,M,one,A_1.mp4,\n0:03,M,two,,\n0:02,M,three,A_2.mp4,\n0:04,M,four,,\n"


def test_of_several_videos_the_one_named_like_the_file_is_taken():
    assert [row[1:4] for row in rows(SEVERAL, "folder/A_1.csv")] == [
        (1.0, 3.0, "one"),
        (3.0, 3.4, "two"),
    ]
    assert [row[3] for row in rows(SEVERAL, "folder/A_2.csv")] == ["three", "four"]


def test_several_videos_of_which_none_is_named_like_the_file_are_refused():
    with pytest.raises(TranscriptError) as caught:
        rows(SEVERAL, "sheet.csv")
    assert str(caught.value) == (
        "sheet.csv: rows of 2 videos; found A_1, A_2; keep those of one, or name the file like "
        "its video"
    )


@pytest.mark.parametrize("column", ["Time", "Utterance"])
def test_a_column_that_is_missing_is_named(column):
    with pytest.raises(TranscriptError, match=f"line 1: column '{column}' is missing; "):
        rows(HEAD.replace(column, "Other"))


@settings(max_examples=80)
@given(damaged(SHEET))
def test_a_damaged_sheet_gives_a_table_or_one_line(text):
    read_or_refuse(read_saycam, text)
