"""Sentences of a cell, and the time shared out among them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.transcripts.sentences import sentences, shared_out
from egoalign.transcripts.text import count_words


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Where is it? There! 3 of them.", ["Where is it?", "There!", "3 of them."]),
        ("well ... no. Yes!", ["well ... no.", "Yes!"]),
        ('"Boo!" She laughed.', ['"Boo!"', "She laughed."]),
        ("[Dad laughs. Door shuts.] Hello.", ["[Dad laughs. Door shuts.]", "Hello."]),
        ("Look (at it. Now). Go on.", ["Look (at it. Now).", "Go on."]),
        ("*inaudible* Hi. You?", ["*inaudible* Hi.", "You?"]),
        ("*sings. More* Bye.", ["*sings. More* Bye."]),
        ("... Hm? Oh", ["... Hm?", "Oh"]),
        ("Oh! ?", ["Oh! ?"]),
        ("no marks at all", ["no marks at all"]),
        ("", [""]),
    ],
)
def test_where_sentences_end(text, parts):
    assert sentences(text) == parts


@given(st.text(st.sampled_from("ab A.?! ()[]*\"'…"), max_size=40))
def test_nothing_of_a_text_is_lost(text):
    parts = sentences(text)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert len(parts) == 1 or all(count_words(part) for part in parts)


def test_time_is_shared_out_by_words():
    assert shared_out(["one", "two words", "a b c d e"], 8.0, 16.0) == [
        (8.0, 9.0),
        (9.0, 11.0),
        (11.0, 16.0),
    ]


@pytest.mark.parametrize("stretch", [(None, 2.0), (1.0, None), (3.0, 2.0)])
def test_without_a_stretch_nothing_is_shared_out(stretch):
    assert shared_out(["a", "b"], *stretch) == [stretch, stretch]
