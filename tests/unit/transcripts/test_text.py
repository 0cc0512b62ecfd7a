"""Text as encoded: what each rule takes out, and what it must leave."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.read import parse_transcript
from egoalign.transcripts.text import (
    ALL_RULES,
    blanks,
    codes,
    count_words,
    encoded,
    fillers,
    inaudible,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("e\u0301te\u0301", "\u00e9t\u00e9"),
        ("a\u200bb\tc\x00d\ufeff", "ab c d"),
        ("  a \u00a0 b\u3000c ", "a b c"),
        ("... ?!", ""),
        ("4?", "4?"),
        ("\u732b", "\u732b"),
    ],
)
def test_blanks(before, after):
    assert blanks(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(laughs) look", "look"),
        ("she said (quietly) no", "she said no"),
        ("(door closes)", ""),
        ("look [noise], a kettle [noise].", "look, a kettle."),
        ("[bell], look at [the [big]] kettle", "look at kettle"),
        ("look[bell]here", "look here"),
        ("toy(s) here", "toys here"),
        ("(be)cause", "because"),
        ("<i>look</i> <c.yellow>here</c> <00:00:01.000>now", "look here now"),
        ("{\\an8}look", "look"),
        ("<noise> yes <unk>", "yes"),
        ("<look at that> [=! sings]", "look at that"),
        ("&=laughs yes &-um no", "yes no"),
        ("\u266a la la \u266a", "la la"),
        ("3 < 4 and 5 > 2", "3 < 4 and 5 > 2"),
        ("R&B and M&Ms", "R&B and M&Ms"),
        ("I <3 you", "I <3 you"),
        ("1) one 2) two :)", "1) one 2) two :)"),
        ("a [b", "a [b"),
        ("*look* at this", "*look* at this"),
        ("... look", "... look"),
    ],
)
def test_codes_of_formats_other_than_chat(before, after):
    assert codes(before, "csv") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("look , a kettle . [+ id] \x151200_2450\x15", "look, a kettle."),
        ("the [/] the kettle .", "the kettle."),
        ("the &-uh [/] (.) the kettle .", "the kettle."),
        ("<the kettle> [//] the lamp is here .", "the lamp is here."),
        ("<I want> [/-] look !", "look!"),
        ("<<the big> [/] the dog> [?] barks [=! loud] +...", "the dog barks."),
        ("I wanna [: want to] go .", "I want to go."),
        ("<a b c> [: alphabet] .", "alphabet."),
        ("goed [: went] [*] home .", "went home."),
        ("piece [:: peace] .", "piece."),
        ("(be)cause it (i)s .", "because it is."),
        ("he 0is big .", "he big."),
        ("0 [=! crying]", ""),
        ("look (.) there (1.5) (2:03.5) !", "look there!"),
        ("choo+choo train and Mr_Bear .", "choo choo train and Mr Bear."),
        ("woof@o dog@s:deu b@l .", "woof dog b."),
        ("&=laughs look &+fr at &~ga &*MOT:yes it .", "look at it."),
        ("did you +/?", "did you?"),
        ("and then +//.", "and then."),
        ("+< yes .", "yes."),
        ('+" come here .', "come here."),
        ("\u2021 Mama \u2021 look \u201e right ?", "Mama, look, right?"),
        ("no: ba:by \u2191look\u2193", "no baby look"),
        ("\u2308 hi \u2309 there \u23082 you\u23092", "hi there you"),
        ("<look at> [>1] that [= the lamp] [!!] .", "look at that."),
        ("mommy's kettle isn't here .", "mommy's kettle isn't here."),
        ("xxx look", "xxx look"),
    ],
)
@pytest.mark.parametrize("source_format", ["chat", "chat_text"])
def test_codes_of_chat(before, after, source_format):
    assert codes(before, source_format) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*inaudible* look", "look"),
        ("look, [inaudible 00:12] here", "look, here"),
        ("(unintelligible)", ""),
        ("<unk> [??] (unclear speech)", ""),
        ("look xxx there yyy www .", "look there."),
        ("XXX", ""),
        ("??? look", "look"),
        ("what?", "what?"),
        ("an unclear thing", "an unclear thing"),
        ("go to www.kettles.example", "go to www.kettles.example"),
        ("size XXL", "size XXL"),
        ("[unkempt] hair", "[unkempt] hair"),
    ],
)
def test_inaudible(before, after):
    assert inaudible(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("um, look", "look"),
        ("look, um, a lamp", "look, a lamp"),
        ("look, um.", "look."),
        ("Hmm? a lamp", "a lamp"),
        ("Yes!! Um? No.", "Yes!! No."),
        ("look... uh... there", "look... there"),
        ("um um uh", ""),
        ("Mmm, erm, er, hm", ""),
        ("uh-huh", "uh-huh"),
        ("uh huh", "uh huh"),
        ("uh oh!", "uh oh!"),
        ("mhm", "mhm"),
        ("5 mm wide", "5 mm wide"),
        ("umbrella, hummus, her", "umbrella, hummus, her"),
        ("to the ER", "to the ER"),
        ("oh, ah, wow", "oh, ah, wow"),
    ],
)
def test_fillers(before, after):
    assert fillers(before) == after


@pytest.mark.parametrize(
    ("language", "after"), [(None, "ist da"), ("en-US", "ist da"), ("deu", "er ist da")]
)
def test_fillers_are_english(language, after):
    assert fillers("er ist da", language) == after


def test_only_the_rules_that_are_named_apply_and_blanks_always():
    text = " um,  [bell] xxx  lamp "
    assert encoded(text) == "lamp"
    assert encoded(text, []) == "um, [bell] xxx lamp"
    assert encoded(text, ["codes"]) == "um, xxx lamp"
    assert encoded(text, ["inaudible"]) == "um, [bell] lamp"
    assert encoded(text, ["fillers", "blanks"]) == "[bell] xxx lamp"


def test_text_as_read_stays_and_ids_follow_the_text_as_encoded():
    text = "start_time,end_time,text\n0,1,lamp (points)\n1,2,um lamp\n2,3,xxx\n"
    rows = parse_transcript(text, "t.csv", TranscriptsOptions()).utterances
    columns = ("text", "text_encoded", "text_id", "n_words", "flags")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("lamp (points)", "lamp", "t00000", 1, None),
        ("um lamp", "lamp", "t00000", 1, None),
        ("xxx", "", "t00001", 0, "no_text"),
    ]
    options = TranscriptsOptions(text_rules=["codes"])
    rows = parse_transcript(text, "t.csv", options).utterances
    assert [row["text_encoded"] for row in rows] == ["lamp", "um lamp", "xxx"]


marked = st.text(st.sampled_from("ab 0,.?:;*&=+-@/<>[](){}x\x15_um\u2191"), max_size=40)


@given(st.text() | marked, st.sampled_from(["csv", "chat"]))
def test_any_text_becomes_one_line_of_words_or_nothing(text, source_format):
    once = encoded(text, ALL_RULES, source_format)
    assert blanks(once) == once
    assert (once == "") == (count_words(once) == 0)


@given(st.lists(st.sampled_from(["look", "a", "lamp", "kettle's", "two"]), max_size=9))
def test_plain_words_are_never_touched(words):
    text = " ".join(words)
    assert encoded(text, ALL_RULES, "csv") == encoded(text, ALL_RULES, "chat") == text


@pytest.mark.parametrize("mark", ["<", "[", "(", "*", "x", " ", ", ", "um ", "<a ", "&-", "\u21ab"])
@pytest.mark.parametrize("source_format", ["csv", "chat"])
def test_a_long_text_takes_no_longer_than_its_length(mark, source_format):
    before = time.process_time()
    encoded(mark * 20_000, ALL_RULES, source_format)
    assert time.process_time() - before < 2


def test_words_are_parts_with_a_letter_or_digit():
    assert count_words("look - at the bear's 2 ears !") == 6
