"""Signing by handle."""

from __future__ import annotations

import pickle
from typing import cast

import pytest

from atoll.ports import Clock, Entropy
from atoll.trust.errors import HandleUnknown, KeyNotHere, MechanismUnfit
from atoll.trust.keys import Purpose, SecretKey
from atoll.trust.signer import Handle, Mechanism, Signer, SoftwareSigner, signing
from atoll.trust.tlskeys import create_tls_key


@pytest.fixture
def recovery(entropy: Entropy) -> SecretKey:
    return SecretKey.generate(Purpose.RECOVERY, entropy)


@pytest.fixture
def signer(identity: SecretKey, recovery: SecretKey) -> Signer:
    return SoftwareSigner({"bank/identity/1": identity, "bank/recovery/1": recovery})


def test_signs_with_the_key_that_the_label_names(signer: Signer, identity: SecretKey, recovery: SecretKey) -> None:
    for label, key in {"bank/identity/1": identity, "bank/recovery/1": recovery}.items():
        handle = signer.find(label)
        assert signer.public(handle) == key.public
        key.public.verify(b"message", signer.sign(handle, Mechanism.EDDSA, b"message"))


def test_signing_gives_the_function_that_envelopes_want(signer: Signer, recovery: SecretKey) -> None:
    recovery.public.verify(b"message", signing(signer, "bank/recovery/1")(b"message"))


def test_does_not_know_other_labels(signer: Signer) -> None:
    with pytest.raises(KeyNotHere, match="bank/log/1"):
        signer.find("bank/log/1")


@pytest.mark.parametrize("handle", [-1, 2])
def test_refuses_handles_that_it_never_gave_out(signer: Signer, handle: int) -> None:
    with pytest.raises(HandleUnknown):
        signer.public(Handle(handle))
    with pytest.raises(HandleUnknown):
        signer.sign(Handle(handle), Mechanism.EDDSA, b"message")


def test_refuses_a_mechanism_that_is_not_the_keys(signer: Signer) -> None:
    with pytest.raises(MechanismUnfit, match="ecdsa"):
        signer.sign(signer.find("bank/identity/1"), cast("Mechanism", "ecdsa"), b"message")


def test_leaves_tls_keys_out(clock: Clock, entropy: Entropy, identity: SecretKey) -> None:
    tls = create_tls_key("bank", clock=clock, entropy=entropy)
    signer = SoftwareSigner({"bank/tls/1": tls, "bank/identity/1": identity})
    assert signer.public(signer.find("bank/identity/1")) == identity.public
    with pytest.raises(KeyNotHere):
        signer.find("bank/tls/1")


def test_shows_how_many_keys_it_has_and_nothing_else(signer: Signer) -> None:
    assert repr(signer) == "<SoftwareSigner of 2 keys>"
    with pytest.raises(TypeError):
        pickle.dumps(signer)
