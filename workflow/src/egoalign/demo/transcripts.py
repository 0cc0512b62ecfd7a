"""Write a demo session's speech as WhisperX JSON or CSV, as those programs and labs write them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from egoalign.demo.speech import Utterance

WHISPERX_LABELS = {
    "female_adult": "SPEAKER_00",
    "key_child": "SPEAKER_01",
    "male_adult": "SPEAKER_02",
    "other_child": "SPEAKER_03",
}
CSV_LABELS = {
    "female_adult": "MOT",
    "key_child": "CHI",
    "male_adult": "FAT",
    "other_child": "SIB",
}
"""Labels of the speakers; `transcripts.speakers` of the config maps them back."""

_UNTIMED_SHARE = 0.08


def utterance_ids(format_: str, n: int) -> list[str]:
    """Return the ids that a reader gives to n utterances of a transcript of a format.

    CSV transcripts carry their own numbers; the items of JSON are numbered from 0.
    """
    return [f"u{k:05d}" if format_ == "json" else str(k + 1) for k in range(n)]


def transcript_text(
    format_: str, utterances: Sequence[Utterance], offset_s: float, rng: np.random.Generator
) -> str:
    """Return the text of a transcript file.

    Parameters
    ----------
    format_ : str
        ``"json"`` (WhisperX) or ``"csv"``.
    utterances : sequence of Utterance
        In the order of time.
    offset_s : float
        What a reader must add to the transcript's times.
    rng : numpy.random.Generator
        Which words the recogniser could not time, and its confidence.
    """
    if format_ == "json":
        return json.dumps(_whisperx(utterances, offset_s, rng), indent=1) + "\n"
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["utterance_no", "start_time", "end_time", "speaker", "text"])
    for utterance_id, one in zip(utterance_ids(format_, len(utterances)), utterances, strict=True):
        start, end = (f"{time - offset_s:.3f}" for time in (one.start_s, one.end_s))
        writer.writerow([utterance_id, start, end, CSV_LABELS[one.speaker], one.text])
    return table.getvalue()


def _whisperx(
    utterances: Sequence[Utterance], offset_s: float, rng: np.random.Generator
) -> dict[str, Any]:
    segments = [_segment(one, offset_s, rng) for one in utterances]
    words = [word for segment in segments for word in segment["words"]]
    return {"segments": segments, "word_segments": words, "language": "en"}


def _segment(one: Utterance, offset_s: float, rng: np.random.Generator) -> dict[str, Any]:
    """Return one WhisperX segment: a sentence with stops and capitals, its words timed in turn."""
    label = WHISPERX_LABELS[one.speaker]
    text = one.text[0].upper() + one.text[1:] + "."
    edges = np.linspace(one.start_s, one.end_s, len(one.words) + 1) - offset_s
    words: list[dict[str, Any]] = []
    for token, (start, end) in zip(text.split(), pairwise(edges), strict=True):
        word: dict[str, Any] = {"word": token}
        if rng.random() >= _UNTIMED_SHARE:
            word |= {
                "start": round(float(start), 3),
                "end": round(float(end), 3),
                "score": round(float(rng.uniform(0.4, 0.99)), 3),
            }
        words.append({**word, "speaker": label})
    return {
        "start": round(one.start_s - offset_s, 3),
        "end": round(one.end_s - offset_s, 3),
        "text": f" {text}",
        "words": words,
        "speaker": label,
    }
