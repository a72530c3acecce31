"""Offers and agreements as others read them: ODRL in the form of the Dataspace Protocol, with names that hold outside a ledger.

What is written says what the terms say. How often and until when a grant holds, and what its grantee may take, is the ledger's:
`atoll grant show` says it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from atoll.exchange.catalogue.names import dataset_iri, grant_iri, member_iri
from atoll.policy.card import DatasetCard
from atoll.policy.errors import PolicyRefused
from atoll.policy.odrl.jsonld import parse_policy_json
from atoll.policy.odrl.model import Policy, TermRule
from atoll.policy.odrl.writing import Form, policy_to_json
from atoll.policy.terms import GrantTerms
from atoll.wire.errors import MessageError


def offers_to_json(chain_id: str, card: DatasetCard) -> Iterator[dict[str, Any]]:
    """A card's offers as a DSP catalogue holds them: with a name, and without a target, which is the dataset around them.

    An offer that is outside the closed profile is left out: nobody here could say what accepting it would permit.
    """
    for number, offer in enumerate(card.offers, start=1):
        try:
            policy = parse_policy_json(offer)
            uid = policy.uid or f"{dataset_iri(chain_id, card.dataset)}:offer:{number}"
            named = replace(policy, uid=uid, target=card.dataset)
            yield policy_to_json(named, Form.OFFER, context=False)
        except (PolicyRefused, MessageError):
            continue


def stranger_of(offer: Policy, dataset: str) -> str:
    """What an offer on a dataset is about, where that is not the dataset; empty where it is."""
    targets = (offer.target, *(rule.target for rule in (*offer.permissions, *offer.prohibitions)))
    return next((one for one in targets if one not in ("", dataset)), "")


def agreement_to_json(chain_id: str, terms: GrantTerms) -> dict[str, Any]:
    """The terms of a grant as a DSP agreement.

    Raises:
        PolicyRefused: a rule has a target of its own, which the form cannot say.
    """

    def named(rule: TermRule) -> TermRule:
        assignee = "" if rule.assignee == terms.assignee else rule.assignee
        return replace(rule, assignee=assignee, target="" if rule.target == terms.target else rule.target)

    policy = Policy(
        uid=grant_iri(chain_id, terms.grant),
        assigner=member_iri(chain_id, terms.assigner),
        assignee=member_iri(chain_id, terms.assignee),
        target=dataset_iri(chain_id, terms.target),
        permissions=tuple(named(one) for one in terms.permissions),
        prohibitions=tuple(named(one) for one in terms.prohibitions),
        obligations=terms.obligations,
        conflict=terms.conflict,
    )
    return policy_to_json(policy, Form.AGREEMENT)
