"""The tables that rooms hand to each other: columns, units and meaning, and nothing else does.

Every Arrow schema of the project stands here. A step reads with `read_table`, which checks what it
finds, and writes with `write_table`, which checks again, then renames a finished file into place.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pq

from egoalign.log import UserError

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 30.4375
ID_PATTERN = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?"
"""What an id may look like, so that it stands alone as a folder and file name."""

ARROW_SUFFIX = ".arrow"
"""Of tables kept in Arrow's own file format: vectors, which Parquet takes apart into numbers."""

SPEAKERS = ("key_child", "other_child", "female_adult", "male_adult", "unknown")


def months(days: float) -> float:
    """Return an age in months (days / 30.4375) of an age in days."""
    return days / DAYS_PER_MONTH


class Holds(StrEnum):
    """What a column tells of people, by which `egoalign.privacy.gate` decides where it may go."""

    FACT = "numbers, ids, and words of this project"
    VECTOR = "embeddings, of which what was seen or said may be guessed"
    OWN = "the lab's own words"
    LEMMA = "single words, or what gives them away"
    TEXT = "what was said"
    NAME = "names and paths of recordings and people"

    @property
    def is_private(self) -> bool:
        """Whether it may stand in the private zone only."""
        return self in (Holds.LEMMA, Holds.TEXT, Holds.NAME)


@dataclass(frozen=True)
class Column:
    """One column: name, Arrow type, meaning, unit, whether it may lack values, what it holds."""

    name: str
    type: pa.DataType
    meaning: str
    unit: str = ""
    nullable: bool = False
    holds: Holds = Holds.FACT


@dataclass(frozen=True)
class Table:
    """A table's name, meaning, key, columns, and whether the user's own columns are let through.

    An empty key says that rows may repeat.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    extra: bool = False

    @property
    def is_private(self) -> bool:
        """Whether some column of it may stand in the private zone only."""
        return any(one.holds.is_private for one in self.columns)

    @property
    def suffix(self) -> str:
        """How the names of its files end: vectors are kept in Arrow's own format."""
        return ARROW_SUFFIX if any(one.type == VECTOR for one in self.columns) else ".parquet"

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, with meaning and unit in each field's metadata."""
        return pa.schema(
            [
                pa.field(
                    column.name,
                    column.type,
                    nullable=column.nullable,
                    metadata={"meaning": column.meaning, "unit": column.unit},
                )
                for column in self.columns
            ]
        )


TEXT = pa.string()
REAL = pa.float64()
WHOLE = pa.int64()
FLAG = pa.bool_()
VECTOR = pa.list_(pa.float16())

CHILD = Column("child_id", TEXT, "the child")
SESSION = Column("session_id", TEXT, "the recording, unique within the child")
UTTERANCE = Column("utterance_id", TEXT, "the utterance, unique within the session")
MODEL = Column("model_id", TEXT, "the vision-language model, as the config names it")
EMBEDDING = Column("embedding", VECTOR, "unit-length embedding", nullable=True, holds=Holds.VECTOR)
SPEAKER = Column("speaker", TEXT, "key_child, other_child, female_adult, male_adult or unknown")

SESSIONS = Table(
    "sessions",
    "every session of the corpus with its age, without paths and names",
    ("child_id", "session_id"),
    (
        CHILD,
        SESSION,
        Column("age_days", REAL, "age at recording", "d", nullable=True),
        Column("sex", TEXT, "as the lab wrote it", nullable=True),
        Column("exclude", FLAG, "left out of every result by the lab"),
        Column("exclude_reason", TEXT, "why", nullable=True, holds=Holds.OWN),
    ),
    extra=True,
)

MEDIA = Table(
    "media",
    "what the probe found in a session's video",
    ("child_id", "session_id"),
    (
        CHILD,
        SESSION,
        Column("readable", FLAG, "whether pictures can be had"),
        Column("reason", TEXT, "why not, or what is odd", nullable=True),
        Column("duration_s", REAL, "length, missing stretches included", "s", nullable=True),
        Column("n_pictures", WHOLE, "pictures in the video stream", nullable=True),
        Column("frame_rate", REAL, "mean pictures per second", "1/s", nullable=True),
        Column("variable_rate", FLAG, "intervals between pictures differ", nullable=True),
        Column("container_start_s", REAL, "beginning of the container's clock", "s", nullable=True),
        Column("video_start_s", REAL, "first picture on the container's clock", "s", nullable=True),
        Column("audio_start_s", REAL, "first sound on the same clock", "s", nullable=True),
        Column("width", WHOLE, "as shown, after rotation", "px", nullable=True),
        Column("height", WHOLE, "as shown, after rotation", "px", nullable=True),
        Column("rotation_deg", WHOLE, "clockwise turn asked for by the file", "deg", nullable=True),
        Column("video_codec", TEXT, "name of the codec", nullable=True),
        Column("audio_codec", TEXT, "name of the codec", nullable=True),
        Column("container", TEXT, "name of the container format", nullable=True),
        Column("size_bytes", WHOLE, "size of the files", "B", nullable=True),
        Column("n_hidden", WHOLE, "pictures that an edit list hides", nullable=True),
        Column("backend", TEXT, "the decoder; of several files: of each, by ';'", nullable=True),
        Column("backend_reason", TEXT, "why that decoder", nullable=True),
    ),
)

UTTERANCES = Table(
    "utterances",
    "the speech of a session, one row an utterance, as read and as encoded (private)",
    ("utterance_id",),
    (
        UTTERANCE,
        Column("start_s", REAL, "start, from the start of the video", "s", nullable=True),
        Column("end_s", REAL, "end, from the start of the video", "s", nullable=True),
        Column("text", TEXT, "as read", holds=Holds.TEXT),
        Column(
            "text_encoded",
            TEXT,
            "as given to the text encoder; empty if nothing is left",
            holds=Holds.TEXT,
        ),
        SPEAKER,
        Column("speaker_as_read", TEXT, "label in the source", nullable=True, holds=Holds.NAME),
        Column("language", TEXT, "language in the source", nullable=True),
        Column("text_id", TEXT, "number of the distinct encoded text within the session"),
        Column("n_words", WHOLE, "words in the encoded text"),
        Column("source_format", TEXT, "reader that made the row"),
        Column("source_line", WHOLE, "line or item number in the source", nullable=True),
        Column("flags", TEXT, "what is odd: names joined by ';'", nullable=True),
    ),
)

OTHER_LANGUAGE = "other_language"
"""Flag of an utterance in a language that the lab leaves out."""


def flags_of(cell: str | None) -> list[str]:
    """Return the flags of an utterance, of its cell in table UTTERANCES."""
    return cell.split(";") if cell else []


WORDS = Table(
    "words",
    "the words of a session where the source times them (private)",
    ("utterance_id", "word_no"),
    (
        UTTERANCE,
        Column("word_no", WHOLE, "position within the utterance, from 0"),
        Column("token", TEXT, "as read", holds=Holds.TEXT),
        Column("lemma", TEXT, "from the source", nullable=True, holds=Holds.LEMMA),
        Column("part_of_speech", TEXT, "from the source", nullable=True),
        Column("start_s", REAL, "start, from the start of the video", "s", nullable=True),
        Column("end_s", REAL, "end, from the start of the video", "s", nullable=True),
        Column("probability", REAL, "the recogniser's own confidence", nullable=True),
    ),
)

FRAMES = Table(
    "frames",
    "the grid of seconds at which a session's video is looked at",
    ("frame_id",),
    (
        Column("frame_id", WHOLE, "position in the grid, from 0"),
        Column("requested_s", REAL, "grid time from the start of the video", "s"),
        Column("shown_s", REAL, "when the picture on screen then began", "s", nullable=True),
        Column("wanted", FLAG, "to be decoded"),
        Column("reason", TEXT, "why it is not wanted or cannot be had", nullable=True),
    ),
)

WORD_CLASSES = {"NOUN": "noun", "VERB": "verb", "ADJ": "adjective"}
"""The universal parts of speech that content words have, and what results call them."""

CONTENT_WORDS = Table(
    "content_words",
    "the nouns, verbs and adjectives of a session (private)",
    ("utterance_id", "word_no"),
    (
        UTTERANCE,
        Column("word_no", WHOLE, "position: as in words, else among the encoded text's parts"),
        Column("token", TEXT, "as read, without marks around it", holds=Holds.TEXT),
        Column("lemma", TEXT, "its dictionary form", nullable=True, holds=Holds.LEMMA),
        Column("lemma_id", TEXT, "number of the distinct lemma within the session", nullable=True),
        Column("part_of_speech", TEXT, "NOUN, VERB or ADJ (Universal Dependencies)", nullable=True),
        Column("pos_source", TEXT, "transcript or tagger", nullable=True),
        Column("start_s", REAL, "start of the word, else of its utterance", "s", nullable=True),
        Column("end_s", REAL, "end of the word, else of its utterance", "s", nullable=True),
        Column("own_time", FLAG, "whether the times are the word's own"),
        Column("reason", TEXT, "why there is no lemma", nullable=True),
    ),
)

NO_SPEECH = "no speech"
"""Reason of a grid point that is not decoded because no utterance uses it."""

FRAME_EMBEDDINGS = Table(
    "frame_embeddings",
    "one unit-length vector a grid point, or one a tile of its picture, for one model",
    ("frame_id", "tile"),
    (
        Column("frame_id", WHOLE, "as in frames"),
        Column("tile", WHOLE, "part of the picture, from 0; always 0 but with picture tiles_max"),
        Column("decoded", FLAG, "whether its picture was had"),
        Column("reason", TEXT, "why not", nullable=True),
        EMBEDDING,
    ),
)

TEXT_EMBEDDINGS = Table(
    "text_embeddings",
    "one unit-length vector a distinct text, for one model",
    ("text_id",),
    (
        Column("text_id", TEXT, "as in utterances"),
        Column(
            "n_tokens",
            WHOLE,
            "tokens of the text before any cut, without the two markers; missing of a given vector",
            nullable=True,
        ),
        Column(
            "truncated",
            FLAG,
            "cut to the model's context length; missing of a given vector",
            nullable=True,
        ),
        EMBEDDING,
    ),
)

SESSION_SCHEMES = ("shuffled", "shift")
"""Null schemes that need no other session."""

CORPUS_SCHEMES = ("other_session", "like_age", "anyone", "text_matched", "one_draw")
"""Null schemes that need the other sessions."""

SCHEMES = (*SESSION_SCHEMES, *CORPUS_SCHEMES)
"""All null schemes; the first is the one that stands for the null where only one is shown."""
WORD_EMBEDDINGS = Table(
    "word_embeddings",
    "one unit-length vector a distinct lemma of content words, put in a phrase, for one model",
    ("lemma_id",),
    (
        Column("lemma_id", TEXT, "as in content_words"),
        *TEXT_EMBEDDINGS.columns[1:],
    ),
)

NULL_COLUMNS = (
    ("mean", REAL, "mean score of the draws"),
    ("sd", REAL, "standard deviation of the draws (n - 1)"),
    ("difference", REAL, "score_max less the mean of the draws"),
    ("z", REAL, "difference over the standard deviation of the draws"),
    ("percentile", REAL, "(draws below + (ties + 1) / 2) / (draws + 1)"),
    ("draw", REAL, "score of the first draw, so that the null's distribution can be shown"),
)


def null_columns(scheme: str) -> tuple[Column, ...]:
    """Return the columns that hold one null scheme's results, named ``<scheme>_<statistic>``."""
    return tuple(
        Column(f"{scheme}_{name}", type_, f"null '{scheme}': {meaning}", nullable=True)
        for name, type_, meaning in NULL_COLUMNS
    )


def counted_null_columns(scheme: str) -> tuple[Column, ...]:
    """Return the columns of a scheme whose number of draws may differ between utterances."""
    return (
        *null_columns(scheme),
        Column(f"{scheme}_draws", WHOLE, f"null '{scheme}': number of draws", nullable=True),
        Column(
            f"{scheme}_reason",
            TEXT,
            f"null '{scheme}': why there is a score but no such null",
            nullable=True,
        ),
    )


_CORPUS_NULLS = tuple(
    column for scheme in CORPUS_SCHEMES for column in counted_null_columns(scheme)
)

ALIGNMENT = Table(
    "alignment",
    "one row an utterance and model: the score, its null, or the reason why there is none",
    ("child_id", "session_id", "utterance_id"),
    (
        CHILD,
        SESSION,
        UTTERANCE,
        MODEL,
        Column("age_days", REAL, "age at recording", "d", nullable=True),
        SPEAKER,
        Column("start_s", REAL, "start of the utterance", "s", nullable=True),
        Column("end_s", REAL, "end of the utterance", "s", nullable=True),
        Column("n_words", WHOLE, "words in the encoded text"),
        Column("n_tokens", WHOLE, "tokens of the model's tokenizer", nullable=True),
        Column("truncated", FLAG, "text was cut to the model's context length", nullable=True),
        Column("n_frames", WHOLE, "pictures scored; missing of given scores", nullable=True),
        Column(
            "nearest_frame",
            FLAG,
            "no grid point inside, so the one nearest the middle is used; missing of given scores",
            nullable=True,
        ),
        Column("score_min", REAL, "least cosine over the pictures", nullable=True),
        Column("score_mean", REAL, "mean cosine over the pictures", nullable=True),
        Column("score_max", REAL, "greatest cosine over the pictures", nullable=True),
        Column("argmax_s", REAL, "grid second of the greatest cosine", "s", nullable=True),
        Column(
            "score_top_k",
            REAL,
            "mean of the align.top_k greatest cosines, of all where there are fewer; empty if "
            "align.top_k is null",
            nullable=True,
        ),
        Column(
            "score_corrected",
            REAL,
            "score_max less what a run of as many unrelated pictures of the session gains over one",
            nullable=True,
        ),
        *null_columns("shuffled"),
        Column("reason", TEXT, "why there is no score", nullable=True),
        Column("null_reason", TEXT, "why there is a score but no null 'shuffled'", nullable=True),
        *counted_null_columns("shift"),
        *_CORPUS_NULLS,
    ),
)

NULLS = Table(
    "nulls",
    "what the null schemes that need other sessions give each utterance, for one model",
    ("child_id", "session_id", "utterance_id"),
    (CHILD, SESSION, UTTERANCE, *_CORPUS_NULLS),
)

WORD_ALIGNMENT = Table(
    "word_alignment",
    "one row a content word and model: the score of the word alone, its null, or the reason",
    ("child_id", "session_id", "utterance_id", "word_no"),
    (
        CHILD,
        SESSION,
        UTTERANCE,
        Column("word_no", WHOLE, "as in content_words"),
        MODEL,
        Column("age_days", REAL, "age at recording", "d", nullable=True),
        SPEAKER,
        Column("lemma_id", TEXT, "as in content_words: of this session", nullable=True),
        Column("word_class", TEXT, "noun, verb or adjective", nullable=True),
        Column("n_frames", WHOLE, "pictures scored"),
        Column("score_max", REAL, "greatest cosine of the word over the pictures", nullable=True),
        Column("argmax_s", REAL, "grid second of the greatest cosine", "s", nullable=True),
        *null_columns("shifted"),
        Column("reason", TEXT, "why there is no score", nullable=True),
        Column("null_reason", TEXT, "why there is a score but no null", nullable=True),
    ),
)

_LEMMA_RESULTS = (
    Column("word_class", TEXT, "noun, verb or adjective"),
    Column("n", WHOLE, "times said"),
    Column("n_scored", WHOLE, "of these with a score"),
    Column("n_null", WHOLE, "of these with a null"),
    Column("n_children", WHOLE, "children who heard or said it"),
    Column("score_mean", REAL, "mean of score_max", nullable=True),
    Column("difference", REAL, "mean of score_max less its null mean", nullable=True),
    Column("ci_low", REAL, "lower end of the difference's 95 % interval", nullable=True),
    Column("ci_high", REAL, "upper end of the difference's 95 % interval", nullable=True),
    Column("percentile", REAL, "mean percentile in the null; 0.5 by chance", nullable=True),
    Column("interval", TEXT, "how the interval was made", nullable=True),
    Column("note", TEXT, "what a reader must know", nullable=True),
)

LEMMAS = Table(
    "lemmas",
    "alignment of each lemma, with the lemma (private)",
    ("model_id", "lemma_id", "word_class"),
    (
        MODEL,
        Column("lemma_id", TEXT, "number of the lemma in the corpus, the most frequent first"),
        Column("lemma", TEXT, "the dictionary form", holds=Holds.LEMMA),
        *_LEMMA_RESULTS,
    ),
)

LEMMA_NUMBERS = Table(
    "lemma_numbers",
    "alignment of each lemma, without the lemma",
    ("model_id", "lemma_id", "word_class"),
    (
        MODEL,
        Column("lemma_id", TEXT, "as in lemmas"),
        *_LEMMA_RESULTS,
    ),
)

LAG_PROFILE = Table(
    "lag_profile",
    "the score of a session's utterances when sight is taken earlier or later, for one model",
    ("subset", "kind", "lag_s"),
    (
        CHILD,
        SESSION,
        MODEL,
        Column("subset", TEXT, "all, speaker=<type>, or word_class=<class>: then of words"),
        Column("kind", TEXT, "lag: within reach; far: a far shift, which goes round"),
        Column("lag_s", REAL, "sight less speech: positive if sight comes later", "s"),
        Column("n", WHOLE, "utterances, or words, that have the shift"),
        Column("score_mean", REAL, "mean of their greatest cosine at the shift", nullable=True),
        Column(
            "difference_mean",
            REAL,
            "mean of the same less each utterance's own mean over the shifts far from this one",
            nullable=True,
        ),
        Column("reason", TEXT, "why the session has no profile", nullable=True),
    ),
)

LAGS = Table(
    "lags",
    "lag profiles of the corpus, of children and of speakers, with null and interval",
    ("model_id", "subset", "lag_s"),
    (
        MODEL,
        Column("subset", TEXT, "all, child=<id>, speaker=<type>, or word_class=<class>"),
        Column("lag_s", REAL, "sight less speech: positive if sight comes later", "s"),
        Column("n", WHOLE, "utterances, or words, that have the lag"),
        Column("score_mean", REAL, "mean of their greatest cosine at the lag", nullable=True),
        Column(
            "difference",
            REAL,
            "mean of the same less each utterance's own far mean",
            nullable=True,
        ),
        Column("ci_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("ci_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("null_low", REAL, "lower end of the null's middle 95 %", nullable=True),
        Column("null_high", REAL, "upper end of the null's middle 95 %", nullable=True),
        Column("all_low", REAL, "the same for all lags at once", nullable=True),
        Column("all_high", REAL, "the same for all lags at once", nullable=True),
        Column("interval", TEXT, "how the interval was made", nullable=True),
        Column("note", TEXT, "what a reader must know", nullable=True),
    ),
)

LAB_SCORES = Table(
    "lab_scores",
    "the score table in the layout that labs already read (private)",
    (),
    (
        CHILD,
        Column(
            "video_name",
            TEXT,
            "source_name of the session, or its video's name",
            holds=Holds.NAME,
        ),
        Column("utterance", TEXT, "text as read", holds=Holds.TEXT),
        Column("utterance_start_time", REAL, "start", "s", nullable=True),
        Column("utterance_end_time", REAL, "end", "s", nullable=True),
        Column("clip_score_min", REAL, "score_min", nullable=True),
        Column("clip_score_mean", REAL, "score_mean", nullable=True),
        Column("clip_score_max", REAL, "score_max", nullable=True),
    ),
)

JUDGMENTS = Table(
    "judgments",
    "what people said of frame-utterance pairs, one row an answer",
    ("kind", "item_id", "annotator_id"),
    (
        Column("kind", TEXT, "choose_utterance, choose_image, rating or label"),
        Column("item_id", TEXT, "the item"),
        Column("annotator_id", TEXT, "who answered"),
        CHILD,
        SESSION,
        UTTERANCE,
        Column("second", REAL, "grid second of the item's picture", "s"),
        Column("distractors", TEXT, "JSON list of [child, session, utterance or second]"),
        Column(
            "answer",
            REAL,
            "position chosen, rating, or label (1 yes, 0 no, missing: unsure)",
            nullable=True,
        ),
        Column("correct_answer", REAL, "position of the true pair", nullable=True),
        Column("correct", FLAG, "the answer is right (forced choice)", nullable=True),
        Column(
            "chosen",
            WHOLE,
            "what was chosen: 0 the true pair, else its number in distractors; missing: not known",
            nullable=True,
        ),
        Column("trial_no", WHOLE, "place among the annotator's answers", nullable=True),
        Column(
            "weight",
            REAL,
            "how many pairs of the population the item stands for: 1 / its inclusion probability",
            nullable=True,
        ),
    ),
)

UNMATCHED = Table(
    "unmatched",
    "answers that were left out since the corpus does not have what they name",
    ("file", "line"),
    (
        Column("file", WHOLE, "which of validate.judgments, from 1"),
        Column("line", WHOLE, "line in that file"),
        Column("reason", TEXT, "what the corpus does not have"),
    ),
)

RELIABILITY = Table(
    "reliability",
    "how far people agree with each other and with themselves",
    ("kind", "measure", "who"),
    (
        Column("kind", TEXT, "choose_utterance, choose_image, rating or label"),
        Column("measure", TEXT, "what was computed, as defined in docs/methods.md"),
        Column("who", TEXT, "all, an annotator, or two with ' & ' between them"),
        Column("estimate", REAL, "the value", nullable=True),
        Column("ci_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("ci_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("n_items", WHOLE, "items it was computed from"),
        Column("n_answers", WHOLE, "answers it was computed from"),
        Column("n_annotators", WHOLE, "people who gave them"),
        Column("interval", TEXT, "how the interval was made", nullable=True),
        Column("note", TEXT, "what a reader must know, or why there is no value", nullable=True),
    ),
)

ASKED = Table(
    "asked",
    "what one model says of each judged item",
    ("kind", "item_id"),
    (
        Column("kind", TEXT, "choose_utterance, choose_image, rating or label"),
        Column("item_id", TEXT, "the item"),
        Column("score", REAL, "cosine of the true pair", nullable=True),
        Column(
            "cosines",
            pa.list_(REAL),
            "of a forced choice: of the true pair, then of the distractors in their order; empty "
            "where one of them has none",
        ),
        Column("reason", TEXT, "why there is no score, or no choice", nullable=True),
    ),
)

MOMENTS = Table(
    "moments",
    "every pair of an utterance and one of its pictures, for one model",
    (),
    (
        Column("alignment_row", WHOLE, "row of the utterance in table alignment, from 0"),
        Column("second", REAL, "grid second of the picture", "s"),
        Column("score", REAL, "cosine of the utterance and the picture"),
    ),
)

TASK_ITEMS = Table(
    "task_items",
    "the pairs that a task asks about, in each way of asking: the key to its ids (private)",
    ("kind", "item_id"),
    (
        Column("kind", TEXT, "choose_utterance, choose_image, rating or label"),
        Column("item_id", TEXT, "the pair, the same in every kind"),
        CHILD,
        SESSION,
        UTTERANCE,
        Column("second", REAL, "grid second of the picture", "s"),
        Column("speaker", TEXT, "who speaks"),
        Column("stratum", WHOLE, "stratum by score, from 0, the lowest"),
        Column("score", REAL, "score by which it was sampled"),
        Column("inclusion_probability", REAL, "chance that the sample holds this utterance"),
        Column("distractors", TEXT, "JSON list of [child, session, utterance or second]"),
        Column("distractor_rule", TEXT, "how near the distractors are", nullable=True),
        Column(
            "texts",
            TEXT,
            "JSON list of what is read: the true one, then distractors",
            holds=Holds.TEXT,
        ),
        Column(
            "pictures",
            TEXT,
            "JSON list of picture files: the true one, then distractors",
            holds=Holds.NAME,
        ),
        Column("reason", TEXT, "why it stands in no list", nullable=True),
    ),
)

TASK_TRIALS = Table(
    "task_trials",
    "what each list of a task shows, and the right answers (private)",
    ("slot", "trial_no"),
    (
        Column("slot", WHOLE, "the list, from 0"),
        Column("trial_no", WHOLE, "place in the list, from 0"),
        Column("kind", TEXT, "as in task_items"),
        Column("item_id", TEXT, "the pair, or the catch trial"),
        Column("is_catch", FLAG, "a drawn picture whose answer everybody knows"),
        Column("order", TEXT, "JSON list: alternative at each position, 0 the true one"),
        Column("correct_answer", REAL, "position of the true one, from 1", nullable=True),
    ),
)

TASK_ANNOTATORS = Table(
    "task_annotators",
    "how far each annotator of a task has come, and how attentively",
    ("annotator_id",),
    (
        Column("annotator_id", TEXT, "who answered"),
        Column("slot", WHOLE, "the list"),
        Column("kind", TEXT, "as in task_items"),
        Column("n_trials", WHOLE, "trials of the list, catch trials aside"),
        Column("n_answered", WHOLE, "of these, how many were answered"),
        Column("n_catch", WHOLE, "catch trials answered"),
        Column("n_catch_correct", WHOLE, "of these, how many rightly"),
        Column("median_rt_s", REAL, "median time to an answer", "s", nullable=True),
    ),
)

ITEMS = Table(
    "items",
    "judged items with people's and one model's answers",
    ("kind", "item_id"),
    (
        Column("kind", TEXT, "choose_utterance, choose_image, rating or label"),
        Column("item_id", TEXT, "the item"),
        CHILD,
        SESSION,
        UTTERANCE,
        MODEL,
        Column("n_answers", WHOLE, "people who answered, those who are unsure aside"),
        Column("n_alternatives", WHOLE, "pairs to choose from; 1 in ratings and labels"),
        Column("mean_answer", REAL, "mean rating, share of yes, or share right", nullable=True),
        Column("human_accuracy", REAL, "share who chose the true pair", nullable=True),
        Column("weight", REAL, "as in judgments; 1 where not given"),
        Column("score", REAL, "cosine of the true pair", nullable=True),
        Column("margin", REAL, "score less that of the best distractor", nullable=True),
        Column("model_correct", REAL, "1 right, 0 wrong, 1/m in a tie of m best", nullable=True),
        Column("choice_agreement", REAL, "share who chose what the model chose", nullable=True),
        Column(
            "error_agreement",
            REAL,
            "share of those wrong who chose the model's best distractor",
            nullable=True,
        ),
        Column("reason", TEXT, "why there is no score", nullable=True),
    ),
)

METRICS = Table(
    "metrics",
    "named results with intervals",
    ("model_id", "metric", "subset"),
    (
        MODEL,
        Column("metric", TEXT, "what was computed, as defined in docs/methods.md"),
        Column("subset", TEXT, "rows it was computed on"),
        Column("estimate", REAL, "the value", nullable=True),
        Column("ci_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("ci_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("chance", REAL, "value expected by chance", nullable=True),
        Column("n", WHOLE, "units it was computed from"),
        Column("interval", TEXT, "how the interval was made", nullable=True),
        Column("note", TEXT, "what a reader must know", nullable=True),
    ),
)

CALIBRATED = Table(
    "calibrated",
    "probability that each utterance goes with what is seen",
    ("child_id", "session_id", "utterance_id"),
    (
        CHILD,
        SESSION,
        UTTERANCE,
        MODEL,
        Column("n_frames", WHOLE, "its pictures that are scored", nullable=True),
        Column(
            "probability_mean",
            REAL,
            "mean over its pictures of the probability that picture and words are aligned",
            nullable=True,
        ),
        Column("probability_max", REAL, "greatest of these probabilities", nullable=True),
        Column("reason", TEXT, "why there is no probability", nullable=True),
    ),
)

CALIBRATION_CURVE = Table(
    "calibration_curve",
    "what the reliability plot draws",
    ("kind", "name", "place"),
    (
        MODEL,
        Column("kind", TEXT, "fit, bin or scores"),
        Column("name", TEXT, "logistic or isotonic; of scores: corpus or judged"),
        Column("place", WHOLE, "position along the curve, from 0"),
        Column("x", REAL, "score; of a bin: mean probability told out of fold"),
        Column("y", REAL, "probability; of a bin: share aligned; of scores: share in the bar"),
        Column("ci_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("ci_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("n", WHOLE, "judged pairs, or moments of the corpus"),
    ),
)

CONTRASTS = Table(
    "contrasts",
    "each two models compared on the identical items",
    ("metric", "subset", "model_id", "other_model_id"),
    (
        Column("metric", TEXT, "what is compared, as in metrics"),
        Column("subset", TEXT, "rows it was computed on"),
        MODEL,
        Column("other_model_id", TEXT, "the model that it is compared with"),
        Column("estimate", REAL, "value of the model", nullable=True),
        Column("other_estimate", REAL, "value of the other model", nullable=True),
        Column(
            "ceiling",
            REAL,
            "what people's own noise allows: noise ceiling of a correlation; people's accuracy",
            nullable=True,
        ),
        Column("difference", REAL, "the first less the second", nullable=True),
        Column("ci_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("ci_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("p", REAL, "two-sided p of no difference", nullable=True),
        Column("p_holm", REAL, "the same after Holm's correction over the table", nullable=True),
        Column("n", WHOLE, "items that both have"),
        Column("interval", TEXT, "how interval and p were made", nullable=True),
        Column("note", TEXT, "what a reader must know", nullable=True),
    ),
)

PSYCHOMETRIC = Table(
    "psychometric",
    "people's forced-choice accuracy as a function of one model's score",
    ("model_id", "choice", "predictor", "kind", "term"),
    (
        MODEL,
        Column("choice", TEXT, "choose_utterance or choose_image"),
        Column("predictor", TEXT, "score, margin, or alternatives (all cosines of an item)"),
        Column("kind", TEXT, "parameter or line"),
        Column("term", TEXT, "the parameter; of a line: the predictor's value"),
        Column("estimate", REAL, "the parameter; of a line: probability right", nullable=True),
        Column("ci_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("ci_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("n_items", WHOLE, "items with an answer and a score"),
        Column("n_answers", WHOLE, "answers to them"),
        Column("n_annotators", WHOLE, "people who gave them"),
        Column("interval", TEXT, "how the interval was made", nullable=True),
        Column("note", TEXT, "what a reader must know, or why there is no value", nullable=True),
    ),
)

_FITTED = (
    Column("name", TEXT, "the mixed model, as the config names it; 'model' where made by hand"),
    Column("model_id", TEXT, "the vision-language model that the scores are of", nullable=True),
    Column("response", TEXT, "the response, as the formula has it"),
)
"""What was fitted: the first columns, and the first part of the key, of every table of results."""

_FITTED_KEY = tuple(column.name for column in _FITTED)
_IN_RESPONSE = "in units of the response; of the logit in a binomial model"


def _interval(of: str) -> tuple[Column, Column]:
    """Return the columns of a 95 % interval."""
    return (
        Column("low", REAL, f"lower end of the 95 % interval of the {of}", nullable=True),
        Column("high", REAL, f"upper end of the 95 % interval of the {of}", nullable=True),
    )


MODEL_FITS = Table(
    "model_fits",
    "one row a mixed model: what was fitted and how well, or the reason why there is no fit",
    _FITTED_KEY,
    (
        *_FITTED,
        Column("formula", TEXT, "the model, in lme4's notation"),
        Column("family", TEXT, "gaussian or binomial"),
        Column("estimation", TEXT, "REML or ML", nullable=True),
        Column("n", WHOLE, "rows in the model", nullable=True),
        Column("n_parameters", WHOLE, "fixed effects and variance parameters", nullable=True),
        Column("criterion", REAL, "-2 log (restricted) likelihood", nullable=True),
        Column("aic", REAL, "criterion and twice the number of parameters", nullable=True),
        Column("bic", REAL, "criterion and log n times the number of parameters", nullable=True),
        Column("r2_marginal", REAL, "share of variance that fixed effects explain", nullable=True),
        Column("r2_conditional", REAL, "the same with random effects", nullable=True),
        Column("icc", REAL, "share of random effects in what fixed effects leave", nullable=True),
        Column("converged", FLAG, "the search ended in an optimum", nullable=True),
        Column("singular", TEXT, "what lies on the boundary, by ';'", nullable=True),
        Column("engine", TEXT, "what fitted it, and why", nullable=True),
        Column("notes", TEXT, "what was left out and what a reader should know", nullable=True),
        Column("reason", TEXT, "why there is no fit", nullable=True),
    ),
)

MODEL_EFFECTS = Table(
    "model_effects",
    "fixed effects of the mixed models",
    (*_FITTED_KEY, "effect"),
    (
        *_FITTED,
        Column("term", TEXT, "the formula's term that it belongs to"),
        Column("effect", TEXT, "the column of the design, such as speaker[male_adult]"),
        Column("spread", REAL, "standard deviation of that column over the rows", nullable=True),
        Column("estimate", REAL, f"the estimate, {_IN_RESPONSE}"),
        Column("se", REAL, "its standard error"),
        Column("df", REAL, "degrees of freedom (Satterthwaite); none of a z test", nullable=True),
        Column("statistic", REAL, "t, or z: estimate over standard error", nullable=True),
        Column("p", REAL, "two-sided p", nullable=True),
        *_interval("estimate"),
    ),
)

MODEL_COMPONENTS = Table(
    "model_components",
    "standard deviations and correlations of the random effects and the residual",
    (*_FITTED_KEY, "kind", "group", "column", "other"),
    (
        *_FITTED,
        Column("kind", TEXT, "sd, correlation, or sigma: the residual standard deviation"),
        Column("group", TEXT, "grouping factor, such as child_id:session_id; or Residual"),
        Column("column", TEXT, "what varies, such as (Intercept)", nullable=True),
        Column("other", TEXT, "what it is correlated with", nullable=True),
        Column("estimate", REAL, f"standard deviations {_IN_RESPONSE}", nullable=True),
        *_interval("estimate"),
        Column("note", TEXT, "how the interval was made, or why there is none", nullable=True),
    ),
)

MODEL_VARIANCE = Table(
    "model_variance",
    "how the variance is shared out among fixed effects, random terms and residual",
    (*_FITTED_KEY, "component"),
    (
        *_FITTED,
        Column("component", TEXT, "Fixed effects, a random term as in the formula, or Residual"),
        Column("group", TEXT, "grouping factor of a random term", nullable=True),
        Column("n_levels", WHOLE, "members of the group", nullable=True),
        Column("variance", REAL, "mean over the rows; of a logistic residual pi^2 / 3"),
        Column("share", REAL, "share of the sum of all"),
        Column(
            "icc",
            REAL,
            "intraclass correlation: share of what the fixed effects leave",
            nullable=True,
        ),
    ),
)

MODEL_RANDOM_EFFECTS = Table(
    "model_random_effects",
    "conditional modes of the random effects",
    (*_FITTED_KEY, "group", "level", "column"),
    (
        *_FITTED,
        Column("group", TEXT, "grouping factor"),
        Column("level", TEXT, "member of the group"),
        Column("column", TEXT, "what varies, such as (Intercept)"),
        Column("mode", REAL, f"conditional mode, {_IN_RESPONSE}"),
        Column("sd", REAL, "conditional standard deviation, given the variances", nullable=True),
        Column("n", WHOLE, "rows of the member"),
    ),
)

MODEL_TESTS = Table(
    "model_tests",
    "tests of whole terms of the mixed models",
    (*_FITTED_KEY, "kind", "term"),
    (
        *_FITTED,
        Column(
            "kind",
            TEXT,
            "type III F, type III Wald, likelihood ratio, or likelihood ratio (REML)",
        ),
        Column("term", TEXT, "the term: fixed, or random as in the formula"),
        Column("statistic", REAL, "F, or chi squared"),
        Column("df1", REAL, "degrees of freedom: of the numerator, or of chi squared"),
        Column("df2", REAL, "of the denominator; none of chi squared", nullable=True),
        Column("p", REAL, "probability of as large a statistic without the term"),
        Column("aic_change", REAL, "AIC without the term less AIC with it", nullable=True),
        Column("bic_change", REAL, "the same of BIC", nullable=True),
        Column("note", TEXT, "how to read it", nullable=True),
    ),
)

_SCALE = Column("scale", TEXT, "response; or, in a binomial model, logit and probability")

MODEL_MEANS = Table(
    "model_means",
    "estimated marginal means of the factors' levels",
    (*_FITTED_KEY, "factor", "level", "scale"),
    (
        *_FITTED,
        Column("factor", TEXT, "the factor"),
        Column("level", TEXT, "its level"),
        _SCALE,
        Column("estimate", REAL, "mean; none where combinations lack rows", nullable=True),
        Column("se", REAL, "its standard error", nullable=True),
        Column("df", REAL, "degrees of freedom; none of a normal interval", nullable=True),
        *_interval("mean"),
    ),
)

MODEL_CONTRASTS = Table(
    "model_contrasts",
    "differences of marginal means between all pairs of a factor's levels",
    (*_FITTED_KEY, "factor", "level", "other", "scale"),
    (
        *_FITTED,
        Column("factor", TEXT, "the factor"),
        Column("level", TEXT, "the level"),
        Column("other", TEXT, "the level whose mean is taken from it"),
        _SCALE,
        Column("estimate", REAL, "the difference", nullable=True),
        Column("se", REAL, "its standard error", nullable=True),
        Column("df", REAL, "degrees of freedom; none of a z test", nullable=True),
        Column("statistic", REAL, "difference over standard error", nullable=True),
        Column("p", REAL, "two-sided p of this contrast alone", nullable=True),
        Column("p_holm", REAL, "p corrected for all of the factor's contrasts", nullable=True),
        *_interval("difference, not corrected"),
    ),
)

MODEL_DIAGNOSTICS = Table(
    "model_diagnostics",
    "residuals of the mixed models, and what each child does to the fixed effects",
    (*_FITTED_KEY, "kind", "item", "effect"),
    (
        *_FITTED,
        Column(
            "kind",
            TEXT,
            "residual_quantile, residuals_by_fitted, normal_quantiles, or left_out: an effect "
            "without one member of the group",
        ),
        Column("item", TEXT, "name of the quantile, number of the bin or point, or the member"),
        Column("effect", TEXT, "of left_out: the fixed effect", nullable=True),
        Column(
            "x",
            REAL,
            "mean fitted value of a bin; of normal_quantiles what a normal distribution has",
            nullable=True,
        ),
        Column(
            "value",
            REAL,
            "residual over its standard deviation; mean residual of a bin; of left_out the "
            "estimate's change in standard errors",
            nullable=True,
        ),
        Column("se", REAL, "standard error of a bin's mean residual", nullable=True),
        Column("n", WHOLE, "rows of the bin or of the member", nullable=True),
        Column("note", TEXT, "why there is no value, or what is odd", nullable=True),
    ),
)

MODEL_ROBUSTNESS = Table(
    "model_robustness",
    "whether each fixed effect's conclusion survives other responses, assumptions and children",
    (*_FITTED_KEY, "check", "effect"),
    (
        *_FITTED,
        Column("check", TEXT, "main, response <name>, GEE, or cluster bootstrap"),
        Column("effect", TEXT, "the fixed effect"),
        Column("estimate", REAL, "in the units of the check's own response", nullable=True),
        Column("se", REAL, "its standard error", nullable=True),
        *_interval("estimate"),
        Column("p", REAL, "two-sided p", nullable=True),
        Column("conclusion", TEXT, "positive, negative, or none (p not below 0.05)", nullable=True),
        Column("survives", FLAG, "the conclusion is that of the main fit", nullable=True),
        Column("note", TEXT, "why there is no conclusion, or how to read it", nullable=True),
    ),
)

MODEL_LINES = Table(
    "model_lines",
    "what the fixed effects expect along age: all levels of factors counting the same, other "
    "predictors at their means",
    (*_FITTED_KEY, "age_months"),
    (
        *_FITTED,
        Column("predictor", TEXT, "the predictor that moves: age_within, age_months, age_between"),
        Column("age_months", REAL, "age", "mo"),
        Column("value", REAL, "value of the predictor at that age", "mo"),
        Column("estimate", REAL, "expected response; in a binomial model the probability"),
        *_interval("estimate"),
    ),
)

CHILDREN_MEANS = Table(
    "children_means",
    "mean alignment of each child",
    ("child_id",),
    (
        CHILD,
        MODEL,
        Column("n_sessions", WHOLE, "sessions with a score"),
        Column("n_utterances", WHOLE, "utterances with a score"),
        Column("mean_score", REAL, "mean of score_max", nullable=True),
        Column("ci_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("ci_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("mean_difference", REAL, "mean of score_max less its null mean", nullable=True),
        Column("difference_low", REAL, "lower end of the 95 % interval", nullable=True),
        Column("difference_high", REAL, "upper end of the 95 % interval", nullable=True),
        Column("age_slope", REAL, "change of score_max in a month", "1/mo", nullable=True),
        Column("intercept", REAL, "score_max at the child's mean age", nullable=True),
        Column("mean_age_days", REAL, "mean age over utterances", "d", nullable=True),
        Column("note", TEXT, "what a reader must know", nullable=True),
    ),
)

_AGES = (
    Column("age_days", REAL, "age at recording", "d", nullable=True),
    Column("age_months", REAL, "the same in months of 30.4375 days", "mo", nullable=True),
    Column(
        "age_between",
        REAL,
        "mean of age_months over the child's sessions, each counted once",
        "mo",
        nullable=True,
    ),
    Column("age_within", REAL, "age_months less age_between", "mo", nullable=True),
)

_WORD_MEANS = tuple(
    column
    for name, meaning, unit in (
        ("log_freq", "log_freq", "Zipf"),
        ("log_freq_others", "log_freq_others", "Zipf"),
        ("general_log_freq", "general_log_freq", "Zipf"),
        ("concreteness", "concreteness", "as in the norms"),
        ("age_of_acquisition", "age_of_acquisition", "as in the norms"),
    )
    for column in (
        Column(
            f"mean_{name}",
            REAL,
            f"mean of {meaning} over its content words",
            unit,
            nullable=True,
            holds=Holds.LEMMA,
        ),
        Column(f"n_{name}", WHOLE, f"content words that have {meaning}"),
    )
)

_UTTERANCE_FACTS = (
    *_AGES,
    SPEAKER,
    Column("n_words", WHOLE, "words in the encoded text"),
    Column("duration_s", REAL, "end less start of the utterance", "s", nullable=True),
    Column(
        "position",
        REAL,
        "start of the utterance over the length of the video: 0 its beginning, 1 its end",
        nullable=True,
    ),
    Column("minutes", REAL, "start, from the start of the video", "min", nullable=True),
    Column("time_of_day_h", REAL, "clock at its start: hours since midnight", "h", nullable=True),
    Column("n_content_words", WHOLE, "nouns, verbs and adjectives that have a lemma"),
    *_WORD_MEANS,
)

_WORD_FACTS = (
    Column(
        "lemma_id",
        TEXT,
        "number of the lemma in the corpus, as in lemma_numbers: the most frequent first",
        nullable=True,
    ),
    Column("part_of_speech", TEXT, "NOUN, VERB or ADJ (Universal Dependencies)", nullable=True),
    Column("log_freq", REAL, "frequency of the lemma in this corpus", "Zipf", nullable=True),
    Column(
        "log_freq_others",
        REAL,
        "the same over the recordings of the other children only",
        "Zipf",
        nullable=True,
    ),
    Column(
        "general_log_freq",
        REAL,
        "frequency of the lemma's form in the general list (wordfreq)",
        "Zipf",
        nullable=True,
        holds=Holds.LEMMA,
    ),
    Column(
        "concreteness",
        REAL,
        "concreteness of the lemma",
        "as in the norms",
        nullable=True,
        holds=Holds.LEMMA,
    ),
    Column(
        "age_of_acquisition",
        REAL,
        "age at which the lemma is learned",
        "as in the norms",
        nullable=True,
        holds=Holds.LEMMA,
    ),
)

UTTERANCE_PREDICTORS = Table(
    "utterance_predictors",
    "what may explain the score of an utterance, one row an utterance, whatever the model; "
    "the columns of sessions and of the context table that the config names come after (private)",
    ("child_id", "session_id", "utterance_id"),
    (CHILD, SESSION, UTTERANCE, *_UTTERANCE_FACTS),
    extra=True,
)

WORD_PREDICTORS = Table(
    "word_predictors",
    "what may explain the score of a content word, one row a token, whatever the model; further "
    "norms that the config names come after (private)",
    ("child_id", "session_id", "utterance_id", "word_no"),
    (
        CHILD,
        SESSION,
        UTTERANCE,
        Column("word_no", WHOLE, "as in content_words"),
        *_WORD_FACTS,
    ),
    extra=True,
)

PREDICTORS_DESCRIBED = Table(
    "predictors_described",
    "each predictor: what it is, how it was made, and how much of it there is",
    ("unit", "name"),
    (
        Column("unit", TEXT, "what a row is: utterance, or word (a content-word token)"),
        Column("name", TEXT, "the column in utterance_predictors or word_predictors"),
        Column("meaning", TEXT, "what it is"),
        Column("measured_in", TEXT, "its unit of measurement", nullable=True),
        Column("transformation", TEXT, "what was done to it; none: as it was given"),
        Column("source", TEXT, "where it comes from"),
        Column("n", WHOLE, "rows that have it"),
        Column("n_missing", WHOLE, "rows that lack it"),
        Column("missing_means", TEXT, "why a row may lack it", nullable=True),
        Column("mean", REAL, "mean over the rows that have it", nullable=True),
        Column("sd", REAL, "standard deviation over these (n - 1)", nullable=True),
        Column("least", REAL, "least value", nullable=True),
        Column("greatest", REAL, "greatest value", nullable=True),
        Column("n_levels", WHOLE, "distinct values of what is no number", nullable=True),
        Column("levels", TEXT, "these with their rows, the most frequent first", nullable=True),
    ),
)

_LOG_LENGTHS = (
    Column("log_n_words", REAL, "natural log of n_words; none of 0 words", nullable=True),
    Column("n_frames", WHOLE, "pictures scored; missing of given scores", nullable=True),
    Column("log_n_frames", REAL, "natural log of n_frames; none of 0 pictures", nullable=True),
)

_SCORE_RESPONSES = tuple(
    Column(name, REAL, "as in alignment", nullable=True)
    for name in ("score_max", "score_mean", "score_min", "score_top_k", "score_corrected")
)

_NULL_RESPONSES = tuple(
    Column(f"{scheme}_{name}", REAL, "as in alignment", nullable=True)
    for scheme in SCHEMES
    for name in ("difference", "z", "percentile")
)

UTTERANCE_TABLE = Table(
    "utterance_table",
    "what utterance models are fitted to: one row an utterance with its responses and predictors; "
    "the further columns of utterance_predictors come after (private)",
    ("child_id", "session_id", "utterance_id"),
    (
        CHILD,
        SESSION,
        UTTERANCE,
        MODEL,
        *_SCORE_RESPONSES,
        *_NULL_RESPONSES,
        Column(
            "aligned",
            WHOLE,
            "1: the score lies above the 95th percentile of its own null 'shuffled', else 0",
            nullable=True,
        ),
        *_UTTERANCE_FACTS,
        *_LOG_LENGTHS,
    ),
    extra=True,
)

WORD_TABLE = Table(
    "word_table",
    "what word models are fitted to: one row a content-word token with its own score, its "
    "predictors and those of its utterance; further columns of both come after (private)",
    ("child_id", "session_id", "utterance_id", "word_no"),
    (
        CHILD,
        SESSION,
        UTTERANCE,
        Column("word_no", WHOLE, "as in content_words"),
        MODEL,
        Column("word_score", REAL, "score_max of word_alignment", nullable=True),
        Column("word_difference", REAL, "shifted_difference of word_alignment", nullable=True),
        Column("word_z", REAL, "shifted_z of word_alignment", nullable=True),
        Column("word_percentile", REAL, "shifted_percentile of word_alignment", nullable=True),
        Column(
            "word_aligned",
            WHOLE,
            "1: the score lies above the 95th percentile of its own null 'shifted', else 0",
            nullable=True,
        ),
        *_WORD_FACTS,
        *(column for column in _UTTERANCE_FACTS if column not in _WORD_MEANS),
        *_LOG_LENGTHS,
    ),
    extra=True,
)

SIMULATED_MODELS = Table(
    "simulated_models",
    "how well a model finds the parameters of corpora that were drawn from known ones: one row a "
    "parameter at each combination of sizes (egoalign simulate-models)",
    ("children", "hours", "kind", "parameter"),
    (
        Column("formula", TEXT, "the model that was fitted"),
        Column("children", WHOLE, "children of each corpus"),
        Column("hours", REAL, "mean hours recorded of all children", "h"),
        Column("mean_sessions", REAL, "mean sessions of all children"),
        Column("mean_rows", REAL, "mean rows that were fitted"),
        Column("n_corpora", WHOLE, "corpora drawn"),
        Column("n_failed", WHOLE, "of these, corpora that the model could not be fitted to"),
        Column("share_not_converged", REAL, "share of fits that did not end in an optimum"),
        Column(
            "share_singular",
            REAL,
            "share of the others with a variance or correlation at its limit",
        ),
        Column("kind", TEXT, "fixed, sd or correlation"),
        Column("parameter", TEXT, "its name; of an sd or correlation: group, column"),
        Column(
            "near_zero",
            FLAG,
            "true sd below two empirical standard errors, or a correlation "
            "of such: an estimate cannot be negative, so that it is biased",
        ),
        Column("n", WHOLE, "converged fits that have it"),
        Column("truth", REAL, "its true value; missing: the true model has none", nullable=True),
        Column("mean_estimate", REAL, "mean over fits"),
        Column("bias", REAL, "mean estimate less truth", nullable=True),
        Column("bias_se", REAL, "Monte Carlo standard error of the bias", nullable=True),
        Column("empirical_se", REAL, "standard deviation of the estimates", nullable=True),
        Column("mean_se", REAL, "mean standard error that fits report; fixed only", nullable=True),
        Column("coverage", REAL, "share of 95 % intervals that hold the truth", nullable=True),
        Column("coverage_low", REAL, "lower end of its exact 95 % interval", nullable=True),
        Column("coverage_high", REAL, "upper end of its exact 95 % interval", nullable=True),
        Column(
            "power",
            REAL,
            "share of fits with p < 0.05; with truth 0: of false alarms",
            nullable=True,
        ),
        Column("power_low", REAL, "lower end of its exact 95 % interval", nullable=True),
        Column("power_high", REAL, "upper end of its exact 95 % interval", nullable=True),
    ),
)

REFERENCE_SAMPLE = Table(
    "reference_sample",
    "the pairs drawn from an image-caption set, and where their pictures are (private)",
    ("pair_id",),
    (
        Column("pair_id", TEXT, "the pair, in the order of name and caption"),
        Column("picture_id", WHOLE, "number of the distinct picture within the sample"),
        Column("caption_id", WHOLE, "number of the distinct caption, whatever its capitals"),
        Column("key", TEXT, "name of the picture in the set", holds=Holds.NAME),
        Column("caption", TEXT, "as given to the text encoder", holds=Holds.TEXT),
        Column(
            "file",
            TEXT,
            "picture, shard or table, from the set's folder of pictures",
            holds=Holds.NAME,
        ),
        Column("place", WHOLE, "first byte in the shard, or row in the table", nullable=True),
        Column("size", WHOLE, "size of the picture's file in a shard", "B", nullable=True),
    ),
)

PAIR_NULLS = ("shuffled", "text_matched")
"""Null schemes of reference pairs."""

REFERENCE_PAIRS = Table(
    "reference_pairs",
    "one row a pair of an image-caption set: its score and nulls, or the reason for none",
    ("set", "pair_id"),
    (
        Column("set", TEXT, "the set, as the config names it"),
        Column("pair_id", TEXT, "as in reference_sample"),
        Column("picture_id", WHOLE, "as in reference_sample"),
        Column("caption_id", WHOLE, "as in reference_sample"),
        MODEL,
        Column("n_words", WHOLE, "words in the caption"),
        Column("n_tokens", WHOLE, "tokens of the model's tokenizer, before any cut"),
        Column("truncated", FLAG, "caption was cut to the model's context length"),
        Column("n_frames", WHOLE, "pictures scored: 1, or 0 without a score"),
        Column("score_max", REAL, "cosine of picture and caption", nullable=True),
        *null_columns(PAIR_NULLS[0]),
        *null_columns(PAIR_NULLS[1]),
        Column("reason", TEXT, "why there is no score", nullable=True),
        Column("null_reason", TEXT, "why there is a score but not every null", nullable=True),
    ),
)

SESSIONS_STATUS = Table(
    "sessions_status",
    "what became of every session",
    ("child_id", "session_id"),
    (
        CHILD,
        SESSION,
        Column("status", TEXT, "ok, excluded, or failed"),
        Column("stage", TEXT, "where it ended", nullable=True),
        Column(
            "reason",
            TEXT,
            "why it failed or is excluded, or what is odd",
            nullable=True,
            holds=Holds.OWN,
        ),
        Column("duration_s", REAL, "length of the video", "s", nullable=True),
        Column("n_frames", WHOLE, "grid points decoded"),
        Column("n_frames_missing", WHOLE, "grid points that could not be decoded"),
        Column("n_utterances", WHOLE, "utterances read"),
        Column("n_scored", WHOLE, "utterances with a score, first model"),
        Column("n_unscored", WHOLE, "utterances with a reason instead, first model"),
        Column("log", TEXT, "path of the log to read", nullable=True, holds=Holds.OWN),
    ),
)

DEMO_VISIBLE = Table(
    "demo_visible",
    "truth of a demo session: the kinds of objects in view at each grid second",
    ("second", "kind"),
    (
        Column("second", REAL, "grid second", "s"),
        Column("kind", TEXT, "the kind of object"),
        Column("share_picture", REAL, "visible share of the whole picture"),
        Column("share_crop", REAL, "visible share of the central square, which the model sees"),
    ),
)

DEMO_UTTERANCES = Table(
    "demo_utterances",
    "truth of a demo session: what each utterance names and whether that is in view",
    ("utterance_id",),
    (
        UTTERANCE,
        Column("start_s", REAL, "start, from the start of the video", "s"),
        Column("end_s", REAL, "end, from the start of the video", "s"),
        Column("text", TEXT, "the words"),
        SPEAKER,
        Column("second", REAL, "grid second nearest its middle", "s"),
        Column("kind", TEXT, "the kind it names", nullable=True),
        Column("p_refers", REAL, "probability that naming this word refers", nullable=True),
        Column("refers", FLAG, "meant to name what is, was or will be looked at", nullable=True),
        Column("timing", TEXT, "meant to go with, lead or trail the look", nullable=True),
        Column(
            "lag_s",
            REAL,
            "from its middle to the nearest moment of its scene with the kind in view; positive: "
            "seen later; missing: never",
            "s",
            nullable=True,
        ),
        Column("share_picture", REAL, "greatest share over its grid seconds", nullable=True),
        Column("share_crop", REAL, "the same of the central square", nullable=True),
        Column("in_view_picture", FLAG, "share_picture reaches the threshold", nullable=True),
        Column("in_view_crop", FLAG, "share_crop reaches the threshold", nullable=True),
    ),
)

DEMO_CAPTIONS = Table(
    "demo_captions",
    "truth of the demo's captioned pictures: what each caption names and whether it is shown",
    ("key",),
    (
        Column("key", TEXT, "name of the pair in the shard"),
        Column("caption", TEXT, "the words"),
        Column("kind", TEXT, "the kind it names"),
        Column("matches", FLAG, "the picture was taken of that kind; else of another"),
        Column("share_picture", REAL, "visible share of the kind in the picture"),
        Column("share_crop", REAL, "the same of the central square"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        SESSIONS,
        MEDIA,
        UTTERANCES,
        WORDS,
        CONTENT_WORDS,
        FRAMES,
        FRAME_EMBEDDINGS,
        TEXT_EMBEDDINGS,
        WORD_EMBEDDINGS,
        ALIGNMENT,
        NULLS,
        WORD_ALIGNMENT,
        LEMMAS,
        LEMMA_NUMBERS,
        LAG_PROFILE,
        LAGS,
        LAB_SCORES,
        JUDGMENTS,
        UNMATCHED,
        RELIABILITY,
        TASK_ITEMS,
        TASK_TRIALS,
        TASK_ANNOTATORS,
        ASKED,
        ITEMS,
        METRICS,
        MOMENTS,
        CALIBRATED,
        CALIBRATION_CURVE,
        CONTRASTS,
        PSYCHOMETRIC,
        CHILDREN_MEANS,
        MODEL_FITS,
        MODEL_EFFECTS,
        MODEL_COMPONENTS,
        MODEL_VARIANCE,
        MODEL_RANDOM_EFFECTS,
        MODEL_TESTS,
        MODEL_MEANS,
        MODEL_CONTRASTS,
        MODEL_DIAGNOSTICS,
        MODEL_ROBUSTNESS,
        MODEL_LINES,
        UTTERANCE_PREDICTORS,
        WORD_PREDICTORS,
        PREDICTORS_DESCRIBED,
        UTTERANCE_TABLE,
        WORD_TABLE,
        SIMULATED_MODELS,
        REFERENCE_SAMPLE,
        REFERENCE_PAIRS,
        SESSIONS_STATUS,
        DEMO_VISIBLE,
        DEMO_UTTERANCES,
        DEMO_CAPTIONS,
    )
}


def session_table(folder: str | Path, child_id: str, session_id: str, name: str) -> Path:
    """Return the path of a session's table of this name within a stage's folder."""
    return Path(folder) / child_id / f"{session_id}.{name}{TABLES[name].suffix}"


READ: set[str] = set()
"""Tables that this process has read, for the record of its job."""

WRITTEN: set[str] = set()
"""Files that this process has written, for the same."""


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside `path`, and rename it to `path` only when all went well.

    Parameters
    ----------
    path : str or Path
        The file to make; its folder is made if need be.

    Yields
    ------
    Path
        A name in the same folder with the same suffix, for the body to write to.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # One name a target: what a killed process left is overwritten by the run that resumes.
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    partial.unlink(missing_ok=True)
    try:
        yield partial
        os.replace(partial, path)
        WRITTEN.add(str(path))
    except OSError as error:
        # Arrow does not say which file it was, and others name the temporary one.
        if error.filename in (None, str(partial)):
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)


def conform(table: Table, data: pa.Table | pd.DataFrame | Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return `data` as an Arrow table with exactly the columns, order and types of `table`.

    Parameters
    ----------
    table : Table
        The schema.
    data : pyarrow.Table, pandas.DataFrame or sequence of mappings
        The rows. Nullable columns that are absent are filled with missing values.

    Raises
    ------
    ValueError
        A column is absent, unknown, of another type, holds a forbidden missing value, or the key
        is not unique. That is a fault of the step that made the rows, so not a `UserError`.
    """
    schema = table.schema
    if not isinstance(data, pa.Table):
        data = (
            pa.Table.from_pylist([dict(row) for row in data], schema=_widened(schema, data))
            if isinstance(data, Sequence)
            else pa.Table.from_pandas(data, preserve_index=False)
        )
    unknown = [name for name in data.column_names if name not in schema.names]
    if unknown and not table.extra:
        raise ValueError(f"table {table.name}: unknown columns {unknown}")
    columns, fields = [], []
    for field in schema:
        if field.name in data.column_names:
            try:
                column = data.column(field.name).cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise ValueError(f"table {table.name}, column {field.name}: {error}") from error
        elif field.nullable:
            column = pa.nulls(data.num_rows, field.type)
        else:
            raise ValueError(f"table {table.name}: column {field.name} is missing")
        if column.null_count and not field.nullable:
            raise ValueError(f"table {table.name}: column {field.name} has missing values")
        columns.append(column)
        fields.append(field)
    for name in unknown:
        columns.append(data.column(name))
        fields.append(data.schema.field(name))
    result = pa.Table.from_arrays(columns, schema=pa.schema(fields))
    if table.key and result.group_by(list(table.key)).aggregate([]).num_rows != result.num_rows:
        raise ValueError(f"table {table.name}: key {table.key} is not unique")
    return result


def _widened(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Schema | None:
    """Let rows of plain dictionaries carry only the columns that they have."""
    if not rows:
        return schema
    present = {name for row in rows for name in row}
    if present - set(schema.names):
        return None
    return pa.schema([field.with_nullable(True) for field in schema if field.name in present])


PRIVATE_ZONE = "private"
"""The folder within the results that holds what may not leave the lab."""

ZONE_MARK = "README.md"
"""Tells the private zone of results from any other folder of that name."""


def check_place(table: Table, *paths: str | Path) -> None:
    """Refuse to write a table with words or names outside the private zone of some results.

    Raises
    ------
    ValueError
        A path lies in a folder of results but outside its private zone: a fault of the step.
    """
    if not table.is_private:
        return
    for path in paths:
        whole = Path(path).absolute()
        zones = (folder / PRIVATE_ZONE for folder in whole.parents)
        # The nearest: the demo's results lie within the lab's own.
        zone = next((one for one in zones if (one / ZONE_MARK).is_file()), None)
        if zone is not None and not whole.is_relative_to(zone):
            raise ValueError(
                f"table {table.name} holds words or names, so that it must lie in {zone}, but was "
                f"to be written to {path}"
            )


def write_table(
    table: Table,
    data: pa.Table | pd.DataFrame | Sequence[Mapping[str, Any]],
    path: str | Path,
    metadata: Mapping[str, str] | None = None,
    csv: str | Path | None = None,
) -> None:
    """Check `data` and write it as Parquet (zstd), and as CSV too where a path is given.

    A path that ends in ``.arrow`` is written in Arrow's file format, uncompressed: for vectors.

    Parameters
    ----------
    table : Table
        The schema to hold to.
    data : pyarrow.Table, pandas.DataFrame or sequence of mappings
        The rows.
    path : str or Path
        Where to write; a file appears there only when it is whole.
    metadata : mapping, optional
        Further facts kept in the file's metadata, as strings.
    csv : str or Path, optional
        Where to write the same rows as CSV.
    """
    check_place(table, path, *([] if csv is None else [csv]))
    checked = conform(table, data)
    facts = {"egoalign_table": table.name, **(metadata or {})}
    checked = checked.replace_schema_metadata(facts)
    with atomic_path(path) as partial:
        if is_arrow(path):
            with pa_ipc.new_file(partial, checked.schema) as writer:
                writer.write_table(checked)
        else:
            pq.write_table(checked, partial, compression="zstd")
    if csv is not None:
        with atomic_path(csv) as partial:
            pa_csv.write_csv(checked, partial)


def read_table(table: Table, path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table that `write_table` wrote and check that it has the columns of `table`.

    Raises
    ------
    UserError
        The file is missing, not Parquet or Arrow, or has other columns or types.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; run the step that makes table '{table.name}'")
    try:
        data = read_columns(path, columns)
    except (pa.ArrowException, OSError) as error:
        kind = "an Arrow" if is_arrow(path) else "a Parquet"
        raise UserError(
            f"{path}: not {kind} file ({error}); delete it and run the workflow again"
        ) from error
    for field in table.schema:
        if columns and field.name not in columns:
            continue
        if field.name not in data.column_names:
            raise UserError(
                f"{path}: column '{field.name}' of table '{table.name}' is missing; "
                "it was made by another version: delete it and run the workflow again"
            )
        if data.schema.field(field.name).type != field.type:
            raise UserError(
                f"{path}: column '{field.name}' is {data.schema.field(field.name).type}, "
                f"expected {field.type}; delete the file and run the workflow again"
            )
    return data


def read_columns(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read some or all columns of a Parquet or Arrow file, whatever they are."""
    READ.add(str(path))
    if is_arrow(path):
        # Mapped: what is not used is not read.
        with pa.memory_map(str(path)) as file, pa_ipc.open_file(file) as reader:
            data = reader.read_all()
        return data.select(list(columns)) if columns else data
    # Not pq.read_table, which looks for a data set of many files first.
    with pq.ParquetFile(path) as file:
        return file.read(list(columns) if columns else None)


def is_arrow(path: str | Path) -> bool:
    """Say whether a table's path names a file in Arrow's own format."""
    return Path(path).suffix.lower() == ARROW_SUFFIX


def read_schema(path: str | Path) -> pa.Schema:
    """Return the schema of a Parquet or Arrow file, without reading its rows."""
    READ.add(str(path))
    if not is_arrow(path):
        return pq.read_schema(path)
    with pa.memory_map(str(path)) as file, pa_ipc.open_file(file) as reader:
        return reader.schema


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the facts kept in a table's file, as strings."""
    metadata = read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in metadata.items()}


def write_json(values: Any, path: str | Path) -> None:
    """Write numbers and strings as JSON, sorted by key, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
