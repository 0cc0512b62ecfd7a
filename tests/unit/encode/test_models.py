"""Loading models: what is accepted, what is refused, and how that is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from egoalign.cli import main
from egoalign.config import ModelOptions
from egoalign.encode.device import choose_device
from egoalign.encode.models import fetch_model, load_model, picture_size
from egoalign.encode.weights import check_weights, find_weights
from egoalign.log import UserError
from egoalign.provenance.files import file_digest


@pytest.fixture
def cpu():
    return choose_device("cpu")


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """An empty cache and a hub that cannot be reached."""
    import huggingface_hub as hub

    def fail(repo, file_name):
        raise hub.errors.LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(hub, "hf_hub_download", fail)
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda repo, file_name: None)


def changed(options: ModelOptions, **values) -> ModelOptions:
    return options.model_copy(update=values)


def test_a_config_file_and_its_weights(tiny, tiny_model):
    assert tiny_model.embed_dim == 24
    assert tiny_model.tokenizer.context_length == 16
    facts = tiny_model.facts
    assert facts["model_id"] == "tiny"
    assert facts["model_name"] == "tiny-test.json"
    assert facts["pretrained"] == "tiny-test.safetensors"
    assert facts["weights_sha256"] == file_digest(Path(tiny.pretrained))
    assert json.loads(facts["preprocessing"])["size"] == [32, 32]
    assert not tiny_model.network.training


def test_a_state_dict_gives_the_same_weights(tiny, tiny_model, cpu):
    other = load_model(changed(tiny, pretrained=tiny.pretrained.replace("safetensors", "pt")), cpu)
    ours = tiny_model.network.state_dict()
    for name, value in other.network.state_dict().items():
        assert torch.equal(value, ours[name]), name


def test_a_config_may_share_its_name_with_a_known_model(tiny, cpu, tmp_path):
    path = tmp_path / "ViT-B-32.json"
    path.write_text(Path(tiny.name).read_text())
    assert load_model(changed(tiny, name=str(path)), cpu).embed_dim == 24
    import open_clip

    assert open_clip.get_model_config("ViT-B-32")["embed_dim"] == 512


def test_a_config_may_say_how_pictures_are_prepared(tiny, cpu, tmp_path):
    path = tmp_path / "other.json"
    way = {"mean": [0.1, 0.2, 0.3], "std": [1, 1, 1], "resize_mode": "squash"}
    path.write_text(
        json.dumps({"model_cfg": json.loads(Path(tiny.name).read_text()), "preprocess_cfg": way})
    )
    facts = load_model(changed(tiny, name=str(path)), cpu).facts
    used = json.loads(facts["preprocessing"])
    assert used["mean"] == [0.1, 0.2, 0.3]
    assert used["resize_mode"] == "squash"


def test_known_names_are_prepared_as_their_weights_need():
    from egoalign.encode.models import _architecture

    siglip = _architecture(ModelOptions(name="ViT-B-16-SigLIP", pretrained="webli"))
    assert siglip.preprocess["resize_mode"] == "squash"
    from_file = _architecture(ModelOptions(name="ViT-B-16-SigLIP", pretrained="x.safetensors"))
    assert from_file.preprocess == siglip.preprocess
    assert _architecture(ModelOptions(name="ViT-B-32", pretrained="openai")).quick_gelu
    assert not _architecture(ModelOptions(name="ViT-B-32", pretrained="laion2b_e16")).quick_gelu


def test_the_size_of_pictures_is_known_before_the_model_is_loaded(
    tiny, tiny_model, monkeypatch, tmp_path
):
    import huggingface_hub as hub

    assert picture_size(tiny.name) == 32
    assert json.loads(tiny_model.facts["preprocessing"])["size"] == [32, 32]
    assert picture_size("ViT-B-32-quickgelu") == 224
    assert picture_size("ViT-B/32") == 224
    wrapped = tmp_path / "wrapped.json"
    wrapped.write_text('{"model_cfg": {"vision_cfg": {"image_size": [40, 24]}}}')
    assert picture_size(str(wrapped)) == 40
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda repo, name: str(wrapped))
    assert picture_size("hf-hub:someone/something") == 40


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"vision_cfg": {"image_size": "big"}}'])
def test_a_size_that_cannot_be_told_is_left_to_loading(content, no_network, tmp_path):
    path = tmp_path / "odd.json"
    path.write_text(content)
    assert picture_size(str(path)) is None
    assert picture_size(str(tmp_path / "absent.json")) is None
    assert picture_size("no-such-model") is None
    assert picture_size("hf-hub:someone/something") is None


def test_a_typo_in_the_name(cpu):
    with pytest.raises(UserError, match=r"no such model; did you mean ViT-B-32-quickgelu"):
        load_model(ModelOptions(name="ViT-B-32-quikgelu", pretrained="openai"), cpu)


def test_a_typo_in_the_tag(cpu):
    with pytest.raises(UserError, match=r"unknown weights 'opnai'; did you mean 'openai'\?") as err:
        load_model(ModelOptions(name="ViT-B-32-quickgelu", pretrained="opnai"), cpu)
    assert "metaclip_400m" in str(err.value)


def test_no_weights_named(tiny, cpu):
    with pytest.raises(UserError, match="no weights named; give as 'pretrained' the path"):
        load_model(changed(tiny, pretrained=None), cpu)


def test_missing_files(tiny, cpu, tmp_path):
    with pytest.raises(UserError, match=r"no weights file .*absent\.safetensors; put it there"):
        load_model(changed(tiny, pretrained=str(tmp_path / "absent.safetensors")), cpu)
    with pytest.raises(UserError, match=r"absent\.json: no such model config"):
        load_model(changed(tiny, name=str(tmp_path / "absent.json")), cpu)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "not a model config"), ("[]", "lacks embed_dim, vision_cfg, text_cfg")],
)
def test_a_wrong_config(content, message, tiny, cpu, tmp_path):
    path = tmp_path / "wrong.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        load_model(changed(tiny, name=str(path)), cpu)


def test_without_network_the_file_to_fetch_is_named(no_network):
    with pytest.raises(UserError) as error:
        find_weights("ViT-B-32-quickgelu", "openai")
    message = str(error.value)
    assert "open_clip_model.safetensors of timm/vit_base_patch32_clip_224.openai" in message
    assert (
        "`egoalign fetch-weights --model ViT-B-32-quickgelu --pretrained openai --out FOLDER`"
        in message
    )
    with pytest.raises(UserError, match=r"open_clip_config\.json of someone/something: not in"):
        load_model(ModelOptions(name="hf-hub:someone/something"), choose_device("cpu"))


def test_a_model_of_the_hub(tiny, cpu, monkeypatch, tmp_path):
    import huggingface_hub as hub

    def cached(repo, file_name):
        assert repo == "someone/tiny"
        return {
            "open_clip_config.json": tiny.name,
            "open_clip_model.safetensors": tiny.pretrained,
        }.get(file_name)

    monkeypatch.setattr(hub, "try_to_load_from_cache", cached)
    loaded = load_model(ModelOptions(name="hf-hub:someone/tiny"), cpu)
    assert loaded.facts["model_id"] == "hf-hub-someone-tiny"
    entry = fetch_model("hf-hub:someone/tiny", None, tmp_path / "models")
    assert entry["sha256"] == loaded.facts["weights_sha256"]
    again = load_model(ModelOptions(**entry), cpu)
    assert again.facts["weights_sha256"] == entry["sha256"]


def test_a_wrong_digest(tiny, cpu):
    with pytest.raises(UserError, match=rf"its sha256 is [0-9a-f]{{64}}, expected {'0' * 64}"):
        load_model(changed(tiny, sha256="0" * 64), cpu)


def test_torchscript_is_refused_by_naming_another_file(tmp_path):
    class Double(torch.nn.Module):
        def forward(self, value: torch.Tensor) -> torch.Tensor:
            return value * 2

    archive = tmp_path / "ViT-B-32.pt"
    torch.jit.script(Double()).save(str(archive))
    with pytest.raises(UserError, match="a TorchScript archive") as error:
        check_weights(archive, "ViT-B-32-quickgelu", None)
    message = str(error.value)
    assert "open_clip_model.safetensors of timm/vit_base_patch32_clip_224.openai" in message
    assert "fetch-weights --model ViT-B-32-quickgelu --pretrained openai" in message
    own = archive.rename(tmp_path / "own.pt")
    with pytest.raises(UserError, match=r"saved as own\.safetensors"):
        check_weights(own, "ViT-B-32-quickgelu", None)


def test_weights_that_run_code_are_refused(tiny, cpu, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "trap.pt"
    torch.save({"state_dict": Trap()}, path)
    with pytest.raises(UserError, match="not weights for model"):
        load_model(changed(tiny, pretrained=str(path)), cpu)
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_model(tiny, cpu, tmp_path):
    other = json.loads(Path(tiny.name).read_text())
    other["embed_dim"] = 48
    path = tmp_path / "wide.json"
    path.write_text(json.dumps(other))
    with pytest.raises(UserError, match="not weights for model"):
        load_model(changed(tiny, name=str(path)), cpu)
    noise = tmp_path / "noise.safetensors"
    noise.write_bytes(b"noise" * 100)
    with pytest.raises(UserError, match="not weights for model"):
        load_model(changed(tiny, pretrained=str(noise)), cpu)


def test_half_precision_needs_a_gpu():
    with pytest.raises(UserError, match=r"encode\.precision: fp16 needs a GPU"):
        choose_device("cpu", "fp16")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
def test_a_device_that_is_not_there():
    with pytest.raises(UserError, match="--device cuda: not available here, found cpu"):
        choose_device("cuda")


def test_fetching_from_the_command_line(no_network, capsys):
    assert main(["fetch-weights", "--model", "ViT-B-32-quikgelu", "--pretrained", "openai"]) == 2
    assert "did you mean ViT-B-32-quickgelu" in capsys.readouterr().err
