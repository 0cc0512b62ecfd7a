"""Converted annotations of ChildProject, with and without words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.childproject import read_childproject
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.damage import damaged, read_or_refuse

OPTIONS = TranscriptsOptions()
WITH_WORDS = (
    "segment_onset,segment_offset,speaker_id,speaker_type,transcription,raw_filename\n"
    '1001,2500,FA1,FEM,"here, duck",a.eaf\n'
    "2500,2750,CHI,CHI,NA,a.eaf\n"
    "3000,2900,EE1,NA,,a.eaf\n"
)
WITHOUT_WORDS = "segment_onset,segment_offset,speaker_type\n0,1250,OCH\n1250,,MAL\n"


def rows(text: str) -> list[tuple]:
    found = read_childproject(text, "t.csv", OPTIONS)
    return [(s.line, s.start_s, s.end_s, s.speaker, s.text) for s in found]


def test_times_speakers_and_words():
    assert rows(WITH_WORDS) == [
        (2, 1.001, 2.5, "FEM", "here, duck"),
        (3, 2.5, 2.75, "CHI", ""),
        (4, 3.0, 2.9, None, ""),
    ]


def test_rows_without_words_are_kept():
    assert rows(WITHOUT_WORDS) == [(2, 0.0, 1.25, "OCH", ""), (3, 1.25, None, "MAL", "")]


def test_what_is_malformed_is_named():
    with pytest.raises(TranscriptError) as caught:
        read_childproject("segment_onset,offset\n0,1\n", "t.csv", OPTIONS)
    assert str(caught.value).startswith("t.csv, line 1: column 'segment_offset' is missing; ")
    with pytest.raises(TranscriptError) as caught:
        read_childproject(WITHOUT_WORDS + "soon,1,FEM\n", "t.csv", OPTIONS)
    assert str(caught.value).startswith("t.csv, line 4: segment_onset is not a number")


@settings(max_examples=80)
@given(damaged(WITH_WORDS))
def test_a_damaged_table_gives_a_table_or_one_line(text):
    read_or_refuse(read_childproject, text)
