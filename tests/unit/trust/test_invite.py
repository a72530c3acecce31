"""Invites: one organisation, one key, one consortium, one time."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import pickle
from typing import Any, ClassVar

import pytest

from atoll.ports import Entropy
from atoll.trust.errors import InviteMalformed, InviteRefused
from atoll.trust.invite import (
    MAX_TOKEN_CHARACTERS,
    PREFIX,
    Invite,
    InviteBinding,
    create_invite,
    derive_invite_commitment,
    parse_invite,
    verify_invite,
)
from atoll.wire.message import encode_message
from tests.unit.trust.standins import NOW, SeededEntropy

BINDING = InviteBinding(
    organisation="telecom",
    key_digest=bytes(range(32)),
    genesis_digest=bytes(range(32, 64)),
    expires_at=NOW + 3600,
    issuer="operator",
)
CHANGES: list[dict[str, Any]] = [
    {"organisation": "telecon"},
    {"key_digest": bytes(32)},
    {"genesis_digest": bytes(32)},
    {"expires_at": NOW + 3601},
    {"issuer": "auditor"},
]


@pytest.fixture
def invite(entropy: Entropy) -> Invite:
    return create_invite(BINDING, entropy)


class TestRedeeming:
    def test_opens_the_commitment_for_its_binding(self, invite: Invite) -> None:
        verify_invite(invite.expose_secret(), BINDING, commitment=invite.commitment, now=NOW)

    def test_the_commitment_is_the_documented_digest(self, invite: Invite) -> None:
        expected = hashlib.sha256(b"atoll/invite/1" + b"\0" + invite.expose_secret() + encode_message(BINDING)).digest()
        assert invite.commitment == expected

    @pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
    def test_opens_it_for_nothing_else(self, invite: Invite, change: dict[str, Any]) -> None:
        other = dataclasses.replace(BINDING, **change)
        with pytest.raises(InviteRefused, match="not issued"):
            verify_invite(invite.expose_secret(), other, commitment=invite.commitment, now=NOW)

    @pytest.mark.parametrize("secret", [b"", bytes(31), bytes(32), bytes(33)])
    def test_needs_the_secret(self, invite: Invite, secret: bytes) -> None:
        with pytest.raises(InviteRefused, match="not issued"):
            verify_invite(secret, BINDING, commitment=invite.commitment, now=NOW)

    def test_refuses_a_secret_of_another_length_even_if_it_was_committed_to(self) -> None:
        with pytest.raises(InviteRefused, match="not issued"):
            verify_invite(b"short", BINDING, commitment=derive_invite_commitment(b"short", BINDING), now=NOW)

    def test_ends_at_its_last_second(self, invite: Invite) -> None:
        verify_invite(invite.expose_secret(), BINDING, commitment=invite.commitment, now=BINDING.expires_at - 1)
        with pytest.raises(InviteRefused, match="expired"):
            verify_invite(invite.expose_secret(), BINDING, commitment=invite.commitment, now=BINDING.expires_at)

    def test_has_a_secret_of_its_own_each_time(self, entropy: Entropy) -> None:
        assert create_invite(BINDING, entropy).commitment != create_invite(BINDING, entropy).commitment


class TestText:
    def test_comes_back_from_text(self, invite: Invite) -> None:
        again = parse_invite(invite.expose_text())
        assert (again.expose_secret(), again.binding) == (invite.expose_secret(), BINDING)

    def test_is_one_word_that_survives_being_pasted(self, invite: Invite) -> None:
        text = invite.expose_text()
        assert text.startswith(PREFIX)
        assert text.removeprefix(PREFIX).isalnum()
        assert len(text) < 600
        wrapped = "\n  ".join(text.upper()[at : at + 60] for at in range(0, len(text), 60))
        assert parse_invite(f"  {wrapped}\n").commitment == invite.commitment

    def test_notices_every_changed_character(self, invite: Invite) -> None:
        text = invite.expose_text()
        for at in range(len(PREFIX), len(text)):
            changed = text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1 :]
            with pytest.raises(InviteMalformed, match="a character is wrong"):
                parse_invite(changed)

    @pytest.mark.parametrize("cut", [1, 2, 8, 100])
    def test_notices_a_missing_end(self, invite: Invite, cut: int) -> None:
        with pytest.raises(InviteMalformed):
            parse_invite(invite.expose_text()[:-cut])

    @pytest.mark.parametrize(
        "text",
        ["", PREFIX, PREFIX + "a", PREFIX + "0189", PREFIX + "aaaa=aaa", "atoll-invite-2-aaaaaaaa", PREFIX + "\u0661\u212a"],
    )
    def test_refuses_other_texts(self, text: str) -> None:
        with pytest.raises(InviteMalformed):
            parse_invite(text)

    def test_does_not_look_at_enormous_texts(self) -> None:
        with pytest.raises(InviteMalformed, match="too long"):
            parse_invite(PREFIX + "a" * MAX_TOKEN_CHARACTERS)

    def test_refuses_a_message_of_another_kind_under_a_right_checksum(self) -> None:
        payload = encode_message(BINDING)
        checksum = hashlib.sha256(b"atoll/invite-token/1\0" + payload).digest()[:4]
        text = PREFIX + base64.b32encode(payload + checksum).decode().rstrip("=").lower()
        with pytest.raises(InviteMalformed, match="unknown version") as caught:
            parse_invite(text)
        assert caught.value.__suppress_context__


class TestTheSecret:
    def test_is_not_printed_or_pickled(self, invite: Invite) -> None:
        assert repr(invite) == "<Invite for telecom>"
        assert repr(invite._token) == "<InviteToken for telecom>"
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(invite)


class TestForTheReader:
    OWN: ClassVar[dict[str, Any]] = {
        "organisation": "telecom",
        "key_digest": bytes(range(32)),
        "genesis_digest": bytes(range(32, 64)),
    }

    def test_is_good_for_the_one_it_was_made_for(self, invite: Invite) -> None:
        invite.verify_for(**self.OWN, now=NOW)

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"organisation": "bank"}, "for telecom, not for bank"),
            ({"key_digest": bytes(32)}, "another identity key"),
            ({"genesis_digest": bytes(32)}, "another consortium"),
        ],
        ids=["organisation", "key", "consortium"],
    )
    def test_says_what_is_wrong_before_it_is_sent(self, invite: Invite, change: dict[str, Any], problem: str) -> None:
        with pytest.raises(InviteRefused, match=problem):
            invite.verify_for(**{**self.OWN, **change}, now=NOW)

    def test_says_that_it_is_too_late(self, invite: Invite) -> None:
        with pytest.raises(InviteRefused, match="expired"):
            invite.verify_for(**self.OWN, now=BINDING.expires_at)


def test_equal_entropy_gives_equal_tokens() -> None:
    assert create_invite(BINDING, SeededEntropy()).expose_text() == create_invite(BINDING, SeededEntropy()).expose_text()
