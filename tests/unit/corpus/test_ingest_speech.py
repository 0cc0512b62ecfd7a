"""A session's speech: who speaks by its RTTM file, languages, and what is bad."""

from __future__ import annotations

import json

import pytest

from egoalign.config import TranscriptsOptions, VideoOptions
from egoalign.corpus.ingest import ingest_session, recording_names
from egoalign.corpus.read import parse_row, read_corpus
from egoalign.log import UserError
from egoalign.tables import UTTERANCES, read_metadata, read_table

TURNS = (
    "SPEAKER day1 1 0.2 0.5 <NA> <NA> FEM <NA> <NA>\n"
    "SPEAKER day2 1 0.2 0.5 <NA> <NA> KCHI <NA> <NA>\n"
)


@pytest.fixture
def speech(tmp_path):
    (tmp_path / "day1.csv").write_text("start_time,end_time,text,language\n0,1,look,eng\n")
    (tmp_path / "all.rttm").write_text(TURNS)
    (tmp_path / "children.tsv").write_text("child_id\tlanguages\nK01\teng;spa\n")
    (tmp_path / "sessions.tsv").write_text(
        "child_id\tsession_id\tvideo\ttranscript\trttm\nK01\ta\tday1.mp4\tday1.csv\tall.rttm\n"
    )
    corpus = read_corpus(tmp_path / "children.tsv", tmp_path / "sessions.tsv", tmp_path)

    def run(options=None, with_languages=False, **changes):
        row = parse_row(json.dumps(corpus.sessions[0].row(with_languages))) | changes
        outs = [tmp_path / "out" / f"{name}.parquet" for name in "muwf"]
        ingest_session(
            row,
            tmp_path,
            TranscriptsOptions.model_validate(options or {}),
            VideoOptions(),
            1.0,
            "all",
            *outs,
        )
        rows = read_table(UTTERANCES, outs[1]).to_pylist()
        return rows, read_metadata(outs[1]).get("reason")

    return run


def test_the_turns_of_the_sessions_recording_tell_who_speaks(speech):
    rows, reason = speech()
    assert reason is None
    assert [(row["speaker"], row["speaker_as_read"]) for row in rows] == [("female_adult", "FEM")]


def test_without_turns_the_transcript_tells(speech):
    assert speech(rttm=None)[0][0]["speaker"] == "unknown"


def test_a_recording_is_called_like_its_one_video_its_source_or_its_session():
    row = {"video": ["x/day1.mp4"], "source_name": None, "session_id": "a"}
    assert recording_names(row) == ["day1", "a"]
    parts = {"video": ["GX01.mp4", "GX02.mp4"], "source_name": "whole", "session_id": "a"}
    assert recording_names(parts) == ["whole", "a"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rttm": "gone.rttm"}, "RTTM unreadable: cannot be read"),
        ({"rttm": "day1.csv"}, "RTTM unreadable: line 1: not a line of RTTM"),
        ({"video": ["day9.mp4"]}, "RTTM unreadable: 2 recordings, none of this session's name"),
        ({"transcript": "gone.csv"}, "transcript missing"),
        ({"transcript": "all.rttm"}, "transcript unreadable: format not recognised"),
    ],
)
def test_what_is_bad_is_skipped_with_a_reason_or_stops_the_run(speech, changes, reason):
    assert speech(**changes) == ([], reason)
    with pytest.raises(UserError):
        speech({"on_bad_transcript": "fail"}, **changes)


def test_unknown_labels_are_bad(speech):
    options = {"rttm_scheme": "childproject"}
    assert speech(options, video=["day2.mp4"]) == (
        [],
        "RTTM unreadable: unknown labels of speakers",
    )
    with pytest.raises(UserError, match=r"found 'KCHI' \(1\) among 'KCHI' \(1\)"):
        speech(options | {"on_bad_transcript": "fail"}, video=["day2.mp4"])


@pytest.mark.parametrize(
    ("kept", "source", "left_out"),
    [
        (["spa"], "column", True),
        (["eng"], "column", False),
        (["eng"], "children", True),
        (["eng", "spa"], "children", False),
    ],
)
def test_languages_by_column_or_by_children(speech, kept, source, left_out):
    options = {"languages": kept, "language_from": source}
    rows, _ = speech(options, with_languages=source == "children")
    assert (rows[0]["flags"] == "other_language") == left_out


def test_languages_by_children_need_the_childs_languages(speech):
    assert speech({"languages": ["eng"], "language_from": "children"}) == (
        [],
        "transcript unreadable: the child's languages are not given",
    )
