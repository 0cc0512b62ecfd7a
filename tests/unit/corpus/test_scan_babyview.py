"""Names of BabyView recordings: children, days, copies, chapters, transcripts and RTTM files.

All names are invented after the forms that the lab has used.
"""

from __future__ import annotations

from datetime import date

import pytest

from egoalign.corpus.babyview_names import read_babyview, without_marks
from egoalign.corpus.found import Note
from egoalign.corpus.scan import scan_names


@pytest.mark.parametrize(
    ("stem", "child", "day"),
    [
        ("00910001_GX010007_03.04.2024-03.10.2024_03.06.2024-4:05pm", "00910001", (2024, 3, 6)),
        ("00910001_GX010007_03.04.2024-03.10.2024_03.06.2024-NA", "00910001", (2024, 3, 6)),
        ("00910001_gx010007_03.04.2024 - 03.10.2024_03.06.2024-4:05 PM", "00910001", (2024, 3, 6)),
        ("00910001_GX010007_03.04.2024-03.10.2024", "00910001", None),
        ("00910001_GX010007_03.04.2024-03.10.2024_NA-NA", "00910001", None),
        ("00920001_GX010031__2023-11-17-08:41:12", "00920001", (2023, 11, 17)),
        ("00930001_GX020044_2_05.06.2024-05.12.2024_05.09.2024-6:30am", "00930001", (2024, 5, 9)),
        (
            "00940001_GX010012-10.21.23_10.16.2023-10.22.2023_10.21.2023-NA",
            "00940001",
            (2023, 10, 21),
        ),
        ("00940001_GX010012-10.21.23_10.16.2023-10.22.2023", "00940001", (2023, 10, 21)),
        ("00940001_GX010012-10.21.23_10.16.2023-10.22.2023_10.20.2023-NA", "00940001", None),
        ("00950001_H09M41S07_07.03.2023-07.09.2023_07.05.2023-NA", "00950001", (2023, 7, 5)),
        ("00960001_2024-08-14_1_0f3a9b77c2", "00960001", (2024, 8, 14)),
        ("00960001_2024-08-14_1_0f3a9b77c2_processed", "00960001", (2024, 8, 14)),
        ("00960001_2024-08-14_1_0f3a9b77c2_processed_017", "00960001", (2024, 8, 14)),
        ("S00970001_2024-01-09_2_recAb12Cd34Ef56Gh", "S00970001", (2024, 1, 9)),
        ("S00970001_2024-01-09_2_recAb12Cd34Ef56Gh_rotated_blackout", "S00970001", (2024, 1, 9)),
        ("S00970001_2024-02-31_2_recAb12Cd34Ef56Gh", "S00970001", None),
    ],
)
def test_child_and_day_of_every_form_of_name(stem, child, day):
    name = read_babyview(stem)
    assert name is not None
    assert name.child == child
    assert name.day == (date(*day) if day else None)


@pytest.mark.parametrize(
    "stem", ["Kim_GX010001_x", "00910001", "00910001_tea", "GX010007", "_", ""]
)
def test_other_names_do_not_fit(stem):
    assert read_babyview(stem) is None


def test_marks_are_no_part_of_the_recording():
    assert without_marks("00960001_2024-08-14_1_0f3a9b77c2_Rotated_processed") == (
        "00960001_2024-08-14_1_0f3a9b77c2"
    )
    assert without_marks("00960001_2024-08-14_1_0f3a9b77c2_017_processed") == (
        "00960001_2024-08-14_1_0f3a9b77c2_017"
    )


REC = "S00970001_2024-01-09_2_recAb12Cd34Ef56Gh"


def only(found):
    """Return the one recording that was found."""
    (recording,) = found.recordings
    return recording


def test_of_several_copies_the_blacked_out_one_is_taken():
    names = [f"v/{REC}{mark}.mp4" for mark in ("", "_processed", "_rotated", "_blackout")]
    found = scan_names([*names, f"t/S00970001/{REC}_processed.csv"], "babyview")
    assert only(found).videos == (f"v/{REC}_blackout.mp4",)
    assert only(found).session_id == REC
    assert only(found).source_name == f"{REC}_blackout"
    assert only(found).transcript == f"t/S00970001/{REC}_processed.csv"
    assert found.notes[Note.COPY] == sorted(names[:3])
    assert only(scan_names(names[:3], "babyview")).videos == (f"v/{REC}_rotated.mp4",)


DIARISED = f"transcripts/diarised/S00970001/{REC}.csv"
TOKENS = f"transcripts/csv/S00970001/{REC}_processed.csv"
RTTM = "transcripts/output_voice_type_classifier/S00970001/all.rttm"


@pytest.mark.parametrize(
    ("files", "transcript", "rttm"),
    [
        ([TOKENS], TOKENS, None),
        ([DIARISED], DIARISED, None),
        ([TOKENS, DIARISED], DIARISED, None),
        ([TOKENS, DIARISED, RTTM], TOKENS, RTTM),
        ([DIARISED, RTTM], DIARISED, RTTM),
        ([TOKENS, f"rttm/{REC}_processed.rttm", RTTM], TOKENS, f"rttm/{REC}_processed.rttm"),
    ],
)
def test_times_in_full_are_taken_where_rttm_says_who_speaks(files, transcript, rttm):
    found = scan_names([f"S00970001/{REC}.MP4", *files], "babyview")
    assert (only(found).transcript, only(found).rttm) == (transcript, rttm)
    told = found.notes[Note.TRANSCRIPT_FURTHER] + found.notes[Note.RTTM_ALONE]
    assert sorted(told) == sorted(set(files) - {transcript, rttm})


def chapter(number: int, file: str = "0007", day: str = "03.06.2024", child: str = "00910001"):
    """Return the name of a chapter, without suffix."""
    return f"{child}_GX{number:02d}{file}_03.04.2024-03.10.2024_{day}-4:0{number}pm"


def sessions(found) -> list[tuple[str, ...]]:
    return [recording.videos for recording in found.recordings]


def test_chapters_become_one_session_in_order():
    names = [f"{chapter(number)}.MP4" for number in (1, 2, 3)]
    found = scan_names([*reversed(names), f"{chapter(1)}.csv"], "babyview")
    assert only(found).videos == tuple(names)
    assert only(found).transcript == f"{chapter(1)}.csv"
    assert only(found).source_name == chapter(1)
    assert only(found).session_id == chapter(1).replace(":", "-")
    assert found.notes == {
        Note.JOINED: [f"{chapter(1)}: {'; '.join(names)}"],
    }


@pytest.mark.parametrize(
    "stems",
    [
        [chapter(2), chapter(3)],
        [chapter(1), chapter(3)],
        [chapter(1), chapter(2), f"{chapter(2)[:17]}_2{chapter(2)[17:]}"],
    ],
    ids=["no first", "a gap", "twice"],
)
def test_chapters_that_do_not_follow_one_another_stay_apart(stems):
    names = sorted(f"{stem}.MP4" for stem in stems)
    found = scan_names(names, "babyview")
    assert sessions(found) == [(name,) for name in names]
    assert sorted(found.notes[Note.APART]) == names


def test_chapters_with_transcripts_of_their_own_stay_apart():
    names = [f"{chapter(number)}.MP4" for number in (1, 2)]
    transcripts = [f"t/{chapter(number)}_processed.csv" for number in (1, 2)]
    found = scan_names([*names, *transcripts], "babyview")
    assert [recording.transcript for recording in found.recordings] == transcripts
    assert found.notes[Note.APART] == names


def test_other_days_files_and_children_are_other_recordings():
    stems = [
        chapter(1),
        chapter(2, day="03.07.2024"),
        chapter(2, file="0008"),
        chapter(2, child="00910002"),
    ]
    assert len(scan_names([f"{stem}.MP4" for stem in stems], "babyview").recordings) == 4


def test_pieces_are_joined_unless_the_whole_is_there():
    pieces = [f"{REC}_{number:03d}.mp4" for number in (0, 1, 2)]
    found = scan_names([*pieces, f"{REC}_processed.csv"], "babyview")
    assert only(found).videos == tuple(pieces)
    assert (only(found).session_id, only(found).transcript) == (REC, f"{REC}_processed.csv")
    found = scan_names([*pieces, f"{REC}.mp4"], "babyview")
    assert only(found).videos == (f"{REC}.mp4",)
    assert found.notes[Note.COPY] == pieces
    found = scan_names([pieces[1], f"{REC}_043.mp4"], "babyview")
    assert len(found.recordings) == 2
