"""The same utterances written in every format, as a program or a transcriber would."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

Spoken = tuple[float, float, str, str]
"""Start and end in seconds, words, and a label of the speaker."""

FINE: list[Spoken] = [
    (0.5, 1.25, "Where is the wombat?", "MOT"),
    (2.125, 2.875, "lantern", "CHI"),
    (3.0, 6.75, "I see a velvet kettle, a big one.", "FAT"),
    (8.25, 9.5, "Yes, that's the plover.", "MOT"),
    (61.001, 62.5, "lantern", "CHI"),
]
WHOLE: list[Spoken] = [
    (1.0, 2.0, "Where is the wombat?", "MOT"),
    (2.0, 3.0, "lantern", "CHI"),
    (3.0, 7.0, "I see a velvet kettle, a big one.", "FAT"),
    (7.0, 61.0, "Yes, that's the plover.", "MOT"),
    (61.0, 62.0, "lantern", "CHI"),
]
"""Whole seconds and no pauses, for the formats that only say when an utterance begins."""


def table(header: Sequence[str], rows: Sequence[Sequence[object]], delimiter: str = ",") -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerows([header, *rows])
    return stream.getvalue()


def as_csv(spoken: Sequence[Spoken], delimiter: str = ",") -> str:
    return table(["start_time", "end_time", "text", "speaker"], spoken, delimiter)


def as_tsv(spoken: Sequence[Spoken]) -> str:
    return as_csv(spoken, "\t")


def segments(spoken: Sequence[Spoken]) -> list[dict[str, object]]:
    return [
        {"id": index, "start": start, "end": end, "text": f" {text}", "speaker": who}
        for index, (start, end, text, who) in enumerate(spoken)
    ]


def as_whisperx(spoken: Sequence[Spoken]) -> str:
    return json.dumps({"segments": segments(spoken), "word_segments": []}, indent=1)


def as_whisper(spoken: Sequence[Spoken]) -> str:
    whole = " ".join(text for _, _, text, _ in spoken)
    return json.dumps({"text": whole, "segments": segments(spoken)}, indent=1)


def as_stable_ts(spoken: Sequence[Spoken]) -> str:
    return json.dumps(segments(spoken), indent=1)


def ms(seconds: float) -> int:
    return round(seconds * 1000)


def as_whisper_tsv(spoken: Sequence[Spoken]) -> str:
    lines = ["start\tend\ttext", *(f"{ms(s)}\t{ms(e)}\t{text}" for s, e, text, _ in spoken)]
    return "\n".join(lines) + "\n"


def clock(seconds: float, mark: str, hours: bool = True) -> str:
    whole, part = divmod(ms(seconds), 1000)
    front = f"{whole // 3600:02d}:" if hours else ""
    return f"{front}{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{part:03d}"


def as_srt(spoken: Sequence[Spoken]) -> str:
    return "".join(
        f"{number}\n{clock(start, ',')} --> {clock(end, ',')}\n[{who}]: {text}\n\n"
        for number, (start, end, text, who) in enumerate(spoken, start=1)
    )


def as_vtt(spoken: Sequence[Spoken]) -> str:
    return "WEBVTT\n\n" + "".join(
        f"{clock(start, '.', hours=False)} --> {clock(end, '.')} align:start\n"
        f"<v {who}>{text}</v>\n\n"
        for start, end, text, who in spoken
    )


def as_babyview_tokens(spoken: Sequence[Spoken]) -> str:
    header = "token_id,utterance_id,utterance,token_num,token,token_start_time,token_end_time"
    rows: list[list[object]] = []
    for index, (start, end, text, who) in enumerate(spoken):
        tokens = text.split()
        for no, token in enumerate(tokens):
            first = start if no == 0 else end
            rows.append([len(rows), index, text, no, token, first, end, who])
    return table([*header.split(","), "speaker"], rows)


def as_childproject(spoken: Sequence[Spoken]) -> str:
    header = ["segment_onset", "segment_offset", "speaker_type", "transcription"]
    return table(header, [[ms(s), ms(e), who, text] for s, e, text, who in spoken])


def as_chat(spoken: Sequence[Spoken]) -> str:
    lines = ["@UTF8", "@Begin", "@Participants:\tCHI Target_Child, MOT Mother, FAT Father"]
    for start, end, text, who in spoken:
        words = text if text[-1] in ".?!" else f"{text} ."
        words = words.replace(",", " ,").replace("?", " ?")
        lines.append(f"*{who}:\t{words} \x15{ms(start)}_{ms(end)}\x15")
    return "\n".join([*lines, "@End", ""])


def as_elan(spoken: Sequence[Spoken]) -> str:
    slots, tiers = [], []
    for who in sorted({one[3] for one in spoken}):
        annotations = ""
        for start, end, text, _ in (one for one in spoken if one[3] == who):
            names = [f"ts{len(slots) + number}" for number in (1, 2)]
            slots += [
                f'<TIME_SLOT TIME_SLOT_ID="{slot}" TIME_VALUE="{ms(time)}"/>'
                for slot, time in zip(names, (start, end), strict=True)
            ]
            annotations += (
                f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{len(slots)}" '
                f'TIME_SLOT_REF1="{names[0]}" TIME_SLOT_REF2="{names[1]}">\n'
                f"<ANNOTATION_VALUE>{escape(text)}</ANNOTATION_VALUE>\n"
                "</ALIGNABLE_ANNOTATION></ANNOTATION>\n"
            )
        tiers.append(f'<TIER TIER_ID="{who}" LINGUISTIC_TYPE_REF="t">\n{annotations}</TIER>')
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<ANNOTATION_DOCUMENT AUTHOR="" VERSION="3.0">',
            '<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>',
            "<TIME_ORDER>",
            *slots,
            "</TIME_ORDER>",
            *tiers,
            '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true"/>',
            "</ANNOTATION_DOCUMENT>",
            "",
        ]
    )


def as_textgrid(spoken: Sequence[Spoken]) -> str:
    last = spoken[-1][1]
    people = sorted({one[3] for one in spoken})
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0"]
    lines += [f"xmax = {last}", "tiers? <exists>", f"size = {len(people)}", "item []:"]
    for number, who in enumerate(people, start=1):
        intervals, time = [], 0.0
        for start, end, text, _ in (one for one in spoken if one[3] == who):
            intervals += [(time, start, "")] if start > time else []
            intervals.append((start, end, text))
            time = end
        intervals += [(time, last, "")] if time < last else []
        lines += [f"    item [{number}]:", '        class = "IntervalTier"']
        lines += [f'        name = "{who}"', "        xmin = 0", f"        xmax = {last}"]
        lines.append(f"        intervals: size = {len(intervals)}")
        for index, (start, end, text) in enumerate(intervals, start=1):
            lines += [f"        intervals [{index}]:", f"            xmin = {start}"]
            lines += [f"            xmax = {end}", f'            text = "{text}"']
    return "\n".join(lines) + "\n"


def as_saycam(spoken: Sequence[Spoken]) -> str:
    rows = [[f"{int(s) // 60}:{int(s) % 60:02d}", who, text, ""] for s, _, text, who in spoken]
    return table(["Time", "Speaker", "Utterance", "Video Name"], rows)


def as_chat_text(spoken: Sequence[Spoken]) -> str:
    return "".join(
        f"({int(start) // 60}:{int(start) % 60:02d}) *{who}:\t{text}\n"
        for start, _, text, who in spoken
    )


WRITERS: dict[str, tuple[Callable[[Sequence[Spoken]], str], str]] = {
    "csv": (as_csv, "csv"),
    "csv with tabs": (as_tsv, "tsv"),
    "whisperx": (as_whisperx, "json"),
    "whisper": (as_whisper, "json"),
    "stable_ts": (as_stable_ts, "json"),
    "whisper_tsv": (as_whisper_tsv, "tsv"),
    "srt": (as_srt, "srt"),
    "vtt": (as_vtt, "vtt"),
    "babyview_tokens": (as_babyview_tokens, "csv"),
    "childproject": (as_childproject, "csv"),
    "chat": (as_chat, "cha"),
    "elan": (as_elan, "eaf"),
    "textgrid": (as_textgrid, "TextGrid"),
    "saycam": (as_saycam, "csv"),
    "chat_text": (as_chat_text, "txt"),
}
"""How each format is written, and its usual suffix."""

ONLY_STARTS = ("saycam", "chat_text")
WITHOUT_SPEAKERS = ("whisper_tsv",)


def rttm(spoken: Sequence[Spoken], label: dict[str, str], recording: str = "rec") -> str:
    return "".join(
        f"SPEAKER {recording} 1 {start:.3f} {end - start:.3f} <NA> <NA> {label[who]} <NA> <NA>\n"
        for start, end, _, who in spoken
    )
