"""TextGrids: long and short, every encoding, what is passed over, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.praat import read_textgrid
from egoalign.transcripts.read import read_transcript
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.damage import damaged, one_letter_wrong, read_or_refuse

OPTIONS = TranscriptsOptions()
LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 6.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "MOT"
        xmin = 0
        xmax = 6.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1.5
            text = ""
        intervals [2]:
            xmin = 1.5
            xmax = 2.75
            text = "say ""ball"", xmax = 3
on two lines"
        intervals [3]:
            xmin = 2.75
            xmax = 6.5
            text = " "
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 6.5
        points: size = 1
        points [1]:
            number = 1
            mark = "click"
    item [3]:
        class = "IntervalTier"
        name = "Kim Ö"
        xmin = 0
        xmax = 6.5
        intervals: size = 2
        intervals [1]:
            xmin = 0
            xmax = 1.25e0
            text = "süß!"
        intervals [2]:
            xmin = 1.25
            xmax = 6.5
            text = ""
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
6.5
<exists>
3
"IntervalTier"
"MOT"
0
6.5
3
0
1.5
""
1.5
2.75
"say ""ball"", xmax = 3
on two lines"
2.75
6.5
" "
"TextTier"
"clicks"
0
6.5
1
1
"click"
"IntervalTier"
"Kim Ö"
0
6.5
2
0
1.25
"süß!"
1.25
6.5
""
"""
OLD_SHORT = SHORT.replace(
    'File type = "ooTextFile"\nObject class = "TextGrid"', '"ooTextFile short"\n"TextGrid"'
)
SEEN = [
    (0.0, 1.25, "süß!", "Kim Ö"),
    (1.5, 2.75, 'say "ball", xmax = 3\non two lines', "MOT"),
]


def seen(found):
    return [(s.start_s, s.end_s, s.text, s.speaker) for s in found]


@pytest.mark.parametrize("text", [LONG, SHORT, OLD_SHORT])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_long_and_short_are_the_same_by_every_line_end(text, end):
    assert seen(read_textgrid(text.replace("\n", end), "a", OPTIONS)) == SEEN


def test_lines_are_those_of_the_intervals_texts():
    assert [s.line for s in read_textgrid(LONG, "a", OPTIONS)] == [46, 22]
    assert [s.line for s in read_textgrid(SHORT, "a", OPTIONS)] == [37, 18]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
def test_every_encoding_that_praat_writes(tmp_path, encoding):
    path = tmp_path / "a.TextGrid"
    path.write_bytes(LONG.encode(encoding))
    rows = read_transcript(path, TranscriptsOptions(format="textgrid")).utterances
    assert [(r["start_s"], r["end_s"], r["text"], r["speaker_as_read"]) for r in rows] == SEEN


@pytest.mark.parametrize("tier", ["words", "phones", "MOT - words", "MOT_phones", "Words"])
def test_tiers_of_forced_aligners_are_no_utterances(tier):
    assert [s.speaker for s in read_textgrid(LONG.replace('"MOT"', f'"{tier}"'), "a", OPTIONS)] == [
        "Kim Ö"
    ]


def test_two_tiers_may_have_one_name_and_a_file_may_have_none():
    same = read_textgrid(LONG.replace('"MOT"', '"Kim Ö"'), "a", OPTIONS)
    assert [s.speaker for s in same] == ["Kim Ö", "Kim Ö"]
    none = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<absent>\n'
    assert read_textgrid(none, "a", OPTIONS) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "xmax = 1.5",
            "xmax = one",
            "a, line 18: not a whole TextGrid; found '' for the end of an",
        ),
        ("xmax = 1.5", "xmax = 1e999", "a, line 17: not a whole TextGrid; found a number that is"),
        ("intervals: size = 3", "intervals: size = 4", "a, line 29: not a whole TextGrid"),
        ("intervals: size = 3", "intervals: size = 2", "a, line 25: not a whole TextGrid"),
        ("intervals: size = 3", "intervals: size = 2.5", "a, line 14: not a whole TextGrid"),
        ("\nsize = 3", "\nsize = 2", "a, line 38: not a whole TextGrid"),
        ("\nsize = 3", "\nsize = 4", "a, line 50: not a whole TextGrid; found the end of the file"),
        ('"süß!"', 'süß!"', "a, line 50: quotation marks that are not closed"),
        ("ooTextFile", "ooTextfile", "a, line 1: not a whole TextGrid"),
        ('"TextGrid"', '"Sound"', "a, line 2: not a whole TextGrid; found another class"),
        ('"TextTier"', '"Tier"', "a, line 29: not a whole TextGrid; found 'Tier' for the class"),
    ],
)
def test_what_is_malformed_is_said_with_its_line(old, new, message):
    assert old in LONG
    with pytest.raises(TranscriptError) as caught:
        read_textgrid(LONG.replace(old, new, 1), "a", OPTIONS)
    assert str(caught.value).startswith(message)


def test_a_binary_textgrid_is_refused_with_advice():
    with pytest.raises(TranscriptError, match="a: a binary TextGrid; save it as a text file"):
        read_textgrid("ooBinaryFile\x08TextGrid", "a", OPTIONS)


@pytest.mark.parametrize("text", [LONG, SHORT])
def test_a_file_that_is_cut_off_is_always_refused(text):
    whole = text.rstrip()
    for length in range(len(whole)):
        assert read_or_refuse(read_textgrid, whole[:length]) is None


def test_one_wrong_letter_loses_no_interval():
    for text in one_letter_wrong(LONG):
        found = read_or_refuse(read_textgrid, text)
        assert found is None or len(found) >= 2


@given(st.sampled_from([LONG, SHORT]).flatmap(damaged))
def test_a_damaged_file_is_read_or_refused(text):
    read_or_refuse(read_textgrid, text)
