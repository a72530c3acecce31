"""What CometBFT's RPC may be asked about the ledger, and which nodes may connect to it.

    /store/state/key         a record, or its absence: an ICS 23 proof up to the state root, then CometBFT's own (`simple:v`)
    /roots/log, /roots/state a root under the app hash, by `simple:v` alone: what stock tools verify
    /p2p/filter/id/ID        whether a node of that name may connect
    /p2p/filter/addr/ADDRESS always: the name is authenticated, and addresses change

A proof for height H leads to the app hash in header H + 1.
"""

from __future__ import annotations

import logging

from atoll.errors import AtollError, InputError, UnavailableError
from atoll.ledger.app_hash import LOG_KEY, STATE_KEY, AppState
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.protobuf.abci_pb2 import RequestQuery, ResponseQuery
from atoll.ordering.cometbft.protobuf.proof_pb2 import Proof, ProofOp, ProofOps, ValueOp
from atoll.ordering.errors import HistoryPruned
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.ics23_ops import ExistenceProof

log = logging.getLogger("atoll.ordering")

SIMPLE = "simple:v"
SMT = "ics23:smt"
REFUSED = 1
"""Code of an answer that is no answer; the reason stands in its log."""
MAX_KEY_BYTES = 1024
_FILTER = "/p2p/filter/"


class BadQuery(InputError):
    """CometBFT's RPC was asked for something that the ledger does not answer."""

    code = "ordering.abci_query"
    sentence = "The ledger does not answer this: {reason}."
    remedy = "Paths are /store/state/key, /roots/log, /roots/state."


class Queries:
    """See the module's docstring."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def answer(self, query: RequestQuery) -> ResponseQuery:
        """The answer; what cannot be answered has the code REFUSED and says why, for people."""
        try:
            if query.path.startswith(_FILTER):
                return self._filter(query.path.removeprefix(_FILTER))
            return self._prove(query)
        except AtollError as err:
            return ResponseQuery(code=REFUSED, log=str(err), codespace=err.code)
        except Exception:  # a stranger's question changes nothing here, so no fault in answering it may end the node
            log.exception("a query failed")
            return ResponseQuery(code=REFUSED, log="internal error", codespace="internal")

    def _prove(self, query: RequestQuery) -> ResponseQuery:
        height = query.height or self._application.tip.consensus_height
        tree, state = self._application.tree_at(height), self._application.state_at(height)
        if tree is None or state is None:
            raise HistoryPruned(height=height)
        if query.path == "/roots/log":
            return _answer(height, LOG_KEY, state.log_value, [_value_op(LOG_KEY, state)])
        if query.path == "/roots/state":
            return _answer(height, STATE_KEY, state.state_root, [_value_op(STATE_KEY, state)])
        if query.path != "/store/state/key" or not 0 < len(query.data) <= MAX_KEY_BYTES:
            raise BadQuery(reason="unknown path, or no key")
        smt = ProofOp(type=SMT, key=query.data, data=encode_proof(tree.prove(query.data)))
        return _answer(height, query.data, tree.get(query.data) or b"", [smt, _value_op(STATE_KEY, state)])

    # -- who may connect -------------------------------------------------------------------------------------------------------

    def _filter(self, path: str) -> ResponseQuery:
        what, _, who = path.partition("/")
        if what == "addr" or (what == "id" and who in self._application.peers()):
            return ResponseQuery(code=0)
        raise UnknownPeer(peer=who)


class UnknownPeer(UnavailableError):
    """A CometBFT node that belongs to no active member wanted to connect."""

    code = "ordering.unknown_peer"
    sentence = "The CometBFT node {peer} belongs to no active member."
    remedy = "A member makes its node known with its enrolment: `atoll init --consensus HOST:PORT`."


def _answer(height: int, key: bytes, value: bytes, ops: list[ProofOp]) -> ResponseQuery:
    return ResponseQuery(code=0, key=key, value=value, height=height, proof_ops=ProofOps(ops=ops))


def _value_op(key: bytes, state: AppState) -> ProofOp:
    """One of the app hash's two entries, as CometBFT's own tools verify it."""
    proof = state.prove_log() if key == LOG_KEY else state.prove_state()
    inner = Proof(total=2, index=0 if key == LOG_KEY else 1, leaf_hash=_leaf_of(proof), aunts=[_aunt_of(proof)])
    return ProofOp(type=SIMPLE, key=key, data=ValueOp(key=key, proof=inner).SerializeToString())


def _leaf_of(proof: ExistenceProof) -> bytes:
    assert proof.leaf is not None
    return proof.leaf.apply(proof.key, proof.value)


def _aunt_of(proof: ExistenceProof) -> bytes:
    """The sibling: what stands beside the one step's child."""
    step = proof.path[0]
    return step.suffix or step.prefix[1:]
