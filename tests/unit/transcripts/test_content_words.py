"""Content words of a session: the source's analysis first, then the tagger's, then a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from egoalign.config import TranscriptsOptions
from egoalign.tables import CONTENT_WORDS, OTHER_LANGUAGE, conform
from egoalign.transcripts.content_words import bare_token, content_words
from egoalign.transcripts.read import parse_transcript
from egoalign.transcripts.tagger import Analysis


class Everything:
    """A tagger that calls every word a noun."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def analyse(self, tokens: Sequence[str]) -> list[Analysis]:
        self.asked.append(list(tokens))
        return [Analysis(token.lower(), "NOUN") for token in tokens]


def said(text: str, utterance_id: str = "u0", **more: Any) -> dict[str, Any]:
    row = {"utterance_id": utterance_id, "text_encoded": text, "flags": None, "language": None}
    return row | {"start_s": 1.0, "end_s": 3.0} | more


def word(token: str, number: int = 0, utterance_id: str = "u0", **more: Any) -> dict[str, Any]:
    row = {"utterance_id": utterance_id, "word_no": number, "token": token, "lemma": None}
    return row | {"part_of_speech": None, "start_s": None, "end_s": None} | more


def found(utterances: list, words: list, tagger: Everything | None = None, language: str = "en"):
    rows = content_words(utterances, words, language, lambda _: tagger)
    conform(CONTENT_WORDS, rows)
    return rows


def test_the_sources_analysis_wins_and_the_tagger_gives_the_rest() -> None:
    tagger = Everything()
    words = [
        word("The", 0, lemma="the", part_of_speech="det:art"),
        word("Dogs", 1, lemma="dog", part_of_speech="v"),
        word("run", 2, lemma="run"),
    ]
    rows = found([said("The dogs run")], words, tagger)
    assert tagger.asked == [["The", "Dogs", "run"]]
    columns = ("word_no", "token", "lemma", "part_of_speech", "pos_source", "lemma_id")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (1, "Dogs", "dog", "VERB", "transcript", "w00000"),
        (2, "run", "run", "NOUN", "tagger", "w00001"),
    ]


def test_where_the_source_analyses_all_words_the_tagger_is_not_asked_for() -> None:
    def refuse(language: str) -> None:
        raise AssertionError(language)

    words = [word("ice_creams", lemma="ice_cream", part_of_speech="n")]
    (row,) = content_words([said("ice creams")], words, "en", refuse)
    assert row["lemma"] == "ice cream"
    assert content_words([said("")], [], "en", refuse) == []


def test_words_without_rows_are_the_parts_of_the_encoded_text() -> None:
    tagger = Everything()
    rows = found([said('look, the "Ball" -- (be)cause!')], [], tagger)
    assert tagger.asked == [["look", "the", "Ball", "because"]]
    assert [row["word_no"] for row in rows] == [0, 1, 2, 4]
    assert [row["lemma"] for row in rows] == ["look", "the", "ball", "because"]


def test_times_are_the_words_own_or_the_utterances() -> None:
    words = [word("ball", 0, start_s=1.5, end_s=1.9), word("box", 1, start_s=2.0)]
    rows = found([said("ball box")], words, Everything())
    assert [(row["start_s"], row["end_s"], row["own_time"]) for row in rows] == [
        (1.5, 1.9, True),
        (1.0, 3.0, False),
    ]


def test_a_lemma_keeps_its_number_through_the_session() -> None:
    utterances = [said("ball box", "u0"), said("box", "u1"), said("cup ball", "u2")]
    rows = found(utterances, [], Everything())
    assert [row["lemma_id"] for row in rows] == ["w00000", "w00001", "w00001", "w00002", "w00000"]


def test_a_language_without_a_tagger_leaves_a_reason() -> None:
    words = [word("pelota", 0, lemma="pelota", part_of_speech="NOUN"), word("roja", 1)]
    rows = found([said("pelota roja", language="spa")], words)
    assert [(row["lemma"], row["reason"]) for row in rows] == [
        ("pelota", None),
        (None, "no tagger for language 'spa'"),
    ]
    (row,) = found([said("pallo")], [], None, language="fin")
    assert row["reason"] == "no tagger for language 'fin'"
    assert row["lemma"] is row["lemma_id"] is row["part_of_speech"] is row["pos_source"] is None


def test_each_utterance_has_its_own_language() -> None:
    asked = []
    content_words(
        [said("a", "u0", language="deu"), said("b", "u1")],
        [],
        "en",
        lambda name: asked.append(name),
    )
    assert asked == ["deu", "en"]


def test_languages_left_out_have_no_words() -> None:
    assert found([said("ball", flags=f"long_text;{OTHER_LANGUAGE}")], [], Everything()) == []


@pytest.mark.parametrize(
    ("token", "bare"),
    [
        *((" ball.", "ball"), ("woof@o", "woof"), ("(be)cause", "because"), ("...", "")),
        *(("don’t", "don't"), ("'s", "s"), ("tick-tock", "tick-tock"), ("Ärmel,", "Ärmel")),
    ],
)
def test_tokens_are_freed_of_marks(token: str, bare: str) -> None:
    assert bare_token(token) == bare


CHAT = (
    "@UTF8\n@Begin\n@Languages:\teng\n@Participants:\tCHI Kim Target_Child, MOT Mia Mother\n"
    "@ID:\teng|made|CHI|1;06.||||Target_Child|||\n@ID:\teng|made|MOT|||||Mother|||\n"
    "*MOT:\tlook at the red balls . \x151000_2500\x15\n"
    "%mor:\tv|look prep|at det:art|the adj|red n|ball-PL .\n"
    "*MOT:\tthe doggy is running . \x153000_4500\x15\n"
    "@End\n"
)


def test_fillers_and_fragments_of_chat_are_no_words() -> None:
    tagger = Everything()
    found([said("the ball")], [word("&-uh", 0), word("&+ba", 1), word("ball", 2)], tagger)
    assert tagger.asked == [["ball"]]


def test_a_chat_transcript_gives_its_own_lemmas_and_the_tagger_the_others() -> None:
    options = TranscriptsOptions(speaker_scheme="chat")
    transcript = parse_transcript(CHAT, "made.cha", options)
    rows = content_words(transcript.utterances, transcript.words, options.tag_language)
    assert [(row["lemma"], row["part_of_speech"], row["pos_source"]) for row in rows] == [
        ("look", "VERB", "transcript"),
        ("red", "ADJ", "transcript"),
        ("ball", "NOUN", "transcript"),
        ("doggy", "NOUN", "tagger"),
        ("run", "VERB", "tagger"),
    ]
    assert [row["start_s"] for row in rows] == [1.0, 1.0, 1.0, 3.0, 3.0]


def test_a_whisper_transcript_gives_each_words_own_time() -> None:
    text = (
        '{"segments": [{"start": 1.0, "end": 2.0, "text": " the cup", "words": ['
        '{"word": " the", "start": 1.0, "end": 1.2}, {"word": " cup.", "start": 1.3, "end": 1.9}'
        "]}]}"
    )
    transcript = parse_transcript(text, "made.json", TranscriptsOptions())
    (row,) = content_words(transcript.utterances, transcript.words, "en")
    assert (row["lemma"], row["start_s"], row["own_time"]) == ("cup", 1.3, True)
