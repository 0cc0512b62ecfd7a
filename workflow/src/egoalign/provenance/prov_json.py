"""The chain behind a result in W3C PROV JSON, by the library prov."""

from __future__ import annotations

from pathlib import Path

from prov.model import PROV_TYPE, ProvDocument, ProvEntity

from egoalign.provenance.chain import Chain
from egoalign.provenance.file_digest import FileState
from egoalign.tables import atomic_path

NAMESPACE = "urn:egoalign:"


def write_prov_json(chain: Chain, path: Path) -> None:
    """Write a chain as PROV JSON: files are entities, jobs activities, egoalign the agent.

    Parameters
    ----------
    chain : Chain
        By `egoalign.provenance.chain.find_chain`.
    path : Path
        The file to make.
    """
    with atomic_path(path) as partial:
        prov_document(chain).serialize(str(partial), format="json", indent=1)


def prov_document(chain: Chain) -> ProvDocument:
    """Return a chain as a PROV document."""
    document = ProvDocument()
    document.add_namespace("ego", NAMESPACE)
    entities: dict[tuple[str, str], ProvEntity] = {}

    def entity(state: FileState) -> ProvEntity:
        # The same path with other contents is another entity.
        key = (state.path, state.sha256)
        if key not in entities:
            entities[key] = document.entity(
                f"ego:file/{state.sha256}/{len(entities)}",
                {"prov:location": state.path, "ego:sha256": state.sha256, "ego:bytes": state.size},
            )
        return entities[key]

    for number, job in enumerate(chain.jobs):
        version = job["code"]["version"]
        agent = document.agent(
            f"ego:software/{version}/{job['code']['sha256']}",
            {PROV_TYPE: "prov:SoftwareAgent", "ego:version": version},
        )
        facts = {
            "ego:command": job["command"],
            "ego:config": job["config_sha256"] or "",
            "ego:environment": job["environment"],
            "ego:host": job["hardware"]["host"],
            **{f"ego:seed/{way}": seed for way, seed in job["seeds"].items()},
            **{f"ego:model/{name}": text for name, text in job["models"].items()},
        }
        activity = document.activity(f"ego:job/{number}", job["start"], job["end"], facts)
        document.wasAssociatedWith(activity, agent)
        for state in job["inputs"]:
            document.used(activity, entity(state))
        for state in job["outputs"]:
            document.wasGeneratedBy(entity(state), activity)
    return document.unified()
