"""Clock times: every form that is read, and every one that is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.transcripts.segments import TranscriptError
from egoalign.transcripts.times import clock, seconds_or_clock


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("0:05", 5.0),
        (":09", 9.0),
        ("1:05.5", 65.5),
        ("01:05,25", 65.25),
        ("75:20", 4520.0),
        ("0:01:05", 65.0),
        ("01:02:03.26", 3723.26),
        (" 2:00 ", 120.0),
        ("", None),
        ("NA", None),
    ],
)
def test_clock_times_are_read_to_the_last_digit(cell, seconds):
    assert clock(cell, "t.csv, line 2", "start") == seconds


@pytest.mark.parametrize(
    "cell", ["65", "1.30", "1:5", "1:60", "-0:05", "1:60:00", "1::05", "0:01:02:03", "1:05 pm", ":"]
)
def test_what_is_no_clock_time_is_named(cell):
    with pytest.raises(TranscriptError) as caught:
        clock(cell, "t.csv, line 2", "start")
    assert str(caught.value) == (
        f"t.csv, line 2: start is not a clock time; found {cell!r}, expected one such as 1:05, "
        "1:05.5 or 0:01:05"
    )
    assert caught.value.reason == "transcript unreadable: line 2: start is not a clock time"


@given(st.integers(0, 99 * 3600 * 1000 - 1))
def test_milliseconds_survive_the_clock(ms):
    hours, rest = divmod(ms, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    written = f"{hours}:{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
    assert clock(written, "", "") == ms / 1000
    assert seconds_or_clock(written, "", "") == ms / 1000
    assert seconds_or_clock(str(ms / 1000), "", "") == ms / 1000
