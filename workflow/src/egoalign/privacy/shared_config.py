"""The configuration without what names a path, a file or a label of the lab."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel

from egoalign.config import Config, ModelOptions

WITHHELD = "(private)"
"""Stands where an option's text stays in the lab."""

SHARED_TEXT = {
    "transcripts.tag_language",
    "encode.models.id",
    "encode.models.sha256",
    "align.words.template",
    "vary.models.name",
    "vary.models.responses",
    "vary.models.formula",
    "vary.models.contrasts",
    "vary.models.scale",
    "vary.models.marginal_means",
    "vary.models.compare",
    "vary.predictors.session_columns",
    "vary.predictors.context.columns",
    "vary.predictors.general_frequency",
    "reference.sets.name",
    "report.title",
}
"""Options of free text that tell how it was done and not whose it is; tables name them as well."""


def shared_config(config: Config) -> dict[str, Any]:
    """Return the options that may leave the lab; other free text is replaced by `WITHHELD`.

    Numbers, switches and words out of a fixed list always may. A model's name and weights may
    where they name a published model, not where they are files here.

    Parameters
    ----------
    config : Config
        The configuration as used.
    """
    return _shared_section(config, "")


def _shared_section(section: BaseModel, prefix: str) -> dict[str, Any]:
    """Return one section as plain values."""
    files = section.own_files() if isinstance(section, ModelOptions) else []
    found = {}
    for name, field in type(section).model_fields.items():
        key = f"{prefix}{field.alias or name}"
        value = getattr(section, name)
        published = key in ("encode.models.name", "encode.models.pretrained")
        shared = (
            value not in files
            if published
            else key in SHARED_TEXT or not _is_free_text(field.annotation)
        )
        found[field.alias or name] = _shared_value(value, key, shared)
    return found


def _shared_value(value: Any, key: str, shared: bool) -> Any:
    """Return an option's value, or what stands for it."""
    if isinstance(value, BaseModel):
        return _shared_section(value, f"{key}.")
    if isinstance(value, list | tuple):
        return [_shared_value(item, key, shared) for item in value]
    if shared or not value or not isinstance(value, str | dict):
        return value
    return WITHHELD


def _is_free_text(annotation: Any) -> bool:
    """Whether an option may hold any text, and not only words out of a list."""
    return annotation is str or any(map(_is_free_text, get_args(annotation)))
