"""Datasets as others' catalogues read them: DCAT 3 (W3C, 2024) with quality measurements (DQV) and derivations (PROV-O).

The document is in the JSON-LD context of DSP 2025-1, which knows `dcat:`, `dct:` and `odrl:`; names of other vocabularies are
written in full, so nothing has to be fetched to read them. A dataset whose owner makes an offer has all that a DSP catalogue
asks of one; one without an offer is DCAT and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from atoll.exchange.catalogue.names import dataset_iri, member_iri
from atoll.exchange.catalogue.policies import offers_to_json
from atoll.ledger.records import Dataset
from atoll.policy.card import DatasetCard
from atoll.policy.in_force import InForce
from atoll.policy.levels import Delivery, level_name, permitted_modes
from atoll.policy.odrl.profile import NAMESPACE as DEX

CONTEXT = "https://w3id.org/dspace/2025/1/context.jsonld"
DQV = "http://www.w3.org/ns/dqv#"
PROV = "http://www.w3.org/ns/prov#"
_FREQUENCY = "http://purl.org/cld/freq/"
_FREQUENCIES = frozenset(
    {"annual", "semiannual", "quarterly", "monthly", "weekly", "daily", "continuous", "irregular", "biennial", "biweekly"}
)
"""Collection Description Frequency Vocabulary, which DCAT names for `dct:accrualPeriodicity`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An opinion of quality, as DQV needs it."""

    evaluator: str
    grade: str
    score_ppm: int
    third_party: bool
    commitment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What there is to say of one dataset version."""

    record: Dataset
    force: InForce
    """What binds it now."""
    card: DatasetCard
    """One that fits the record's commitment."""
    quality: Sequence[Measured] = ()


def catalog_to_dcat(chain_id: str, publisher: str, described: Iterable[Described]) -> dict[str, Any]:
    """A catalogue as a JSON-LD document.

    Args:
        chain_id: name of the ledger.
        publisher: the member whose node prints it.
        described: what is in it.
    """
    datasets = [dataset_to_dcat(chain_id, one) for one in described]
    owners = sorted({one[f"{DEX}owner"] for one in datasets})
    catalog: dict[str, Any] = {
        "@context": [CONTEXT],
        "@id": f"urn:atoll:{chain_id}:catalog:{publisher}",
        "@type": "Catalog",
        "participantId": member_iri(chain_id, publisher),
    }
    if datasets:
        catalog["dataset"] = datasets
        catalog["service"] = [
            {"@id": _service(chain_id, one), "@type": "DataService", "endpointURL": _service(chain_id, one)} for one in owners
        ]
    return catalog


def dataset_to_dcat(chain_id: str, one: Described) -> dict[str, Any]:
    """A dataset version as a JSON-LD object without a context of its own."""
    card, record, force = one.card, one.record, one.force
    iri = dataset_iri(chain_id, record.dataset)
    found: dict[str, Any] = {
        "@id": iri,
        "@type": "Dataset",
        "dct:title": card.title,
        "dct:identifier": record.dataset,
        "dct:publisher": {"@id": member_iri(chain_id, record.owner)},
        "dcat:version": record.dataset.rpartition("/")[2],
        "dcat:keyword": list(card.keywords),
        f"{DEX}owner": record.owner,
        f"{DEX}state": force.state,
        f"{DEX}dataLevel": level_name(force.level),
        f"{DEX}dataClass": sorted({*card.classes, *(name for column in card.columns for name in column.classes)}),
        f"{DEX}rowsAtMost": card.rows_at_most,
        f"{DEX}column": [_column(column.to_map()) for column in card.columns],
        "distribution": [_distribution(chain_id, record.owner, mode) for mode in sorted(permitted_modes(force.level))],
    }
    optional = {
        "dct:description": card.description,
        "dct:accrualPeriodicity": _frequency(card.accrual),
        "dct:spatial": card.spatial,
        "dct:license": card.licence,
        f"{DEX}levelStatus": card.grading.status if card.grading else "",
        f"{PROV}wasDerivedFrom": [{"@id": dataset_iri(chain_id, parent)} for parent in card.parents],
        f"{DQV}hasQualityMeasurement": [_measurement(chain_id, iri, each) for each in one.quality],
        "hasPolicy": list(offers_to_json(chain_id, card)),
    }
    return {name: value for name, value in (found | optional).items() if value not in ("", [], None)}


def _column(fields: dict[str, Any]) -> dict[str, Any]:
    named = {"name": "name", "kind": "kind", "semantics": "semantics", "exposure": "exposure", "normalisation": "spelling"}
    said = {f"{DEX}{word}": fields[name] for name, word in named.items() if fields[name]}
    return {**said, f"{DEX}dataLevel": level_name(fields["level"])}


def _distribution(chain_id: str, owner: str, mode: Delivery) -> dict[str, Any]:
    return {"@type": "Distribution", "format": f"{DEX}{mode}", "accessService": _service(chain_id, owner)}


def _measurement(chain_id: str, dataset: str, one: Measured) -> dict[str, Any]:
    return {
        "@type": f"{DQV}QualityMeasurement",
        f"{DQV}computedOn": {"@id": dataset},
        f"{DQV}isMeasurementOf": {"@id": f"{DEX}qualityScore"},
        f"{DQV}value": one.score_ppm,
        f"{DEX}qualityGrade": one.grade,
        f"{DEX}thirdParty": one.third_party,
        f"{DEX}reportCommitment": one.commitment,
        f"{PROV}wasAttributedTo": {"@id": member_iri(chain_id, one.evaluator)},
    }


def _frequency(accrual: str) -> str | dict[str, str]:
    if accrual.casefold() in _FREQUENCIES:
        return {"@id": _FREQUENCY + accrual.casefold()}
    return {"@id": accrual} if accrual.startswith(("http://", "https://", "urn:")) else accrual


def _service(chain_id: str, org: str) -> str:
    return f"urn:atoll:{chain_id}:service:{org}"
