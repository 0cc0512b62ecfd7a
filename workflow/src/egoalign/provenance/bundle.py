"""A bundle: the tables, statistics and figures of a run that may be shared, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egoalign.config import Config
from egoalign.corpus.read import ChildRow, Corpus, SessionRow, open_corpus
from egoalign.log import UserError
from egoalign.provenance.file_digest import sha256_of
from egoalign.tables import TABLES, read_columns, read_metadata, write_table

CHECKSUMS = "checksums.sha256"
CONTENTS = "bundle.json"
TABLES_FOLDER = "tables"
"""Tables that a run from the bundle takes."""

RESULTS_FOLDER = "results"
"""Statistics and figures that it makes again."""

TAKEN = (
    "corpus/sessions",
    "report/sessions_status",
    "private/predictors/*",
    "align/{model}/alignment",
    "align/{model}/words",
    "align/{model}/lemma_numbers",
    "validate/judgments",
    "validate/{model}/items",
    "validate/{model}/validation",
    "validate/{model}/psychometric",
    "validate/{model}/calibration",
    "validate/{model}/calibration_curve",
    "validate/{model}/calibrated",
    "reference/{model}/*.pairs",
    "vary/predictors",
    "vary/{model}/predictors",
)
"""Tables made from recordings, words, vectors or the lab's own files, without suffix.

Everything else that `rule all` makes is made of these, and so again from a bundle.
"""

TAKEN_OF_SESSIONS = (
    "align/{model}/{child}/{session}.lag_profile",
    "align/{model}/{child}/{session}.word_alignment",
)
"""The same of each session."""

REMADE = (
    "align/{model}/summary.*",
    "align/{model}/groups.*",
    "align/{model}/lags.*",
    "align/{model}/lag_peaks.*",
    "reference/{model}/*.summary.*",
    "reference/{model}/comparison.*",
    "validate/reliability.*",
    "validate/models.*",
    "validate/contrasts.*",
    "vary/{model}/*",
    "stats/*",
    "figures/models.*",
    "figures/{model}/*",
)
"""Statistics and figures: what a run from a bundle makes, and is compared by."""


@dataclass(frozen=True)
class Bundle:
    """A bundle on this disk.

    Parameters
    ----------
    folder : Path
        Where it lies.
    tables : dict
        Its tables by their place below the results: whether a CSV stands beside, and columns that
        were withheld.
    """

    folder: Path
    tables: dict[str, dict[str, Any]]

    @property
    def sources(self) -> list[str]:
        """The files that are taken."""
        return [str(self.folder / TABLES_FOLDER / name) for name in self.tables]

    @property
    def taken(self) -> list[str]:
        """What they become below the results."""
        csvs = [name for name, facts in self.tables.items() if facts["csv"]]
        return [*self.tables, *(str(Path(name).with_suffix(".csv")) for name in csvs)]

    def corpus(self) -> Corpus:
        """Return the sessions of the bundle, which name no files."""
        path = self.folder / TABLES_FOLDER / "corpus" / "sessions.parquet"
        rows = read_columns(path).to_pylist()
        sessions = [
            SessionRow(
                child_id=row["child_id"],
                session_id=row["session_id"],
                videos=(),
                transcript=None,
                rttm=None,
                transcript_offset_s=0.0,
                recording_date=None,
                age_days=row["age_days"],
                exclude=row["exclude"],
                exclude_reason=row.get("exclude_reason"),
                exclude_intervals=(),
                source_name=None,
            )
            for row in rows
        ]
        ids = dict.fromkeys(row["child_id"] for row in rows)
        children = [ChildRow(one, None, None, None, None) for one in ids]
        return Corpus(self.folder, children, sessions)


def open_run(config: Config, config_files: Iterable[str | Path]) -> tuple[Bundle | None, Corpus]:
    """Return the bundle that a run takes its tables from, if it does, and the corpus.

    Parameters
    ----------
    config : Config
        The configuration; its `bundle` is seen from the folder of the last config file.
    config_files : iterable of str or Path
        The run's config files.
    """
    if config.bundle is None:
        return None, open_corpus(config.corpus)
    folders = [Path(path).parent for path in config_files]
    bundle = open_bundle((folders or [Path()])[-1] / config.bundle)
    return bundle, bundle.corpus()


def open_bundle(folder: Path) -> Bundle:
    """Return a bundle by its folder.

    Raises
    ------
    UserError
        There is none.
    """
    path = folder / CONTENTS
    try:
        tables: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["tables"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}); expected the unpacked folder of a bundle that "
            "'egoalign export' made"
        ) from error
    return Bundle(folder, tables)


def checksums(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of a bundle, by its path from the folder.

    Raises
    ------
    UserError
        The list is missing or damaged.
    """
    path = folder / CHECKSUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: cannot be read ({error}); expected lines of sha256, two spaces, file: fetch "
            "the bundle again"
        ) from error


def take_tables(folder: Path, results: Path) -> None:
    """Check a bundle's tables against their checksums and write them below the results.

    Columns that were withheld come as missing values.

    Raises
    ------
    UserError
        A file is missing or is not what was exported.
    """
    bundle = open_bundle(folder)
    expected = checksums(folder)
    for name in bundle.tables:
        path = folder / TABLES_FOLDER / name
        if not path.is_file():
            raise UserError(f"{path}: no such file; the bundle is not whole: fetch it again")
        found = sha256_of(path)
        wanted = expected.get(f"{TABLES_FOLDER}/{name}")
        if found != wanted:
            raise UserError(
                f"{path}: sha256 {found[:12]}..., expected {str(wanted)[:12]}...; the file was "
                "changed after it was exported: fetch the bundle again"
            )
    for name, facts in bundle.tables.items():
        path = folder / TABLES_FOLDER / name
        metadata = read_metadata(path)
        table = TABLES[metadata.pop("egoalign_table")]
        target = results / name
        csv = target.with_suffix(".csv") if facts["csv"] else None
        write_table(table, read_columns(path), target, metadata, csv)
