"""Loading a vision-language model with open_clip, by name, config file or hub id."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from egoalign.config import MODEL_SUFFIXES, ModelOptions, PictureWay
from egoalign.encode.device import Device
from egoalign.encode.picture import Preparation
from egoalign.encode.weights import (
    HUB,
    HUB_CONFIG,
    check_weights,
    find_weights,
    hub_file,
    tag_settings,
)
from egoalign.log import UserError
from egoalign.tables import atomic_path

CONFIG_KEYS = ("embed_dim", "vision_cfg", "text_cfg")


@dataclass(frozen=True)
class EncodingModel:
    """A model ready to embed, with all that must be known to repeat it."""

    network: Any
    preparation: Preparation
    tokenizer: Any
    device: Device
    embed_dim: int
    facts: dict[str, str]
    """Model id, name, weights, their digest, preprocessing and precision, as strings."""


@dataclass(frozen=True)
class Architecture:
    """A model config that open_clip knows under `name`, and how its pictures are prepared."""

    name: str
    preprocess: dict[str, Any]
    quick_gelu: bool = False


_kept: dict[str, EncodingModel] | None = None
"""The model loaded last, by all that makes it what it is; None where none is kept."""


def keep_loaded() -> None:
    """Keep the model that is loaded last, for a process that runs many jobs."""
    global _kept
    _kept = {}


def load_model(
    options: ModelOptions, device: Device, picture: PictureWay = "crop"
) -> EncodingModel:
    """Load a model, what prepares its pictures, and its tokenizer.

    Parameters
    ----------
    options : ModelOptions
        Name, weights, id and digest, as in the config.
    device : Device
        Where it will run.
    picture : str
        How pictures are made the model's size, as in the config.

    Raises
    ------
    UserError
        Unknown name or tag, missing, wrong or dangerous weights file, weights of another model,
        or a way to prepare pictures that the model cannot have.
    """
    if _kept is None:
        return _load(options, device, picture)
    if not _kept or _state(options, device, picture) not in _kept:
        model = _load(options, device, picture)
        _kept.clear()
        _kept[_state(options, device, picture)] = model
    return next(iter(_kept.values()))


def _state(options: ModelOptions, device: Device, picture: PictureWay) -> str:
    """Return all that makes a model what it is, its files as they are now included."""
    weights = find_weights(options.name, options.pretrained)
    files = [(path, path.stat()) for path in (weights, *map(Path, options.files_here()))]
    states = [(str(path), found.st_size, found.st_mtime_ns) for path, found in files]
    return repr((options.model_dump_json(), device, picture, states))


def _load(options: ModelOptions, device: Device, picture: PictureWay) -> EncodingModel:
    """Load a model, as `load_model` says."""
    import open_clip

    architecture = _architecture(options)
    weights = find_weights(options.name, options.pretrained)
    digest = check_weights(weights, options.name, options.sha256)
    try:
        network, _ = open_clip.create_model_from_pretrained(
            architecture.name,
            str(weights),
            precision=device.precision,
            device=device.name,
            force_quick_gelu=architecture.quick_gelu,
            weights_only=True,
            **{f"image_{key}": value for key, value in architecture.preprocess.items()},
        )
    except Exception as error:
        # Which exception says "other keys or shapes", "not a state dict" or "cut file" depends
        # on the kind of file and the version of torch.
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(
            f"{weights}: not weights for model {options.name} ({first}); "
            "give the model that these weights were saved from, or the file of this model"
        ) from error
    network.eval()
    preparation = Preparation(network.visual.preprocess_cfg, picture)
    return EncodingModel(
        network,
        preparation,
        _tokenizer(architecture.name, options.name),
        device,
        int(open_clip.get_model_config(architecture.name)["embed_dim"]),
        {
            "model_id": options.model_id,
            "model_name": _label(options.name),
            "pretrained": _label(options.pretrained or ""),
            "weights_sha256": digest,
            "precision": device.precision,
            **preparation.facts,
        },
    )


def picture_size(name: str) -> int | None:
    """Return the side in pixels of a model's pictures, None where it cannot be told.

    Reads the model's config file without open_clip, which takes seconds to import, so that
    decoding need not wait for it.
    """
    if name.startswith(HUB):
        import huggingface_hub as hub

        cached = hub.try_to_load_from_cache(name.removeprefix(HUB), HUB_CONFIG)
        path = Path(cached) if isinstance(cached, str) else None
    elif name.endswith(".json"):
        path = Path(name)
    else:
        package = importlib.util.find_spec("open_clip")
        folder = Path(package.origin).parent if package and package.origin else Path()
        path = folder / "model_configs" / f"{name.replace('/', '-')}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8")) if path else {}
        size = content.get("model_cfg", content)["vision_cfg"]["image_size"]
        return int(max(size)) if isinstance(size, list) else int(size)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        # A wrong name or file is told when the model is loaded.
        return None


def fetch_model(name: str, pretrained: str | None, out: str | Path | None) -> dict[str, str]:
    """Fetch all that a model needs into the cache, and copy it into a folder where asked.

    Parameters
    ----------
    name, pretrained : str
        Model and tag, as in the config.
    out : str, Path or None
        Folder for copies; none are made where left out.

    Returns
    -------
    dict
        The keys ``name``, ``pretrained`` and ``sha256`` to put into the config.

    Raises
    ------
    UserError
        As `load_model`.
    """
    architecture = _architecture(ModelOptions(name=name, pretrained=pretrained))
    weights = find_weights(name, pretrained)
    digest = check_weights(weights, name, None)
    _tokenizer(architecture.name, name)
    entry = {"name": name, "pretrained": pretrained or "", "sha256": digest}
    if out is not None:
        label = "_".join(part for part in (name.removeprefix(HUB), pretrained) if part)
        stem = Path(out) / label.replace("/", "-")
        entry["pretrained"] = _copy(weights, f"{stem}{weights.suffix}")
        if name.startswith(HUB):
            config = hub_file(name.removeprefix(HUB), (HUB_CONFIG,), "")
            entry["name"] = _copy(config, f"{stem}.json")
    return {key: value for key, value in entry.items() if value}


def _copy(source: Path, target: str) -> str:
    with atomic_path(target) as partial:
        shutil.copyfile(source, partial)
    return target


def _architecture(options: ModelOptions) -> Architecture:
    """Return the architecture that a name means, having made it known to open_clip."""
    import open_clip

    name = options.name
    if name.startswith(HUB):
        command = f"egoalign fetch-weights --model {name}"
        return _from_file(hub_file(name.removeprefix(HUB), (HUB_CONFIG,), command))
    if name.endswith(".json"):
        return _from_file(Path(name))
    known = open_clip.list_models()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it knows {len(known)} models"
        raise UserError(
            f"model '{name}': open_clip has no such model; {hint} "
            "A config file's name ends in .json, a hub id begins with 'hf-hub:'"
        )
    tags = [options.pretrained] if tag_settings(name, options.pretrained) else None
    if tags is None:
        # A file with a known model's name: prepare pictures as for all weights of that name.
        tags = list(open_clip.list_pretrained_tags_by_model(name))
    ways = [_preprocess(tag_settings(name, tag) or {}) for tag in tags]
    preprocess = ways[0] if ways and all(way == ways[0] for way in ways) else {}
    tagged = tag_settings(name, options.pretrained) or {}
    return Architecture(name, preprocess, bool(tagged.get("quick_gelu")))


def _from_file(path: Path) -> Architecture:
    """Make a model config file known to open_clip, under a name that no other model has."""
    import open_clip

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(
            f"{path}: no such model config ({error.strerror}); give the path of a .json file"
        ) from error
    except ValueError as error:
        raise UserError(f"{path}: not a model config: {error}") from error
    model = content.get("model_cfg", content) if isinstance(content, dict) else {}
    missing = [key for key in CONFIG_KEYS if key not in model]
    if missing:
        raise UserError(f"{path}: not an open_clip model config; it lacks {', '.join(missing)}")
    text = json.dumps(model, sort_keys=True)
    name = f"egoalign-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    if name not in open_clip.list_models():
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{name}.json"
            file.write_text(text, encoding="utf-8")
            open_clip.add_model_config(file)
    return Architecture(name, _preprocess(content.get("preprocess_cfg", {})))


def _preprocess(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a config that says how pictures are prepared."""
    keys = ("mean", "std", "interpolation", "resize_mode")
    return {key: settings[key] for key in keys if settings.get(key) is not None}


def _tokenizer(architecture: str, name: str) -> Any:
    import open_clip

    # open_clip finds some tokenizers by the model's name, so give it the user's where it has one.
    known = name if name in open_clip.list_models() else architecture
    try:
        return open_clip.get_tokenizer(known)
    except ImportError as error:
        raise UserError(
            f"model {name}: its tokenizer needs the package '{error.name}'; install it with pip"
        ) from error
    except OSError as error:
        raise UserError(
            f"model {name}: its tokenizer is not in the cache and cannot be fetched from here; "
            "run `egoalign fetch-weights` for this model on a machine with a network"
        ) from error


def _label(source: str) -> str:
    """Return a name without the folders of this machine."""
    return Path(source).name if Path(source).suffix in MODEL_SUFFIXES else source
