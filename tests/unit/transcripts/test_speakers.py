"""Labels of speakers: what each scheme says, what the list says, and labels that nobody knows."""

from __future__ import annotations

import pytest

from egoalign.config import TranscriptsOptions
from egoalign.tables import SPEAKERS
from egoalign.transcripts.read import parse_transcript
from egoalign.transcripts.segments import TranscriptError
from egoalign.transcripts.speakers import (
    MOST_SHOWN,
    ROLES,
    SCHEMES,
    counted,
    label_type,
    scheme_type,
    turn_type,
)


@pytest.mark.parametrize(
    ("scheme", "label", "expected"),
    [
        ("vtc", "KCHI", "key_child"),
        ("vtc", "CHI", "other_child"),
        ("vtc", "OCH", "other_child"),
        ("vtc", "FEM", "female_adult"),
        ("vtc", "MAL", "male_adult"),
        ("vtc", "SPEECH", "unknown"),
        ("vtc", "MOT", None),
        ("chat", "CHI", "key_child"),
        ("chat", "chi", "key_child"),
        ("chat", "MOT", "female_adult"),
        ("chat", "GRM", "female_adult"),
        ("chat", "FAT", "male_adult"),
        ("chat", "SIS", "other_child"),
        ("chat", "FA12", "female_adult"),
        ("chat", "UC1", "other_child"),
        ("chat", "EE1", "unknown"),
        ("chat", "KCHI", None),
        ("childproject", "CHI", "key_child"),
        ("childproject", "OCH", "other_child"),
        ("childproject", "MA2", "male_adult"),
        ("childproject", "NA", "unknown"),
        ("childproject", "MOT", None),
        ("lena", "CHN", "key_child"),
        ("lena", "CXF", "other_child"),
        ("lena", "FAN", "female_adult"),
        ("lena", "MAF", "male_adult"),
        ("lena", "OLN", "unknown"),
        ("lena", "FA1", None),
        ("lena", "CHI", None),
        ("pyannote", "SPEAKER_00", None),
        (None, "CHI", None),
    ],
)
def test_what_each_scheme_says(scheme, label, expected):
    assert scheme_type(label, scheme) == expected


def test_schemes_and_roles_give_types():
    kinds = {kind for labels in SCHEMES.values() for kind in labels.values()}
    assert kinds == set(ROLES.values()) == set(SPEAKERS)


def test_a_role_goes_before_the_label_in_chat_alone():
    assert scheme_type("ANN", "chat", "Target_Child") == "key_child"
    assert scheme_type("CHI", "chat", "Sister") == "other_child"
    assert scheme_type("CHI", "chat", "Wizard") == "key_child"
    assert scheme_type("CHI", "vtc", "Target_Child") == "other_child"


def test_the_list_goes_before_the_scheme_and_the_star_comes_last():
    types = {"CHI": "other_child", "*": "male_adult"}
    assert label_type("CHI", "Target_Child", "chat", types) == "other_child"
    assert label_type("MOT", None, "chat", types) == "female_adult"
    assert label_type("XYZ", None, "chat", types) == "male_adult"
    assert label_type("*", None, None, {"*": "male_adult"}) == "male_adult"
    assert label_type("female_adult", None, None, {}) == "female_adult"
    assert label_type(None, None, None, {"*": "male_adult"}) == "unknown"


def test_in_rttm_the_scheme_goes_before_the_list_which_is_for_transcripts():
    types = {"CHI": "key_child", "SPEAKER_01": "male_adult"}
    assert turn_type("CHI", "vtc", types) == "other_child"
    assert turn_type("SPEAKER_01", "pyannote", types) == "male_adult"
    assert turn_type("SPEAKER_02", "pyannote", types) is None


TEXT = (
    "start_time,end_time,text,speaker\n0,1,look,Mama\n1,2,yes,KID\n2,3,no,KID\n3,4,hm,\n4,5,a,MOT\n"
)


@pytest.mark.parametrize("options", [{"speaker_scheme": "chat"}, {"speakers": {"MOT": "unknown"}}])
def test_labels_that_nobody_knows_are_listed_with_their_numbers(options):
    with pytest.raises(TranscriptError) as caught:
        parse_transcript(TEXT, "t.csv", TranscriptsOptions.model_validate(options))
    message = str(caught.value)
    strange = "'KID' (2), 'Mama' (1)" if "speakers" in options else "'Mama' (1)"
    everyone = "'KID' (2), 'MOT' (1), 'Mama' (1)"
    assert f"t.csv: unknown labels of speakers; found {strange} among {everyone}" in message
    assert "transcripts.speakers" in message
    assert "transcripts.speaker_scheme" in message
    assert caught.value.reason == "transcript unreadable: unknown labels of speakers"


def test_without_scheme_and_list_labels_are_unknown_and_flagged():
    rows = parse_transcript(TEXT, "t.csv", TranscriptsOptions()).utterances
    assert [row["speaker"] for row in rows] == ["unknown"] * 5
    assert [row["flags"] for row in rows] == [
        *["unknown_speaker"] * 3, "no_text", "unknown_speaker",
    ]  # fmt: skip


def test_the_star_makes_any_label_known():
    options = TranscriptsOptions(speakers={"Mama": "female_adult", "*": "other_child"})
    rows = parse_transcript(TEXT, "t.csv", options).utterances
    assert [row["speaker"] for row in rows] == [
        "female_adult", "other_child", "other_child", "unknown", "other_child",
    ]  # fmt: skip
    assert rows[0]["flags"] is None


def test_a_message_lists_only_so_many_labels():
    assert counted(["b", "a", "b"]) == "'b' (2), 'a' (1)"
    assert counted(f"S{n:02d}" for n in range(MOST_SHOWN + 3)).endswith("'S19' (1) and 3 more")
