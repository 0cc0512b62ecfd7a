"""Transcripts: the canonical table of both formats, and every message."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.tables import UTTERANCES, WORDS, conform
from egoalign.transcripts.read import Transcript, parse_transcript, read_transcript, shifted
from egoalign.transcripts.segments import TranscriptError

OPTIONS = TranscriptsOptions(
    speakers={
        "MOT": "female_adult",
        "SPEAKER_01": "male_adult",
        "KID": "key_child",
        "*": "unknown",
    }
)
SPOKEN = [
    (0.5, 1.25, " Where is  the red ball?", "MOT"),
    (2.0, 2.0, "yes", "KID"),
    (3.5, 3.0, "a cup, a big cup", "SPEAKER_01"),
    (None, 5.0, "yes", None),
    (6.0, 40.5, " ... ", "NEIGHBOUR"),
    (41.0, 42.0, "word " * 76, "unknown"),
]


def as_csv(rows=SPOKEN, ids=None, delimiter=",") -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow(["utterance_no", "start_time", "end_time", "text", "speaker"])
    for index, (start, end, text, speaker) in enumerate(rows):
        writer.writerow([ids[index] if ids else "", start, end, text, speaker])
    return stream.getvalue()


def as_whisperx(rows=SPOKEN) -> str:
    segments = []
    for start, end, text, speaker in rows:
        segment = {"start": start, "end": end, "text": text, "words": []}
        segments.append(segment | ({} if speaker is None else {"speaker": speaker}))
    return json.dumps({"segments": segments})


def parse(text: str, name: str = "t.csv", options: TranscriptsOptions = OPTIONS):
    transcript = parse_transcript(text, name, options)
    conform(UTTERANCES, transcript.utterances)
    conform(WORDS, transcript.words)
    return transcript


def fault(text: str, name: str = "t.csv", options: TranscriptsOptions = OPTIONS):
    with pytest.raises(TranscriptError) as caught:
        parse_transcript(text, name, options)
    assert "\n" not in str(caught.value)
    return str(caught.value), caught.value.reason


def column(transcript, name: str) -> list:
    return [row[name] for row in transcript.utterances]


def test_csv_and_whisperx_give_the_same_table():
    tables = []
    for transcript in (parse(as_csv()), parse(as_whisperx(), "t.json")):
        sourced = ("source_format", "source_line")
        tables.append(
            [{k: v for k, v in row.items() if k not in sourced} for row in transcript.utterances]
        )
    assert tables[0] == tables[1]
    assert len(tables[0]) == len(SPOKEN)


def test_the_canonical_table_keeps_what_was_read_and_says_what_is_odd():
    found = parse(as_csv(ids=["5", "6", "x7", "8", "9", "10"]))
    assert column(found, "utterance_id") == ["5", "6", "x7", "8", "9", "10"]
    assert [
        (r["start_s"], r["end_s"], r["text"], r["speaker_as_read"]) for r in found.utterances
    ] == SPOKEN
    assert column(found, "text_encoded")[:5] == [
        "Where is the red ball?",
        "yes",
        "a cup, a big cup",
        "yes",
        "",
    ]
    assert column(found, "text_id") == ["t00000", "t00001", "t00002", "t00001", "t00003", "t00004"]
    assert column(found, "n_words") == [5, 1, 5, 1, 0, 76]
    assert column(found, "speaker") == [
        "female_adult",
        "key_child",
        "male_adult",
        "unknown",
        "unknown",
        "unknown",
    ]
    assert column(found, "flags") == [
        None,
        None,
        "ends_before_start",
        "no_time",
        "long_duration;no_text",
        "long_text",
    ]
    assert column(found, "source_line") == [2, 3, 4, 5, 6, 7]
    assert set(column(found, "source_format")) == {"csv"}


@pytest.mark.parametrize(
    "ids",
    [
        ["1", "1", "2", "3", "4", "5"],
        ["a b", "1", "2", "3", "4", "5"],
        ["", "1", "2", "3", "4", "5"],
    ],
)
def test_ids_that_cannot_be_used_become_numbers_and_are_flagged(ids):
    found = parse(as_csv(ids=ids))
    assert column(found, "utterance_id") == [f"u{index:05d}" for index in range(6)]
    assert all("renumbered" in flags for flags in column(found, "flags"))


def test_whisperx_words_may_lack_times_and_scores():
    found = parse(
        json.dumps(
            {
                "segments": [
                    {
                        "start": 1,
                        "end": 2.5,
                        "text": "two 2",
                        "speaker": "MOT",
                        "words": [
                            {
                                "word": "two",
                                "start": 1.0,
                                "end": 1.5,
                                "score": 0.75,
                                "speaker": "MOT",
                            },
                            {"word": "2"},
                        ],
                    },
                    {"start": 3.0, "end": 4.0, "text": "on"},
                ]
            }
        ),
        "t.json",
    )
    assert column(found, "utterance_id") == ["u00000", "u00001"]
    assert found.words == [
        {
            "utterance_id": "u00000",
            "word_no": 0,
            "token": "two",
            "lemma": None,
            "part_of_speech": None,
            "start_s": 1.0,
            "end_s": 1.5,
            "probability": 0.75,
        },
        {
            "utterance_id": "u00000",
            "word_no": 1,
            "token": "2",
            "lemma": None,
            "part_of_speech": None,
            "start_s": None,
            "end_s": None,
            "probability": None,
        },
    ]


def test_shifting_moves_all_times_there_are():
    found = shifted(
        parse(
            json.dumps(
                {
                    "segments": [
                        {"start": 1.0, "text": "on", "words": [{"word": "on", "start": 1.0}]}
                    ]
                }
            ),
            "t.json",
        ),
        -0.25,
    )
    assert (found.utterances[0]["start_s"], found.utterances[0]["end_s"]) == (0.75, None)
    assert (found.words[0]["start_s"], found.words[0]["end_s"]) == (0.75, None)


def test_columns_unit_and_delimiter_are_options():
    options = TranscriptsOptions.model_validate(
        {
            "time_unit": "ms",
            "columns": {"start": "on", "end": "off", "text": "said", "speaker": "who"},
        }
    )
    found = parse("who;on;off;said\nmale_adult;1500;2000;hm, yes\n", "t.txt", options)
    row = found.utterances[0]
    assert (row["start_s"], row["end_s"], row["text"], row["speaker"]) == (
        1.5,
        2.0,
        "hm, yes",
        "male_adult",
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path, encoding, end):
    path = tmp_path / "t.csv"
    text = "start_time,end_time,text\n0,1,où est la poupée ?\n\n2,3,là\n".replace("\n", end)
    path.write_bytes(text.encode(encoding))
    found = read_transcript(path, OPTIONS)
    assert column(found, "text") == ["où est la poupée ?", "là"]
    assert column(found, "source_line") == [2, 4]


@pytest.mark.parametrize(
    "text", ["", " \n\n", "\ufeff", "start_time,end_time,text\n", '{"segments": []}']
)
def test_an_empty_transcript_is_no_error(text):
    found = parse(text)
    assert (found.utterances, found.words, found.reason) == ([], [], "transcript empty")


def test_a_time_that_is_not_given_is_missing():
    found = parse("start_time,end_time,text\n,NaN,a\nNA,None,b\n,,\n")
    assert column(found, "start_s") == column(found, "end_s") == [None, None, None]
    assert column(found, "flags") == ["no_time", "no_time", "no_time;no_text"]


HEAD = "start_time,end_time,text\n"


@pytest.mark.parametrize(
    ("text", "message", "reason"),
    [
        (HEAD + "0,1,a\n1,x7,b\n",
         "t.csv, line 3: end_time is not a number; found 'x7', expected one such as 12.5",
         "line 3: end_time is not a number"),
        (HEAD + "0,inf,a\n",
         "t.csv, line 2: end_time is not a number; found 'inf', expected one such as 12.5",
         "line 2: end_time is not a number"),
        (HEAD + "0,1,well, yes\n",
         "t.csv, line 2: 4 values, expected 3 as in the header; a text that holds ',' must stand "
         "in quotation marks",
         "line 2: 4 values, expected 3 as in the header"),
        (HEAD + '0,1,"a\nb"\n2,3,"c\n',
         "t.csv, line 4: not a table; unexpected end of data",
         "line 4: not a table"),
        ("start_tme,end_time,text\n0,1,a\n",
         "t.csv, line 1: column 'start_time' is missing; did you mean 'start_tme'? columns found: "
         "start_tme, end_time, text; name yours in transcripts.columns.start",
         "line 1: column 'start_time' is missing"),
        ("start_time,end_time,text,text\n",
         "t.csv, line 1: column 'text' stands there twice",
         "line 1: column 'text' stands there twice"),
        ('{"segments": [\n{"start" 1}]}',
         "t.csv, line 2: not JSON; Expecting ':' delimiter",
         "line 2: not JSON"),
        ('{"words": []}',
         "t.csv: no list of segments; found {'words': []}, expected an object with a list "
         "'segments' (WhisperX JSON)",
         "no list of segments"),
        ('{"segments": [7]}', "t.csv, segment 0: not an object; found 7",
         "segment 0: not an object"),
        ('{"segments": [{"start": "soon"}]}',
         "t.csv, segment 0: start is not a number; found 'soon', expected one such as 12.5",
         "segment 0: start is not a number"),
        ('{"segments": [{"start": true}]}',
         "t.csv, segment 0: start is not a number; found True, expected one such as 12.5",
         "segment 0: start is not a number"),
        ('{"segments": [{"text": 5}]}', "t.csv, segment 0: text is not a string; found 5",
         "segment 0: text is not a string"),
        ('{"segments": [{"words": 5}]}', "t.csv, segment 0: words is not a list; found 5",
         "segment 0: words is not a list"),
        ('{"segments": [{"words": [5]}]}', "t.csv, segment 0: a word is not an object; found 5",
         "segment 0: a word is not an object"),
    ],
)  # fmt: skip
def test_each_malformed_transcript_is_named(text, message, reason):
    assert fault(text) == (message, f"transcript unreadable: {reason}")


LANGUAGES = "start_time,end_time,text,language\n0,1,look,eng\n1,2,mira,spa\n2,3,uh,\n"


@pytest.mark.parametrize(
    ("options", "child_languages", "left_out"),
    [
        ({}, None, [False, False, False]),
        ({"languages": ["ENG"]}, None, [False, True, True]),
        ({"languages": ["eng", "spa"]}, None, [False, False, True]),
        ({"languages": ["eng"], "language_from": "children"}, "Eng", [False, False, False]),
        ({"languages": ["eng"], "language_from": "children"}, "eng; spa", [True, True, True]),
        ({"languages": ["eng", "spa"], "language_from": "children"}, "spa/eng", [False] * 3),
    ],
)
def test_languages_that_are_not_kept_are_flagged(options, child_languages, left_out):
    found = parse_transcript(
        LANGUAGES, "t.csv", TranscriptsOptions.model_validate(options), None, child_languages
    )
    assert ["other_language" in (flags or "") for flags in column(found, "flags")] == left_out
    assert column(found, "text_encoded") == ["look", "mira", ""]
    assert column(found, "language") == ["eng", "spa", None]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (LANGUAGES, {"language_from": "children"},
         "t.csv: the child's languages are not given; transcripts.languages filters by them; fill "
         "column languages of the children"),
        ("start_time,end_time,text\n0,1,look\n", {},
         "t.csv: no utterance has a language; transcripts.languages filters by it; set "
         "transcripts.columns.language, or transcripts.language_from: children"),
    ],
)  # fmt: skip
def test_a_filter_that_would_leave_nothing_for_want_of_languages_is_an_error(
    text, options, message
):
    options = TranscriptsOptions.model_validate({"languages": ["eng"]} | options)
    assert fault(text, "t.csv", options)[0] == message


def test_numbers_that_json_cannot_hold_are_named():
    digits = "9" * 5000
    assert fault('{"segments": [{"start": ' + digits + "}]}")[0] == (
        "t.csv: not JSON; a number too long, or lists too deep"
    )
    assert fault('{"segments": [{"start": 1' + "0" * 400 + "}]}")[1] == (
        "transcript unreadable: segment 0: start is not a number"
    )
    assert "not JSON" in fault("[" * 100_000)[0]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TranscriptError, match=r"gone.csv: no such file") as caught:
        read_transcript(tmp_path / "gone.csv", OPTIONS)
    assert caught.value.reason == "transcript missing"
    with pytest.raises(TranscriptError, match="cannot be read; Is a directory"):
        read_transcript(tmp_path, OPTIONS)


def test_half_a_surrogate_pair_can_be_written():
    found = parse(
        '{"segments": [{"start": 0, "end": 1, "text": "a \\ud83d", "speaker": "\\udc00",'
        ' "words": [{"word": "\\ud83d"}]}]}',
        "t.json",
    )
    assert found.utterances[0]["text"] == found.utterances[0]["text_encoded"] == "a \ufffd"
    assert found.words[0]["token"] == "\ufffd"


def outcome(call, *args) -> Transcript | TranscriptError:
    """Return what was read, or the error meant for people; any other error fails the test."""
    try:
        return call(*args)
    except TranscriptError as error:
        return error


rows = st.tuples(
    st.none() | st.floats(0, 1e5),
    st.none() | st.floats(0, 1e5),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=20),
    st.none() | st.sampled_from(["MOT", "KID", "odd one"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_any_utterances_survive_both_formats(spoken, delimiter):
    for found in (parse(as_csv(spoken, delimiter=delimiter)), parse(as_whisperx(spoken), "t.json")):
        assert column(found, "text") == [text for _, _, text, _ in spoken]
        assert column(found, "start_s") == [start for start, _, _, _ in spoken]
        assert column(found, "end_s") == [end for _, end, _, _ in spoken]


@settings(max_examples=50, deadline=None)
@given(st.sampled_from([as_csv(), as_whisperx()]), st.data())
def test_a_damaged_transcript_gives_a_table_or_one_line(whole, data):
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    damaged = whole[:start] + data.draw(st.text(max_size=8)) + whole[end:]
    found = outcome(parse, damaged)
    if isinstance(found, TranscriptError):
        assert str(found).startswith("t.csv")
        assert found.reason.startswith("transcript unreadable: ")
    else:
        times = [t for row in found.utterances for t in (row["start_s"], row["end_s"])]
        assert all(t is None or math.isfinite(t) for t in times)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["segments", "start", "end", "text", "words", "word", "speaker"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=50, deadline=None)
@given(json_values)
def test_json_of_any_shape_gives_a_table_or_one_line(value):
    found = outcome(parse, json.dumps({"segments": value}), "t.json")
    if isinstance(found, TranscriptError):
        assert str(found).startswith("t.json")
    else:
        assert len(found.utterances) == len(value)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_of_any_kind_give_a_table_or_one_line(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    found = outcome(read_transcript, path, OPTIONS)
    if isinstance(found, TranscriptError):
        assert str(found).startswith(str(path))
    else:
        assert found.reason == "transcript empty"
