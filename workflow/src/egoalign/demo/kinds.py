"""The kinds of objects that the demo scenes show, all words of early vocabularies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of object and the words that speech about it needs.

    Attributes
    ----------
    name, plural : str
        The noun in its two numbers.
    verbs : tuple of str
        What one does with such a thing, or what it does, in the base form.
    article : str
        The indefinite article, or ``"some"`` for a noun with no singular.
    """

    name: str
    plural: str
    verbs: tuple[str, ...]
    article: str = "a"


KINDS: tuple[Kind, ...] = (
    Kind("apple", "apples", ("eat", "bite", "wash"), "an"),
    Kind("ball", "balls", ("throw", "kick", "roll")),
    Kind("balloon", "balloons", ("hold", "blow up", "pop")),
    Kind("banana", "bananas", ("eat", "peel", "mash")),
    Kind("bear", "bears", ("hug", "hold", "carry")),
    Kind("bed", "beds", ("make", "climb on", "jump on")),
    Kind("bird", "birds", ("watch", "feed", "follow")),
    Kind("block", "blocks", ("stack", "drop", "build with")),
    Kind("boat", "boats", ("float", "push", "sail")),
    Kind("book", "books", ("read", "open", "close")),
    Kind("bottle", "bottles", ("drink from", "shake", "fill")),
    Kind("butterfly", "butterflies", ("watch", "catch", "follow")),
    Kind("car", "cars", ("drive", "push", "park")),
    Kind("carrot", "carrots", ("eat", "wash", "bite")),
    Kind("cat", "cats", ("pet", "feed", "follow")),
    Kind("chair", "chairs", ("sit on", "move", "climb on")),
    Kind("clock", "clocks", ("hear", "wind", "watch")),
    Kind("cup", "cups", ("drink from", "fill", "hold")),
    Kind("dog", "dogs", ("pet", "feed", "walk")),
    Kind("duck", "ducks", ("feed", "watch", "splash")),
    Kind("fish", "fish", ("feed", "watch", "catch")),
    Kind("flower", "flowers", ("smell", "pick", "water")),
    Kind("fork", "forks", ("use", "hold", "wash")),
    Kind("hat", "hats", ("wear", "put on", "take off")),
    Kind("key", "keys", ("turn", "hold", "find")),
    Kind("lamp", "lamps", ("turn on", "turn off", "move")),
    Kind("pants", "pants", ("wear", "put on", "fold"), "some"),
    Kind("rabbit", "rabbits", ("pet", "feed", "follow")),
    Kind("shirt", "shirts", ("wear", "put on", "fold")),
    Kind("shoe", "shoes", ("put on", "tie", "take off")),
    Kind("sock", "socks", ("put on", "pull off", "find")),
    Kind("spoon", "spoons", ("use", "hold", "lick")),
    Kind("star", "stars", ("count", "draw", "see")),
    Kind("tree", "trees", ("climb", "water", "draw")),
    Kind("turtle", "turtles", ("feed", "watch", "follow")),
    Kind("umbrella", "umbrellas", ("open", "close", "carry"), "an"),
)

KIND_NAMES: tuple[str, ...] = tuple(kind.name for kind in KINDS)

PHOTO_KINDS: tuple[Kind, ...] = (
    Kind("airplane", "airplanes", ("fly", "watch", "hold"), "an"),
    Kind("bus", "buses", ("ride", "drive", "watch")),
    Kind("chicken", "chickens", ("feed", "watch", "follow")),
    Kind("corn", "corns", ("eat", "wash", "bite")),
    Kind("cow", "cows", ("pet", "feed", "watch")),
    Kind("deer", "deer", ("feed", "watch", "follow")),
    Kind("doll", "dolls", ("hug", "hold", "carry")),
    Kind("drum", "drums", ("play", "hit", "hear")),
    Kind("elephant", "elephants", ("feed", "watch", "wash"), "an"),
    Kind("frog", "frogs", ("watch", "catch", "follow")),
    Kind("giraffe", "giraffes", ("feed", "watch", "draw")),
    Kind("goat", "goats", ("pet", "feed", "follow")),
    Kind("goose", "geese", ("feed", "watch", "follow")),
    Kind("grape", "grapes", ("eat", "wash", "count")),
    Kind("guitar", "guitars", ("play", "hold", "hear")),
    Kind("hammer", "hammers", ("use", "hold", "swing")),
    Kind("horse", "horses", ("ride", "feed", "pet")),
    Kind("kangaroo", "kangaroos", ("feed", "watch", "follow")),
    Kind("lemon", "lemons", ("wash", "cut", "smell")),
    Kind("lion", "lions", ("hear", "watch", "draw")),
    Kind("monkey", "monkeys", ("feed", "watch", "follow")),
    Kind("mouse", "mice", ("feed", "catch", "follow")),
    Kind("mushroom", "mushrooms", ("pick", "cut", "wash")),
    Kind("orange", "oranges", ("eat", "peel", "roll"), "an"),
    Kind("owl", "owls", ("hear", "watch", "draw"), "an"),
    Kind("penguin", "penguins", ("feed", "watch", "follow")),
    Kind("pig", "pigs", ("pet", "feed", "follow")),
    Kind("pineapple", "pineapples", ("eat", "cut", "smell")),
    Kind("sheep", "sheep", ("pet", "feed", "count")),
    Kind("squirrel", "squirrels", ("feed", "watch", "follow")),
    Kind("strawberry", "strawberries", ("eat", "wash", "pick")),
    Kind("tiger", "tigers", ("hear", "watch", "draw")),
    Kind("tomato", "tomatoes", ("eat", "wash", "cut")),
    Kind("train", "trains", ("ride", "push", "hear")),
    Kind("truck", "trucks", ("drive", "push", "load")),
    Kind("trumpet", "trumpets", ("play", "hold", "hear")),
    Kind("violin", "violins", ("play", "hold", "hear")),
    Kind("zebra", "zebras", ("feed", "watch", "draw")),
)
"""Kinds that only the photographs show."""


def kind_named(name: str) -> Kind:
    """Return the kind of a name, drawn or photographed.

    Raises
    ------
    KeyError
        No source has such a kind.
    """
    return {kind.name: kind for kind in (*KINDS, *PHOTO_KINDS)}[name]
