"""Tables of utterances: units of time, language, blanks, quoting, line ends and damage."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.csv_reader import read_csv
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.damage import damaged, read_or_refuse

HEAD = "start_time,end_time,text\n"
CLOCK = TranscriptsOptions(time_unit="clock")
SECONDS = TranscriptsOptions()


def spoken(text: str, options: TranscriptsOptions = SECONDS) -> list[tuple]:
    return [(s.start_s, s.end_s, s.text) for s in read_csv(text, "t.csv", options)]


def fault(text: str, options: TranscriptsOptions = SECONDS) -> str:
    with pytest.raises(TranscriptError) as caught:
        read_csv(text, "t.csv", options)
    return str(caught.value)


def test_the_same_times_in_three_units_give_the_same_table():
    tables = [
        spoken(HEAD + "65.25,3661.5,look\n,70,there\n"),
        spoken(HEAD + "65250,3661500,look\n,70000,there\n", TranscriptsOptions(time_unit="ms")),
        spoken(HEAD + "1:05.25,1:01:01.5,look\n,1:10,there\n", CLOCK),
    ]
    assert tables[0] == [(65.25, 3661.5, "look"), (None, 70.0, "there")]
    assert tables[1] == tables[2] == tables[0]


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_a_clock_time_among_numbers_tells_which_unit_to_set(unit):
    message = fault(HEAD + "1.5,2.5,a\n2.5,0:04,b\n", TranscriptsOptions(time_unit=unit))
    assert message == (
        "t.csv, line 3: end_time is not a number; found '0:04'; for times as m:ss or h:mm:ss set "
        "transcripts.time_unit: clock"
    )


def test_a_plain_number_among_clock_times_is_refused():
    assert fault(HEAD + "0:01,1.30,a\n", CLOCK) == (
        "t.csv, line 2: end_time is not a clock time; found '1.30', expected one such as 1:05, "
        "1:05.5 or 0:01:05"
    )


def test_the_language_is_read_where_there_is_a_column():
    options = TranscriptsOptions.model_validate({"columns": {"language": "lang"}})
    text = "start_time,end_time,text,lang\n0,1,hola, es \n1,2,hello,\n"
    assert [s.language for s in read_csv(text, "t.csv", options)] == ["es", None]
    assert [s.language for s in read_csv(text, "t.csv", SECONDS)] == [None, None]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blanks_quoting_marks_and_line_ends(end):
    text = (
        '\ufeff\ufeff"start_time" , end_time,text ,,\n'
        ' 0.5 ,1 ,"so, ""here""\nit is "\n'
        "\n"
        "2,3,that\u2028way ,,\n"
    ).replace('"start_time" ', '"start_time"')
    assert spoken(text.replace("\n", end)) == [
        (0.5, 1.0, 'so, "here"\nit is '),
        (2.0, 3.0, "that\u2028way "),
    ]
    lines = [s.line for s in read_csv(text.replace("\n", end), "t.csv", SECONDS)]
    assert lines == [2, 5]


def test_a_value_too_few_or_too_many_is_no_silent_shift():
    assert "2 values, expected 3" in fault(HEAD + "0,1\n")
    assert "4 values, expected 3" in fault(HEAD + "0,1,a,b\n")
    assert "4 values, expected 3" in fault(HEAD + "0,1,a,b,\n")


def test_a_quotation_mark_that_is_not_closed_swallows_nothing():
    message = fault(HEAD + '0,1,"look\n1,2,there\n')
    assert message == "t.csv, line 2: not a table; unexpected end of data"


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=12)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1e5), cells), min_size=1, max_size=4), st.sampled_from(",;\t")
)
def test_any_text_survives(rows, delimiter):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow(["start_time", "end_time", "text"])
    writer.writerows([start, start + 1, text] for start, text in rows)
    assert spoken(stream.getvalue()) == [(start, start + 1, text) for start, text in rows]


WHOLE = HEAD + '0:01,0:02,"see, a cup"\n0:03.5,1:00:04,no\n'


@settings(max_examples=80)
@given(damaged(WHOLE))
def test_a_damaged_table_gives_a_table_or_one_line(text):
    read_or_refuse(lambda text, name, options: read_csv(text, name, CLOCK), text)
