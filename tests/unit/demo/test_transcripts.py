from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from egoalign.config import DemoOptions, load_config
from egoalign.demo.plan import FILES, corpus_plan
from egoalign.demo.speech import Named, Utterance
from egoalign.demo.transcripts import transcript_text, utterance_ids
from egoalign.demo.turns import rttm_text
from egoalign.transcripts.read import read_transcript, shifted
from egoalign.transcripts.rttm import read_rttm

SPOKEN = [
    Utterance(3.1, 4.0, "look at the ball", "female_adult", Named("ball", 0.5, True, "with")),
    Utterance(4.5, 4.9, "mine", "key_child"),
    Utterance(5.25, 7.5, "that was funny", "male_adult"),
    Utterance(8.0, 8.6, "my ball", "other_child", Named("ball", 0.5, True, "with")),
    Utterance(3725.004, 3726.0, "the ball", "female_adult", Named("ball", 0.5, True, "with")),
]
FORMATS = [format_ for _, format_ in FILES]


def session_with(format_, offset_s=0.0):
    session = corpus_plan(DemoOptions()).session("D01", "s1")
    return replace(session, transcript_format=format_, transcript_offset_s=offset_s)


def text_of(format_, offset_s=0.0, seed=0):
    return transcript_text(session_with(format_, offset_s), SPOKEN, np.random.default_rng(seed))


def write(folder, format_, offset_s=0.0):
    path = folder / f"s1.{format_}"
    path.write_text(text_of(format_, offset_s), encoding="utf-8")
    return path


def options_of(root):
    return load_config(root / "config/demo/config.yaml").transcripts


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("offset_s", [0.0, -2.5])
def test_the_workflow_reads_ids_times_words_and_speakers(root, tmp_path, format_, offset_s):
    path = write(tmp_path, format_, offset_s)
    turns = None
    if session_with(format_).rttm:
        (tmp_path / "s1.rttm").write_text(
            rttm_text(session_with(format_, offset_s), SPOKEN, np.random.default_rng(0))
        )
        turns = read_rttm(tmp_path / "s1.rttm", ["s1"])
    rows = shifted(read_transcript(path, options_of(root), turns), offset_s).utterances
    assert [row["utterance_id"] for row in rows] == utterance_ids(format_, len(SPOKEN))
    assert [row["start_s"] for row in rows] == pytest.approx([one.start_s for one in SPOKEN])
    assert [row["end_s"] for row in rows] == pytest.approx([one.end_s for one in SPOKEN])
    assert [row["speaker"] for row in rows] == [one.speaker for one in SPOKEN]
    encoded = [row["text_encoded"] for row in rows]
    assert [text.lower().strip(" .") for text in encoded] == [one.text for one in SPOKEN]
    assert all(row["flags"] is None for row in rows)


@pytest.mark.parametrize("format_", FORMATS)
def test_equal_random_numbers_give_equal_text(format_):
    assert text_of(format_) == text_of(format_)


def test_subtitles_name_the_speakers_in_one_format_and_not_in_the_other():
    assert text_of("srt").splitlines()[:3] == [
        "1",
        "00:00:03,100 --> 00:00:04,000",
        "[SPEAKER_00]: Look at the ball.",
    ]
    assert text_of("vtt").splitlines()[:4] == [
        "WEBVTT",
        "",
        "00:00:03.100 --> 00:00:04.000",
        "Look at the ball.",
    ]
    assert "01:02:05.004 --> 01:02:06.000" in text_of("vtt")


def test_chat_has_the_times_in_bullets_and_says_who_the_target_child_is():
    text = text_of("cha")
    assert "*MOT:\tlook at the ball . \x153100_4000\x15\n" in text
    assert re.search(r"@Participants:.*CHI Target_Child", text)


def test_turns_are_a_little_off_the_utterances_and_there_twice():
    text = rttm_text(session_with("vtt"), SPOKEN, np.random.default_rng(0))
    turns = [line.split() for line in text.splitlines()]
    assert [turn[7] for turn in turns[::2]] == ["FEM", "KCHI", "MAL", "CHI", "FEM"]
    assert {turn[7] for turn in turns[1::2]} == {"SPEECH"}
    for one, turn in zip(SPOKEN, turns[::2], strict=True):
        start, length = float(turn[3]), float(turn[4])
        assert 0 < abs(start - one.start_s) <= 0.1
        assert 0 < abs(start + length - one.end_s) <= 0.1 + 1e-9


def test_some_words_have_no_time_and_the_others_lie_within_their_sentence():
    words = []
    for seed in range(20):
        for segment in json.loads(text_of("json", seed=seed))["segments"]:
            assert " ".join(word["word"] for word in segment["words"]) == segment["text"].strip()
            for word in segment["words"]:
                words.append(word)
                if "start" in word:
                    assert segment["start"] - 1e-3 <= word["start"] < word["end"]
                    assert word["end"] <= segment["end"] + 1e-3
    untimed = [word for word in words if "start" not in word]
    assert 0 < len(untimed) < len(words) / 4
