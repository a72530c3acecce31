"""Requests for an evaluation: logged, each once, so many a day."""

from __future__ import annotations

from atoll.ledger.records import OprfRequest, OprfTally
from atoll.ledger.rules import errors
from atoll.ledger.rules.oprf import DAY_SECONDS, REQUESTS_A_DAY
from tests.unit.rules.lagoon import Lagoon, evaluation


def test_a_request_stands_on_the_ledger_with_who_asked_and_a_digest_of_what() -> None:
    lagoon = Lagoon().with_oprf_key().do("bank", evaluation(7, digest=b"\x77" * 32))
    request = lagoon.get(OprfRequest, evaluation(7).id.hex())
    assert (request.org, request.digest, request.elements, request.height) == ("bank", b"\x77" * 32, 3, lagoon.height)


def test_the_101st_request_of_a_day_is_refused_and_the_first_of_the_next_day_is_not() -> None:
    lagoon = Lagoon().with_oprf_key()
    lagoon.time = 30_000 * DAY_SECONDS
    for number in range(REQUESTS_A_DAY):
        lagoon.do("bank", evaluation(number))
    lagoon.time = 30_001 * DAY_SECONDS - 1
    assert "100 evaluations" in lagoon.refused(errors.OprfLimitReached, "bank", evaluation(1000))
    lagoon.do("bureau", evaluation(1000))  # everybody has a limit of its own
    lagoon.later().do("bank", evaluation(1001))
    assert lagoon.get(OprfTally, "bank").requests == 1


def test_an_identifier_is_good_for_one_request_whoever_asks() -> None:
    lagoon = Lagoon().with_oprf_key().do("bank", evaluation())
    lagoon.refused(errors.AlreadyExists, "bureau", evaluation())


def test_a_refused_request_costs_nothing() -> None:
    lagoon = Lagoon().with_oprf_key().do("bank", evaluation(1))
    lagoon.refused(errors.AlreadyExists, "bank", evaluation(1))
    assert lagoon.get(OprfTally, "bank").requests == 1
