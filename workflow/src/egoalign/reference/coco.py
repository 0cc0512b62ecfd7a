"""Captions JSON of COCO: a list of images, and a list of annotations with a caption each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from egoalign.config import ReferenceSet
from egoalign.log import UserError
from egoalign.reference.entries import NO_CAPTION, Entry, Found, LeftOut, only_file_of

EXPECTED = (
    "expected COCO captions: {'images': [{'id', 'file_name'}], "
    "'annotations': [{'image_id', 'caption'}]}"
)


def coco_entries(options: ReferenceSet) -> Iterator[Found]:
    """Yield the annotations, each with its image's file name.

    Raises
    ------
    UserError
        The file is not JSON, or JSON of another shape.
    """
    path = only_file_of(options, (".json",))
    content = _content(path)
    names: dict[Any, str] = {}
    for place, image in enumerate(_list(path, content, "images")):
        where = f"{path}, images[{place}]"
        number, name = _value(where, image, "id"), _value(where, image, "file_name")
        if not isinstance(name, str) or not name:
            raise UserError(f"{where}: file_name is {name!r}, expected the name of a file")
        if names.setdefault(number, name) != name:
            raise UserError(f"{where}: id {number!r} stands there twice, for {name!r} too")
    for place, annotation in enumerate(_list(path, content, "annotations")):
        where = f"{path}, annotations[{place}]"
        number, caption = (_value(where, annotation, key) for key in ("image_id", "caption"))
        if number not in names:
            yield LeftOut("image_id of no image", where)
        elif not isinstance(caption, str) or not caption.strip():
            yield LeftOut(NO_CAPTION, where)
        else:
            yield Entry(names[number], caption, names[number])


def _content(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path}, line {error.lineno}: not JSON ({error.msg.lower()}); {EXPECTED}"
        ) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: not JSON ({type(error).__name__}); {EXPECTED}") from error


def _list(path: Path, content: Any, name: str) -> list[Any]:
    if not isinstance(content, dict):
        raise UserError(f"{path}: found a {type(content).__name__} at the top; {EXPECTED}")
    found = content.get(name)
    if not isinstance(found, list):
        keys = ", ".join(map(str, list(content)[:10])) or "none"
        raise UserError(f"{path}: no list '{name}', keys found: {keys}; {EXPECTED}")
    return found


def _value(where: str, item: Any, key: str) -> Any:
    """Return a value that may name something: text, a number, or none."""
    if not isinstance(item, dict) or key not in item:
        hint = "; is this captions_*.json and not instances_*.json?" if key == "caption" else ""
        raise UserError(f"{where}: no '{key}'{hint or f'; {EXPECTED}'}")
    value = item[key]
    return repr(value) if isinstance(value, list | dict) else value
