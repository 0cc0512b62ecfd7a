"""CHAT: headers, continuation, bullets, languages, and words from %mor."""

from __future__ import annotations

import pytest
from hypothesis import given

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.chat import read_chat
from egoalign.transcripts.chat_words import words_of
from egoalign.transcripts.segments import TranscriptError
from tests.unit.transcripts.damage import damaged, one_letter_wrong, read_or_refuse

OPTIONS = TranscriptsOptions()
CHAT = (
    "@UTF8\n"
    "@Begin\n"
    "@Languages:\teng, spa\n"
    "@Participants:\tKIM Kim Target_Child, MOT Mother,\n"
    "\tBEN Ben Brother, OLD\n"
    "@ID:\teng|made_up|KIM|1;06.||||Target_Child|||\n"
    "@ID:\teng|made_up|OLD|||||Grandmother|||\n"
    "@Media:\tmade_up, video\n"
    "@G:\tbreakfast\n"
    "*MOT:\tlook , a (.) red ball [* s:r]\n"
    "\ton the &-um table . [+ id] \x151200_2450\x15\n"
    "%mor:\tco|look cm|cm det:art|a adj|red n|ball\n"
    "\tprep|on det:art|the n|table .\n"
    "%act:\tpoints \x151300_1400\x15\n"
    "*KIM:\tyyy ba@b [= ball] +... \x152450_2600\x15 \x152700_2900\x15\n"
    "*BEN:\t[- spa] mira <la la> [/] la pelota !\n"
    "@Comment:\ta pause\n"
    "*OLD:\t0 . \x153661000_3662500\x15\n"
    "*NEW:\t\x154000000_4000500\x15\n"
    "@End\n"
)


def fault(text: str) -> str:
    with pytest.raises(TranscriptError) as caught:
        read_chat(text, "a.cha", OPTIONS)
    return str(caught.value)


def test_every_main_tier_is_an_utterance_with_its_codes_and_without_its_bullets():
    found = read_chat(CHAT, "a.cha", OPTIONS)
    assert [(s.line, s.speaker, s.speaker_role, s.language) for s in found] == [
        (10, "MOT", "Mother", "eng"),
        (15, "KIM", "Target_Child", "eng"),
        (16, "BEN", "Brother", "spa"),
        (18, "OLD", "Grandmother", "eng"),
        (19, "NEW", None, "eng"),
    ]
    assert [s.text for s in found] == [
        "look , a (.) red ball [* s:r] on the &-um table . [+ id]",
        "yyy ba@b [= ball] +...",
        "[- spa] mira <la la> [/] la pelota !",
        "0 .",
        "",
    ]
    assert [(s.start_s, s.end_s) for s in found] == [
        (1.2, 2.45),
        (2.45, 2.9),
        (None, None),
        (3661.0, 3662.5),
        (4000.0, 4000.5),
    ]


def test_words_come_with_mor_and_only_there():
    first, *others = read_chat(CHAT, "a.cha", OPTIONS)
    assert [(w.token, w.lemma, w.part_of_speech) for w in first.words] == [
        ("look", "look", "co"),
        ("a", "a", "det:art"),
        ("red", "red", "adj"),
        ("ball", "ball", "n"),
        ("on", "on", "prep"),
        ("the", "the", "det:art"),
        ("&-um", None, None),
        ("table", "table", "n"),
    ]
    assert all(other.words == () for other in others)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n\n"])
def test_line_ends_change_nothing_but_line_numbers(end):
    def without_lines(text):
        return [
            (s.start_s, s.end_s, s.text, s.speaker, s.words)
            for s in read_chat(text, "a.cha", OPTIONS)
        ]

    assert without_lines(CHAT.replace("\n", end)) == without_lines(CHAT)


@pytest.mark.parametrize(
    ("bullet", "times"),
    [
        ("\x150_1073\x15", (0.0, 1.073)),
        ('\x15%snd:"made up"_10_1073\x15', (0.01, 1.073)),
        ('\x15%mov:"made_up.mov"_10_1073\x15', (0.01, 1.073)),
        ("\x15500_900-\x15", (0.5, 0.9)),
        ("•500_900•", (0.5, 0.9)),
        ('\x15%pic:"made_up.jpg"\x15', (None, None)),
        ("\x15500_900\x15 \x15900_1000\x15\x151000_1500\x15", (0.5, 1.5)),
    ],
)
def test_bullets_of_every_kind(bullet, times):
    (found,) = read_chat(f"*MOT:\tone ball . {bullet}\n@End", "a.cha", OPTIONS)
    assert (found.start_s, found.end_s) == times
    assert found.text == "one ball ."


def test_a_bullet_inside_the_text_leaves_its_words_apart():
    (found,) = read_chat(
        "*MOT:\tone \x150_500\x15 ball,\x15500_800\x15two .\n@End", "a.cha", OPTIONS
    )
    assert found.text == "one ball, two ."
    assert (found.start_s, found.end_s) == (0.0, 0.8)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("*KIM:", "*KIM", "a.cha, line 15: a tier without a colon"),
        ("%act:", "%act", "a.cha, line 14: a tier without a colon"),
        ("*KIM:", "KIM:", "a.cha, line 15: neither a tier, a header nor a continuation"),
        ("2600\x15", "x\x15", "a.cha, line 15: a bullet without start and end"),
        ("2450\x15", "2450", "a.cha, line 10: a bullet without start and end"),
        ("2450\x15", f"{'9' * 5000}\x15", "a.cha, line 10: a bullet without start and end"),
        ("@End\n", "@End\n*KIM:\tba .\n", "a.cha, line 21: text behind @End"),
        ("@UTF8\n", "\tball\n", "a.cha, line 1: neither a tier"),
    ],
)
def test_what_is_malformed_is_said_with_its_line(old, new, message):
    assert old in CHAT
    assert fault(CHAT.replace(old, new, 1)).startswith(message)


def test_a_file_without_its_end_is_read_with_a_warning(caplog):
    found = read_chat(CHAT.removesuffix("@End\n"), "a.cha", OPTIONS)
    assert len(found) == 5
    assert "a.cha: no @End" in caplog.text


@pytest.mark.parametrize(
    ("text", "mor", "lemmas"),
    [
        ("it's here .", "pro|it~cop|be&3S adv|here .", ["it~be", "here"]),
        ("l'eau froide .", "det:art|le$n|eau adj|froid .", ["le~eau", "froid"]),
        ("I went .", "pro:sub|I v|go&PAST .", ["I", "go"]),
        ("it's mine .", "pron|it-Prs-Nom-S3~aux|be-Fin-Ind-S3 pron|mine .", ["it~be", "mine"]),
        ("untied balls", "un#v|tie-PAST n|ball-PL", ["untie", "ball"]),
        ("a ball+room", "det|a n|+n|ball+n|room", ["a", "ballroom"]),
        ("el perro", "det|el n|perro=dog", ["el", "perro"]),
        ("I gonna [: going to] go .", "pro|I part|go-PRESP inf|to v|go .", ["I", "go to", "go"]),
        ("wanna [:: want to] go", "v|wanna v|go", ["wanna", "go"]),
        ("<two two> [/] two cups .", "det:num|two n|cup-PL .", [None, None, "two", "cup"]),
        ("<a <b> [/] b> [//] c .", "n|c .", [None, None, None, "c"]),
        ("<the ball> [?] [>] fell", "det|the n|ball v|fall&PAST", ["the", "ball", "fall"]),
        ("oh [e] hi [!] [x 3] .", "co|hi .", [None, "hi"]),
        ("&-uh &+ba &~gu hi &=laughs &*KIM:mhm (1.5) .", "co|hi .", [None, None, None, "hi"]),
        ("0is xxx yyy www hi 0 .", "co|hi .", ["hi"]),
        ("hi ‡ Kim „ no ?", "co|hi beg|beg n:prop|Kim end|end co|no ?", ["hi", "Kim", "no"]),
        ("“hi” , she .", "bq|bq co|hi eq|eq cm|cm pro|she .", ["hi", "she"]),
        ('+" hi +"/.', 'co|hi +"/.', ["hi"]),
        ("+< hi +...", "co|hi +...", ["hi"]),
        ("saw it", "n|saw^v|see&PAST pro|it", [None, "it"]),
        ("look, there!", "v|look cm|cm adv|there !", ["look", "there"]),
    ],
)
def test_mor_is_about_the_words_that_chat_says(text, mor, lemmas):
    words, fits = words_of(text, mor)
    assert fits
    assert [word.lemma for word in words] == lemmas


def test_mor_that_does_not_fit_gives_no_lemma_to_any_word_and_is_flagged():
    (found,) = read_chat("*MOT:\ta red ball .\n%mor:\tdet|a n|ball .\n@End", "a.cha", OPTIONS)
    assert [(w.token, w.lemma, w.part_of_speech) for w in found.words] == [
        ("a", None, None),
        ("red", None, None),
        ("ball", None, None),
    ]
    assert found.flags == ("mor_does_not_fit",)


def test_one_wrong_letter_loses_no_utterance():
    for text in one_letter_wrong(CHAT):
        found = read_or_refuse(read_chat, text)
        assert found is None or len(found) == 5


@given(damaged(CHAT))
def test_a_damaged_file_is_read_or_refused(text):
    read_or_refuse(read_chat, text)
