"""What an ELAN file (.eaf) holds: time slots, tiers and annotations, each with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from egoalign.transcripts.segments import TranscriptError, shown


@dataclass
class Annotation:
    """An annotation, aligned to two time slots or referring to another annotation."""

    line: int
    slots: tuple[str, str] | None
    refers_to: str | None
    language: str | None
    text: str = ""


@dataclass
class Tier:
    """A tier and the ids of its annotations, in the order of the file."""

    line: int
    name: str
    participant: str
    parent: str | None
    language: str | None
    annotations: list[str] = field(default_factory=list)


class Document:
    """What an .eaf file holds, taken up element by element; `name` is for messages."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.slots: dict[str, int | None] = {}
        self.tiers: dict[str, Tier] = {}
        self.annotations: dict[str, Annotation] = {}
        self.tier: Tier | None = None
        self.root: str | None = None
        self.origins: list[int] = []
        self.value: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters

    def place(self) -> str:
        """Return where the parser is."""
        return f"{self.name}, line {self.parser.CurrentLineNumber}"

    def whole(self, value: str, what: str) -> int:
        """Return an attribute as a whole number."""
        if not re.fullmatch(r"\s*-?[0-9]{1,12}\s*", value):
            raise TranscriptError(
                self.place(), f"{what} is not a whole number", f"found {shown(value)}"
            )
        return int(value)

    def wanted(self, element: str, attributes: Mapping[str, str], key: str) -> str:
        """Return an attribute that has to be there."""
        if key not in attributes:
            raise TranscriptError(self.place(), f"{element} without {key}")
        return attributes[key]

    def doctype(self, name: str, *_: object) -> None:
        """Refuse a document type, for with it come entities: texts that grow, or other files."""
        raise TranscriptError(
            self.place(),
            "a document type (<!DOCTYPE), which ELAN never writes",
            "delete that declaration, if you trust the file",
        )

    def start(self, element: str, attributes: dict[str, str]) -> None:
        """Take up the start of an element."""
        if self.root is None:
            self.root = element
            if element != "ANNOTATION_DOCUMENT":
                raise TranscriptError(
                    self.place(),
                    "not an ELAN document",
                    f"found {shown(element)}, expected ANNOTATION_DOCUMENT",
                )
        elif element == "HEADER":
            units = attributes.get("TIME_UNITS", "milliseconds")
            if units != "milliseconds":
                raise TranscriptError(
                    self.place(), "times are not in milliseconds", f"found {shown(units)}"
                )
        elif element == "MEDIA_DESCRIPTOR":
            self.origins.append(self.whole(attributes.get("TIME_ORIGIN", "0"), "TIME_ORIGIN"))
        elif element == "TIME_SLOT":
            slot = self.wanted(element, attributes, "TIME_SLOT_ID")
            value = attributes.get("TIME_VALUE")
            self.once(slot, self.slots, "time slot id")
            self.slots[slot] = None if value is None else self.whole(value, "TIME_VALUE")
        elif element == "TIER":
            name = self.wanted(element, attributes, "TIER_ID")
            self.once(name, self.tiers, "tier id")
            self.tier = self.tiers[name] = Tier(
                self.parser.CurrentLineNumber,
                name,
                attributes.get("PARTICIPANT", "").strip(),
                attributes.get("PARENT_REF") or None,
                attributes.get("LANG_REF"),
            )
        elif element in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION"):
            self.annotation(element, attributes)
        elif element == "ANNOTATION_VALUE":
            self.value = []

    def annotation(self, element: str, attributes: dict[str, str]) -> None:
        """Take up an annotation, whose text follows."""
        name = self.wanted(element, attributes, "ANNOTATION_ID")
        self.once(name, self.annotations, "annotation id")
        if self.tier is None:
            raise TranscriptError(self.place(), "an annotation outside a tier")
        slots = refers_to = None
        if element == "REF_ANNOTATION":
            refers_to = self.wanted(element, attributes, "ANNOTATION_REF")
        else:
            slots = (
                self.slot(self.wanted(element, attributes, "TIME_SLOT_REF1")),
                self.slot(self.wanted(element, attributes, "TIME_SLOT_REF2")),
            )
        language = attributes.get("LANG_REF", self.tier.language)
        line = self.parser.CurrentLineNumber
        self.annotations[name] = Annotation(line, slots, refers_to, language)
        self.tier.annotations.append(name)

    def slot(self, name: str) -> str:
        """Return the name of a time slot that is there."""
        if name not in self.slots:
            raise TranscriptError(self.place(), "no such time slot", f"found {shown(name)}")
        return name

    def once(self, name: str, known: Mapping[str, object], what: str) -> None:
        """Refuse a name that stands there already."""
        if name in known:
            raise TranscriptError(self.place(), f"{what} twice", f"found {shown(name)}")

    def characters(self, text: str) -> None:
        """Take up text."""
        if self.value is not None:
            self.value.append(text)

    def end(self, element: str) -> None:
        """Take up the end of an element."""
        if element == "TIER":
            self.tier = None
        elif element == "ANNOTATION_VALUE" and self.value is not None:
            if self.tier is None or not self.tier.annotations:
                raise TranscriptError(self.place(), "a value outside an annotation")
            annotation = self.annotations[self.tier.annotations[-1]]
            if annotation.text:
                raise TranscriptError(self.place(), "an annotation has two values")
            annotation.text = "".join(self.value)
            self.value = None


def parse_elan(text: str, name: str) -> Document:
    """Return the slots, tiers and annotations of an .eaf file.

    Raises
    ------
    TranscriptError
        Not XML, not an ELAN document, or an attribute that is missing or wrong.
    """
    document = Document(name)
    try:
        document.parser.Parse(text, True)
    except expat.ExpatError as error:
        fault = expat.ErrorString(error.code)
        raise TranscriptError(f"{name}, line {error.lineno}", "not XML", fault) from error
    except UnicodeEncodeError as error:
        raise TranscriptError(name, "not XML", "it holds half of a surrogate pair") from error
    for tier in document.tiers.values():
        if tier.parent is not None and tier.parent not in document.tiers:
            place = f"{name}, line {tier.line}"
            raise TranscriptError(place, "no such tier", f"found PARENT_REF {shown(tier.parent)}")
    for annotation in document.annotations.values():
        target = annotation.refers_to
        if target is not None and target not in document.annotations:
            place = f"{name}, line {annotation.line}"
            raise TranscriptError(place, "no such annotation", f"found {shown(target)}")
    return document
