"""The configuration that may leave the lab names none of its files."""

from __future__ import annotations

from egoalign.config import Config, dump_config, parse_section
from egoalign.privacy.shared_config import SHARED_TEXT, WITHHELD, shared_config


def test_paths_and_labels_are_withheld_and_numbers_stay(tmp_path):
    weights = tmp_path / "anna.safetensors"
    weights.touch()
    values = {
        "corpus": {"root": "/labs/anna/video"},
        "transcripts": {"speakers": {"Anna": "key_child"}},
        "validate": {"judgments": ["anna1.csv", "anna2.csv"]},
        "encode": {"models": [
            {"name": "ViT-B-32", "pretrained": str(weights), "id": "small"},
            {"name": "ViT-B-16", "pretrained": "openai"},
        ]},
        "align": {"groups": ["house_of_anna"]},
        "pathvars": {"results": "/labs/anna/results"},
    }  # fmt: skip
    config = parse_section(Config, values, "here")
    found = shared_config(config)
    assert "anna" not in str(found).lower()
    assert found["transcripts"]["speakers"] == found["pathvars"] == WITHHELD
    assert found["validate"]["judgments"] == [WITHHELD, WITHHELD]
    first, second = found["encode"]["models"]
    assert (first["name"], first["pretrained"], first["id"]) == ("ViT-B-32", WITHHELD, "small")
    assert second["pretrained"] == "openai"
    whole = dump_config(config)
    assert list(found) == list(whole)
    for section in ("figures", "demo"):
        assert found[section] == whole[section]
    assert found["align"]["nulls"] == whole["align"]["nulls"]


def test_every_shared_option_is_an_option():
    def keys(values, prefix=""):
        for name, value in values.items():
            yield f"{prefix}{name}"
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    yield from keys(one, f"{prefix}{name}.")

    values = {
        "vary": {
            "models": [{"name": "a", "responses": ["b"], "formula": "c"}],
            "predictors": {"context": {"path": "a", "columns": ["b"]}},
        },
        "reference": {"sets": [{"name": "a", "format": "coco", "path": "b"}]},
    }
    assert set(keys(dump_config(parse_section(Config, values, "here")))) >= SHARED_TEXT


def test_a_file_of_the_lab_is_withheld_though_it_is_not_there():
    values = {"encode": {"models": [{"name": "ViT-B-32", "pretrained": "/labs/anna/gone.pt"}]}}
    model = shared_config(parse_section(Config, values, "here"))["encode"]["models"][0]
    assert model["pretrained"] == WITHHELD
