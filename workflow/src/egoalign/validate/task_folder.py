"""What lies where in a task: the page that is served, and the key that never is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from egoalign.log import UserError
from egoalign.tables import atomic_path, write_json

PAGE, KEY = "page", "key"
ITEMS_FILE, TRIALS_FILE, FACTS_FILE = "items.parquet", "trials.parquet", "task.json"
STUDY_FILE, STUDY_CALL = "study.js", "egoalignStudy"
LISTS, LIST_CALL = "lists", "egoalignList"
PICTURES = "pictures"


def write_script(values: Any, call: str, path: Path) -> None:
    """Write values as a script that hands them to a function of the page.

    A script, unlike a JSON file, can be read by a page that was opened from a disk.
    """
    # "<" could end the script element; U+2028 and U+2029 are escaped by ensure_ascii.
    text = json.dumps(values, ensure_ascii=True, sort_keys=True).replace("<", "\\u003c")
    with atomic_path(path) as partial:
        partial.write_text(f"{call}({text});\n", encoding="utf-8")


def read_script(call: str, path: Path) -> Any:
    """Return the values in a script that `write_script` wrote.

    Raises
    ------
    UserError
        The file is missing or another.
    """
    try:
        text = path.read_text(encoding="utf-8").strip()
        return json.loads(text.removeprefix(f"{call}(").removesuffix(");"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: not a file of a task ({error}); give the folder that 'egoalign make-task' "
            "wrote"
        ) from error


def page_folder(folder: str | Path) -> Path:
    """Return the page's folder, given it or the task's folder around it.

    Raises
    ------
    UserError
        There is no page.
    """
    folder = Path(folder)
    for place in (folder / PAGE, folder):
        if (place / STUDY_FILE).is_file():
            return place
    raise UserError(
        f"{folder}: no {PAGE}/{STUDY_FILE}; give the folder that 'egoalign make-task' wrote"
    )


def list_file(page: Path, slot: int) -> Path:
    """Return the file of one list."""
    return page / LISTS / f"{slot}.js"


def read_lists(page: Path) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """Return the study's facts and every list by its slot."""
    study = read_script(STUDY_CALL, page / STUDY_FILE)
    return study, {
        slot: read_script(LIST_CALL, list_file(page, slot)) for slot in range(study["n_lists"])
    }


def write_facts(facts: dict[str, Any], task: Path) -> None:
    """Write the facts of how a task was made, beside its key."""
    write_json(facts, task / KEY / FACTS_FILE)
