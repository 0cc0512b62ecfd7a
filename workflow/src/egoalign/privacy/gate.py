"""The gate: the one place that says what may leave the lab, by config section `privacy`.

What may stand where among the results is checked as tables are written
(`egoalign.tables.check_place`); this module is asked by whatever copies results to elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.ipc as pa_ipc
import pyarrow.parquet as pq
from PIL import Image

from egoalign.config import Config, PrivacyOptions
from egoalign.log import UserError
from egoalign.privacy.blur import blurred
from egoalign.tables import (
    PRIVATE_ZONE,
    TABLES,
    Column,
    Holds,
    Table,
    atomic_path,
    is_arrow,
    read_columns,
    read_metadata,
)

QUALITY = 85

BLUR_POINTS = 12
"""What remains of a blurred picture along its shorter side."""

RECORDED = "raw"
"""Folder of the demo's recordings, which are no results."""

TABLE_SUFFIXES = (".parquet", ".arrow")

PICTURE_SUFFIXES = (".jpg", ".jpeg")
"""Of pictures of recordings, as tasks have them; figures are PNG."""

LEAVING_SUFFIXES = (*TABLE_SUFFIXES, ".csv", ".json", ".pdf", ".png", ".html", ".tex", ".txt")
"""What results outside the private zone are made of."""


@dataclass(frozen=True)
class Gate:
    """What may leave the lab.

    Parameters
    ----------
    options : PrivacyOptions
        Config section `privacy`.
    own : frozenset of str
        The lab's own columns that may leave, since the config names them as predictors or groups.
    """

    options: PrivacyOptions
    own: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: Config) -> Gate:
        """Return the gate of a configuration."""
        predictors = config.vary.predictors
        own = {*predictors.session_columns, *config.align.groups}
        own |= set(predictors.context.columns if predictors.context else ())
        if config.privacy.text != "none":
            norms = {name for table in predictors.norms for name in table.columns}
            own |= norms | {f"{what}_{name}" for name in norms for what in ("mean", "n")}
        return cls(config.privacy, frozenset(own))

    def refusal(self, path: str | Path) -> str | None:
        """Return why a file of the results may not leave, or None where it may.

        That is not to say that all of it may: `copy` takes tables through `filtered` and pictures
        through `picture`, and writes a CSV that stands beside a table anew from that.

        Parameters
        ----------
        path : str or Path
            The file, from the folder of the results.
        """
        path = Path(path)
        place = path.parts[0] if path.parts else ""
        if place == RECORDED:
            return "it is a recording"
        if path.suffix in PICTURE_SUFFIXES:
            return "no picture may leave" if self.options.frames == "none" else None
        if path.suffix not in LEAVING_SUFFIXES:
            return f"files '{path.suffix}' are none of what results are made of"
        if place == PRIVATE_ZONE and path.suffix not in TABLE_SUFFIXES:
            return "it lies in the private zone"
        return None

    def keeps(self, column: Column) -> bool:
        """Whether a column of one of our tables may leave."""
        text, frames = self.options.text, self.options.frames
        return {
            Holds.FACT: True,
            Holds.VECTOR: text == "full" and frames == "full",
            Holds.OWN: text == "full",
            Holds.LEMMA: text != "none",
            Holds.TEXT: text == "full",
            Holds.NAME: False,
        }[column.holds]

    def filtered(self, table: Table, data: pa.Table) -> pa.Table:
        """Return a table with the columns that may leave, of those in `data`.

        Parameters
        ----------
        table : Table
            What it is.
        data : pyarrow.Table
            Its rows; columns that are not of `table` are the lab's own.
        """
        known = {column.name: column for column in table.columns}
        kept = [
            name
            for name in data.column_names
            if (self.keeps(known[name]) if name in known else name in self.own)
        ]
        return data.select(kept)

    def copy(
        self,
        source: str | Path,
        target: str | Path,
        results: str | Path,
        change: Callable[[pa.Table], pa.Table] = lambda data: data,
    ) -> str | None:
        """Copy a file of the results to elsewhere as far as it may leave; return why not, or None.

        Parameters
        ----------
        source, target : str or Path
            The file and its copy.
        results : str or Path
            The folder of the results.
        change : callable, optional
            What else is done to a table before it leaves, such as to hide ids.
        """
        source, target = Path(source), Path(target)
        reason = self.refusal(source.relative_to(results))
        if reason:
            return reason
        beside = source.with_suffix(".parquet")
        if source.suffix in TABLE_SUFFIXES:
            return self._copy_table(source, target, change)
        if source.suffix == ".csv" and beside.is_file():
            return self._copy_table(beside, target, change)
        with atomic_path(target) as partial:
            if source.suffix in PICTURE_SUFFIXES:
                with Image.open(source) as picture:
                    self.picture(picture.convert("RGB")).save(partial, "JPEG", quality=QUALITY)
            else:
                partial.write_bytes(source.read_bytes())
        return None

    def _copy_table(
        self, source: Path, target: Path, change: Callable[[pa.Table], pa.Table]
    ) -> str | None:
        """Copy the columns of a table that may leave, in the format that `target` says."""
        metadata = read_metadata(source)
        table = TABLES.get(metadata.get("egoalign_table", ""))
        if table is None:
            return "it is none of our tables"
        data = change(self.filtered(table, read_columns(source)))
        if not data.num_columns:
            return "none of its columns may leave"
        with atomic_path(target) as partial:
            if target.suffix == ".csv":
                pa_csv.write_csv(data, partial)
            elif is_arrow(target):
                with pa_ipc.new_file(partial, data.schema) as writer:
                    writer.write_table(data)
            else:
                pq.write_table(data, partial, compression="zstd")
        return None

    def picture(self, picture: Image.Image) -> Image.Image:
        """Return a picture of a recording as it may leave: as it is, or blurred.

        Raises
        ------
        UserError
            No picture may leave.
        """
        if self.options.frames == "none":
            raise UserError("a picture may not leave: privacy.frames is 'none' in the config")
        return picture if self.options.frames == "full" else blurred(picture, BLUR_POINTS)
