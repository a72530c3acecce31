"""A lineage as PROV-O (W3C Recommendation 30 April 2013), in JSON-LD.

A version is a `prov:Entity`, a job a `prov:Activity`, an organisation a `prov:Agent`. What the ledger alone knows (state,
finding, height) stands under this project's own terms. Nothing in it tells rows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from atoll.exchange.registration.lineage import Edge, EdgeKind, Lineage
from atoll.ledger.records import Dataset, Job

PROV = "http://www.w3.org/ns/prov#"
NAMESPACE = "https://w3id.org/atoll/dex#"
XSD = "http://www.w3.org/2001/XMLSchema#"


def lineage_to_prov(lineage: Lineage, *, chain_id: str) -> dict[str, Any]:
    """The JSON-LD document.

    Args:
        lineage: as traced.
        chain_id: the consortium's ledger; names are relative to it.
    """
    base = f"urn:atoll:{chain_id.replace('/', ':')}:"
    edges: dict[str, list[Edge]] = {}
    for edge in lineage.edges:
        edges.setdefault(edge.child, []).append(edge)
    owners = sorted({one.owner for one in lineage.versions} | {org for job in lineage.jobs for org in job.parties})
    return {
        "@context": {
            "prov": PROV,
            "dex": NAMESPACE,
            "xsd": XSD,
            "dataset": f"{base}dataset/",
            "job": f"{base}job/",
            "member": f"{base}member/",
        },
        "@id": f"{base}lineage/{lineage.root}",
        "@type": "prov:Bundle",
        "dex:complete": lineage.is_whole,
        "@graph": [
            *(_entity(one, edges.get(one.dataset, [])) for one in lineage.versions),
            *(_activity(one) for one in lineage.jobs),
            *({"@id": f"member:{org}", "@type": ["prov:Agent", "prov:Organization"]} for org in owners),
        ],
    }


def _entity(one: Dataset, edges: list[Edge]) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "@id": f"dataset:{one.dataset}",
        "@type": "prov:Entity",
        "prov:wasAttributedTo": {"@id": f"member:{one.owner}"},
        "dex:registeredAtHeight": one.height,
        "dex:state": str(one.state),
        "dex:finding": str(one.finding),
        "dex:cardCommitment": one.card_commitment.hex(),
    }
    if one.time:
        entity["prov:generatedAtTime"] = {"@value": _when(one.time), "@type": "xsd:dateTime"}
    if one.first:
        entity["dex:registeredFirst"] = {"@id": f"dataset:{one.first}"}
    if one.source_job:
        entity["prov:wasGeneratedBy"] = {"@id": f"job:{one.source_job.hex()}"}
    for kind, term in ((EdgeKind.REVISION, "prov:wasRevisionOf"), (EdgeKind.SOURCE, "prov:wasDerivedFrom")):
        if parents := [{"@id": f"dataset:{edge.parent}"} for edge in edges if edge.kind is kind]:
            entity[term] = parents
    return entity


def _activity(job: Job) -> dict[str, Any]:
    used = sorted({line.dataset for line in job.inputs})
    return {
        "@id": f"job:{job.job_id.hex()}",
        "@type": "prov:Activity",
        "dex:jobKind": job.kind,
        "dex:state": str(job.state),
        "dex:planDigest": job.plan_digest.hex(),
        "dex:startedAtHeight": job.started_height,
        "prov:used": [{"@id": f"dataset:{one}"} for one in used],
        "prov:wasAssociatedWith": [{"@id": f"member:{org}"} for org in job.parties],
    }


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
