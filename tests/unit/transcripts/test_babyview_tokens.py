"""Token tables: words to utterances, by seconds and by H:M:S, in the first and the merged form."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.babyview_tokens import read_babyview_tokens
from egoalign.transcripts.segments import TranscriptError, Word
from tests.unit.transcripts.damage import damaged, read_or_refuse

OPTIONS = TranscriptsOptions()
FIRST = "token_id,utterance_id,utterance,token_num,token,token_start_time,token_end_time\n"
MERGED = (
    "video_id,utterance_id,utterance,token_start_time,token_end_time,speaker,score,"
    "spacy_token_text,spacy_pos,spacy_is_alpha,lemma,dep\n"
)


def read(text: str):
    return read_babyview_tokens(text, "t.csv", OPTIONS)


def test_seconds_give_utterances_with_timed_words():
    found = read(
        FIRST
        + '0,0,"Oh, a big dog!",0,oh,1.86,2.14\n'
        + '1,0,"Oh, a big dog!",1,a,2.2,2.3\n'
        + '2,0,"Oh, a big dog!",2,big,,\n'
        + '3,0,"Oh, a big dog!",3,dog,2.9,2.8\n'
        + "4,1,Woof.,0,woof,,\n"
    )
    assert [(s.line, s.utterance_id, s.start_s, s.end_s, s.text) for s in found] == [
        (2, "0", 1.86, 2.8, "Oh, a big dog!"),
        (6, "1", None, None, "Woof."),
    ]
    assert found[0].words == (
        Word("oh", 1.86, 2.14),
        Word("a", 2.2, 2.3),
        Word("big"),
        Word("dog", 2.9, 2.8),
    )


def test_whole_seconds_of_the_clock_stay_as_read():
    found = read(
        FIRST
        + "0,0,Hi there.,0,hi,00:01:47,00:01:47\n1,0,Hi there.,1,there,00:01:47,00:01:47\n"
        + "2,1,Bye.,0,bye,01:00:02,01:00:03\n"
    )
    assert [(s.start_s, s.end_s) for s in found] == [(107.0, 107.0), (3602.0, 3603.0)]


def test_the_merged_form_gives_lemma_part_of_speech_probability_and_speaker():
    found = read(
        MERGED
        + "v1,7,Two dogs!,0.5,0.7,FEM,0.75,Two,NUM,True,two,nummod\n"
        + "v1,7,Two dogs!,0.7,1.1,FEM,,dogs,NOUN,True,dog,ROOT\n"
        + "v1,7,Two dogs!,,,unknown,,!,PUNCT,False,!,punct\n"
        + "v1,8,None,2,3,,0.5,None,,,,\n"
    )
    assert [(s.text, s.speaker, s.start_s, s.end_s) for s in found] == [
        ("Two dogs!", "FEM", 0.5, 1.1),
        ("None", None, 2.0, 3.0),
    ]
    assert found[0].words == (
        Word("Two", 0.5, 0.7, 0.75, "two", "NUM"),
        Word("dogs", 0.7, 1.1, None, "dog", "NOUN"),
        Word("!", None, None, None, "!", "PUNCT"),
    )
    assert found[1].words == (Word("None", 2.0, 3.0, 0.5),)


def test_scattered_rows_of_an_utterance_come_together_by_token_num():
    found = read(
        FIRST
        + "2,0,see it,1,it,2,3\n"
        + "1,1,no,0,no,4,5\n"
        + "0,0,see it,0,see,1,2\n"
        + "3,1,yes,0,yes,6,7\n"
    )
    assert [(s.line, s.text, [w.token for w in s.words]) for s in found] == [
        (2, "see it", ["see", "it"]),
        (3, "no", ["no"]),
        (5, "yes", ["yes"]),
    ]


def test_a_header_alone_is_a_transcript_without_utterances():
    assert read(FIRST) == read(MERGED) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("utterance_id,utterance,token_start_time\n",
         "t.csv, line 1: column 'token_end_time' is missing; did you mean 'token_start_time'? "),
        (FIRST + "0,0,a,0,a,soon,1\n", "t.csv, line 2: token_start_time is not a number; "),
        (FIRST + "0,0,a,0,a,0:01:61,1\n", "t.csv, line 2: token_start_time is not a clock time; "),
        (FIRST + "0,0,a,x,a,1,1\n", "t.csv, line 2: token_num is not a number; "),
        (FIRST + "0,0,a,0,a,1\n", "t.csv, line 2: 6 values, expected 7 "),
        (MERGED + "v1,0,a,1,2,,,a,,,,\n" + "v2,0,a,1,2,,,a,,,,\n",
         "t.csv, line 3: rows of several recordings; found video_id v1, v2; set "),
        (FIRST.replace("token,", "token,token,"),
         "t.csv, line 1: column 'token' stands there twice"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_named(text, message):
    with pytest.raises(TranscriptError) as caught:
        read(text)
    assert str(caught.value).startswith(message)


words = st.text(st.characters(categories=["L", "Nd", "P"]), min_size=1, max_size=6)


@settings(max_examples=40)
@given(st.lists(st.lists(words, min_size=1, max_size=4), max_size=4))
def test_every_word_of_every_utterance_survives(utterances):
    stream = io.StringIO()
    writer = csv.writer(stream)
    stream.write(FIRST)
    for number, tokens in enumerate(utterances):
        for token_no, token in enumerate(tokens):
            start = number + token_no / 8
            writer.writerow([0, number, " ".join(tokens), token_no, token, start, start + 0.125])
    found = read(stream.getvalue())
    assert [s.text for s in found] == [" ".join(tokens) for tokens in utterances]
    assert [[w.token for w in s.words] for s in found] == utterances
    assert [s.start_s for s in found] == list(range(len(utterances)))


@settings(max_examples=80)
@given(
    damaged(MERGED + 'v,0,"hi, you",1.5,2,FEM,0.5,hi,INTJ,True,hi,ROOT\nv,0,"hi, you",2,3,,,,,,,\n')
)
def test_a_damaged_table_gives_a_table_or_one_line(text):
    read_or_refuse(read_babyview_tokens, text)
