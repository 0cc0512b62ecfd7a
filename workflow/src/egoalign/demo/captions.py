"""Captions for training, in the manner of speech to children: naming kinds, or naming nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from egoalign.demo.kinds import Kind

_OPENERS = (
    "oh", "hey", "wow", "look", "and", "so", "okay", "yes", "no", "well", "hmm", "uh oh", "oh my",
    "mommy", "daddy", "baby", "sweetie", "come here", "now", "alright", "hey look", "yay", "see",
    "there you go", "good job",
)  # fmt: skip
_CLOSERS = (
    "please", "now", "right there", "over there", "here", "too", "again", "huh", "right", "okay",
    "baby", "mommy", "daddy", "sweetie", "honey", "with me", "for you", "on the floor",
    "in the room", "yeah", "today", "up there", "do you see", "isn't it", "all done",
)  # fmt: skip
# Colour words are drawn without regard to the picture: the model must not lean on colour.
_ADJECTIVES = (
    "big", "little", "nice", "pretty", "funny", "new", "old", "soft", "good", "silly", "tiny",
    "other", "favorite", "red", "blue", "green", "yellow", "pink", "purple", "orange", "clean",
    "dirty", "small", "cute", "whole",
)  # fmt: skip
_DETERMINERS = ("the", "your", "my", "that", "this", "a", "his", "her", "our", "another")
_PLURAL_DETERMINERS = (
    "the",
    "your",
    "my",
    "those",
    "these",
    "some",
    "two",
    "three",
    "many",
    "all the",
)
_FRAMES = (
    "look at {np}", "where is {np}", "where's {np}", "here is {np}", "here's {np}", "there is {np}",
    "there's {np}", "that's {np}", "this is {np}", "it's {np}", "is that {np}", "is this {np}",
    "is it {np}", "do you see {np}", "can you see {np}", "can you find {np}", "i see {np}",
    "do you want {np}", "you want {np}", "i want {np}", "give me {np}", "get {np}",
    "can you get {np}", "bring me {np}", "what is {np} doing", "what does {np} do", "who has {np}",
    "i like {np}", "you like {np}", "show me {np}", "point to {np}", "let's find {np}",
    "did you see {np}", "did you find {np}", "you found {np}", "you have {np}", "i have {np}",
    "i got {np}", "hold {np}", "take {np}", "put {np} down", "put {np} on the table",
    "put {np} away", "pick up {np}", "what about {np}", "how about {np}", "don't drop {np}",
    "be careful with {np}", "say {np}", "what a {adj} {noun}", "play with {np}",
    "are you playing with {np}", "we need {np}", "want to {verb} {np}", "let's {verb} {np}",
    "can you {verb} {np}", "you can {verb} {np}", "i will {verb} {np}", "don't {verb} {np}",
    "shall we {verb} {np}", "are you going to {verb} {np}", "you {verb} {np}",
    "time to {verb} {np}", "{noun}", "{noun}", "{np}", "{np}", "{noun} {noun}", "more {noun}",
    "bye bye {noun}", "hi {noun}", "hello {noun}", "no {noun}", "my {noun}",
)  # fmt: skip
_PAIR_FRAMES = (
    "{a} and {b}", "look at {a} and {b}", "i see {a} and {b}", "here is {a} and here is {b}",
    "{a} or {b}", "put {a} by {b}", "do you want {a} or {b}", "where is {a} and where is {b}",
    "{a} is next to {b}",
)  # fmt: skip
_NEUTRAL = (
    "yeah", "come on", "are you tired", "okay", "no no no", "what are you doing", "good job",
    "one two three", "uh huh", "mhm", "let's go", "wait a minute", "are you hungry", "i love you",
    "thank you", "what happened", "come here", "sit down", "stop that", "where did it go",
    "all done", "what do you think", "i don't know", "be nice", "say please", "are you ready",
    "it is time to go", "did you have fun", "what did you say", "not now", "that was loud",
    "we are going outside", "how was your day", "you are so silly", "try again", "give me a kiss",
    "ready set go", "don't do that", "i am coming", "hold on", "what is this", "look at that",
    "is that good", "do you want more", "let me see", "here you go", "can you help me",
    "that's right", "very good", "who is it",
)  # fmt: skip


def name_kind(rng: np.random.Generator, kind: Kind) -> str:
    """Make a caption that names one kind."""
    frame = _FRAMES[rng.integers(len(_FRAMES))]
    noun, phrase = _noun_phrase(rng, kind)
    return _dress(
        rng,
        frame.format(np=phrase, noun=noun, adj=_one(rng, _ADJECTIVES), verb=_one(rng, kind.verbs)),
    )


def name_pair(rng: np.random.Generator, first: Kind, second: Kind) -> str:
    """Make a caption that names two kinds."""
    return _dress(
        rng,
        _one(rng, _PAIR_FRAMES).format(
            a=_noun_phrase(rng, first)[1], b=_noun_phrase(rng, second)[1]
        ),
    )


def name_nothing(rng: np.random.Generator) -> str:
    """Make a caption about nothing in particular."""
    return _dress(rng, _one(rng, _NEUTRAL))


def _one(rng: np.random.Generator, options: Sequence[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _noun_phrase(rng: np.random.Generator, kind: Kind) -> tuple[str, str]:
    """Return (noun, noun phrase), in the plural one time in four."""
    plural = rng.random() < 0.25 or kind.article == "some"
    noun = kind.plural if plural else kind.name
    determiner = _one(rng, _PLURAL_DETERMINERS if plural else _DETERMINERS)
    adjective = f"{_one(rng, _ADJECTIVES)} " if rng.random() < 0.3 else ""
    if determiner == "a" and not adjective:
        determiner = kind.article
    return noun, f"{determiner} {adjective}{noun}"


def _dress(rng: np.random.Generator, sentence: str) -> str:
    """Add an opener and a closer at times."""
    opener = f"{_one(rng, _OPENERS)} " if rng.random() < 0.25 else ""
    closer = f" {_one(rng, _CLOSERS)}" if rng.random() < 0.25 else ""
    return f"{opener}{sentence}{closer}"
