"""A ledger begins once, and only from the genesis that its members signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from atoll.ledger.chain import Ledger
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.store import app_state
from atoll.testing.abci import INFO, Refused, Socket, init_chain
from atoll.testing.abciserver import serving
from atoll.testing.consortium import Founding
from tests.unit.ordering.cometbft.desk import chained


async def test_a_new_ledger_begins_with_the_app_hash_of_its_genesis(tmp_path: Path, founding: Founding) -> None:
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        info = (await socket.call(INFO)).info
        assert (info.last_block_height, info.last_block_app_hash) == (0, b"")
        answer = (await socket.call(init_chain(founding.genesis_file))).init_chain
        assert answer.app_hash == app_state(Ledger(founding.genesis_file)).app_hash
        assert len(answer.validators) == 0


def change_chain(asked: abci.RequestInitChain) -> None:
    asked.chain_id = "other"


def change_time(asked: abci.RequestInitChain) -> None:
    asked.time.seconds += 1


def change_height(asked: abci.RequestInitChain) -> None:
    asked.initial_height = 2


def change_size(asked: abci.RequestInitChain) -> None:
    asked.consensus_params.block.max_bytes += 1


def drop_validator(asked: abci.RequestInitChain) -> None:
    del asked.validators[0]


def double_power(asked: abci.RequestInitChain) -> None:
    asked.validators[0].power = 2


def change_key(asked: abci.RequestInitChain) -> None:
    asked.validators[0].pub_key.ed25519 = bytes(32)


def change_key_type(asked: abci.RequestInitChain) -> None:
    asked.validators[0].pub_key.secp256k1 = asked.validators[0].pub_key.ed25519


def change_digest(asked: abci.RequestInitChain) -> None:
    asked.app_state_bytes = json.dumps({"genesis_digest": bytes(32).hex()}).encode()


def no_json(asked: abci.RequestInitChain) -> None:
    asked.app_state_bytes = b"{"


@pytest.mark.parametrize(
    "change",
    [
        change_chain,
        change_time,
        change_height,
        change_size,
        drop_validator,
        double_power,
        change_key,
        change_key_type,
        change_digest,
        no_json,
    ],
)
async def test_another_genesis_file_stops_the_node(
    tmp_path: Path, founding: Founding, change: Callable[[abci.RequestInitChain], None]
) -> None:
    request = init_chain(founding.genesis_file)
    change(request.init_chain)
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        with pytest.raises(Refused, match="genesis"):
            await socket.call(request)


async def test_spaces_in_the_genesis_file_mean_nothing(tmp_path: Path, founding: Founding) -> None:
    request = init_chain(founding.genesis_file)
    request.init_chain.app_state_bytes = json.dumps(json.loads(request.init_chain.app_state_bytes), indent=7).encode() + b"\n"
    async with serving(tmp_path, founding.genesis_file) as running, Socket.connected(running.path) as socket:
        assert (await socket.call(request)).HasField("init_chain")


async def test_a_ledger_does_not_begin_twice(tmp_path: Path, founding: Founding) -> None:
    async with chained(tmp_path, founding) as (_, chain):
        await chain.decide()
        with pytest.raises(Refused, match="begins anew"):
            await chain.socket.call(init_chain(founding.genesis_file))
