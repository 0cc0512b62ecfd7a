"""A bundle's config loads and names nothing of the lab; a bundle that is not whole is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from egoalign.cli import main
from egoalign.config import Config
from egoalign.log import UserError
from egoalign.provenance.bundle import CHECKSUMS, CONTENTS, open_bundle, open_run, take_tables
from egoalign.provenance.compare import compare_bundle
from egoalign.provenance.export import bundle_config, export_bundle
from egoalign.provenance.files import file_digest
from egoalign.tables import CHILDREN_MEANS, SESSIONS, read_table, write_table

LAB = {
    "corpus": {"root": "/data/anna"},
    "transcripts": {"speakers": {"ANNA": "key_child"}, "merged": "anna.csv"},
    "encode": {
        "models": [
            {"name": "ViT-B-32", "pretrained": "openai"},
            {"scores": "anna_scores.csv"},
        ]
    },
    "align": {"groups": ["child", "location"]},
    "validate": {"judgments": ["anna.csv"]},
    "vary": {
        "predictors": {
            "norms": [{"path": "anna.csv", "word": "w", "columns": {"cute": "Anna"}}],
            "context": {"path": "anna.csv", "columns": ["activity"]},
        }
    },
    "reference": {"sets": [{"name": "photos", "format": "folder", "path": "/data/anna"}]},
}
SESSION = {"child_id": "c01", "session_id": "s01", "age_days": 400.0, "exclude": False}
MEANS = {"child_id": "c01", "model_id": "m", "n_sessions": 1, "n_utterances": 9, "mean_score": 0.2}


def test_its_config_loads_and_names_nothing_of_the_lab() -> None:
    config = Config.model_validate(LAB)
    values = bundle_config(config)
    text = yaml.safe_dump(values)
    assert "anna" not in text.lower().replace("anna_scores", "")
    again = Config.model_validate(values)
    assert [one.model_id for one in again.encode.models] == ["ViT-B-32_openai", "anna_scores"]
    assert [bool(one.scores) for one in again.encode.models] == [False, True]
    assert again.align == config.align
    assert bool(again.validate_.judgment_files)
    assert again.vary.models == config.vary.models
    assert [one.name for one in again.reference.sets] == ["photos"]
    assert again.bundle == "."


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle of one table of sessions and one result."""
    folder = tmp_path / "shared"
    tables = {
        "tables/corpus/sessions.parquet": (SESSIONS, SESSION),
        "results/vary/m/children.parquet": (CHILDREN_MEANS, MEANS),
    }
    for name, (table, row) in tables.items():
        write_table(table, [row], folder / name)
    contents = {"tables": {"corpus/sessions.parquet": {"csv": True, "withheld": []}}}
    (folder / CONTENTS).write_text(json.dumps(contents))
    (folder / "config.yaml").write_text("bundle: .\n")
    lines = [f"{file_digest(folder / name)}  {name}\n" for name in tables]
    (folder / CHECKSUMS).write_text("".join(lines))
    return folder


def test_a_run_takes_sessions_and_tables(bundle: Path, tmp_path: Path) -> None:
    found, corpus = open_run(Config(bundle="."), [bundle / "config.yaml"])
    assert found is not None
    assert found.taken == ["corpus/sessions.parquet", "corpus/sessions.csv"]
    assert [(one.child_id, one.session_id, one.videos) for one in corpus.sessions] == [
        ("c01", "s01", ())
    ]
    take_tables(bundle, tmp_path / "results")
    assert read_table(SESSIONS, tmp_path / "results/corpus/sessions.parquet").num_rows == 1
    assert (tmp_path / "results/corpus/sessions.csv").read_text().startswith('"child_id"')


def test_columns_that_were_withheld_come_as_missing(bundle: Path, tmp_path: Path) -> None:
    path = bundle / "tables/corpus/sessions.parquet"
    table = read_table(SESSIONS, path).drop_columns(["exclude_reason", "sex"])
    pa.parquet.write_table(table, path)
    lines = (bundle / CHECKSUMS).read_text().splitlines()[1:]
    (bundle / CHECKSUMS).write_text(
        "\n".join([f"{file_digest(path)}  tables/corpus/sessions.parquet", *lines])
    )
    take_tables(bundle, tmp_path / "results")
    assert read_table(SESSIONS, tmp_path / "results/corpus/sessions.parquet")["sex"].null_count == 1


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "no such file; the bundle is not whole: fetch it again"),
        (lambda path: path.write_bytes(b"x"), "was changed after it was exported"),
    ],
)
def test_a_table_that_is_not_what_was_exported_is_refused(
    bundle: Path, tmp_path: Path, spoil, message: str
) -> None:
    spoil(bundle / "tables/corpus/sessions.parquet")
    with pytest.raises(UserError, match=message):
        take_tables(bundle, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_what_is_no_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected the unpacked folder of a bundle"):
        open_bundle(tmp_path)
    (bundle / CHECKSUMS).unlink()
    with pytest.raises(UserError, match="expected lines of sha256, two spaces, file"):
        take_tables(bundle, tmp_path / "results")


def test_differences_are_told(bundle: Path, tmp_path: Path, capsys) -> None:
    made = tmp_path / "results/vary/m/children.parquet"
    compared = ["compare-bundle", str(tmp_path / "results"), str(bundle)]
    assert main(compared) == 3
    assert "children.parquet: was not made" in capsys.readouterr().out
    write_table(CHILDREN_MEANS, [MEANS], made)
    assert main(compared) == 0
    assert capsys.readouterr().out == "1 files equal, 0 unequal\n"
    write_table(CHILDREN_MEANS, [MEANS | {"mean_score": 0.1, "n_utterances": 8}], made)
    (text,) = compare_bundle(tmp_path / "results", bundle).unequal.values()
    assert text == "n_utterances; mean_score (by 5.0e-01 of its value)"
    write_table(CHILDREN_MEANS, [MEANS | {"mean_score": float("nan")}], made)
    (text,) = compare_bundle(tmp_path / "results", bundle).unequal.values()
    assert text.startswith("mean_score")


def test_a_bundle_is_made_of_a_finished_run_only(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected the results of a finished run"):
        export_bundle(tmp_path / "results", tmp_path / "out")
