"""Whisper's TSV: whole milliseconds, tabs, and quotation marks that are part of the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.segments import TranscriptError
from egoalign.transcripts.whisper_tsv import read_whisper_tsv
from tests.unit.transcripts.damage import damaged, read_or_refuse

OPTIONS = TranscriptsOptions()
HEAD = "start\tend\ttext\n"


def spoken(text: str) -> list[tuple]:
    found = read_whisper_tsv(text, "t.tsv", OPTIONS)
    return [(s.line, s.start_s, s.end_s, s.text) for s in found]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_milliseconds_become_seconds_and_quotation_marks_stay(end):
    text = f'\ufeff{HEAD}10260\t11001\t"No," said Ann\n\n11001\t11001\twell, "that\n12000\t\t\n'
    assert spoken(text.replace("\n", end)) == [
        (2, 10.26, 11.001, '"No," said Ann'),
        (4, 11.001, 11.001, 'well, "that'),
        (5, 12.0, None, ""),
    ]


@pytest.mark.parametrize("text", ["", "\n", HEAD])
def test_a_file_without_utterances_is_empty(text):
    assert spoken(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start,end,text\n0,1,a\n",
         "t.tsv, line 1: not the header of Whisper's TSV; found 'start,end,text', expected start, "
         "end and text with tabs between; for other tables set transcripts.format: csv"),
        (HEAD + "0\t1000\n", "t.tsv, line 2: 2 values parted by tabs, expected 3"),
        (HEAD + "0\t1000\ta\tb\n", "t.tsv, line 2: 4 values parted by tabs, expected 3"),
        (HEAD + "0\t1.5\ta\n",
         "t.tsv, line 2: end is not whole milliseconds; found '1.5'; for seconds set "
         "transcripts.format: csv and name the columns"),
        (HEAD + "0:01\t2000\ta\n",
         "t.tsv, line 2: start is not a number; found '0:01', expected one such as 12.5"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_named(text, message):
    with pytest.raises(TranscriptError) as caught:
        read_whisper_tsv(text, "t.tsv", OPTIONS)
    assert str(caught.value) == message


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n"), max_size=15)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**8), texts), max_size=4))
def test_any_text_survives(rows):
    text = HEAD + "".join(f"{start}\t{end}\t{words}\n" for start, end, words in rows)
    assert [row[1:] for row in spoken(text)] == [
        (start / 1000, end / 1000, words) for start, end, words in rows
    ]


@settings(max_examples=80)
@given(damaged(HEAD + "100\t2000\tup\n2000\t3500\tand down\n"))
def test_a_damaged_file_gives_a_table_or_one_line(text):
    read_or_refuse(read_whisper_tsv, text)
