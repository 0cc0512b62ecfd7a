"""Three utterances as libraries that are not ours write them (named by each file) are the same.

The files were written once, with pympi-ling 1.71, praatio 6.2.2, textgrid 1.6.1, pysubs2 1.8.1 and
webvtt-py 0.6.0, from the utterances below.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.read import read_transcript

FILES = sorted((Path(__file__).parent / "written").iterdir())
UTTERANCES = [
    (0.5, 1.25, 'where is "the" ball?'),
    (2.0, 4.125, "süß & red, isn't it"),
    (3723.004, 3724.0, "gone — quite"),
]


def test_every_writer_is_there():
    assert len(FILES) == 7


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_other_libraries_write_is_read_without_a_difference(path):
    rows = read_transcript(path, TranscriptsOptions()).utterances
    assert [(row["start_s"], row["end_s"], row["text"]) for row in rows] == UTTERANCES
    named = {None} if path.suffix in (".srt", ".vtt") else {"MOT"}
    assert {row["speaker_as_read"] for row in rows} == named
