"""What every party of a run has: its place, the sizes of all, its buckets, and the state that survives a crash."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.vole_oprf import InstanceBytes, instance_bytes, setup_bytes
from atoll.protocols.coin import draw_joint_salt
from atoll.protocols.psi.cut import bucket_count, is_within_cap, padded_size, padded_total
from atoll.protocols.psi.errors import BucketOverflow, ForeignCheckpoint, PaddingAboveCap, PeerSetTooLarge, TooManyRows
from atoll.protocols.psi.items import Bucket, Buckets, Items
from atoll.protocols.psi_multi.messages import SetSize, State
from atoll.protocols.psi_multi.params import MAX_OWNERS, MIN_OWNERS, STATISTICAL_BITS, Limits, share_bytes
from atoll.protocols.role import Checkpoint, Party, Progress, Receive, Role, Send
from atoll.wire.cbor import decode, encode
from atoll.wire.errors import CborError, MessageError

SETUP_BYTES = setup_bytes()
MAX_CHECKPOINTS = 16
"""Most checkpoints of a run: each holds all rows matched so far."""
_MAX_STATE_BYTES = 1 << 33
_BINDING_DOMAIN = b"ATOLL-V01-PSI-MULTI-STATE"


@dataclass(frozen=True, slots=True)
class Pair:
    """What the receiver and one owner agree on for each bucket."""

    owner: Party
    receiver_keys: int
    """Padded keys of a bucket of the receiver."""
    owner_keys: int
    """Padded keys of a bucket of the owner."""
    failure_bits: int
    lengths: InstanceBytes

    def domain(self, salt: bytes, bucket: int, what: bytes) -> bytes:
        """32 bytes that name one use of one bucket between the two."""
        return sha256(b"ATOLL-V01-PSI-MULTI-" + what + salt + str(self.owner).encode() + bucket.to_bytes(4, "big")).digest()


class Table:
    """One party's view; `open` first."""

    def __init__(
        self,
        items: Items,
        *,
        me: Party,
        receiver: Party,
        owners: Sequence[Party],
        context: bytes,
        seed: bytes,
        limits: Limits,
    ) -> None:
        """Args: as the roles'; `me` is the receiver or one of the owners."""
        if not MIN_OWNERS <= len(owners) <= MAX_OWNERS or len({receiver, *owners}) != len(owners) + 1:
            raise ValueError(f"there are {MIN_OWNERS} to {MAX_OWNERS} owners and a receiver, all different")
        if items.rows > limits.of(me):
            raise TooManyRows(found=items.rows, limit=limits.of(me))
        self.me = me
        self.receiver = receiver
        self.owners = tuple(owners)
        self.salt = b""
        self.buckets: Buckets
        self.entropy = SeededEntropy(seed)
        self._others = [one for one in (receiver, *owners) if one != me]
        self._items = items
        self._context = context
        self._seed = seed
        self._limits = limits
        self._rows: dict[Party, int] = {me: items.rows}
        self._loaded = sha256()

    def open(self, resume: bytes | None) -> Role[State | None]:
        """Announce sizes and toss for the salt, or take up a checkpoint; then hash and cut the set."""
        if resume is not None:
            return self._restore(resume)
        yield from self._exchange_sizes()
        count, rows, cap = bucket_count(*self._rows.values()), self._rows[self.receiver], self._limits.of(self.receiver)
        if not is_within_cap(rows, count, cap):
            raise PaddingAboveCap(rows=rows, found=padded_total(rows, count), buckets=count, limit=cap)
        self.salt = yield from draw_joint_salt(self.me, self._others, context=self._context, seed=self._seed)
        self.buckets = self._items.partition(self.salt, bucket_count(*self._rows.values()))
        return None

    @property
    def share_bytes(self) -> int:
        """Bytes of a share of zero."""
        return share_bytes(self._rows[self.receiver])

    def pair(self, owner: Party) -> Pair:
        """The receiver's business with one owner."""
        count = len(self.buckets)
        keys = padded_size(self._rows[self.receiver], count)
        # Two stores an owner and bucket; together they fail with 2^-STATISTICAL_BITS.
        failure_bits = STATISTICAL_BITS + math.ceil(math.log2(2 * count * len(self.owners)))
        lengths = instance_bytes(keys, failure_bits=failure_bits)
        return Pair(owner, keys, padded_size(self._rows[owner], count), failure_bits, lengths)

    def load(self, bucket: int) -> Bucket:
        """One bucket of this party's.

        Raises:
            BucketOverflow: it has more keys than buckets are padded to.
        """
        room = padded_size(self._rows[self.me], len(self.buckets))
        if self.buckets.size(bucket) > room:
            raise BucketOverflow(bucket=bucket, found=self.buckets.size(bucket), limit=room)
        loaded = self.buckets.load(bucket)
        self._loaded.update(len(loaded).to_bytes(8, "big") + loaded.digests)
        return loaded

    def progress(self, buckets_done: int) -> Progress:
        """How far this is, in buckets."""
        return Progress(buckets_done, len(self.buckets), "buckets")

    def is_checkpoint_after(self, bucket: int) -> bool:
        """Whether all parties make a checkpoint when `bucket` is done: evenly spread, and always after the last."""
        every = -(-len(self.buckets) // MAX_CHECKPOINTS)
        return (bucket + 1) % every == 0 or bucket + 1 == len(self.buckets)

    def checkpoint(self, buckets_done: int, *, heard: bytes, matched_keys: int = 0, matched: bytes = b"") -> Checkpoint:
        """Everything that the buckets so far gave. `heard`: the setup messages and keys that no peer says again."""
        state = State(
            binding=self._binding(),
            rows=tuple(self._rows[one] for one in (self.receiver, *self.owners)),
            salt=self.salt,
            heard=heard,
            buckets_done=buckets_done,
            matched_keys=matched_keys,
            matched=matched,
        )
        return Checkpoint(encode([State.TAG, state.to_map()], max_bytes=_MAX_STATE_BYTES))

    def _exchange_sizes(self) -> Role[None]:
        for other in self._others:
            yield Send(other, SetSize(rows=self._items.rows))
        for other in self._others:
            announced: SetSize = yield Receive(other, SetSize)
            if announced.rows > self._limits.of(other):
                raise PeerSetTooLarge(party=str(other), found=announced.rows, limit=self._limits.of(other))
            self._rows[other] = announced.rows

    def _binding(self) -> bytes:
        """Digest over the run and the buckets used so far; what is said of those to come, the runner compares by itself."""
        places = " ".join(map(str, (self.me, self.receiver, *self.owners)))
        sizes = ",".join(str(self.buckets.size(bucket)) for bucket in range(len(self.buckets)))
        said = f"{places}|{self._items.rows}|{sizes}".encode()
        return sha256(_BINDING_DOMAIN + self._seed + self._context + self._loaded.digest() + said).digest()

    def _restore(self, resume: bytes) -> State:
        try:
            tag, fields = decode(resume, max_bytes=_MAX_STATE_BYTES)
            state = State.from_map(fields)
        except (CborError, MessageError, TypeError, ValueError) as err:
            raise ForeignCheckpoint() from err
        if tag != State.TAG or len(state.rows) != len(self.owners) + 1:
            raise ForeignCheckpoint()
        self._rows = dict(zip((self.receiver, *self.owners), state.rows, strict=True))
        self.salt = state.salt
        self.buckets = self._items.partition(self.salt, bucket_count(*state.rows))
        is_within = all(rows <= self._limits.of(place) for place, rows in self._rows.items())
        if not is_within or state.buckets_done > len(self.buckets) or self._rows[self.me] != self._items.rows:
            raise ForeignCheckpoint()
        for bucket in range(state.buckets_done):
            self.load(bucket)
        if state.binding != self._binding():
            raise ForeignCheckpoint()
        return state
