"""Text as encoded: each rule, and all in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.transcripts.text import ENCODING_RULES, count_words, encoded


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("compose", "e\u0301te\u0301", "\u00e9t\u00e9"),
        ("drop_invisible", "a\u200bb\tc\x00d\ufeff", "ab c d"),
        ("collapse_blanks", "  a \u00a0 b\u3000c ", "a b c"),
        ("drop_wordless", "... ?!", ""),
        ("drop_wordless", "4?", "4?"),
        ("drop_wordless", "\u732b", "\u732b"),
    ],
)
def test_each_rule(rule, before, after):
    assert ENCODING_RULES[rule](before) == after


@given(st.text())
def test_encoding_twice_changes_nothing(text):
    once = encoded(text)
    assert encoded(once) == once
    assert (once == "") == (count_words(once) == 0)


def test_words_are_parts_with_a_letter_or_digit():
    assert count_words("look - at the bear's 2 ears !") == 6
