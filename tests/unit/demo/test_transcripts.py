from __future__ import annotations

import json

import numpy as np
import pytest

from egoalign.config import load_config
from egoalign.demo.speech import Named, Utterance
from egoalign.demo.transcripts import transcript_text, utterance_ids
from egoalign.transcripts.read import read_transcript

SPOKEN = [
    Utterance(3.1, 4.0, "look at the ball", "female_adult", Named("ball", 0.5, True, "with")),
    Utterance(4.5, 4.9, "mine", "key_child"),
    Utterance(5.25, 7.5, "that was funny", "male_adult"),
    Utterance(8.0, 8.6, "my ball", "other_child", Named("ball", 0.5, True, "with")),
]


def text_of(format_, offset_s=0.0, seed=0):
    return transcript_text(format_, SPOKEN, offset_s, np.random.default_rng(seed))


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_the_workflow_reads_ids_times_words_and_speakers(root, tmp_path, format_):
    path = tmp_path / f"s1.{format_}"
    path.write_text(text_of(format_), encoding="utf-8")
    options = load_config(root / "config/demo/config.yaml").transcripts
    rows = read_transcript(path, options).utterances
    assert [row["utterance_id"] for row in rows] == utterance_ids(format_, len(SPOKEN))
    assert [row["start_s"] for row in rows] == [one.start_s for one in SPOKEN]
    assert [row["end_s"] for row in rows] == [one.end_s for one in SPOKEN]
    assert [row["speaker"] for row in rows] == [one.speaker for one in SPOKEN]
    assert [row["text"].lower().strip(" .") for row in rows] == [one.text for one in SPOKEN]


@pytest.mark.parametrize("format_", ["json", "csv"])
def test_the_offset_is_what_a_reader_must_add(format_):
    late = text_of(format_, offset_s=-2.5)
    start = (
        json.loads(late)["segments"][0]["start"]
        if format_ == "json"
        else float(late.splitlines()[1].split(",")[1])
    )
    assert start == pytest.approx(3.1 + 2.5)


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
