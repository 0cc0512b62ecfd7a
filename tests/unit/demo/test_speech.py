from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np

from egoalign.config import DemoOptions
from egoalign.demo.kinds import KIND_NAMES
from egoalign.demo.plan import SPEECH, corpus_plan, refer_probability
from egoalign.demo.sentences import naming_sentence, other_sentence
from egoalign.demo.speech import LONGEST_LAG_S, Look, draw_looks, draw_speech

SESSION = corpus_plan(DemoOptions()).session("D01", "s1")
SPEAKERS = [speaker for speaker, _ in SPEECH.speaker]


def speech_of(seed, n_scenes, session=SESSION):
    rng = np.random.default_rng(seed)
    scenes = []
    for _ in range(n_scenes):
        kinds = [str(kind) for kind in rng.permutation(KIND_NAMES)]
        looks = draw_looks(rng, kinds[:6], 40.0, 60.0)
        spoken = draw_speech(rng, 1, session, looks, kinds[:14], KIND_NAMES)
        scenes.append((looks, kinds[:14], spoken))
    return scenes


def test_looks_fill_the_scene_and_move_on():
    looks = draw_looks(np.random.default_rng(0), ["a", "b", "c"], 10.0, 60.0)
    assert looks[0].start_s == 10.0
    assert looks[-1].end_s == 60.0
    for first, second in pairwise(looks):
        assert first.end_s == second.start_s
        assert first.kind != second.kind
        assert 2.0 <= first.end_s - first.start_s <= 5.0


def test_utterances_are_in_order_within_the_scene_and_of_ordinary_length():
    for looks, _, spoken in speech_of(3, 50):
        for one in spoken:
            assert looks[0].start_s <= one.start_s < one.end_s <= looks[-1].end_s
            assert 0.299 <= one.end_s - one.start_s <= 4.001
            assert 1 <= len(one.words) <= 10
        assert all(first.end_s <= second.start_s for first, second in pairwise(spoken))
    rate = sum(len(spoken) for _, _, spoken in speech_of(3, 50)) / (50 * 20.0)
    assert 1 / 3.5 <= rate <= 1 / 2.2


def test_what_refers_is_looked_at_and_what_does_not_is_not():
    timings = Counter()
    for looks, present, spoken in speech_of(4, 300):
        for one in spoken:
            if one.named is None:
                continue
            assert one.kind in one.text or one.text.startswith("do you like")
            timings[one.named.timing] += 1
            at = max(k for k, look in enumerate(looks) if look.start_s <= one.start_s)
            if not one.named.refers:
                assert one.kind not in {look.kind for look in looks}
            elif one.named.timing == "with":
                assert one.kind == looks[at].kind
            elif one.named.timing == "leads":
                assert one.kind == looks[at + 1].kind
                assert looks[at + 1].start_s - one.start_s <= LONGEST_LAG_S
            else:
                assert one.kind == looks[at - 1].kind
                assert one.kind in present
    assert timings["leads"] > 20
    assert timings["trails"] > 20


def test_words_refer_as_often_as_the_model_says():
    # Many looks of one session: the share that refers must match the mean probability.
    named = [one.named for _, _, spoken in speech_of(5, 1500) for one in spoken if one.named]
    refers = np.array([one.refers for one in named])
    chances = np.array([one.p_refers for one in named])
    z = (refers.sum() - chances.sum()) / np.sqrt((chances * (1 - chances)).sum())
    assert abs(z) < 4
    low, high = chances < np.quantile(chances, 0.25), chances > np.quantile(chances, 0.75)
    assert refers[high].mean() - refers[low].mean() > 0.5 * (
        chances[high].mean() - chances[low].mean()
    )


def test_a_session_of_strong_agreement_refers_more():
    weak, strong = (
        np.mean(
            [
                one.named.refers
                for _, _, spoken in speech_of(6, 200, replace(SESSION, agreement=agreement))
                for one in spoken
                if one.named
            ]
        )
        for agreement in (-1.5, 1.5)
    )
    assert strong - weak > 0.3


def test_a_scene_of_one_look_has_no_word_that_leads_or_trails():
    looks = [Look(0.0, 400.0, "ball")]
    rng = np.random.default_rng(0)
    spoken = draw_speech(rng, 1, SESSION, looks, ["ball", "cup"], ["ball", "cup", "dog"])
    timings = {one.named.timing for one in spoken if one.named and one.named.refers}
    assert timings == {"with"}


def test_every_sentence_is_whole_and_other_sentences_name_no_kind():
    rng = np.random.default_rng(0)
    for speaker in SPEAKERS:
        for kind in KIND_NAMES:
            for _ in range(30):
                text = naming_sentence(rng, speaker, kind)
                assert "{" not in text
                assert text == text.lower().strip()
        others = {other_sentence(rng, speaker) for _ in range(300)}
        assert not {word for text in others for word in text.split()} & set(KIND_NAMES)


def test_plural_kinds_have_their_verb_form():
    rng = np.random.default_rng(0)
    said = {naming_sentence(rng, "female_adult", "pants") for _ in range(400)}
    assert "where are the pants" in said
    assert "these are some pants" in said
    assert not {text for text in said if " is " in f" {text} "}


def test_the_chance_of_the_named_word_is_recorded():
    for _, _, spoken in speech_of(8, 20):
        for one in spoken:
            if one.named:
                assert one.named.p_refers == refer_probability(
                    1, SESSION, one.speaker, one.named.kind
                )
