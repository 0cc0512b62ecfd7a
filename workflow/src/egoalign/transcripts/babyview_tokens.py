"""Token tables of BabyView: one row a word, which repeats the utterance that it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.delimited import Line, read_lines
from egoalign.transcripts.segments import Segment, TranscriptError, Word, number
from egoalign.transcripts.times import seconds_or_clock

RECORDING = "video_id"
START, END = "token_start_time", "token_end_time"
NEEDED = ("utterance_id", "utterance", START, END)
TOKEN = ("token", "spacy_token_text")
"""Of such alternatives the first that is there counts."""

LEMMA = ("lemma", "spacy_lemma")
PART_OF_SPEECH = ("spacy_pos", "pos")
PROBABILITY = ("score", "probability")
COLUMNS = (
    *(RECORDING, "token_id", *NEEDED[:2], "token_num"),
    *(TOKEN[0], START, END, "speaker", *PROBABILITY, "language"),
    *(TOKEN[1], *PART_OF_SPEECH, "spacy_is_alpha", *LEMMA, "dep"),
)
"""Every column that such tables are known to have."""


def read_babyview_tokens(text: str, name: str, options: TranscriptsOptions) -> list[Segment]:
    """Read the token table of one recording, as written by seconds or by H:M:S.

    An utterance is the rows with the same utterance_id and utterance, wherever they stand, in the
    order of token_num where all have one. It lasts from the earliest start to the latest end of
    its words, and its speaker is the one of most words.

    Times as H:M:S are mostly whole seconds: what lay behind the second is lost, so that each time
    may be wrong by up to a second, and an utterance within one second ends where it starts. It
    stays as read, since nothing in the table says more.

    Parameters
    ----------
    text : str
        The file's text. With a header alone it is a transcript without utterances.
    name : str
        The file's name, for messages.
    options : TranscriptsOptions
        Not looked at; the names of the columns are the format's own.

    Raises
    ------
    TranscriptError
        A column is missing, a row is malformed, or the rows are of several recordings.
    """
    advice = dict.fromkeys(NEEDED, f"a token table has {', '.join(NEEDED)}")
    utterances: dict[tuple[str, str], list[Line]] = {}
    recordings: set[str] = set()
    for line in read_lines(text, name, advice, set(COLUMNS) - set(NEEDED)):
        recordings.add(line.cells.get(RECORDING, "").strip())
        if len(recordings) > 1:
            raise TranscriptError(
                line.place,
                "rows of several recordings",
                f"found {RECORDING} {', '.join(sorted(recordings))}; "
                "set transcripts.merged to split such a table",
            )
        utterance_id = line.cells["utterance_id"].strip()
        utterances.setdefault((utterance_id, line.cells["utterance"]), []).append(line)
    return [
        _utterance(utterance_id, utterance, _in_order(lines))
        for (utterance_id, utterance), lines in utterances.items()
    ]


def _in_order(lines: list[Line]) -> list[Line]:
    """Return the rows of one utterance by token_num, or as they stand where one has none."""
    numbers = [number(line.cells.get("token_num"), line.place, "token_num") for line in lines]
    if None in numbers:
        return lines
    order = sorted(range(len(lines)), key=lambda index: numbers[index] or 0.0)
    return [lines[index] for index in order]


def _utterance(utterance_id: str, utterance: str, lines: list[Line]) -> Segment:
    """Return one utterance with its words."""
    words = tuple(_word(line) for line in lines)
    starts = [word.start_s for word in words if word.start_s is not None]
    ends = [word.end_s for word in words if word.end_s is not None]
    return Segment(
        line=min(line.number for line in lines),
        start_s=min(starts, default=None),
        end_s=max(ends, default=None),
        text=utterance,
        speaker=_most(line.cells.get("speaker", "").strip() for line in lines),
        utterance_id=utterance_id,
        language=_most(line.cells.get("language", "").strip() for line in lines),
        words=words,
    )


def _word(line: Line) -> Word:
    """Return the word of one row."""
    return Word(
        token=_first(line, TOKEN) or "",
        start_s=seconds_or_clock(line.cells[START], line.place, START),
        end_s=seconds_or_clock(line.cells[END], line.place, END),
        probability=number(_first(line, PROBABILITY), line.place, "probability"),
        lemma=_first(line, LEMMA) or None,
        part_of_speech=_first(line, PART_OF_SPEECH) or None,
    )


def _first(line: Line, columns: Sequence[str]) -> str | None:
    """Return the value of the first of these columns that is there."""
    return next((line.cells[column] for column in columns if column in line.cells), None)


def _most(values: Iterable[str]) -> str | None:
    """Return the value that most rows have; of several the first, of none None."""
    counts = Counter(value for value in values if value)
    return counts.most_common(1)[0][0] if counts else None
