"""The numbers that captions state: read from the JSON facts beside each figure, when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from egoalign.wording import interval, number


class Numbers(Mapping[str, Any]):
    """Facts by the path of their file below a folder, without ``.json``.

    A caption says ``snakemake.config["numbers"].facts(snakemake.output.facts)``. Nothing is read
    before it is asked for, so that the workflow can be parsed before there are results.

    Parameters
    ----------
    folder : str or Path
        The folder of the results.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.facts(self.folder / f"{name}.json")

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self.folder.rglob("*.json")):
            yield path.relative_to(self.folder).with_suffix("").as_posix()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def facts(self, path: str | Path) -> dict[str, Any]:
        """Return the facts of one file; where there is none, `message` says so."""
        try:
            facts: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"message": f"The numbers of this figure ({path}) have not been made."}
        return facts

    @staticmethod
    def number(value: float | None, digits: int = 3) -> str:
        """Write a number; see `egoalign.wording.number`."""
        return number(value, digits)

    @staticmethod
    def interval(value: Mapping[str, Any] | None, digits: int = 3) -> str:
        """Write an estimate with its interval; see `egoalign.wording.interval`."""
        return interval(value, digits)
