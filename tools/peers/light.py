"""A consortium on CometBFT seen through `cometbft light`, CometBFT's own light client, from the outside.

    python -m tools.peers.light

Two real validators run. The light client starts from the first header's hash and must pass on headers, validators, blocks and
transactions that it could verify; from the app hash in a header that it vouches for, Cosmos' ICS 23 module must go on to the
ledger's roots and to single records. Then validators lie to it, by one flipped bit, and it must pass nothing on.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from atoll.ledger.app_hash import LOG_KEY, STATE_KEY
from atoll.ledger.records import Member, record_key
from atoll.ledger.rules.membership import SetEndpoints
from atoll.ordering.cometbft.binary import find_binary
from atoll.ordering.cometbft.protobuf.proof_pb2 import ValueOp
from atoll.ordering.errors import BinaryMissing
from atoll.primitives.ics23 import TENDERMINT_SPEC
from atoll.primitives.ics23_codec import parse_proof
from atoll.primitives.ics23_ops import ExistenceProof, HashOp, InnerOp
from tests.torture.network import Network, wait_until
from tools.peers._proofs import Claim
from tools.peers._tools import ToolMissingError, ask_judge, build_go, free_address, report, report_missing

NAME = "cometbft-light"
VALIDATORS = ("operator", "bank")
CHAIN_ID = "lagoon.example"
"""Without a slash: the stock light client's database cannot read its keys back where there is one."""
BLOCKS = 5
ANSWER_SECONDS = 20

Answer = dict[str, Any]
Lie = Callable[[str, Answer], None]
"""Changes the result of a method of CometBFT's RPC in place."""


def ask(address: str, method: str, **arguments: str) -> Answer | None:
    """A call of CometBFT's RPC; None where it is refused."""
    query = "&".join(f"{name}={value}" for name, value in arguments.items())
    try:
        with urllib.request.urlopen(f"http://{address}/{method}?{query}", timeout=ANSWER_SECONDS) as answer:
            said: dict[str, Answer] = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return None
    return said.get("result")


@dataclass
class LyingNode:
    """Stands between the light client and a validator's RPC."""

    behind: str
    address: str = field(default_factory=free_address)
    lie: Lie | None = None

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Until the end of the block."""
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                request = urllib.request.Request(
                    f"http://{node.behind}", data=body, headers={"content-type": "application/json"}
                )
                with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                    said = json.load(answer)
                if node.lie is not None and "result" in said:
                    node.lie(json.loads(body)["method"], said["result"])
                data = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                """The light client wants a websocket at its start; nothing that it asks for comes that way."""
                host, port = node.behind.split(":")
                with socket.create_connection((host, int(port))) as there:
                    there.sendall(f"{self.requestline}\r\n{self.headers}".encode())
                    back = threading.Thread(target=_pump, args=(there, self.connection), daemon=True)
                    back.start()
                    _pump(self.connection, there)
                    back.join(timeout=1)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        host, port = self.address.split(":")
        with ThreadingHTTPServer((host, int(port)), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()


def _pump(source: socket.socket, to: socket.socket) -> None:
    """Bytes from one to the other, until either closes."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def light_client(trusted: str, primary: str, witness: str) -> Iterator[str]:
    """A fresh light client that trusts one header hash; its address."""
    address = free_address()
    with tempfile.TemporaryDirectory() as home:
        nodes = ["--primary", f"http://{primary}", "--witnesses", f"http://{witness}"]
        start = ["--height", "1", "--hash", trusted, "--laddr", f"tcp://{address}", "--home-dir", home]
        process = subprocess.Popen(
            [find_binary(), "light", CHAIN_ID, *nodes, *start],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with contextlib.suppress(AssertionError):  # it may have ended: its first header was a lie
                wait_until(lambda: process.poll() is not None or ask(address, "health") is not None, ANSWER_SECONDS, "listens")
            yield address
        finally:
            process.terminate()
            process.wait(timeout=10)


# -- questions -----------------------------------------------------------------------------------------------------------------


@dataclass
class Ground:
    """What is known of the ledger, from a validator itself."""

    height: int
    """Of CometBFT, with its header's successor at hand."""
    header_hash: str
    app_hash: str
    """What the header after `height` must say."""
    transaction: bytes


def questions(address: str, ground: Ground) -> Iterator[tuple[str, bool]]:
    """What the light client passes on, and whether it is right."""
    height = str(ground.height)
    commit = ask(address, "commit", height=str(ground.height + 1))
    yield "a header and its commit", commit is not None and _header(commit)["app_hash"] == ground.app_hash
    past = ask(address, "commit", height=height)
    yield "an older header", past is not None and past["signed_header"]["commit"]["block_id"]["hash"] == ground.header_hash
    validators = ask(address, "validators", height=height)
    yield "validators", validators is not None and len(validators["validators"]) == len(VALIDATORS)
    name = hashlib.sha256(ground.transaction).hexdigest()
    found = ask(address, "tx", hash=f"0x{name}", prove="true")
    yield "a transaction", found is not None and base64.b64decode(found["proof"]["data"]) == ground.transaction
    block = ask(address, "block", height=found["height"] if found else height)
    encoded = base64.b64encode(ground.transaction).decode()
    yield "a block", block is not None and encoded in (block["block"]["data"]["txs"] or [])


def _header(commit: Answer) -> Answer:
    return dict(commit["signed_header"]["header"])


def flip_hex(text: str) -> str:
    """The bytes with their last bit flipped, in upper case as CometBFT writes them."""
    data = bytearray.fromhex(text)
    data[-1] ^= 1
    return data.hex().upper()


def flip_base64(text: str) -> str:
    """The same of base64."""
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


def about_commit(change: Callable[[Answer], None]) -> Lie:
    """A lie about any header but the first, which is trusted."""

    def lie(method: str, result: Answer) -> None:
        if method == "commit" and int(_header(result)["height"]) > 1:
            change(result["signed_header"])

    return lie


def about_header(name: str) -> Lie:
    """One of its hashes is another."""

    def change(signed: Answer) -> None:
        signed["header"][name] = flip_hex(signed["header"][name])

    return about_commit(change)


def about_signatures(signed: Answer) -> None:
    """Nobody signed this."""
    for one in signed["commit"]["signatures"]:
        if one["signature"]:
            one["signature"] = flip_base64(one["signature"])


def about_validators(method: str, result: Answer) -> None:
    """Others have voted."""
    if method == "validators":
        for one in result["validators"]:
            one["pub_key"]["value"] = flip_base64(one["pub_key"]["value"])


def about_transaction(method: str, result: Answer) -> None:
    """Something else was sent. The light client vouches for the bytes inside the proof, not for those beside it."""
    if method == "tx":
        result["proof"]["data"] = flip_base64(result["proof"]["data"])


def about_proof(method: str, result: Answer) -> None:
    """It stands elsewhere."""
    if method == "tx":
        proof = result["proof"]["proof"]
        proof["leaf_hash"] = flip_base64(proof["leaf_hash"])


def about_block(method: str, result: Answer) -> None:
    """It holds something else."""
    if method == "block":
        result["block"]["data"]["txs"] = [flip_base64(one) for one in result["block"]["data"]["txs"]]


def lies(ground: Ground, holding: str) -> Iterator[tuple[str, Lie, str, dict[str, str]]]:
    """A lie each: what it is, how it is told, and the call whose answer must not be passed on.

    Args:
        ground: what is true.
        holding: height of the block that holds the transaction.
    """
    height = {"height": str(ground.height + 1)}
    for name in ("app_hash", "validators_hash", "last_results_hash", "data_hash"):
        yield f"a flipped bit in the header's {name}", about_header(name), "commit", height
    yield "a flipped bit in every signature", about_commit(about_signatures), "commit", height
    yield "a flipped bit in every validator's key", about_validators, "validators", height
    transaction = {"hash": "0x" + hashlib.sha256(ground.transaction).hexdigest(), "prove": "true"}
    yield "a flipped bit in a transaction", about_transaction, "tx", transaction
    yield "a flipped bit in a transaction's proof", about_proof, "tx", transaction
    yield "a flipped bit in a block's transactions", about_block, "block", {"height": holding}


# -- records under the header --------------------------------------------------------------------------------------------------


def below(rpc: str, height: int, app_hash: bytes) -> Iterator[tuple[str, Claim, bool]]:
    """What a validator proves of the ledger, down from an app hash that the light client vouched for; whether it is true."""

    def query(path: str, key: bytes) -> tuple[bytes | None, bytes]:
        """The value, and the first proof's bytes."""
        said = ask(rpc, "abci_query", path=f'"{path}"', data=f"0x{key.hex()}", height=str(height), prove="true")
        assert said is not None
        response = said["response"]
        value = base64.b64decode(response["value"] or "") or None
        return value, base64.b64decode(response["proofOps"]["ops"][0]["data"])

    roots = {}
    for path, key in (("/roots/log", LOG_KEY), ("/roots/state", STATE_KEY)):
        value, data = query(path, key)
        assert value is not None
        roots[key] = value
        yield f"{path} under the app hash", Claim("", "tendermint", app_hash, key, value, as_ics23(key, value, data)), True
        lie = value[:-1] + bytes((value[-1] ^ 1,))
        yield f"a flipped bit in {path}", Claim("", "tendermint", app_hash, key, lie, as_ics23(key, value, data)), False
    root = roots[STATE_KEY]
    for what, key in (("a record", record_key(Member, "bank")), ("that there is no record", record_key(Member, "nobody"))):
        value, data = query("/store/state/key", key)
        yield what, Claim("", "smt", root, key, value, parse_proof(data)), True
        another = root[:-1] + bytes((root[-1] ^ 1,))
        yield f"{what}, under another root", Claim("", "smt", another, key, value, parse_proof(data)), False


def as_ics23(key: bytes, value: bytes, value_op: bytes) -> ExistenceProof:
    """CometBFT's own proof of one of two entries, in ICS 23's words."""
    proof = ValueOp.FromString(value_op).proof
    (aunt,) = proof.aunts
    step = (
        InnerOp(hash=HashOp.SHA256, prefix=b"\x01", suffix=aunt)
        if proof.index == 0
        else InnerOp(hash=HashOp.SHA256, prefix=b"\x01" + aunt)
    )
    return ExistenceProof(key=key, value=value, leaf=TENDERMINT_SPEC.leaf, path=(step,))


# -- all of it -----------------------------------------------------------------------------------------------------------------


def grow(network: Network) -> bytes:
    """Some blocks; the bytes of the last transaction."""
    data = b""
    for port in range(1, BLOCKS + 1):
        peer = network.founding.orgs["bank"].enrolment(consensus_address=network.addresses["bank"]).consensus_peer
        data = network.founding.sign("bank", SetEndpoints(peer=f"bank.example:{port}", https="", consensus_peer=peer))
        network["operator"].submit(data)
    network.settle()
    return data


def header_hash(rpc: str, height: int) -> str:
    """What a validator itself says."""
    said = ask(rpc, "commit", height=str(height))
    assert said is not None
    return str(said["signed_header"]["commit"]["block_id"]["hash"])


def examine(folder: Path, ics23: Path) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Verdicts on what is true, and on lies."""
    with Network(folder, validators=VALIDATORS, rpc=True, settings={"index_transactions": True}, chain_id=CHAIN_ID) as network:
        network.start()
        rpc, transaction = network.rpc, grow(network)
        view = network["operator"].view()
        height = int(view["consensus_height"]) - 1
        wait_until(lambda: ask(rpc["bank"], "commit", height=str(height + 1)) is not None, ANSWER_SECONDS, "the next header")
        ground = Ground(height, header_hash(rpc["operator"], height), view["app_hash"].upper(), transaction)
        trusted = header_hash(rpc["operator"], 1)
        nodes = [LyingNode(rpc[org]) for org in VALIDATORS]
        with nodes[0].serving(), nodes[1].serving():
            addresses = [node.address for node in nodes]
            with light_client(trusted, *addresses) as light:
                good = list(questions(light, ground))
                found = ask(light, "tx", hash="0x" + hashlib.sha256(transaction).hexdigest(), prove="true")
                claims = list(below(rpc["bank"], height, bytes.fromhex(ground.app_hash)))
            bad = []
            for what, lie, method, arguments in lies(ground, found["height"] if found else str(height)):
                with light_client(trusted, *addresses) as light:
                    assert ask(light, "health") is not None, "the light client does not work"
                    nodes[0].lie = nodes[1].lie = lie
                    bad.append((what, ask(light, method, **arguments) is not None))
                    nodes[0].lie = nodes[1].lie = None
            with light_client(flip_hex(trusted), *addresses) as light:
                bad.append(("a flipped bit in the trusted hash", ask(light, "commit", height="2") is not None))
    verdicts = ask_judge([ics23], (claim.question() for _, claim, _ in claims))
    judged = list(zip(claims, verdicts, strict=True))
    good += [(what, verdict) for (what, _, true), verdict in judged if true]
    bad += [(what, verdict) for (what, _, true), verdict in judged if not true]
    return good, bad


def main() -> int:
    try:
        find_binary()
        ics23 = build_go("./ics23")
    except BinaryMissing as err:
        return report_missing(NAME, ToolMissingError(str(err)))
    except ToolMissingError as reason:
        return report_missing(NAME, reason)
    with tempfile.TemporaryDirectory() as folder:
        good, bad = examine(Path(folder), ics23)
    return report(NAME, "headers, validators, blocks, transactions; roots and records below them by ICS 23", good, bad)


if __name__ == "__main__":
    sys.exit(main())
