"""Light blocks and proofs from the JSON that a CometBFT node answers with: `/commit`, `/validators`, `/tx?prove=true`.

What is read here is not believed yet. Integers come as decimal text or as numbers, hashes in hexadecimal, keys and signatures
in base64, times in RFC 3339 with up to nine digits after the point. Source: CometBFT v0.38.25, `rpc/openapi`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from atoll.ledger.light.block import LightBlock
from atoll.ledger.light.commit import ABSENT, Commit, CommitSig, Vote
from atoll.ledger.light.errors import LightJsonError
from atoll.ledger.light.header import BlockId, Header
from atoll.ledger.light.protobuf import NANOSECONDS
from atoll.ledger.light.transactions import TransactionProof
from atoll.ledger.light.validators import ValidatorSet, make_validator_set

T = TypeVar("T")
KEY_TYPE = "tendermint/PubKeyEd25519"
MAX_JSON_BYTES = 1 << 20
_VOTES = {1: Vote.ABSENT, 2: Vote.COMMIT, 3: Vote.NIL}
_NO_TIMES = (None, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z")
"""What stands where there is no time."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")


def parse_rpc_light_block(commit: bytes, *validators: bytes) -> LightBlock:
    """The light block of a height.

    Args:
        commit: answer to `/commit?height=H`.
        validators: answers to `/validators?height=H&page=...`, all pages in order.

    Raises:
        LightJsonError: not of this form, or the validators are of another height, or not all of them.
        MessageError: of this form, and out of bounds.
    """
    header, votes = parse_rpc_commit(commit)
    pages = [_result(page) for page in validators]
    if any(_integer(page, "block_height") != header.height for page in pages):
        raise LightJsonError(reason="the validators are not of the header's height")
    listed = [one for page in pages for one in _array(page, "validators")]
    if not pages or len(listed) != _integer(pages[0], "total"):
        raise LightJsonError(reason="it does not list all validators")
    return LightBlock(header=header, commit=votes, validators=read_validators(listed))


def parse_rpc_commit(data: bytes) -> tuple[Header, Commit]:
    """Header and votes in the answer to `/commit`.

    Raises:
        LightJsonError, MessageError: see `parse_rpc_light_block`.
    """
    return read_signed_header(_object(_result(data), "signed_header"))


def parse_rpc_transaction(data: bytes) -> tuple[int, bytes, TransactionProof]:
    """Consensus height, transaction and proof in the answer to `/tx?prove=true`.

    Raises:
        LightJsonError: not of this form.
    """
    result = _result(data)
    proof = _object(_object(result, "proof"), "proof")
    aunts = tuple(_decode_base64(one) for one in _array(proof, "aunts"))
    place = TransactionProof(index=_integer(proof, "index"), total=_integer(proof, "total"), aunts=aunts)
    return _integer(result, "height"), _decode_base64(result.get("tx")), place


def read_signed_header(value: Mapping[str, Any]) -> tuple[Header, Commit]:
    """Header and votes from a `SignedHeader`, decoded."""
    return _read_header(_object(value, "header")), _read_commit(_object(value, "commit"))


def read_validators(listed: Sequence[Any]) -> ValidatorSet:
    """The set of these validators, decoded; their addresses are derived and must be the same."""
    powers = []
    for one in listed:
        key = _object(one, "pub_key")
        if key.get("type") != KEY_TYPE:
            raise LightJsonError(reason="a validator's key is not Ed25519")
        powers.append((_decode_base64(key.get("value")), _integer(one, "voting_power")))
    found = make_validator_set(powers)
    if {_hex(one, "address") for one in listed} != {one.address for one in found.validators}:
        raise LightJsonError(reason="a validator's address is not that of its key")
    return found


def parse_time_ns(text: str) -> int:
    """Unix time in nanoseconds of a time in RFC 3339; in whole numbers throughout, because no float holds nanoseconds.

    Raises:
        LightJsonError: not a time in UTC from the year 1 on.
    """
    found = _TIME.fullmatch(text)
    try:
        since = datetime.fromisoformat(f"{found[1]}+00:00") - _EPOCH if found else None
    except ValueError:
        since = None
    if found is None or since is None:
        raise LightJsonError(reason="a time is not one in UTC")
    return (since.days * 86_400 + since.seconds) * NANOSECONDS + int((found[2] or "").ljust(9, "0"))


def _read_header(value: Mapping[str, Any]) -> Header:
    version = _object(value, "version")
    last = value.get("last_block_id")
    return Header(
        version_block=_integer(version, "block"),
        version_app=_integer(version, "app") if "app" in version else 0,
        chain_id=_text(value, "chain_id"),
        height=_integer(value, "height"),
        time_ns=parse_time_ns(_text(value, "time")),
        last_block_id=_read_block_id(last) if last is not None and _hex(last, "hash") else None,
        last_commit_hash=_hex(value, "last_commit_hash"),
        data_hash=_hex(value, "data_hash"),
        validators_hash=_hex(value, "validators_hash"),
        next_validators_hash=_hex(value, "next_validators_hash"),
        consensus_hash=_hex(value, "consensus_hash"),
        app_hash=_hex(value, "app_hash"),
        last_results_hash=_hex(value, "last_results_hash"),
        evidence_hash=_hex(value, "evidence_hash"),
        proposer_address=_hex(value, "proposer_address"),
    )


def _read_commit(value: Mapping[str, Any]) -> Commit:
    return Commit(
        height=_integer(value, "height"),
        round=_integer(value, "round"),
        block_id=_read_block_id(_object(value, "block_id")),
        signatures=tuple(_read_vote(one) for one in _array(value, "signatures")),
    )


def _read_vote(value: Any) -> CommitSig:
    vote = _VOTES.get(_integer(value, "block_id_flag"))
    if vote is None:
        raise LightJsonError(reason="a vote is of no known kind")
    if vote is Vote.ABSENT:
        if value.get("validator_address") or value.get("signature") or value.get("timestamp") not in _NO_TIMES:
            raise LightJsonError(reason="an absent validator has signed")
        return ABSENT
    signature = _decode_base64(value.get("signature"))
    time_ns = parse_time_ns(_text(value, "timestamp"))
    return CommitSig.at(time_ns, vote=vote, address=_hex(value, "validator_address"), signature=signature)


def _read_block_id(value: Mapping[str, Any]) -> BlockId:
    parts = _object(value, "parts")
    return BlockId(hash=_hex(value, "hash"), parts_total=_integer(parts, "total"), parts_hash=_hex(parts, "hash"))


# -- JSON ----------------------------------------------------------------------------------------------------------------------


def _result(data: bytes) -> Mapping[str, Any]:
    """The answer itself, out of its JSON-RPC envelope."""
    if len(data) > MAX_JSON_BYTES:
        raise LightJsonError(reason=f"it has more than {MAX_JSON_BYTES} bytes")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise LightJsonError(reason="it is not JSON") from err
    return _object(value, "result")


def _object(value: Any, name: str) -> dict[str, Any]:
    return _member(value, name, dict)


def _array(value: Any, name: str) -> list[Any]:
    return _member(value, name, list)


def _text(value: Any, name: str) -> str:
    return _member(value, name, str)


def _member(value: Any, name: str, kind: type[T]) -> T:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind):
        raise LightJsonError(reason=f"`{name}` is missing or of another type")
    return found


def _integer(value: Any, name: str) -> int:
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | str) or not _NUMBER.fullmatch(str(found)):
        raise LightJsonError(reason=f"`{name}` is not a number")
    return int(found)


def _hex(value: Any, name: str) -> bytes:
    """Nothing stands for no bytes, as in answers about the first block."""
    found = value.get(name) if isinstance(value, dict) else None
    text = "" if found is None else found
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise LightJsonError(reason=f"`{name}` is not hexadecimal")
    return bytes.fromhex(text)


def _decode_base64(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as err:
            raise LightJsonError(reason="a key, signature or hash is not base64") from err
    raise LightJsonError(reason="a key, signature or hash is missing")
