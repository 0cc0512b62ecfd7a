"""Write lines as people who transcribe by hand keep them: CHAT (.cha) and ELAN (.eaf)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import PurePosixPath

from egoalign.demo.lines import Line

_ROLES = {"CHI": "Target_Child", "MOT": "Mother", "FAT": "Father", "SIB": "Sibling"}
_BULLET = "\x15"
_TIER_TYPE = "utterance"


def chat_text(lines: Sequence[Line], media: str) -> str:
    """Return a CHAT transcript; its bullets hold milliseconds.

    Parameters
    ----------
    lines : sequence of Line
        In the order of time, with the labels of `_ROLES`.
    media : str
        Name of the recording.
    """
    people = ", ".join(f"{label} {role}" for label, role in _ROLES.items())
    head = ["@UTF8", "@Begin", "@Languages:\teng", f"@Participants:\t{people}"]
    head += [f"@ID:\teng|demo|{label}|||||{role}|||" for label, role in _ROLES.items()]
    head.append(f"@Media:\t{media}, video")
    said = [
        f"*{line.label}:\t{line.text} . {_BULLET}{_ms(line.start_s)}_{_ms(line.end_s)}{_BULLET}"
        for line in lines
    ]
    return "\n".join([*head, *said, "@End", ""])


def elan_text(lines: Sequence[Line], media: str) -> str:
    """Return an ELAN document with a tier for each speaker.

    Parameters
    ----------
    lines : sequence of Line
        In the order of time.
    media : str
        Path of the recording.
    """
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {"AUTHOR": "", "DATE": "2025-11-18T12:00:00+00:00", "FORMAT": "3.0", "VERSION": "3.0"},
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    ET.SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        {"MEDIA_URL": PurePosixPath(media).name, "MIME_TYPE": "video/mp4"},
    )
    order = ET.SubElement(root, "TIME_ORDER")
    labels = sorted({line.label for line in lines})
    tiers = {
        label: ET.SubElement(
            root,
            "TIER",
            {"TIER_ID": label, "PARTICIPANT": label, "LINGUISTIC_TYPE_REF": _TIER_TYPE},
        )
        for label in labels
    }
    for number, line in enumerate(lines, start=1):
        slots = (f"ts{2 * number - 1}", f"ts{2 * number}")
        for slot, time in zip(slots, (line.start_s, line.end_s), strict=True):
            ET.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": slot, "TIME_VALUE": str(_ms(time))})
        annotation = ET.SubElement(
            ET.SubElement(tiers[line.label], "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            {
                "ANNOTATION_ID": f"a{number}",
                "TIME_SLOT_REF1": slots[0],
                "TIME_SLOT_REF2": slots[1],
            },
        )
        ET.SubElement(annotation, "ANNOTATION_VALUE").text = line.text
    ET.SubElement(
        root, "LINGUISTIC_TYPE", {"LINGUISTIC_TYPE_ID": _TIER_TYPE, "TIME_ALIGNABLE": "true"}
    )
    ET.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}{ET.tostring(root, encoding='unicode')}\n"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
