"""ELAN: times of slots and references, tiers and speakers, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.elan import read_elan
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.damage import damaged, one_letter_wrong, read_or_refuse

OPTIONS = TranscriptsOptions()
SLOTS = {"ts1": 1000, "ts2": 2250, "ts3": 3000, "ts4": None, "ts5": None, "ts6": 6000, "ts7": None}


def aligned(name: str, start: str, end: str, text: str) -> str:
    return (
        f'<ANNOTATION>\n<ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{start}" '
        f'TIME_SLOT_REF2="{end}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION>\n</ANNOTATION>\n"
    )


def referring(name: str, target: str, text: str) -> str:
    return (
        f'<ANNOTATION>\n<REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{target}">'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION>\n</ANNOTATION>\n"
    )


def tier(name: str, annotations: str = "", **attributes: str) -> str:
    more = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f'<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="{name}"{more}>\n{annotations}</TIER>\n'


def document(*tiers: str, header: str = "") -> str:
    slots = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="{name}"'
        + ("/>\n" if value is None else f' TIME_VALUE="{value}"/>\n')
        for name, value in SLOTS.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0">\n'
        f'<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">{header}</HEADER>\n'
        f"<TIME_ORDER>\n{slots}</TIME_ORDER>\n{''.join(tiers)}"
        '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true"/>\n'
        "</ANNOTATION_DOCUMENT>\n"
    )


EAF = document(
    tier(
        "FA1",
        aligned("a2", "ts3", "ts4", "and now")
        + aligned("a3", "ts4", "ts5", "the &lt;red&gt; ball")
        + aligned("a4", "ts5", "ts6", "süß"),
        PARTICIPANT="Anna",
    ),
    tier("CHI", aligned("a1", "ts1", "ts2", "") + aligned("a9", "ts6", "ts7", "ba")),
    tier("vcm@CHI", referring("a5", "a1", "N"), PARENT_REF="CHI"),
    tier("xds@FA1", referring("a6", "a2", "T"), PARENT_REF="FA1"),
    tier("code_periodic", aligned("a7", "ts1", "ts6", "1")),
    tier("Remember-me", aligned("a8", "ts1", "ts2", "check this")),
)


def seen(text: str, options: TranscriptsOptions = OPTIONS):
    return [
        (s.utterance_id, s.start_s, s.end_s, s.text, s.speaker, s.flags)
        for s in read_elan(text, "a.eaf", options)
    ]


def fault(text: str) -> str:
    with pytest.raises(TranscriptError) as caught:
        read_elan(text, "a.eaf", OPTIONS)
    return str(caught.value)


def test_tiers_of_speakers_are_read_in_the_order_of_time_and_the_rest_is_not():
    estimated = ("estimated_time",)
    assert seen(EAF) == [
        ("a1", 1.0, 2.25, "", "CHI", ()),
        ("a2", 3.0, 4.0, "and now", "FA1", estimated),
        ("a3", 4.0, 5.0, "the <red> ball", "FA1", estimated),
        ("a4", 5.0, 6.0, "süß", "FA1", estimated),
        ("a9", 6.0, None, "ba", "CHI", ()),
    ]


def test_lines_are_those_of_the_annotations():
    lines = EAF.split("\n")
    for segment in read_elan(EAF, "a.eaf", OPTIONS):
        assert f'ANNOTATION_ID="{segment.utterance_id}"' in lines[segment.line - 1]


def test_the_tiers_that_are_not_read_are_named_in_the_log(caplog):
    caplog.set_level("INFO", logger="egoalign")
    read_elan(EAF, "a.eaf", OPTIONS)
    assert "vcm@CHI, xds@FA1, code_periodic, Remember-me" in caplog.text


@pytest.mark.parametrize(
    ("name", "participant", "options", "speaker"),
    [
        ("FA1", "Anna", {}, "FA1"),
        ("FA1", "Anna", {"speakers": {"Anna": "female_adult"}}, "Anna"),
        ("FA1", "Anna", {"speaker_scheme": "chat", "speakers": {"Anna": "female_adult"}}, "FA1"),
        ("Transcription 1", "MOT", {}, "MOT"),
        ("mother", "MOT", {"speaker_scheme": "chat"}, "MOT"),
        ("mother", "MOT", {"speakers": {"mother": "female_adult"}}, "mother"),
        ("mother", "MOT", {"speakers": {"*": "unknown"}}, "MOT"),
        ("mother", "", {}, "mother"),
    ],
)
def test_a_tiers_speaker_is_its_id_or_its_participant(name, participant, options, speaker):
    text = document(tier(name, aligned("a1", "ts1", "ts2", "yes"), PARTICIPANT=participant))
    (found,) = read_elan(text, "a.eaf", TranscriptsOptions(**options))
    assert found.speaker == speaker


def test_text_below_a_tier_of_numbers_has_its_times_and_takes_its_place():
    text = document(
        tier("ref@ANN", aligned("a1", "ts1", "ts2", "n.01") + aligned("a2", "ts3", "ts6", "n.02")),
        tier(
            "tx@ANN",
            referring("b1", "a1", "one")
            + referring("b2", "a2", "two")
            + referring("b3", "a2", "three"),
            PARENT_REF="ref@ANN",
        ),
        tier("gloss@ANN", referring("c1", "b1", "1"), PARENT_REF="tx@ANN"),
    )
    assert seen(text) == [
        ("b1", 1.0, 2.25, "one", "ANN", ()),
        ("b2", 3.0, 4.5, "two", "ANN", ("estimated_time",)),
        ("b3", 4.5, 6.0, "three", "ANN", ("estimated_time",)),
    ]


def test_references_in_a_circle_have_no_times():
    text = document(tier("MOT", referring("a1", "a2", "one") + referring("a2", "a1", "two")))
    assert [found[1:3] for found in seen(text)] == [(None, None)] * 2


def test_a_tier_and_an_annotation_may_name_a_language():
    text = document(
        tier("MOT", aligned("a1", "ts1", "ts2", "one"), LANG_REF="eng"),
        tier("FAT", aligned("a2", "ts1", "ts2", "uno").replace(" ANN", ' LANG_REF="spa" ANN', 1)),
    )
    assert {s.speaker: s.language for s in read_elan(text, "a.eaf", OPTIONS)} == {
        "MOT": "eng",
        "FAT": "spa",
    }


def test_media_that_start_later_are_warned_of(caplog):
    media = '<MEDIA_DESCRIPTOR MEDIA_URL="a.mp4" TIME_ORIGIN="2500"/>'
    read_elan(document(header=media), "a.eaf", OPTIONS)
    assert "start at [2500] ms; transcript_offset_s" in caplog.text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('VALUE="2250"', 'VALUE="2s"', "a.eaf, line 6: TIME_VALUE is not a whole number"),
        ("</TIME_ORDER>", "</TIME>", "a.eaf, line 12: not XML; mismatched tag"),
        ("ANNOTATION_DOCUMENT AUTHOR", "DOCUMENT AUTHOR", "a.eaf, line 2: not an ELAN document"),
        ('="milliseconds"', '="PAL-frames"', "a.eaf, line 3: times are not in milliseconds"),
        ('REF2="ts4"', 'REF2="ts44"', "a.eaf, line 15: no such time slot; found 'ts44'"),
        (
            ' TIME_SLOT_REF2="ts4"',
            "",
            "a.eaf, line 15: ALIGNABLE_ANNOTATION without TIME_SLOT_REF2",
        ),
        ('ID="a3"', 'ID="a2"', "a.eaf, line 18: annotation id twice"),
        ('ID="ts3"', 'ID="ts2"', "a.eaf, line 7: time slot id twice"),
        ('TIER_ID="CHI"', 'TIER_ID="FA1"', "a.eaf, line 24: tier id twice"),
        ('PARENT_REF="CHI"', 'PARENT_REF="KIM"', "a.eaf, line 32: no such tier"),
        ('ANNOTATION_REF="a1"', 'ANNOTATION_REF="a0"', "a.eaf, line 34: no such annotation"),
        ("süß", "s\x00ß", "a.eaf, line 21: not XML"),
        ("süß", "s\ud800ß", "a.eaf: not XML"),
    ],
)
def test_what_is_malformed_is_said_with_its_line(old, new, message):
    assert old in EAF
    assert fault(EAF.replace(old, new, 1)).startswith(message)


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY e "ha"><!ENTITY f "&e;&e;&e;">]>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
        "<!DOCTYPE ANNOTATION_DOCUMENT>",
    ],
)
def test_a_document_type_is_refused_before_any_entity_is_read(declared):
    first, rest = EAF.split("\n", 1)
    assert fault(f"{first}\n{declared}\n{rest.replace('süß', '&e;')}").startswith(
        "a.eaf, line 2: a document type (<!DOCTYPE), which ELAN never writes; delete that"
    )


def test_a_file_that_is_cut_off_is_always_refused():
    whole = EAF.rstrip()
    for length in range(0, len(whole), 5):
        assert read_or_refuse(read_elan, whole[:length]) is None


def test_one_wrong_letter_loses_no_annotation():
    for text in one_letter_wrong(EAF)[::5]:
        found = read_or_refuse(read_elan, text)
        assert found is None or len(found) >= 5


@given(damaged(EAF))
def test_a_damaged_file_is_read_or_refused(text):
    read_or_refuse(read_elan, text)
