"""Every format of transcripts and the reader of each."""

from __future__ import annotations

from collections.abc import Callable

from egoalign.config import TranscriptsOptions
from egoalign.transcripts.babyview_tokens import read_babyview_tokens
from egoalign.transcripts.chat import read_chat
from egoalign.transcripts.chat_text import read_chat_text
from egoalign.transcripts.childproject import read_childproject
from egoalign.transcripts.csv_reader import read_csv
from egoalign.transcripts.elan import read_elan
from egoalign.transcripts.praat import read_textgrid
from egoalign.transcripts.saycam import read_saycam
from egoalign.transcripts.segments import Segment
from egoalign.transcripts.subtitles import read_srt, read_vtt
from egoalign.transcripts.whisper import read_stable_ts, read_whisper, read_whisperx
from egoalign.transcripts.whisper_tsv import read_whisper_tsv

Reader = Callable[[str, str, TranscriptsOptions], list[Segment]]
"""From a file's text, its name for messages, and the options to its utterances."""

READERS: dict[str, Reader] = {
    "csv": read_csv,
    "whisperx": read_whisperx,
    "whisper": read_whisper,
    "stable_ts": read_stable_ts,
    "whisper_tsv": read_whisper_tsv,
    "babyview_tokens": read_babyview_tokens,
    "saycam": read_saycam,
    "childproject": read_childproject,
    "srt": read_srt,
    "vtt": read_vtt,
    "chat": read_chat,
    "chat_text": read_chat_text,
    "elan": read_elan,
    "textgrid": read_textgrid,
}
"""The names are those of config key ``transcripts.format``, and stand in ``source_format``."""
