"""CometBFT's requests as calls of the application, and the results as its responses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from atoll.ledger.apply import Outcome
from atoll.ledger.fault import ConsensusFault, FaultKind
from atoll.ledger.transaction import transaction_ids
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.asking import Asked
from atoll.ordering.cometbft.errors import OutOfTurn
from atoll.ordering.cometbft.framing import encode_frame
from atoll.ordering.cometbft.parameters import APP_VERSION, KEY_TYPE, Initial
from atoll.ordering.cometbft.places import Places, share_of
from atoll.ordering.cometbft.protobuf import abci_pb2 as abci
from atoll.ordering.cometbft.protobuf.keys_pb2 import PublicKey
from atoll.ordering.cometbft.queries import Queries
from atoll.ordering.cometbft.restoring import Restoring
from atoll.ordering.cometbft.snapshots import FORMAT, Snapshots
from atoll.version import VERSION

_KINDS = {
    abci.MisbehaviorType.DUPLICATE_VOTE: FaultKind.DUPLICATE_VOTE,
    abci.MisbehaviorType.LIGHT_CLIENT_ATTACK: FaultKind.LIGHT_CLIENT_ATTACK,
}
_LET_IN = encode_frame(abci.Response(check_tx=abci.ResponseCheckTx()).SerializeToString())
_CARRIED_OUT = abci.ExecTxResult()


class Dispatcher:
    """Answers requests, one at a time or a run of CheckTx together."""

    def __init__(self, application: Application, snapshots: Snapshots) -> None:
        self._application = application
        self._queries = Queries(application)
        self._snapshots = snapshots
        self._restoring = Restoring(application)
        self._places = Places(lambda: share_of(len(application.members())))
        self._decided: tuple[bytes, ...] = ()
        """Transactions of the block that is committed next."""
        self._methods: dict[str, Callable[[Any], Awaitable[abci.Response]]] = {
            "echo": self._echo,
            "info": self._info,
            "init_chain": self._init_chain,
            "query": self._query,
            "commit": self._commit,
            "list_snapshots": self._list_snapshots,
            "offer_snapshot": self._offer_snapshot,
            "load_snapshot_chunk": self._load_snapshot_chunk,
            "apply_snapshot_chunk": self._apply_snapshot_chunk,
            "prepare_proposal": self._prepare_proposal,
            "process_proposal": self._process_proposal,
            "finalize_block": self._finalize_block,
        }

    def begin(self) -> None:
        """CometBFT has connected, and was not before."""
        self._places.clear()

    async def answer(self, request: abci.Request) -> abci.Response:
        """The response to any request but CheckTx and Flush, which is the connection's own affair.

        Raises:
            OutOfTurn: a request that this application never asked for, or that does not follow.
        """
        name = request.WhichOneof("value")
        method = self._methods.get(name) if name else None
        if name is None or method is None:
            raise OutOfTurn(reason=f"it asks for {name or 'something unknown'}")
        return await method(getattr(request, name))

    async def check(self, asked: Sequence[Asked]) -> list[bytes]:
        """The responses to CheckTx requests that have come together, as frames."""
        outcomes = await self._application.check_many(asked)
        answers = [self._places.checked(one, outcome) for one, outcome in zip(asked, outcomes, strict=True)]
        return [_LET_IN if one.ok else _turned_away(one) for one in answers]

    # -- information -----------------------------------------------------------------------------------------------------------

    async def _echo(self, asked: abci.RequestEcho) -> abci.Response:
        return abci.Response(echo=abci.ResponseEcho(message=asked.message))

    async def _info(self, _: abci.RequestInfo) -> abci.Response:
        tip = self._application.tip
        info = abci.ResponseInfo(data="atoll", version=VERSION, app_version=APP_VERSION)
        if tip.consensus_height > 0:
            info.last_block_height = tip.consensus_height
            info.last_block_app_hash = tip.app_hash
        return abci.Response(info=info)

    async def _query(self, asked: abci.RequestQuery) -> abci.Response:
        return abci.Response(query=self._queries.answer(asked))

    # -- blocks ----------------------------------------------------------------------------------------------------------------

    async def _init_chain(self, asked: abci.RequestInitChain) -> abci.Response:
        initial = Initial(
            chain_id=asked.chain_id,
            time=asked.time.seconds,
            height=asked.initial_height,
            max_block_bytes=asked.consensus_params.block.max_bytes,
            validators=[_read_validator(one) for one in asked.validators],
            app_state=asked.app_state_bytes,
        )
        return abci.Response(init_chain=abci.ResponseInitChain(app_hash=self._application.begin(initial)))

    async def _prepare_proposal(self, asked: abci.RequestPrepareProposal) -> abci.Response:
        chosen = await self._application.prepare(list(asked.txs), asked.max_tx_bytes, _faults(asked.misbehavior))
        return abci.Response(prepare_proposal=abci.ResponsePrepareProposal(txs=chosen))

    async def _process_proposal(self, asked: abci.RequestProcessProposal) -> abci.Response:
        accepted = await self._application.accepts(list(asked.txs), _faults(asked.misbehavior))
        status = abci.ResponseProcessProposal.ACCEPT if accepted else abci.ResponseProcessProposal.REJECT
        return abci.Response(process_proposal=abci.ResponseProcessProposal(status=status))

    async def _finalize_block(self, asked: abci.RequestFinalizeBlock) -> abci.Response:
        self._decided = tuple(asked.txs)
        done = await self._application.finalize(asked.height, asked.time.seconds, self._decided, _faults(asked.misbehavior))
        updates = [abci.ValidatorUpdate(pub_key=PublicKey(ed25519=key), power=power) for key, power in done.validator_updates]
        return abci.Response(
            finalize_block=abci.ResponseFinalizeBlock(
                tx_results=[_CARRIED_OUT if one.ok else _result(one) for one in done.outcomes],
                validator_updates=updates,
                app_hash=done.app_hash,
            )
        )

    async def _commit(self, _: abci.RequestCommit) -> abci.Response:
        retain = await self._application.commit()
        self._places.committed(transaction_ids(self._decided))
        self._snapshots.after_commit()
        return abci.Response(commit=abci.ResponseCommit(retain_height=retain))

    # -- snapshots -------------------------------------------------------------------------------------------------------------

    async def _list_snapshots(self, _: abci.RequestListSnapshots) -> abci.Response:
        listed = [
            abci.Snapshot(height=one.height, format=FORMAT, chunks=len(one.digests), hash=one.digest, metadata=one.metadata)
            for one in self._snapshots.all()
        ]
        return abci.Response(list_snapshots=abci.ResponseListSnapshots(snapshots=listed))

    async def _load_snapshot_chunk(self, asked: abci.RequestLoadSnapshotChunk) -> abci.Response:
        chunk = await self._snapshots.chunk(asked.height, asked.format, asked.chunk)
        return abci.Response(load_snapshot_chunk=abci.ResponseLoadSnapshotChunk(chunk=chunk))

    async def _offer_snapshot(self, asked: abci.RequestOfferSnapshot) -> abci.Response:
        result = self._restoring.offer(asked.snapshot, asked.app_hash)
        return abci.Response(offer_snapshot=abci.ResponseOfferSnapshot(result=result))

    async def _apply_snapshot_chunk(self, asked: abci.RequestApplySnapshotChunk) -> abci.Response:
        return abci.Response(apply_snapshot_chunk=await self._restoring.apply(asked.index, asked.chunk, asked.sender))


def _turned_away(outcome: Outcome) -> bytes:
    checked = abci.ResponseCheckTx(code=outcome.number, log=outcome.sentence, codespace=outcome.code)
    return encode_frame(abci.Response(check_tx=checked).SerializeToString())


def _result(outcome: Outcome) -> abci.ExecTxResult:
    """Hashed into the next header: the number. The sentence and the code beside it are for people."""
    return abci.ExecTxResult(code=outcome.number, log=outcome.sentence, codespace=outcome.code)


def _read_validator(update: abci.ValidatorUpdate) -> tuple[str, bytes, int]:
    kind = update.pub_key.WhichOneof("sum") or ""
    return (kind, update.pub_key.ed25519 if kind == KEY_TYPE else b"", update.power)


def _faults(reported: Iterable[abci.Misbehavior]) -> list[ConsensusFault]:
    return [
        ConsensusFault(kind=_KINDS[one.type], address=one.validator.address, height=one.height, time=one.time.seconds)
        for one in reported
    ]
