"""Lemma and part of speech: what the tagger finds, how tags are mapped, and what is refused."""

from __future__ import annotations

import gzip
import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from egoalign.log import UserError
from egoalign.transcripts.tagger import (
    UNIVERSAL,
    Tagger,
    known_language,
    read_model,
    tagger_of,
    universal,
)

SPOKEN = """
look at the ball | look/VERB ball/NOUN
where's your red cup | red/ADJ cup/NOUN
the doggy is running fast | doggy/NOUN run/VERB
do you want some more milk | want/VERB milk/NOUN
let's put the blocks in the box | let/VERB put/VERB block/NOUN box/NOUN
don't throw the spoon | throw/VERB spoon/NOUN
can you see the birdies | see/VERB birdie/NOUN
that's a big truck | big/ADJ truck/NOUN
she's eating the banana | eat/VERB banana/NOUN
give daddy a kiss | give/VERB daddy/NOUN kiss/NOUN
you dropped your sock | drop/VERB sock/NOUN
open your mouth | open/VERB mouth/NOUN
we read the book yesterday | read/VERB book/NOUN
oh no the tower fell down | tower/NOUN fall/VERB
are you tired sweetie | tired/ADJ sweetie/NOUN
wash your hands please | wash/VERB hand/NOUN
the cats are sleeping on the bed | cat/NOUN sleep/VERB bed/NOUN
drink your juice | drink/VERB juice/NOUN
pat the puppy | pat/VERB puppy/NOUN
a little yellow duck | little/ADJ yellow/ADJ duck/NOUN
shoes on your feet | shoe/NOUN foot/NOUN
push the car down the slide | push/VERB car/NOUN slide/NOUN
two teddies are dancing | teddy/NOUN dance/VERB
it is hot be careful | hot/ADJ careful/ADJ
We gonna wash your feet | wash/VERB foot/NOUN
I'm holding the puppy | hold/VERB puppy/NOUN
what a clever girl | clever/ADJ girl/NOUN
it tickles | tickle/VERB
kick the ball | kick/VERB ball/NOUN
Ball | ball/NOUN
the baby's crying | baby/NOUN cry/VERB
brush brush brush your teeth | brush/VERB brush/VERB brush/VERB tooth/NOUN
yummy yummy carrots | yummy/ADJ yummy/ADJ carrot/NOUN
won't you come here | come/VERB
there goes the choo choo train | go/VERB train/NOUN
is that a horsie | horsie/NOUN
peekaboo where did baby go | baby/NOUN go/VERB
you're hungry aren't you | hungry/ADJ
turn the page | turn/VERB page/NOUN
the wheels on the bus go round and round | wheel/NOUN bus/NOUN go/VERB
"""
"""Sentences as adults say them to infants, with their content words as we analyse them."""


def test_content_words_of_speech_to_infants_are_found() -> None:
    tagger = tagger_of("en")
    found, expected = Counter(), Counter()
    for number, line in enumerate(SPOKEN.strip().splitlines()):
        said, words = line.split(" | ")
        expected.update((number, word) for word in words.split())
        for analysis in tagger.analyse(said.split()):
            if analysis.part_of_speech in ("NOUN", "VERB", "ADJ"):
                found[number, f"{analysis.lemma}/{analysis.part_of_speech}"] += 1
    right = sum((found & expected).values())
    assert right / sum(found.values()) > 0.9
    assert right / sum(expected.values()) > 0.9


@pytest.mark.parametrize(
    ("tokens", "parts"),
    [
        (["that's"], [("that", "DET")]),
        (["don’t", "go"], [("do", "AUX"), ("go", "VERB")]),
        (["can't", "see"], [("can", "AUX"), ("see", "VERB")]),
        (["mommy's", "shoes"], [("Mommy", "PROPN"), ("shoe", "NOUN")]),
        (["gonna", "wash"], [("will", "AUX"), ("wash", "VERB")]),
        ([], []),
    ],
)
def test_a_contraction_is_taken_for_its_first_part(tokens: list, parts: list) -> None:
    found = tagger_of("en").analyse(tokens)
    assert [(word.lemma, word.part_of_speech) for word in found] == parts


def test_german_has_a_tagger_that_keeps_the_nouns_capital() -> None:
    found = tagger_of("deu").analyse(["schau", "mal", "der", "Hund", "hat", "den", "roten", "Ball"])
    assert [(word.lemma, word.part_of_speech) for word in found if len(word.lemma) > 3] == [
        ("schauen", "VERB"),
        ("Hund", "NOUN"),
        ("haben", "AUX"),
        ("Ball", "NOUN"),
    ]


@pytest.mark.full
def test_dutch_has_a_tagger() -> None:
    found = tagger_of("Dutch").analyse(["kijk", "eens", "de", "hond", "heeft", "de", "rode", "bal"])
    assert [f"{word.lemma}/{word.part_of_speech}" for word in found] == [
        "kijken/VERB",
        "eens/ADV",
        "de/DET",
        "hond/NOUN",
        "hebben/AUX",
        "de/DET",
        "rood/ADJ",
        "bal/NOUN",
    ]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *(("en", "en"), ("eng", "en"), ("English", "en"), ("en-GB", "en"), ("EN_us ", "en")),
        *(("ger", "de"), ("Deutsch", "de"), ("nld", "nl")),
        *(("spa", None), ("", None), ("engels", None)),
    ],
)
def test_languages_are_known_by_their_names(name: str, known: str | None) -> None:
    assert known_language(name) == known
    if known is None:
        assert tagger_of(name) is None


@pytest.mark.parametrize(
    ("tag", "part"),
    [
        *(("NOUN", "NOUN"), ("PROPN", "PROPN"), ("X", "X")),
        *(("n", "NOUN"), ("n:prop", "PROPN"), ("n:gerund", "NOUN"), ("n:pt", "NOUN")),
        *(("v", "VERB"), ("part", "VERB"), ("cop", "AUX"), ("mod:aux", "AUX"), ("aux", "AUX")),
        *(("adj", "ADJ"), ("adv:int", "ADV"), ("pro:dem~cop", "PRON"), ("n~poss", "NOUN")),
        *(("det:art", "DET"), ("co", "INTJ"), ("comp", "SCONJ"), ("num", "NUM")),
        *(("noun", "NOUN"), ("verb", "VERB"), ("propn", "PROPN"), ("nonsense", "X")),
        *(("NN", "NOUN"), ("NNS", "NOUN"), ("NNP", "PROPN"), ("VBZ", "VERB"), ("JJR", "ADJ")),
        *(("MD", "AUX"), ("IN", "ADP"), ("WP", "PRON"), ("v n", "VERB"), ("", "X")),
    ],
)
def test_the_sources_tags_become_universal_ones(tag: str, part: str) -> None:
    assert universal(tag) == part
    assert part in UNIVERSAL


def test_every_tag_of_the_english_model_but_rests_is_mapped() -> None:
    tagger = Tagger("en")
    tags = {tag for tag in tagger._tagger.int2tag.values() if len(tag) == 3 and tag.isupper()}
    parts = {tag: tagger._analysis("word", tag).part_of_speech for tag in tags}
    assert len(tags) > 50
    assert {tag for tag, part in parts.items() if part == "X"} <= {"UNC", "ZZ0", "END"}
    assert parts["VDB"] == parts["VHZ"] == parts["VM0"] == "AUX"


def test_a_model_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Bad:
        def __reduce__(self):
            return os.system, ("true",)

    path = tmp_path / "model.pgz"
    with gzip.open(path, "wb") as file:
        pickle.dump(Bad(), file)
    with pytest.raises(pickle.UnpicklingError, match=r"system is no part of a tagger's model"):
        read_model(path)


def test_without_the_package_the_message_says_what_to_do(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "HanTa.HanoverTagger", None)
    with pytest.raises(UserError) as error:
        Tagger("en")
    assert str(error.value) == (
        "the package HanTa, which tags words, is not installed; make the environment again, or "
        "set align.words.score: false"
    )


def test_nothing_loads_the_tagger_before_words_need_it() -> None:
    code = (
        "import sys\n"
        "from egoalign.cli import build_parser\n"
        "build_parser()\n"
        "import egoalign.corpus.ingest\n"
        "from egoalign.transcripts.content_words import content_words\n"
        "word = {'utterance_id': 'u', 'word_no': 0, 'token': 'ball', 'lemma': 'ball',\n"
        "        'part_of_speech': 'n', 'start_s': None, 'end_s': None}\n"
        "said = {'utterance_id': 'u', 'text_encoded': 'ball', 'flags': None, 'language': None,\n"
        "        'start_s': 0.0, 'end_s': 1.0}\n"
        "assert content_words([said], [word], 'en')\n"
        "assert not any(name.startswith('HanTa') for name in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
