"""The sender: lets the receiver find out what it shares with this set, and learns only how many rows the receiver announced."""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.primitives.vole_oprf import DeltaSetup, OprfSender, setup_bytes, sorted_tags
from atoll.protocols.bulk import receive_bulk, send_bulk
from atoll.protocols.psi.items import Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi_rr22 import core
from atoll.protocols.psi_rr22.messages import CoinOpened, CoinPromised, CoinShared
from atoll.protocols.psi_rr22.params import FAST, SEMI_HONEST
from atoll.protocols.psi_rr22.side import Side, open_side, promise
from atoll.protocols.role import Flush, Party, Receive, Role, Send


def sender(
    items: Items,
    *,
    me: Party,
    receiver: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    mode: str = SEMI_HONEST,
    variant: str = FAST,
    threads: int = 0,
    resume: bytes | None = None,
) -> Role[None]:
    """Give `items` to an intersection.

    Args:
        items: the keys; normalised as the plan says.
        me: this side's place.
        receiver: the other side's.
        context, seed, limits, mode, variant, threads, resume: as the receiver's.

    Raises:
        TooManyRows, BucketOverflow, TooManyForVariant: the sets cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the receiver broke the protocol; the run is over.

    Leaks to the receiver: the number of rows, and which of the receiver's keys are among them. Learns: the number of the
    receiver's rows.
    Cost: 0.25 microseconds a key on one core; 10 bytes a key sent, 16 in the malicious form.
    Spec: specs/psi-rr22.md.
    """
    side = yield from open_side(
        items,
        me=me,
        peer=receiver,
        context=context,
        seed=seed,
        limits=limits,
        mode=mode,
        variant=variant,
        threads=threads,
        resume=resume,
        is_receiver=False,
    )
    try:
        yield from _Sending(side).run()
    finally:
        side.begun.buckets.close()


@dataclass(slots=True)
class _Bucket:
    """A bucket on its way, and messages 0 and 2 of its VOLE as they were heard."""

    number: int
    oprf: OprfSender
    heard: list[bytes] = field(default_factory=list)


class _Sending:
    def __init__(self, side: Side) -> None:
        self._side = side
        self._receiver = side.run.peer
        self._setup = DeltaSetup(side.vole_seed, side.vole_context)
        self._setup_heard = b""

    def run(self) -> Role[None]:
        side, sizes = self._side, self._side.sizes
        if sizes.is_empty:
            return
        current = (yield from self._start()) if side.begun.done == 0 else self._restore()
        while current is not None:
            current.oprf.expand()  # while the receiver has to do
            digests = side.load(current.number)
            masked = yield from receive_bulk(self._receiver, sizes.instance.masked)
            coin = yield from self._coin(current.number)
            following = self._instance(current.number + 1)
            if following is not None:
                yield from self._hear_first(following)
            current.oprf.receive_masked(masked)
            tags = sorted_tags(current.oprf.evaluate(digests, coin), sizes.tag_bytes, side.threads)
            yield from send_bulk(self._receiver, tags)
            if following is not None:
                yield from self._hear_second(following)
            yield side.progress(current.number)
            if sizes.is_checkpoint_after(current.number):
                heard = following.heard if following is not None else []
                yield side.begun.checkpoint(current.number + 1, self._setup_heard, *heard)
            current = following

    def _start(self) -> Role[_Bucket | None]:
        """Setup and the first bucket, up to where the receiver can mask its store."""
        yield from send_bulk(self._receiver, self._setup.send_0())
        self._setup_heard = yield from receive_bulk(self._receiver, setup_bytes()[1])
        self._setup.receive_1(self._setup_heard)
        first = self._instance(0)
        assert first is not None, "a run has a bucket"
        yield from self._hear_first(first)
        yield from self._hear_second(first)
        return first

    def _restore(self) -> _Bucket | None:
        """The same from a checkpoint: whatever was sent then is made again and thrown away."""
        self._setup_heard, *heard = self._side.held(setup_bytes()[1])
        self._setup.send_0()
        self._setup.receive_1(self._setup_heard)
        current = self._instance(self._side.begun.done)
        if current is None:
            return None
        current.heard = heard
        current.oprf.receive_0(heard[0])
        current.oprf.send_1()
        if self._side.terms.is_malicious:
            current.oprf.receive_2(heard[1])
            current.oprf.send_3()
        return current

    def _instance(self, number: int) -> _Bucket | None:
        """The instance of a bucket; None behind the last."""
        side, sizes = self._side, self._side.sizes
        if number == sizes.buckets:
            return None
        oprf = OprfSender(
            self._setup,
            number,
            side.domain(number),
            sizes.receiver_keys,
            subfield=side.terms.is_subfield,
            malicious=side.terms.is_malicious,
            failure_bits=sizes.failure_bits,
            threads=side.threads,
        )
        return _Bucket(number, oprf)

    def _hear_first(self, bucket: _Bucket) -> Role[None]:
        """The receiver's first message and the answer, in the malicious form with the promise of a coin."""
        heard = yield from receive_bulk(self._receiver, self._side.sizes.instance.vole[0])
        bucket.heard.append(heard)
        bucket.oprf.receive_0(bucket.heard[0])
        yield from send_bulk(self._receiver, bucket.oprf.send_1())
        if self._side.terms.is_malicious:
            share, opening = self._side.coin_share(bucket.number), self._side.coin_opening(bucket.number)
            yield Send(self._receiver, CoinPromised(commitment=promise(bucket.number, share, opening)))
        yield Flush()

    def _hear_second(self, bucket: _Bucket) -> Role[None]:
        """The receiver's second message and the answer, in the malicious form."""
        if self._side.terms.is_malicious:
            heard = yield from receive_bulk(self._receiver, self._side.sizes.instance.vole[2])
            bucket.heard.append(heard)
            bucket.oprf.receive_2(bucket.heard[1])
            yield from send_bulk(self._receiver, bucket.oprf.send_3())
            yield Flush()

    def _coin(self, number: int) -> Role[bytes | None]:
        if not self._side.terms.is_malicious:
            return None
        shared: CoinShared = yield Receive(self._receiver, CoinShared)
        share, opening = self._side.coin_share(number), self._side.coin_opening(number)
        yield Send(self._receiver, CoinOpened(share=share, opening=opening))
        yield Flush()
        return core.add_coins(share, shared.share)
