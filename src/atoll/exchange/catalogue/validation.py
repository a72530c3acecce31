"""What holds of every card before its commitment goes to the ledger: one place for all of it.

The bounds of single fields are checked when a card is made; here stands what fields say about each other, what the level
forbids, and that counts are rounded: an exact count can tell whether one person's row is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from atoll.exchange.catalogue.errors import CardRefused, CardTooLong
from atoll.exchange.catalogue.policies import stranger_of
from atoll.ledger.records import Dataset
from atoll.policy.card import MAX_CARD_BYTES, ColumnCard, DatasetCard
from atoll.policy.demand import Exposure
from atoll.policy.errors import PolicyRefused
from atoll.policy.levels import publish_reasons
from atoll.policy.odrl.jsonld import parse_policy_json
from atoll.protocols.identifiers import RULE_NAMES, UnknownRule, parse_rule
from atoll.wire.cbor import CborValue, encode
from atoll.wire.message import Document

_CLASS = re.compile(r"[a-z][a-z0-9-]*:[^\s:][^:]*")
_MOST_MEASURED = 1 << 24
"""More than the bounds of a card's fields let it take; only to tell how long one is that is too long."""


def offer_problem(offer: Document, dataset: str) -> str:
    """Why an offer cannot stand on a dataset, with the name of what is unknown or strange to it; empty if it can."""
    try:
        policy = parse_policy_json(offer)
    except PolicyRefused as err:
        return f"{err.operands['where']}: {err.operands['what']}"
    stranger = stranger_of(policy, dataset)
    return f"its target is {stranger}, and it stands on {dataset}" if stranger else ""


def verify_card(card: DatasetCard) -> None:
    """Refuse a card that must not be published.

    Args:
        card: as it would be committed to.

    Raises:
        CardRefused: with the first thing that is wrong.
        CardTooLong: naming what to shorten.
    """
    problem = next(_problems(card), "")
    if problem:
        raise CardRefused(dataset=card.dataset, reason=problem)
    found = _length([card.TAG, card.to_map()])
    if found > MAX_CARD_BYTES:
        raise CardTooLong(dataset=card.dataset, found=found, limit=MAX_CARD_BYTES, longest=_longest(card))


def card_problem(card: DatasetCard, record: Dataset, *, is_regraded: bool) -> str:
    """Why a card that its owner committed to is not believed, in words of this node alone; empty if it is.

    Validation is the publisher's, and a publisher may have left it out: whoever reads a card asks again, and compares it with
    what the ledger says of the same things.

    Args:
        card: one that fits the record's commitment.
        record: from the ledger.
        is_regraded: its level was changed since it was registered; a card keeps the level of its first day.
    """
    if card.dataset != record.dataset:
        return "it is the card of another version"
    if card.level != record.level and not is_regraded:
        return "its level is not the one that was registered"
    if card.parents != record.parents:
        return "its sources are not the ones that were registered"
    try:
        verify_card(card)
    except (CardRefused, CardTooLong):
        return "it says what cannot be so, or what its level forbids"
    return ""


def _problems(card: DatasetCard) -> Iterator[str]:
    names = [one.name.casefold() for one in card.columns]
    if len(set(names)) < len(names):
        yield "two columns have one name"
    if not _is_rounded(card.rows_at_most):
        yield "the number of rows is not rounded up to a power of two"
    if card.dataset in card.parents or len(set(card.parents)) < len(card.parents):
        yield "it is derived from itself, or twice from one dataset"
    yield from _bad_classes("the dataset", card.classes)
    for one in card.columns:
        yield from _column_problems(one, card)
    for reason in publish_reasons(card):
        if not reason.holds:
            yield f"{reason.constraint} is {reason.observed}, allowed is {reason.wanted}"
    for number, offer in enumerate(card.offers, start=1):
        if found := offer_problem(offer, card.dataset):
            yield f"offer {number}: {found}"


def _column_problems(one: ColumnCard, card: DatasetCard) -> Iterator[str]:
    if one.normalisation:
        try:
            parse_rule(one.normalisation)
        except UnknownRule:
            yield f"column {one.name}: nobody knows the rule {one.normalisation}; there are {', '.join(RULE_NAMES)}"
    if one.exposure_until and one.exposure is Exposure.HIDDEN:
        yield f"column {one.name}: it is hidden, so there is nothing that could end"
    if not _is_rounded(one.distinct_at_most):
        yield f"column {one.name}: the number of different values is not rounded up to a power of two"
    if one.distinct_at_most > card.rows_at_most:
        yield f"column {one.name}: more different values than rows"
    yield from _bad_classes(f"column {one.name}", one.classes)


def _bad_classes(what: str, classes: tuple[str, ...]) -> Iterator[str]:
    if list(classes) != sorted(set(classes)):
        yield f"{what}: classes are sorted, each once"
    for one in classes:
        if _CLASS.fullmatch(one) is None:
            yield f"{what}: a class reads axis:value, such as personal:sensitive, not {one}"


def _is_rounded(count: int) -> bool:
    return count & (count - 1) == 0


def _longest(card: DatasetCard) -> str:
    """What takes most of a card, in words."""
    fields = card.to_map()
    parts = {
        f"its {len(card.offers)} offers": _length(fields["offers"]),
        f"its {len(card.columns)} columns": _length(fields["columns"]),
    }
    whole = max(parts, key=lambda name: parts[name])
    if whole.endswith("columns"):
        names: Iterable[str] = ("name", "kind", "semantics", "classes", "normalisation")
        by_field = {name: sum(_length(one[name]) for one in fields["columns"]) for name in names}
        whole += f", and in them {max(by_field, key=lambda name: by_field[name])}"
    return whole


def _length(value: CborValue) -> int:
    return len(encode(value, max_bytes=_MOST_MEASURED))
