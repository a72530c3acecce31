"""The catalogue that is written validates against the Dataspace Protocol's schema, and is DCAT to a reader of RDF."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from jsonschema import Draft201909Validator, ValidationError
from rdflib import Graph, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, PROV
from referencing import Registry, Resource

from atoll.exchange.catalogue.dcat import CONTEXT, Described, Measured, catalog_to_dcat
from atoll.policy.odrl.jsonld import parse_policy_json
from tests.unit.catalogue.shelf import alone, card, listed
from tests.unit.policy.desk import column
from tests.vectors.conftest import vectors

SOURCE = vectors("dsp")
SCHEMA = "https://w3id.org/dspace/2025/1/catalog/catalog-schema.json"
DQV = Namespace("http://www.w3.org/ns/dqv#")
DEX = Namespace("https://w3id.org/atoll/dex#")
CHAIN = "test.example/lagoon"
PURPOSE = {"leftOperand": "purpose", "operator": "eq", "rightOperand": "credit-check"}
OFFER = {
    "@id": "urn:uuid:3dd1add8-4d2d-569e-d634-8394a8836a88",
    "@type": "Offer",
    "permission": [
        {"action": "use", "constraint": [{"leftOperand": "purpose", "operator": "eq", "rightOperand": "credit-check"}]}
    ],
}
FULL = card(
    "bureau/files/1",
    title="Crédit files",
    description="All there is to know",
    keywords=("credit", "score"),
    classes=("industry:J66",),
    accrual="Monthly",
    spatial="TW",
    licence="https://example.org/licence",
    offers=(OFFER,),
    parents=("bureau/raw/3",),
    columns=(column("id", semantics="national-id", classes=("personal:sensitive",), normalisation="national-id/1"),),
)
OPINION = Measured(evaluator="auditor", grade="B", score_ppm=870_000, third_party=True, commitment="05" * 32)


@lru_cache(maxsize=1)
def validator() -> Any:
    texts = [path.read_text().replace('"#definitions', '"#/definitions') for path in sorted(SOURCE.rglob("*-schema.json"))]
    loaded = [json.loads(text) for text in texts]
    registry = Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in loaded])
    return Draft201909Validator({"$ref": SCHEMA}, registry=registry)


def document(*described: Described) -> dict[str, Any]:
    return catalog_to_dcat(CHAIN, "bank", described)


def full(**changes: Any) -> Described:
    record = listed("bureau/files/1")
    return Described(record=record, force=alone(record), card=replace(FULL, **changes), quality=(OPINION,))


def test_a_catalogue_of_datasets_with_offers_fits_the_schema_as_the_official_example_does() -> None:
    validator().validate(json.loads((SOURCE / "catalog" / "example" / "catalog.json").read_text()))
    validator().validate(document(full()))
    validator().validate(document())


def test_offers_are_written_as_the_protocol_has_them_in_catalogues() -> None:
    """Named, without a target, numbers as typed texts; a stranger's offer that nobody here can read is no offer."""
    rows = {"leftOperand": "dex:rows", "operator": "lteq", "rightOperand": {"@value": "1000", "@type": "xsd:integer"}}
    nameless = {"target": FULL.dataset, "permission": [{"action": "read", "target": FULL.dataset, "constraint": [rows]}]}
    strange = {"@id": "urn:uuid:9", "permission": [{"action": "teleport"}]}
    found = document(full(offers=(OFFER, {**OFFER, "target": FULL.dataset}, nameless, strange)))
    validator().validate(found)
    (dataset,) = found["dataset"]
    assert [one["@id"] for one in dataset["hasPolicy"]] == [OFFER["@id"], OFFER["@id"], f"{dataset['@id']}:offer:3"]
    assert '"target"' not in json.dumps(dataset["hasPolicy"]) and "@context" not in dataset["hasPolicy"][0]
    assert [parse_policy_json(one).permissions[0].action for one in dataset["hasPolicy"]] == ["use", "use", "read"]


def test_a_dataset_without_an_offer_is_dcat_and_no_more() -> None:
    with pytest.raises(ValidationError, match="hasPolicy"):
        validator().validate(document(full(offers=())))


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
def test_a_reader_of_rdf_finds_every_statement_and_no_relative_name() -> None:
    context = json.loads((SOURCE / "context" / "dspace.jsonld").read_text())
    found = document(full(offers=()))
    assert found.pop("@context") == [CONTEXT]
    local = {"@context": _without_remote(context["@context"])}
    graph = Graph().parse(data=json.dumps(local | found), format="json-ld")
    dataset = URIRef(f"urn:atoll:{CHAIN}:dataset:bureau/files/1")
    assert str(graph.value(dataset, DCTERMS.title)) == "Crédit files"
    assert graph.value(dataset, DCTERMS.accrualPeriodicity) == URIRef("http://purl.org/cld/freq/monthly")
    assert graph.value(dataset, PROV.wasDerivedFrom) == URIRef(f"urn:atoll:{CHAIN}:dataset:bureau/raw/3")
    assert {str(one) for one in graph.objects(dataset, DCAT.keyword)} == {"credit", "score"}
    assert {str(one) for one in graph.objects(dataset, DEX.dataClass)} == {"industry:J66", "personal:sensitive"}
    measured = graph.value(dataset, DQV.hasQualityMeasurement)
    assert int(str(graph.value(measured, DQV.value))) == 870_000
    assert all(":" in str(term) for triple in graph for term in triple if isinstance(term, URIRef))


def test_distributions_are_what_the_level_in_force_allows() -> None:
    found = {level: _dataset(level).get("distribution", []) for level in (2, 3, 4, 5, 6)}
    modes = {level: [one["format"].rpartition("#")[2] for one in each] for level, each in found.items()}
    assert modes == {2: ["api", "compute", "file"], 3: ["api", "compute"], 4: ["compute"], 5: ["compute"], 6: []}


def _dataset(level: int) -> dict[str, Any]:
    record = listed("bureau/files/1")
    (found,) = document(Described(record=record, force=replace(alone(record), level=level), card=FULL))["dataset"]
    return dict(found)


def _without_remote(context: Any) -> Any:
    """The official context without what it would fetch: the profile's names do not stand in these documents."""
    if isinstance(context, dict):
        return {name: _without_remote(value) for name, value in context.items() if name != "@import"}
    return context
