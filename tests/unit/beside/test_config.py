from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from egoalign.config import (
    Config,
    EncodeOptions,
    ModelOptions,
    dump_config,
    load_config,
    parse_section,
)
from egoalign.log import UserError

SET = {"name": "photos", "format": "coco", "path": "captions.json"}


def problems(values) -> list[str]:
    with pytest.raises(UserError) as caught:
        parse_section(Config, values, "c.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"encod": {}}, "encod: unknown key; did you mean 'encode'?"),
        ({"encode": {"fsp": 2}}, "encode.fsp: unknown key; did you mean 'fps'?"),
        (
            {"encode": {"models": [{"name": "m", "pretraind": "x"}]}},
            "encode.models.0.pretraind: unknown key; did you mean 'pretrained'?",
        ),
        ({"encode": {"fps": -1}}, "encode.fps: found -1; it should be greater than 0"),
        (
            {"encode": {"frames": "al"}},
            "encode.frames: found 'al', allowed: all, speech; did you mean 'all'?",
        ),
        ({"encode": {"models": [{}]}}, "encode.models.0: give either 'name'"),
        ({"demo": {"sessions": [4, 2]}}, "sessions [4.0, 2.0]"),
        ({"validate": {"qantiles": 3}}, "validate.qantiles: unknown key; did you mean 'quantiles'"),
        (
            {"transcripts": {"speakers": {"MOT": "mum"}}},
            "transcripts.speakers.MOT: found 'mum', allowed: key_child, other_child",
        ),
        ({"align": {"cutoffs": [float("nan")]}}, "align.cutoffs.0: found nan"),
        (
            {"align": {"words": {"template": "a {wrod}"}}},
            "align.words.template: found 'a {wrod}', expected a phrase with {word} in it",
        ),
        ({"align": {"lags": {"reach_s": 0}}}, "align.lags.reach_s: found 0; it should be greater"),
        (
            {"encode": {"models": [{"name": "m"}, {"name": "m"}]}},
            "encode: two models share the id ['m']; give each its own 'id'",
        ),
        (
            {"reference": {"sets": [{"name": "a", "format": "coco"}]}},
            "reference.sets.0.path: missing; it must be given",
        ),
        (
            {"reference": {"sets": [SET | {"format": "webdatset"}]}},
            "reference.sets.0.format: found 'webdatset', allowed: folder, coco, webdataset, "
            "parquet; did you mean 'webdataset'?",
        ),
        (
            {"reference": {"sets": [SET | {"columns": {"captoin": "c"}}]}},
            "reference.sets.0.columns.captoin: unknown key; did you mean 'caption'?",
        ),
        (
            {"reference": {"sets": [SET | {"name": "a/b"}]}},
            "reference.sets.0.name: found 'a/b'; an id has letters, digits, '.', '_' and '-', "
            "begins with a letter or digit and does not end in a dot",
        ),
        (
            {"reference": {"sets": [SET, SET]}},
            "reference: two sets share the name ['photos']; give each its own 'name'",
        ),
        (
            {"reference": {"sets": [SET | {"name": "corpus"}]}},
            "reference: a set is named 'corpus', as the infants' own rows are; rename it",
        ),
    ],
)
def test_every_wrong_option_is_named_with_what_is_allowed(values, line):
    found = problems(values)
    assert found[0] == "c.yaml: 1 problem"
    assert line.replace("[4.0, 2.0]", "[4, 2]") in found[1]


def test_all_problems_are_told_at_once():
    found = problems({"encod": {}, "encode": {"fps": 0}, "align": {"seed": -1}})
    assert found[0] == "c.yaml: 3 problems"
    assert len(found) == 4


@pytest.mark.parametrize(
    ("name", "pretrained", "model_id"),
    [
        ("ViT-B-32-quickgelu", "openai", "ViT-B-32-quickgelu_openai"),
        ("config/my model.json", "weights/my w.safetensors", "my-model_my-w"),
        ("hf-hub:org/name", None, "hf-hub-org-name"),
    ],
)
def test_a_model_gets_an_id_fit_for_a_folder(name, pretrained, model_id):
    assert ModelOptions(name=name, pretrained=pretrained).model_id == model_id


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({}, "give either 'name'"),
        ({"id": "a"}, "give either 'name'"),
        ({"name": "m", "scores": "s.csv"}, "give either 'name'"),
        ({"scores": "s.csv", "sha256": "0" * 64}, "'scores' stands alone"),
        ({"scores": "s.csv", "text_vectors": "t.parquet"}, "'scores' stands alone"),
    ],
)
def test_a_model_is_a_network_or_a_table_of_scores(model, message):
    assert message in problems({"encode": {"models": [model]}})[1]
    assert ModelOptions(scores="lab/our scores.csv").model_id == "our-scores"


def test_options_come_back_from_json():
    options = EncodeOptions(fps=2)
    assert parse_section(EncodeOptions, options.model_dump_json(), "--options") == options
    with pytest.raises(UserError, match="--options: not JSON"):
        parse_section(EncodeOptions, "{", "--options")


def test_the_shipped_config_is_the_defaults(root):
    shipped = load_config(root / "config" / "config.yaml")
    assert dump_config(shipped) == dump_config(Config())


@pytest.mark.parametrize(
    "name", ["demo/config.yaml", "demo-photo/config.yaml", "studies/babyview.yaml"]
)
def test_the_other_configs_are_valid(root, name):
    assert load_config(root / "config" / name)


def test_a_config_file_that_is_none(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")
    path = tmp_path / "c.yaml"
    path.write_text("a: [")
    with pytest.raises(UserError, match="not YAML"):
        load_config(path)
    path.write_text("- a\n")
    with pytest.raises(UserError, match="expected sections"):
        load_config(path)
    path.write_text("")
    assert load_config(path) == Config()


def test_the_shipped_config_validates_against_the_schema(root):
    schema = json.loads((root / "workflow" / "schemas" / "config.schema.json").read_text())
    values = yaml.safe_load((root / "config" / "config.yaml").read_text())
    jsonschema.validate(values, schema)
