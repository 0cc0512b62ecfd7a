"""The sound of a demo session: babble in the rhythm of the words, at a pitch of each speaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from egoalign.demo.speech import Utterance

SAMPLE_RATE = 16_000
"""Samples per second."""

_PITCH_HZ = {"female_adult": 210.0, "male_adult": 120.0, "other_child": 280.0, "key_child": 330.0}
_LEVEL = 0.25
_NOISE = 0.002


def babble(
    rng: np.random.Generator,
    utterances: Sequence[Utterance],
    duration_s: float,
    word_audio: Callable[[str], np.ndarray | None] | None = None,
) -> np.ndarray:
    """Return the session's sound.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the noise.
    utterances : sequence of Utterance
        Who speaks when.
    duration_s : float
        Length in seconds.
    word_audio : callable, optional
        Gives the recorded word of a kind at `SAMPLE_RATE`, or None; it is heard in place of the
        babble where it fits into the utterance.

    Returns
    -------
    numpy.ndarray
        Mono samples, float32 of shape (round(duration_s * SAMPLE_RATE),), within [-1, 1].
    """
    sound = rng.normal(0.0, _NOISE, round(duration_s * SAMPLE_RATE)).astype(np.float32)
    for one in utterances:
        first = round(one.start_s * SAMPLE_RATE)
        room = min(round((one.end_s - one.start_s) * SAMPLE_RATE), len(sound) - first)
        recorded = word_audio(one.kind) if word_audio and one.kind else None
        if recorded is None or len(recorded) > room:
            recorded = _voice(rng, len(one.words), room, _PITCH_HZ[one.speaker])
        sound[first : first + len(recorded)] += recorded
    return np.clip(sound, -1.0, 1.0)


def _voice(rng: np.random.Generator, n_words: int, n_samples: int, pitch_hz: float) -> np.ndarray:
    """Return voiced bursts, one a word: harmonics of a gliding pitch under a rounded envelope."""
    time = np.arange(n_samples) / SAMPLE_RATE
    glide = pitch_hz * (1 + 0.08 * np.sin(2 * np.pi * rng.uniform(0.5, 1.5) * time))
    phase = 2 * np.pi * np.cumsum(glide) / SAMPLE_RATE
    weights = rng.uniform(0.2, 1.0, 6) / np.arange(1, 7)
    tone = sum(weight * np.sin(number * phase) for number, weight in enumerate(weights, start=1))
    within_word = time * n_words / max(n_samples / SAMPLE_RATE, 1e-9) % 1.0
    voice = tone * np.sin(np.pi * within_word) ** 2 * (1 + 0.2 * rng.normal(size=n_samples))
    return (_LEVEL * voice / weights.sum()).astype(np.float32)
