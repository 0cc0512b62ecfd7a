"""Finding, fetching and checking the file of a model's weights."""

from __future__ import annotations

import difflib
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from egoalign.config import WEIGHT_SUFFIXES
from egoalign.log import UserError
from egoalign.provenance.files import file_digest

HUB = "hf-hub:"
HUB_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
HUB_CONFIG = "open_clip_config.json"


def find_weights(name: str, pretrained: str | None) -> Path:
    """Return the file of a model's weights, from disk, from the cache, or from the network.

    Parameters
    ----------
    name : str
        Model name as in the config.
    pretrained : str or None
        Path of a file, or a tag that open_clip knows for that model. A model of the hub brings
        its own weights.

    Raises
    ------
    UserError
        There is no such file or tag, or it cannot be had; the message says what to fetch.
    """
    if name.startswith(HUB) and pretrained is None:
        repo = name.removeprefix(HUB)
        return hub_file(repo, HUB_WEIGHTS, f"egoalign fetch-weights --model {name}")
    if pretrained is None:
        raise UserError(f"model {name}: no weights named; give as 'pretrained' {_choices(name)}")
    path = Path(pretrained)
    if path.is_file():
        return path
    tag = tag_settings(name, pretrained)
    if tag is None:
        if path.suffix in WEIGHT_SUFFIXES or len(path.parts) > 1:
            raise UserError(
                f"model {name}: no weights file {pretrained}; "
                "put it there, or give its path in 'pretrained'"
            )
        near = difflib.get_close_matches(pretrained, _tags(name), n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise UserError(
            f"model {name}: unknown weights '{pretrained}'; {hint}give {_choices(name)}"
        )
    repo, _, file_name = tag["hf_hub"].rpartition("/")
    wanted = HUB_WEIGHTS
    if file_name:
        wanted = (str(Path(file_name).with_suffix(".safetensors")), file_name)
    return hub_file(
        repo, wanted, f"egoalign fetch-weights --model {name} --pretrained {pretrained}"
    )


def tag_settings(name: str, tag: str | None) -> dict[str, Any] | None:
    """Return what open_clip knows of a model's weights by tag, None where it knows none."""
    import open_clip

    return open_clip.get_pretrained_cfg(name, tag) or None if tag else None


def hub_file(repo: str, file_names: Sequence[str], command: str) -> Path:
    """Return one of a hub repository's files, the first that is cached or can be fetched.

    Parameters
    ----------
    repo : str
        Repository, ``owner/name``.
    file_names : sequence of str
        Names of the file, the preferred one first.
    command : str
        The command that fetches it on a machine with a network, for the message.

    Raises
    ------
    UserError
        It is not in the cache and cannot be fetched.
    """
    import huggingface_hub as hub

    for file_name in file_names:
        cached = hub.try_to_load_from_cache(repo, file_name)
        if isinstance(cached, str):
            return Path(cached)
    why = ""
    for file_name in file_names:
        try:
            return Path(hub.hf_hub_download(repo, file_name))
        except Exception as error:
            # Many kinds: no such file or repository, no leave to read it, no network.
            why = why or type(error).__name__
            if isinstance(error, hub.errors.LocalEntryNotFoundError):
                break
    raise UserError(
        f"{file_names[0]} of {repo}: not in the cache {hub.constants.HF_HUB_CACHE}, and it cannot "
        f"be fetched from here ({why}); on a machine with a network run `{command} --out FOLDER`, "
        "bring FOLDER here and put into the config what the command prints"
    )


def check_weights(path: Path, name: str, sha256: str | None) -> str:
    """Return the SHA-256 digest of a weights file, having refused what must not be loaded.

    Raises
    ------
    UserError
        The digest is not `sha256`, or the file is a TorchScript archive.
    """
    if _is_torchscript(path):
        raise UserError(
            f"{path}: a TorchScript archive, which is a program and not only weights; "
            f"{_safer_file(path, name)}"
        )
    digest = file_digest(path)
    if sha256 is not None and digest != sha256:
        raise UserError(
            f"{path}: its sha256 is {digest}, expected {sha256}; "
            "fetch the file again, or mend 'sha256' in the config"
        )
    return digest


def _tags(name: str) -> list[str]:
    import open_clip

    return list(open_clip.list_pretrained_tags_by_model(name))


def _choices(name: str) -> str:
    """Say what 'pretrained' may be."""
    file = "the path of a .safetensors file"
    tags = _tags(name)
    return f"{file}, or one of {', '.join(tags)}" if tags else file


def _is_torchscript(path: Path) -> bool:
    """Say whether a file is a zip archive that holds code, as TorchScript does."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return _holds_code(archive.namelist())


def _holds_code(names: Iterable[str]) -> bool:
    return any("code" in Path(name).parts or Path(name).name == "constants.pkl" for name in names)


def _safer_file(path: Path, name: str) -> str:
    """Say which file to use instead of a TorchScript archive."""
    for tag in _tags(name):
        settings = tag_settings(name, tag) or {}
        if Path(settings.get("url", "")).name == path.name and settings.get("hf_hub"):
            return (
                f"use {HUB_WEIGHTS[0]} of {settings['hf_hub'].rstrip('/')} instead: "
                f"egoalign fetch-weights --model {name} --pretrained {tag}"
            )
    return f"use its state dict saved as {path.with_suffix('.safetensors').name} instead"
