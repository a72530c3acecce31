"""Which certificates members accept from each other, as keys are rotated and revoked."""

from __future__ import annotations

import pytest

from atoll.ledger.block import Block
from atoll.ledger.chain import Ledger
from atoll.ledger.rules.keys import RevokeKey, RotateKey
from atoll.node.directory import Directory
from atoll.ordering.engine import View
from atoll.testing.consortium import FixedClock, Founding, NamedEntropy
from atoll.trust.keys import Purpose
from atoll.trust.tlskeys import create_tls_key
from atoll.wire.message import Message


class World:
    """A ledger on paper, and the directory that reads it."""

    def __init__(self) -> None:
        self.founding = Founding(["operator", "bank", "bureau"])
        self.ledger = Ledger(self.founding.genesis_file)
        self.directory = Directory(self._view, lambda: self.ledger.time)

    def send(self, body: Message) -> None:
        block = Block(
            height=self.ledger.height + 1, term=1, time=self.ledger.time + 1, transactions=(self.founding.sign("bank", body),)
        )
        executed = self.ledger.execute(block)
        assert executed.outcomes[0].ok, executed.outcomes[0].sentence
        self.ledger.adopt(executed)

    def rotate(self, name: str) -> bytes:
        certificate = create_tls_key("bank", clock=FixedClock(), entropy=NamedEntropy(name)).certificate
        self.send(RotateKey(purpose=Purpose.TLS, public=certificate, second=b""))
        return certificate

    def accepted(self) -> tuple[bytes, ...]:
        return self.directory.certificates().get("bank", ())

    def _view(self) -> View:
        ledger = self.ledger
        return View(ledger.height, ledger.time, ledger.log.size, ledger.log.root(), 0, ledger.tree)


@pytest.fixture
def world() -> World:
    return World()


def test_a_member_is_known_by_the_certificate_it_founded_with(world: World) -> None:
    assert world.accepted() == (world.founding.orgs["bank"].tls.certificate,)


def test_after_a_rotation_the_old_certificate_still_opens_sessions_so_that_its_owner_hears_of_it(world: World) -> None:
    (first,) = world.accepted()
    second = world.rotate("second")
    assert world.accepted() == (second, first)


def test_after_two_rotations_the_oldest_certificate_is_gone(world: World) -> None:
    second = world.rotate("second")
    third = world.rotate("third")
    assert world.accepted() == (third, second)


def test_a_revoked_certificate_takes_the_one_before_it_along(world: World) -> None:
    world.rotate("second")
    world.send(RevokeKey(org="bank", purpose=Purpose.TLS, second=b""))
    assert world.accepted() == ()


def test_who_registers_the_certificate_of_another_is_left_out_and_the_other_stays(world: World) -> None:
    """Two owners of one certificate would identify nobody."""
    taken = world.founding.orgs["bureau"].tls.certificate
    world.send(RotateKey(purpose=Purpose.TLS, public=taken, second=b""))
    assert taken not in world.accepted()
    assert world.directory.certificates()["bureau"] == (taken,)


def test_what_is_no_certificate_is_left_out(world: World) -> None:
    (first,) = world.accepted()
    world.send(RotateKey(purpose=Purpose.TLS, public=bytes(32), second=b""))
    assert world.accepted() == (first,)
