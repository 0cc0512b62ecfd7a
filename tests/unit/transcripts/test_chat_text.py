"""CHAT-like text with marks: how times are spread, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.chat_text import read_chat_text, spread_times
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.damage import damaged, one_letter_wrong, read_or_refuse

OPTIONS = TranscriptsOptions()
TEXT = (
    "*MOT:\tbefore any mark\n"
    "(:08) *FAT:\there it comes.\n"
    "*CHI:\tba\n"
    "%com:\tlaughs\n"
    "\tand claps\n"
    "\n"
    "(0:20)\t*MOT:\tlook at\n"
    "\tthat one, it’s [xxx]\n"
    "(0:28)\n"
    "*GRA: (0:30) yes\n"
    "(1:00:05) %com: a door\n"
    "(01:00:15) *FAT: gone\n"
    "*CHI:\n"
)


def test_marks_of_every_form_give_times_that_are_flagged_as_estimates():
    found = read_chat_text(TEXT, "a.txt", OPTIONS)
    assert [(s.line, s.speaker, s.text) for s in found] == [
        (1, "MOT", "before any mark"),
        (2, "FAT", "here it comes."),
        (3, "CHI", "ba"),
        (7, "MOT", "look at that one, it’s [xxx]"),
        (10, "GRA", "yes"),
        (12, "FAT", "gone"),
        (13, "CHI", ""),
    ]
    # Stretches: 8-20 with 3 words and 1; 20-28; 28-30 is empty; 30-3605; 3605-3615
    # is empty; the last is as long as their median, 10.
    assert [(s.start_s, s.end_s) for s in found] == [
        (None, None),
        (8.0, 17.0),
        (17.0, 20.0),
        (20.0, 28.0),
        (30.0, 3605.0),
        (3615.0, 3620.0),
        (3620.0, 3625.0),
    ]
    assert [s.flags for s in found] == [(), *[("estimated_time",)] * 6]


def test_headers_give_roles_and_language():
    text = "@Begin\n@Languages:\tdeu\n@Participants:\tKIM Kim Target_Child\n(0:01) *KIM: da\n@End\n"
    (found,) = read_chat_text(text, "a.txt", OPTIONS)
    assert (found.speaker_role, found.language) == ("Target_Child", "deu")


def test_a_single_mark_ends_nothing_and_gives_no_times():
    found = read_chat_text("(0:10) *MOT: one\n*MOT: two\n", "a.txt", OPTIONS)
    assert [(s.start_s, s.end_s, s.flags) for s in found] == [(None, None, ())] * 2
    ended = read_chat_text("(0:10) *MOT: one\n*MOT: two\n(0:20)\n", "a.txt", OPTIONS)
    assert [(s.start_s, s.end_s) for s in ended] == [(10.0, 15.0), (15.0, 20.0)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=20))
def test_utterances_fill_each_stretch_without_gap_or_overlap(steps):
    marks, now = [], 0
    for step, _ in steps:
        now += step
        marks.append(float(now))
    all_marks = [*marks, now + 2.0]
    times = spread_times(marks, [words for _, words in steps], all_marks)
    for mark, (start, end) in zip(marks, times, strict=True):
        assert mark <= start < end
    for (_, end), (start, _) in pairwise(times):
        assert start == pytest.approx(end)
    assert times[-1][1] == pytest.approx(now + 2.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(0:20)", "(0:75)", "a.txt, line 7: a mark that is no time"),
        ("(0:20)", "(0:2x)", "a.txt, line 7: a mark that is no time"),
        ("(01:00:15)", "(01:60:15)", "a.txt, line 12: a mark that is no time"),
        ("(0:20)", "(0:05)", "a.txt, line 7: a mark earlier than the one before it"),
        ("*CHI:\tba", "CHI: ba", "a.txt, line 3: a line without speaker"),
        ("*CHI:\tba", "*CHI ba", "a.txt, line 3: a line without speaker"),
        ("*MOT:\tbefore", "\tbefore", "a.txt, line 1: a line without speaker"),
    ],
)
def test_what_is_malformed_is_said_with_its_line(old, new, message):
    assert old in TEXT
    with pytest.raises(TranscriptError) as caught:
        read_chat_text(TEXT.replace(old, new, 1), "a.txt", OPTIONS)
    assert str(caught.value).startswith(message)


def test_one_wrong_letter_loses_no_utterance():
    for text in one_letter_wrong(TEXT):
        found = read_or_refuse(read_chat_text, text)
        assert found is None or len(found) == 7


@given(damaged(TEXT))
def test_a_damaged_file_is_read_or_refused(text):
    read_or_refuse(read_chat_text, text)
