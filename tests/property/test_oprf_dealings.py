"""Random histories of dealings in which members are down, deal wrong shares, or both: what must hold whatever they do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from hypothesis import event, given, settings
from hypothesis import strategies as st

from atoll.ledger.records import OprfDealing, OprfKey, OprfPhase
from atoll.ledger.rules.oprf_plan import RENEW_SECONDS
from atoll.primitives import ristretto
from atoll.primitives.ristretto import SecretScalar
from atoll.protocols.threshold_oprf import WrongShare
from tests.unit.rules.dealers import MEMBERS, Dealers


@dataclass(frozen=True)
class Conduct:
    """What one member does in one dealing."""

    announces: bool
    deals: bool
    wrongs: frozenset[str]
    """To whom it deals a wrong share."""
    looks: bool
    """Whether it checks what it got, and confirms or complains."""


LIKELY = st.integers(0, 5).map(bool)
NOBODY: frozenset[str] = frozenset()
WRONGS = st.one_of(st.just(NOBODY), st.just(NOBODY), st.frozensets(st.sampled_from(MEMBERS)))
CONDUCT = st.builds(Conduct, announces=LIKELY, deals=LIKELY, wrongs=WRONGS, looks=LIKELY)
DEALING = st.fixed_dictionaries(dict.fromkeys(MEMBERS, CONDUCT))


def play(dealers: Dealers, conduct: dict[str, Conduct]) -> None:
    """One dealing from its first announcement to its end."""
    lagoon = dealers.lagoon.later(seconds=RENEW_SECONDS)
    present = [org for org in MEMBERS if conduct[org].announces]
    if not present:
        return
    if dealers.lagoon.state.get(OprfKey, "0") is not None:
        needy = [org for org in present if org not in dealers.key.holders]
        if not needy and len(dealers.key.holders) == dealers.key.threshold:
            return  # one more that loses its share, and nobody could hand the key on
        if not needy:
            dealers.lost(present[-1])
            needy = present[-1:]
        present.sort(key=lambda org: org not in needy)
    for org in present:
        lagoon.do(org, dealers.announcement(org))
    close_unless(dealers, OprfPhase.DEALING)
    for org in dealers.dealing.dealers:
        if dealers.dealing.phase is OprfPhase.DEALING and conduct[org].deals:
            wrong = conduct[org].wrongs & set(dealers.dealing.announced)
            lagoon.do(org, dealers.deal(org, wrong=wrong))
    close_unless(dealers, OprfPhase.CONFIRMING)
    for org in dealers.dealing.announced:
        if conduct[org].looks:
            look(dealers, org)
    close_unless(dealers, OprfPhase.DONE)


def look(dealers: Dealers, org: str) -> None:
    """An honest receiver: complain of every wrong share, then confirm."""
    for dealer in dealers.dealing.dealt:
        if dealers.dealing.phase is not OprfPhase.CONFIRMING:
            return
        try:
            dealers.part(org, dealer)
        except WrongShare:
            dealers.lagoon.do(org, dealers.complaint(org, dealer))
    if dealers.dealing.phase is OprfPhase.CONFIRMING:
        dealers.lagoon.do(org, dealers.confirmation())


def close_unless(dealers: Dealers, phase: OprfPhase) -> None:
    if dealers.dealing.phase not in (phase, OprfPhase.DONE, OprfPhase.FAILED):
        dealers.closed()


@settings(max_examples=40, deadline=None)
@given(history=st.lists(DEALING, min_size=1, max_size=3))
def test_a_key_that_stands_is_whole_honest_and_the_same_for_ever(history: list[dict[str, Conduct]]) -> None:
    dealers = Dealers()
    public, last = b"", None
    for conduct in history:
        before = dealers.lagoon.state.get(OprfKey, "0")
        play(dealers, conduct)
        key, dealing = dealers.lagoon.state.get(OprfKey, "0"), dealers.lagoon.state.get(OprfDealing, "0")
        if dealing is None or dealing == last:
            continue  # nobody was there
        last = dealing
        crooks = {org for org in MEMBERS if conduct[org].wrongs}
        assert set(dealing.faulty) <= crooks  # nobody honest is ever accused
        event(str(dealing.phase))
        if dealing.phase is not OprfPhase.DONE:
            assert key is None or (before is not None and key.shares == before.shares)  # one that fails changes nothing
            continue
        assert key is not None
        assert dealing.renews == 0 or set(dealing.dealers) <= set(key.holders)  # nobody is left behind
        assert public in (b"", key.public)
        public = key.public
        assert len(key.dealers) >= dealing.least
        assert len(key.holders) >= key.threshold
        dealers.collected()  # every holder's share is the one that the ledger says
        found = {dealers.value_of_key(*orgs) for orgs in combinations(key.holders, key.threshold)}
        assert [ristretto.multiply_base(SecretScalar.from_canonical(one)) for one in found] == [public]
