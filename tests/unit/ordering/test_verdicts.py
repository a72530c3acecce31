"""Each signature is verified once, and never under another key's verdict."""

from __future__ import annotations

import pytest

from atoll.ordering import verdicts as module
from atoll.ordering.verdicts import Recent, Verdicts
from atoll.primitives import ed25519
from atoll.testing.consortium import Organisation
from atoll.trust.keys import Purpose

BANK, BUREAU = (Organisation(org).keys[Purpose.IDENTITY] for org in ("bank", "bureau"))
GOOD = (BANK.public.data, b"message", BANK.sign(b"message"))
FOREIGN = (BUREAU.public.data, b"message", BANK.sign(b"message"))


def test_many_at_a_time_and_one_by_one_say_the_same() -> None:
    verdicts = Verdicts()
    verdicts.warm([GOOD, FOREIGN, GOOD])
    assert (verdicts(*GOOD), verdicts(*FOREIGN)) == (True, False)
    assert (Verdicts()(*GOOD), Verdicts()(*FOREIGN)) == (True, False)


def test_what_is_known_is_not_verified_again(monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = Verdicts()
    verdicts.warm([GOOD])
    monkeypatch.setattr(ed25519, "is_signature", None)
    assert verdicts(*GOOD)
    with pytest.raises(TypeError):
        verdicts(*FOREIGN)


def test_a_verdict_is_for_one_key_only() -> None:
    verdicts = Verdicts()
    assert verdicts(*GOOD)
    assert not verdicts(*FOREIGN)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_VERDICTS", 3)
    verdicts = Verdicts()
    for number in range(10):
        verdicts(BANK.public.data, bytes([number]), bytes(64))
    assert len(verdicts._known) == 3


def test_a_name_is_new_once_until_enough_others_have_come() -> None:
    recent = Recent(2)
    assert [recent.is_new(one) for one in (b"a", b"b", b"a", b"c", b"a", b"b")] == [True, True, False, True, False, True]
