"""What every reader has to do with a damaged file: read it, or refuse it in one line."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.segments import Segment, TranscriptError

Reader = Callable[[str, str, TranscriptsOptions], list[Segment]]


def damaged(text: str) -> st.SearchStrategy[str]:
    """Texts in which one stretch of `text` is replaced by another."""
    places = st.integers(0, len(text))
    put = st.text(alphabet='\x15\x00\ud800\r\n\t "<>*%@:-_0129aé[]()&;', max_size=6)
    return st.builds(
        lambda start, length, new: text[:start] + new + text[start + length :],
        places,
        st.integers(0, 30),
        put,
    )


def read_or_refuse(reader: Reader, text: str) -> list[Segment] | None:
    """Return the utterances, or None where the reader says in one line what is wrong."""
    try:
        return reader(text, "FILE", TranscriptsOptions())
    except TranscriptError as error:
        message = str(error)
        assert message.startswith("FILE")
        assert "\n" not in message
        return None


def one_letter_wrong(text: str) -> list[str]:
    """Return the text with each of its visible characters replaced, one at a time."""
    return [
        f"{text[:index]}x{text[index + 1 :]}"
        for index, letter in enumerate(text)
        if not letter.isspace()
    ]
