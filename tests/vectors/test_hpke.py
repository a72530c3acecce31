"""RFC 9180's sets for X25519 in all four modes.

Each set runs twice: through the `hpke` crate in `rust/core/tests/hpke_vectors.rs`, which prints a line for each set that
passed, and through the slow reference, which shows the intermediate values that the crate keeps to itself.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from specs.reference import hpke as slow
from tests.vectors.conftest import listed_cases, vectors

SOURCE = vectors("hpke-rfc9180")
SETS = json.loads((SOURCE / "x25519.json").read_text())
ROOT = Path(__file__).parents[2]


def test_the_collection_is_complete() -> None:
    assert len(SETS) == listed_cases("hpke-rfc9180")["x25519.json"] == 24


@pytest.fixture(scope="module")
def crate_output() -> list[str]:
    options = ["--quiet", "--release", "--locked", "--package=atoll-core", "--test=hpke_vectors"]
    command = ["cargo", "test", *options, "--", "--nocapture"]
    environment = os.environ | {"ATOLL_VECTORS": str(SOURCE)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("set ")]


def test_the_crate_ran_every_set(crate_output: list[str]) -> None:
    assert len(crate_output) == len(SETS)


@pytest.mark.parametrize("i", range(len(SETS)))
def test_set_through_the_crate(i: int, crate_output: list[str]) -> None:
    data = SETS[i]
    suite = f"mode {data['mode']} kdf {data['kdf_id']} aead {data['aead_id']}"
    counts = f"encryptions {len(data['encryptions'])} exports {len(data['exports'])}"
    assert crate_output[i] == f"set {i}: {suite} {counts}"


@pytest.mark.parametrize("i", range(len(SETS)))
def test_set_through_the_reference(i: int) -> None:
    data: dict[str, Any] = {name: bytes.fromhex(value) if isinstance(value, str) else value for name, value in SETS[i].items()}
    for party in "RES" if "ikmS" in data else "RE":
        assert slow.derive_secret(data[f"ikm{party}"]) == data[f"sk{party}m"]
        assert slow.public_of(data[f"sk{party}m"]) == data[f"pk{party}m"]
    sender_secret, sender_public = data.get("skSm", b""), data.get("pkSm", b"")
    expected = (data["shared_secret"], data["enc"])
    assert slow.encapsulate(data["skEm"], data["pkRm"], sender_secret) == expected
    assert slow.decapsulate(data["enc"], data["skRm"], sender_public) == data["shared_secret"]

    psk, psk_id = data.get("psk", b""), data.get("psk_id", b"")
    suite = {"kdf_id": data["kdf_id"], "aead_id": data["aead_id"]}
    context = slow.schedule(data["mode"], data["shared_secret"], data["info"], psk=psk, psk_id=psk_id, **suite)
    for name in ("key_schedule_context", "secret", "key", "base_nonce", "exporter_secret"):
        assert getattr(context, name) == data[name], name

    for message in data["encryptions"]:
        aad, plaintext, ciphertext, nonce = (bytes.fromhex(message[name]) for name in ("aad", "pt", "ct", "nonce"))
        assert context.nonce(message["sequence"]) == nonce
        assert context.seal(message["sequence"], aad, plaintext) == ciphertext
        assert context.open(message["sequence"], aad, ciphertext) == plaintext
        with pytest.raises(InvalidTag):
            context.open(message["sequence"], aad, bytes([ciphertext[0] ^ 1]) + ciphertext[1:])
    for export in data["exports"]:
        assert context.export(bytes.fromhex(export["exporter_context"]), export["L"]).hex() == export["exported_value"]
