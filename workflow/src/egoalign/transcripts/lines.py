"""Lines of a text, by the line ends of every system."""

from __future__ import annotations

import re

LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their ends, which may be LF, CR LF, or CR alone.

    Unlike `str.splitlines`, other control characters end no line, so that the line numbers are
    those of any text editor.
    """
    return LINE_END.split(text)
