"""The same utterances give the same table, whatever the format, encoding and line end."""

from __future__ import annotations

import pytest

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.read import parse_transcript, read_transcript
from egoalign.transcripts.rttm import parse_rttm
from tests.unit.transcripts.spoken import (
    FINE,
    ONLY_STARTS,
    WHOLE,
    WITHOUT_SPEAKERS,
    WRITERS,
    as_csv,
    rttm,
)

OPTIONS = TranscriptsOptions(
    speakers={"MOT": "female_adult", "FAT": "male_adult", "CHI": "key_child"}
)
VTC = {"MOT": "FEM", "FAT": "MAL", "CHI": "KCHI"}
COMPARED = (
    *("start_s", "end_s", "words", "speaker", "speaker_as_read", "language", "text_id"),
    *("n_words", "flags"),
)


def comparable(transcript) -> list[dict]:
    """Return the columns that do not say where an utterance comes from.

    CHAT ends an utterance with a full stop, so final stops are not compared.
    """
    rows = [row | {"words": row["text_encoded"].removesuffix(".")} for row in transcript.utterances]
    return [{name: row[name] for name in COMPARED} for row in rows]


EXPECTED = comparable(parse_transcript(as_csv(FINE), "t.csv", OPTIONS))
FINE_FORMATS = [name for name in WRITERS if name not in ONLY_STARTS]


def test_the_table_is_as_spoken():
    assert [
        (row["start_s"], row["end_s"], row["words"], row["speaker_as_read"]) for row in EXPECTED
    ] == [(start, end, text.removesuffix("."), who) for start, end, text, who in FINE]
    assert [row["speaker"] for row in EXPECTED] == [
        *("female_adult", "key_child", "male_adult", "female_adult", "key_child")
    ]
    assert [row["text_id"] for row in EXPECTED] == [
        "t00000",
        "t00001",
        "t00002",
        "t00003",
        "t00001",
    ]
    assert [row["n_words"] for row in EXPECTED] == [4, 1, 8, 4, 1]


@pytest.mark.parametrize("name", FINE_FORMATS)
def test_every_format_gives_the_same_table(name):
    write, suffix = WRITERS[name]
    found = parse_transcript(write(FINE), f"t.{suffix}", OPTIONS)
    expected = EXPECTED
    if name in WITHOUT_SPEAKERS:
        expected = [row | {"speaker": "unknown", "speaker_as_read": None} for row in EXPECTED]
    assert comparable(found) == expected
    assert {row["source_format"] for row in found.utterances} == {name.split()[0]}


@pytest.mark.parametrize("name", WRITERS)
def test_with_turns_formats_without_speakers_and_ends_give_it_too(name):
    write, suffix = WRITERS[name]
    turns = parse_rttm(rttm(WHOLE, VTC), "t.rttm")
    found, expected = (
        comparable(parse_transcript(text, file, OPTIONS, turns))
        for text, file in ((write(WHOLE), f"t.{suffix}"), (as_csv(WHOLE), "t.csv"))
    )
    if name in ONLY_STARTS:
        # Nothing says when an utterance ends but that the next one begins; of the last, nothing.
        assert found[-1]["flags"] == "estimated_time"
        assert found[-1]["end_s"] > found[-1]["start_s"]
        found[-1] |= {"end_s": expected[-1]["end_s"]}
        for row in found:
            others = set((row["flags"] or "").split(";")) - {"estimated_time"}
            row["flags"] = ";".join(others) or None
    assert found == expected
    assert [row["speaker_as_read"] for row in found] == ["FEM", "KCHI", "MAL", "FEM", "KCHI"]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("encoding", "end"),
    [
        ("utf-8", "\r"),
        ("utf-8-sig", "\r\n"),
        ("utf-16", "\r\n"),
        ("utf-16-le", "\r"),
        ("utf-16-be", "\n"),
        ("cp1252", "\r\n"),
        ("latin-1", "  \n"),
        ("utf-8", "  \r\n"),
    ],
)
def test_encodings_line_ends_and_trailing_blanks_change_nothing(tmp_path, name, encoding, end):
    write, suffix = WRITERS[name]
    accented = [(s, e, text.replace("kettle", "théière"), who) for s, e, text, who in WHOLE]
    expected = parse_transcript(write(accented), f"t.{suffix}", OPTIONS)
    text = write(accented)
    if encoding in ("cp1252", "latin-1"):
        text = text.replace('encoding="UTF-8"', 'encoding="windows-1252"')
        text = text.replace("\\u00e9", "é").replace("\\u00e8", "è")
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(text.replace("\n", end).encode(encoding))
    found = read_transcript(path, OPTIONS)
    assert comparable(found) == comparable(expected)
    assert "théière" in found.utterances[2]["text_encoded"]


@pytest.mark.parametrize("name", ["csv", "csv with tabs", "saycam", "childproject"])
def test_quoted_marks_are_part_of_the_text(name):
    odd = 'a "red", tiny;\tball'
    write, suffix = WRITERS[name]
    spoken = [(start, end, odd, who) for start, end, _, who in WHOLE]
    found = parse_transcript(write(spoken), f"t.{suffix}", OPTIONS)
    assert [row["text"] for row in found.utterances] == [odd] * 5
