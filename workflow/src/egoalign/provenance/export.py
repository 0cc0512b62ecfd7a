"""Bundle what may be shared of a run: tables, statistics, figures, and how to run it again."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from egoalign import __version__
from egoalign.config import Config, dump_config, load_config, parse_section
from egoalign.log import UserError, logger
from egoalign.privacy.gate import Gate
from egoalign.privacy.scan import EXPORTS, scan_results
from egoalign.privacy.shared_config import WITHHELD, shared_config
from egoalign.privacy.zone import EFFECTIVE_CONFIG
from egoalign.provenance.bundle import (
    CHECKSUMS,
    CONTENTS,
    REMADE,
    RESULTS_FOLDER,
    TABLES_FOLDER,
    TAKEN,
    TAKEN_OF_SESSIONS,
)
from egoalign.provenance.digest import LOCK, PROJECT
from egoalign.provenance.files import file_digest
from egoalign.provenance.opaque import OpaqueIds
from egoalign.provenance.record import config_digest
from egoalign.tables import PRIVATE_ZONE, atomic_path, read_columns, read_schema, write_json

CITATION = PROJECT / "CITATION.cff"
METHODS = "report/methods.md"

UTTERANCE_KEY = ("child_id", "session_id", "utterance_id")

REDRAWN = ("children", "intercepts", "trajectories")
"""Figures that name children: they are drawn again with opaque ids."""

KEY = "key.csv"

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Time of every file in a ZIP, so that equal bundles are equal files."""

README = """# {title}: what may be shared

Made by egoalign {version} (`egoalign export`): scores, statistics and figures of a study of how
well what children see matches what they hear. There are no recordings, no transcripts and no names
here; children, sessions, utterances and annotators have opaque ids, whose key stayed in the lab.

| where | what |
| --- | --- |
| `tables/` | scores, nulls, predictors, judgments, agreement of the scores with people |
| `results/` | statistics and figures |
| `config.yaml` | every option that they rest on |
| `methods.md` | what was done, in words |
| `requirements.lock.txt` | versions of all packages |
| `checksums.sha256` | sha256 of every file: `sha256sum -c checksums.sha256` |

To make the statistics and figures again, in a fresh folder of egoalign {version}:

    snakemake --cores all --configfile BUNDLE/config.yaml
    egoalign compare-bundle results BUNDLE

The first command checks the tables against their checksums and makes everything else of them; no
video is needed. The second says whether the outcome equals what lies here, to the last digit.

Columns withheld by the lab's `privacy` options: {withheld}.
Statistics that rest on withheld columns cannot be made again.
"""

CONFIG_TITLE = f"Makes the statistics and figures again: see README.md. '{WITHHELD}' is the lab's."


def export_bundle(results: Path, out: Path) -> None:
    """Write a bundle of what may be shared, as a folder or, if `out` ends so, as a ``.zip``.

    Parameters
    ----------
    results : Path
        The folder of the results of a finished run.
    out : Path
        What to make; it must not be there yet.

    Raises
    ------
    UserError
        The results are not those of a finished run, `out` is there or lies among them, or
        something that may not leave was found in the bundle.
    """
    if out.exists():
        raise UserError(f"{out}: is there already; give another name or delete it")
    if out.resolve().is_relative_to(results.resolve()):
        raise UserError(f"{out}: lies among the results; give a place outside {results}")
    path = results / PRIVATE_ZONE / EFFECTIVE_CONFIG
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected the results of a finished run")
    config = load_config(path)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        ids = _write_bundle(results, config, partial)
        kept = results / PRIVATE_ZONE / EXPORTS / file_digest(partial / CHECKSUMS)[:12]
        _keep(ids, partial, kept)
        findings = scan_results(results, bundle=partial)
        if findings:
            shutil.rmtree(kept)
            shown = "\n  ".join(map(str, findings[:10]))
            raise UserError(f"nothing was exported, since this may not leave:\n  {shown}")
        if out.suffix == ".zip":
            _zip(partial, out)
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
            partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    logger.info("%s: made; the key of its ids is %s", out, kept / KEY)


def bundle_config(config: Config) -> dict[str, Any]:
    """Return the options by which a run from the bundle makes the statistics and figures again.

    What tells how recordings are read is left out, and what names files of the lab.
    """
    shared, whole = shared_config(config), dump_config(config)
    kept = ("encode", "align", "validate", "vary", "reference", "figures", "report", "privacy")
    values = {name: shared[name] for name in kept}
    for options, model in zip(values["encode"]["models"], config.encode.models, strict=True):
        options["id"] = model.model_id
    # Columns of these names are in the tables: the gate lets them through for that.
    values["align"]["groups"] = whole["align"]["groups"]
    values["vary"]["predictors"]["norms"] = []
    values["bundle"] = "."
    parse_section(Config, values, "the bundle's config")
    return values


def _write_bundle(results: Path, config: Config, folder: Path) -> OpaqueIds:
    """Write all files of a bundle."""
    sessions = read_columns(results / "corpus/sessions.parquet", ["child_id", "session_id"])
    keys = [(row["child_id"], row["session_id"]) for row in sessions.to_pylist()]
    models = [model.model_id for model in config.encode.models]
    judgments = results / "validate/judgments.parquet"
    judged: dict[str, list[str]] = {"annotator_id": [], "item_id": []}
    if judgments.is_file():
        judged = read_columns(judgments, list(judged)).to_pydict()
    said = _utterances(results, models)
    ids = OpaqueIds.of(keys, said, judged["annotator_id"], judged["item_id"])
    gate = Gate.of(config)

    contents: dict[str, dict[str, Any]] = {}
    for source, name in _taken(results, models, ids):
        target = folder / TABLES_FOLDER / name
        if _share(gate, ids, source, results, target):
            contents[name] = {
                "csv": source.with_suffix(".csv").is_file(),
                "withheld": sorted({*read_schema(source).names} - {*read_schema(target).names}),
            }
    for source in _remade(results, models):
        if source.stem in REDRAWN and source.suffix in (".pdf", ".png", ".json"):
            continue
        _share(gate, ids, source, results, folder / RESULTS_FOLDER / source.relative_to(results))
    for model in models:
        _redraw(config, folder, model)

    write_json(
        {"egoalign": __version__, "config_sha256": config_digest(dump_config(config)),
         "tables": contents},
        folder / CONTENTS,
    )  # fmt: skip
    withheld = sorted({name for facts in contents.values() for name in facts["withheld"]})
    text = README.format(
        title=config.report.title,
        version=__version__,
        withheld=", ".join(f"`{name}`" for name in withheld) or "none",
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
    options = yaml.safe_dump(bundle_config(config), sort_keys=False, allow_unicode=True)
    (folder / "config.yaml").write_text(f"# {CONFIG_TITLE}\n{options}", encoding="utf-8")
    for source in (LOCK, CITATION, results / METHODS):
        if source.is_file():
            shutil.copyfile(source, folder / source.name)
        else:
            logger.warning("%s is not there, so that the bundle lacks it", source)
    _write_checksums(folder)
    return ids


def _keep(ids: OpaqueIds, bundle: Path, folder: Path) -> None:
    """Keep what belongs to an export and stays: the key of its ids, and figures drawn for it."""
    ids.write_key(folder / KEY)
    for path in (bundle / RESULTS_FOLDER / "figures").rglob("*.png"):
        if path.stem in REDRAWN:
            shutil.copyfile(path, folder / f"{path.parent.name}.{path.name}")


def _utterances(results: Path, models: list[str]) -> set[tuple[str, str, str]]:
    """Return child, session and id of every utterance."""
    found: set[tuple[str, str, str]] = set()
    for model in models:
        rows = read_columns(results / "align" / model / "alignment.parquet", UTTERANCE_KEY)
        found.update(zip(*(rows[name].to_pylist() for name in UTTERANCE_KEY), strict=True))
    return found


def _taken(results: Path, models: list[str], ids: OpaqueIds) -> Iterator[tuple[Path, str]]:
    """Yield the tables that a run from the bundle takes, each with its name there."""
    for pattern in TAKEN:
        for source in _found(results, f"{pattern}.parquet", models):
            yield source, source.relative_to(results).as_posix()
    for model in models:
        for (child, session), opaque in ids.sessions.items():
            for pattern in TAKEN_OF_SESSIONS:
                source = results / f"{pattern}.parquet".format(
                    model=model, child=child, session=session
                )
                if source.is_file():
                    yield (
                        source,
                        f"{pattern}.parquet".format(
                            model=model, child=ids.children[child], session=opaque
                        ),
                    )


def _remade(results: Path, models: list[str]) -> Iterator[Path]:
    """Yield the statistics and figures."""
    taken = {
        source.with_suffix("")
        for pattern in TAKEN
        for source in _found(results, f"{pattern}.parquet", models)
    }
    for pattern in REMADE:
        for source in _found(results, pattern, models):
            if source.with_suffix("") not in taken:
                yield source


def _found(results: Path, pattern: str, models: list[str]) -> list[Path]:
    """Return the files of a pattern, for each of the config's models if it is of models."""
    patterns = dict.fromkeys(pattern.replace("{model}", model) for model in models)
    return [
        path for one in patterns for path in sorted(results.glob(one))
        if path.is_file() and not path.name.startswith(".")
    ]  # fmt: skip


def _share(gate: Gate, ids: OpaqueIds, source: Path, results: Path, target: Path) -> bool:
    """Copy a file as it may leave, with opaque ids; say why where it does not, and whether."""
    reason = gate.copy(source, target, results, ids.hide)
    if reason:
        logger.warning("%s is left out: %s", source, reason)
    return reason is None


def _redraw(config: Config, bundle: Path, model: str) -> None:
    """Draw the figures that name children from the bundle's tables, which have opaque ids."""
    from egoalign.figures.children import plot_children
    from egoalign.figures.files import Outputs
    from egoalign.figures.intercepts import plot_intercepts
    from egoalign.figures.trajectories import plot_trajectories

    def outputs(name: str) -> Outputs:
        stem = bundle / RESULTS_FOLDER / "figures" / model / name
        return Outputs(*(stem.with_suffix(suffix) for suffix in (".pdf", ".png", ".json")))

    tables = bundle / RESULTS_FOLDER / "vary" / model
    plot_children(tables / "children.parquet", outputs("children"), config.figures)
    plot_intercepts(
        tables / "random_effects.parquet",
        tables / "components.parquet",
        tables / "fits.parquet",
        outputs("intercepts"),
        config.figures,
    )
    taken = bundle / TABLES_FOLDER
    own = taken / "private" / "predictors" / f"{model}.utterances.parquet"
    plot_trajectories(
        (
            taken / "align" / model / "alignment.parquet",
            own if own.is_file() else own.with_name("utterances.parquet"),
        ),
        (
            tables / "fits.parquet",
            tables / "effects.parquet",
            tables / "random_effects.parquet",
            tables / "lines.parquet",
        ),
        outputs("trajectories"),
        config.figures,
    )


def _write_checksums(folder: Path) -> None:
    """Write the sha256 of every file of a bundle, as ``sha256sum`` reads them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{file_digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def _zip(folder: Path, out: Path) -> None:
    """Put a bundle's files into a ZIP, below a folder of its name."""
    with atomic_path(out) as partial, zipfile.ZipFile(partial, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = f"{out.stem}/{path.relative_to(folder).as_posix()}"
            archive.writestr(
                zipfile.ZipInfo(name, ZIP_TIME), path.read_bytes(), zipfile.ZIP_DEFLATED
            )
