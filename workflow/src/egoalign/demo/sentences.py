"""What is said in the demo corpus: sentences that name an object, and others."""

from __future__ import annotations

import numpy as np

from egoalign.demo.kinds import kind_named

# {noun} stands with its determiner left to the sentence; {a} is the noun with its article, {this}
# is "this" or "these", {is} is "is" or "are", {it} is "it" or "them".
_ADULT = (
    "{noun}",
    "{a}",
    "the {noun}",
    "look at the {noun}",
    "oh look {a}",
    "{this} {is} {a}",
    "where {is} the {noun}",
    "there {is} the {noun}",
    "here {is} your {noun}",
    "can you see the {noun}",
    "what a lovely {noun} we have",
    "do you want to {verb} the {noun}",
    "you can {verb} the {noun} now",
    "let us {verb} the {noun}",
    "who left the {noun} over there on the floor",
    "shall we {verb} the {noun} before grandma comes home",
    "give me the {noun} please",
    "do you like {plural}",
    "is the {noun} yours or mine",
)
_CHILD = (
    "{noun}",
    "{noun}",
    "{a}",
    "my {noun}",
    "want {noun}",
    "see {noun}",
    "{noun} there",
    "me {verb} the {noun}",
    "that my {noun}",
)
_ADULT_OTHER = (
    "yeah",
    "okay",
    "come on",
    "well done",
    "oh no",
    "all right then",
    "are you tired",
    "wait a minute",
    "what happened",
    "say thank you",
    "not so loud please",
    "that was funny",
    "we will go outside later",
    "did you sleep well",
    "careful now slowly",
    "what are you doing over there",
    "daddy is coming home very soon",
    "i told you that two times already today",
    "one two three and up we go",
    "it is getting late and we should hurry up",
)
_CHILD_OTHER = (
    "yeah",
    "no",
    "mine",
    "more",
    "again",
    "mama",
    "all done",
    "up up",
    "uh oh",
    "me do it",
    "not that one",
    "go there",
)
_CHILDREN = ("key_child", "other_child")


def naming_sentence(rng: np.random.Generator, speaker: str, kind: str) -> str:
    """Return a sentence of a speaker that names a kind; lower case, without punctuation."""
    words = kind_named(kind)
    many = words.article == "some"
    sentences: tuple[str, ...] = _CHILD if speaker in _CHILDREN else _ADULT
    if many:
        sentences = tuple(one for one in sentences if not one.startswith(("what a", "is the")))
    return str(rng.choice(sentences)).format(
        noun=words.name,
        a=f"{words.article} {words.name}",
        plural=words.plural,
        verb=str(rng.choice(words.verbs)),
        this="these" if many else "this",
        **{"is": "are" if many else "is"},
    )


def other_sentence(rng: np.random.Generator, speaker: str) -> str:
    """Return a sentence of a speaker about nothing in view."""
    return str(rng.choice(_CHILD_OTHER if speaker in _CHILDREN else _ADULT_OTHER))
