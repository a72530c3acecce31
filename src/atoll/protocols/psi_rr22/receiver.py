"""The receiver: finds out which of its keys the sender has too."""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.primitives.commitment import is_opening
from atoll.primitives.vole_oprf import OprfReceiver, VectorSetup, match_sorted_tags, setup_bytes
from atoll.protocols.bulk import receive_bulk, send_bulk
from atoll.protocols.psi.items import Items, Matches
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi_rr22 import core
from atoll.protocols.psi_rr22.errors import CoinChanged
from atoll.protocols.psi_rr22.messages import CoinOpened, CoinPromised, CoinShared
from atoll.protocols.psi_rr22.params import FAST, SEMI_HONEST
from atoll.protocols.psi_rr22.side import COIN_DOMAIN, Side, open_side
from atoll.protocols.role import Flush, Party, Receive, Role, Send


def receiver(
    items: Items,
    *,
    me: Party,
    sender: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    mode: str = SEMI_HONEST,
    variant: str = FAST,
    threads: int = 0,
    resume: bytes | None = None,
) -> Role[Matches]:
    """Intersect `items` with the sender's set.

    Args:
        items: the keys; normalised as the plan says.
        me: this side's place.
        sender: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        mode: SEMI_HONEST or MALICIOUS; equal on both sides, as is
        variant: FAST or LOW_COMMUNICATION.
        threads: of the kernels; 0 for as many as the process may run.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows, BucketOverflow, StoreError, TooManyForVariant: the sets cannot take part.
        ForeignCheckpoint: `resume` is of another run.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of rows. Learns: the number of the sender's rows, and the output.
    Cost: 0.4 microseconds a key on one core and 22 bytes a key sent, or 11 in the low-communication variant.
    Spec: specs/psi-rr22.md.
    """
    side = yield from open_side(
        items,
        me=me,
        peer=sender,
        context=context,
        seed=seed,
        limits=limits,
        mode=mode,
        variant=variant,
        threads=threads,
        resume=resume,
        is_receiver=True,
    )
    try:
        return (yield from _Receiving(side).run())
    finally:
        side.begun.buckets.close()


@dataclass(slots=True)
class _Bucket:
    """A bucket on its way. What was heard for it is kept, because a checkpoint may fall between."""

    number: int
    oprf: OprfReceiver
    heard: list[bytes] = field(default_factory=list)
    """Messages 1 and 3 of its VOLE, and in the malicious form the promise of a coin between them."""
    masked: bytes = b""
    """Its store, ready to be sent."""

    def expand(self) -> None:
        """All that is left to do when the VOLE has been heard: done here, so that the sender need not wait for it later."""
        self.oprf.expand()
        self.masked = self.oprf.mask()


class _Receiving:
    def __init__(self, side: Side) -> None:
        self._side = side
        self._sender = side.run.peer
        self._setup = VectorSetup(side.vole_seed, side.vole_context)
        self._setup_heard = b""
        self._flags = bytearray()

    def run(self) -> Role[Matches]:
        side, sizes = self._side, self._side.sizes
        if sizes.is_empty:
            return Matches(0, b"")
        current = (yield from self._start()) if side.begun.done == 0 else self._restore()
        while current is not None:
            yield from send_bulk(self._sender, current.masked)
            current.masked = b""
            following = self._instance(current.number + 1)
            if side.terms.is_malicious:
                yield Send(self._sender, CoinShared(share=side.coin_share(current.number)))
            if following is not None:
                yield from send_bulk(self._sender, following.oprf.send_0())
            yield Flush()
            outputs = current.oprf.evaluate((yield from self._coin(current)))
            if following is not None:  # while the sender makes its tags
                self._encode(following)
                yield from self._hear_first(following)
            tags = yield from receive_bulk(self._sender, sizes.tags_bytes)
            places = match_sorted_tags(outputs, tags, sizes.tag_bytes)
            self._flags += core.flags_of(places, side.begun.buckets.size(current.number))
            if following is not None:
                yield from self._hear_second(following)
            yield side.progress(current.number)
            if sizes.is_checkpoint_after(current.number):
                heard = following.heard if following is not None else []
                yield side.begun.checkpoint(current.number + 1, self._setup_heard, bytes(self._flags), *heard)
            current = following
        return self._matches()

    def _start(self) -> Role[_Bucket | None]:
        """Setup and the first bucket, up to where its store can be masked."""
        self._setup_heard = yield from receive_bulk(self._sender, setup_bytes()[0])
        self._setup.receive_0(self._setup_heard)
        yield from send_bulk(self._sender, self._setup.send_1())
        first = self._instance(0)
        assert first is not None, "a run has a bucket"
        yield from send_bulk(self._sender, first.oprf.send_0())
        yield Flush()
        self._encode(first)
        yield from self._hear_first(first)
        yield from self._hear_second(first)
        return first

    def _restore(self) -> _Bucket | None:
        """The same from a checkpoint: whatever was sent then is made again and thrown away."""
        buckets = self._side.begun.buckets
        flagged = sum(core.flags_bytes(buckets.size(number)) for number in range(min(self._side.begun.done, len(buckets))))
        self._setup_heard, flags, *heard = self._side.held(setup_bytes()[0], flagged)
        self._flags += flags
        self._setup.receive_0(self._setup_heard)
        self._setup.send_1()
        current = self._instance(self._side.begun.done)
        if current is None:
            return None
        current.heard = heard
        current.oprf.send_0()
        self._encode(current)
        current.oprf.receive_1(heard[0])
        if self._side.terms.is_malicious:
            current.oprf.send_2()
            current.oprf.receive_3(heard[2])
        current.expand()
        return current

    def _instance(self, number: int) -> _Bucket | None:
        """The instance of a bucket; None behind the last."""
        side, sizes = self._side, self._side.sizes
        if number == sizes.buckets:
            return None
        oprf = OprfReceiver(
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

    def _encode(self, bucket: _Bucket) -> None:
        bucket.oprf.encode(self._side.load(bucket.number))

    def _hear_first(self, bucket: _Bucket) -> Role[None]:
        """The sender's first answer; in the malicious form the receiver's second message, else all that is left to do."""
        heard = yield from receive_bulk(self._sender, self._side.sizes.instance.vole[1])
        bucket.heard.append(heard)
        bucket.oprf.receive_1(bucket.heard[0])
        if self._side.terms.is_malicious:
            promised: CoinPromised = yield Receive(self._sender, CoinPromised)
            bucket.heard.append(promised.commitment)
            yield from send_bulk(self._sender, bucket.oprf.send_2())
            yield Flush()
        else:
            bucket.expand()

    def _hear_second(self, bucket: _Bucket) -> Role[None]:
        """The sender's second answer, in the malicious form."""
        if self._side.terms.is_malicious:
            heard = yield from receive_bulk(self._sender, self._side.sizes.instance.vole[3])
            bucket.heard.append(heard)
            bucket.oprf.receive_3(bucket.heard[2])
            bucket.expand()

    def _coin(self, bucket: _Bucket) -> Role[bytes | None]:
        if not self._side.terms.is_malicious:
            return None
        opened: CoinOpened = yield Receive(self._sender, CoinOpened)
        promised = bucket.number.to_bytes(8, "big") + opened.share
        if not is_opening(bucket.heard[1], COIN_DOMAIN, opened.opening, promised):
            raise CoinChanged(party=str(self._sender), bucket=bucket.number)
        return core.add_coins(self._side.coin_share(bucket.number), opened.share)

    def _matches(self) -> Matches:
        """From a bit a key to rows, which are loaded now, so that a checkpoint need not hold them."""
        buckets = self._side.begun.buckets
        keys, parts, at = 0, [], 0
        for number in range(len(buckets)):
            size = core.flags_bytes(buckets.size(number))
            found, rows = core.rows_of(*buckets.load_rows(number), bytes(self._flags[at : at + size]))
            keys, at = keys + found, at + size
            parts.append(rows)
        return Matches(keys, core.pack_rows(parts))
