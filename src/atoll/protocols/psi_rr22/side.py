"""What both sides do alike: compare forms, open, and derive everything random from the seed."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.primitives.commitment import commit, draw_opening
from atoll.primitives.drbg import SeededEntropy
from atoll.primitives.vole_oprf import COIN_BYTES
from atoll.protocols.psi.errors import ForeignCheckpoint
from atoll.protocols.psi.items import Items
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.state import Begun, Run
from atoll.protocols.psi_rr22 import core
from atoll.protocols.psi_rr22.errors import TermsDiffer, TooManyForVariant
from atoll.protocols.psi_rr22.messages import FormOffered
from atoll.protocols.psi_rr22.params import PROTOCOL, STATISTICAL_BITS, SUBFIELD_BITS, VERSION, Sizes, Terms
from atoll.protocols.role import Party, Progress, Receive, Role, Send

COIN_DOMAIN = "psi-rr22/coin/1"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a run that has been opened."""

    run: Run
    terms: Terms
    begun: Begun
    sizes: Sizes
    threads: int
    is_receiver: bool

    @property
    def vole_seed(self) -> bytes:
        """Seed of this side's part of the correlated randomness, for this attempt alone."""
        return self.run.fork("vole").bytes(32)

    @property
    def vole_context(self) -> bytes:
        """What binds the setup to this run."""
        return self.run.context + self.begun.opened.salt

    def domain(self, number: int) -> bytes:
        """What binds the instance of a bucket."""
        return core.instance_domain(self.run.context, self.begun.opened.salt, number)

    def load(self, number: int) -> bytes:
        """The digests of a bucket, filled up with dummies."""
        size = self.sizes.receiver_keys if self.is_receiver else self.sizes.sender_keys
        return core.pad(self.begun.buckets.load_digests(number), size, self.run.fork(f"dummies {number}"), number=number)

    def coin_share(self, number: int) -> bytes:
        """This side's share of a bucket's coin."""
        return self._coin(number).bytes(COIN_BYTES)

    def coin_opening(self, number: int) -> bytes:
        """What the sender commits to it with."""
        return draw_opening(self._coin(number).fork("opening"))

    def held(self, *lengths: int) -> tuple[bytes, ...]:
        """What a checkpoint holds: values of these lengths, then what was heard of the next bucket, if there is one.

        Raises:
            ForeignCheckpoint: something else.
        """
        due = list(lengths)
        if self.begun.done < self.sizes.buckets:
            due += self.sizes.heard_bytes(is_receiver=self.is_receiver, is_malicious=self.terms.is_malicious)
        if self.begun.done > self.sizes.buckets or [len(value) for value in self.begun.held] != due:
            raise ForeignCheckpoint()
        return self.begun.held

    def progress(self, number: int) -> Progress:
        """After a bucket."""
        return Progress(number + 1, self.sizes.buckets, "buckets")

    def _coin(self, number: int) -> SeededEntropy:
        return self.run.fork(f"coin {number}")


def promise(number: int, share: bytes, opening: bytes) -> bytes:
    """The commitment to the share of a bucket's coin."""
    return commit(COIN_DOMAIN, opening, number.to_bytes(8, "big") + share)


def open_side(
    items: Items,
    *,
    me: Party,
    peer: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    mode: str,
    variant: str,
    threads: int,
    resume: bytes | None,
    is_receiver: bool,
) -> Role[Side]:
    """Compare forms, announce rows, draw the salt, cut the set; or take up a checkpoint.

    Raises:
        ValueError: there is no such mode and variant.
        TermsDiffer: the peer runs another.
        TooManyForVariant: the sender announced more rows than the variant is safe for.
        What `Run.begin` raises.
    """
    terms = Terms(mode, variant)
    if resume is None:
        yield Send(peer, FormOffered(version=VERSION, mode=mode, variant=variant))
        offered: FormOffered = yield Receive(peer, FormOffered)
        if (offered.version, offered.mode, offered.variant) != (VERSION, mode, variant):
            raise TermsDiffer(party=str(peer), version=offered.version, mode=offered.mode, variant=offered.variant)
    name = f"{PROTOCOL}/{VERSION} {mode} {variant} {'receiver' if is_receiver else 'sender'}"
    run = Run(protocol=name, me=me, peer=peer, context=context, seed=seed, limits=limits, is_receiver=is_receiver)
    begun = yield from run.begin(items, resume)
    sender_rows = begun.opened.peer_rows if is_receiver else begun.opened.own_rows
    most = 1 << (SUBFIELD_BITS - STATISTICAL_BITS)
    if terms.is_subfield and sender_rows > most:
        begun.buckets.close()
        raise TooManyForVariant(found=sender_rows, limit=most)
    return Side(run, terms, begun, Sizes.of_run(begun, terms, is_receiver=is_receiver), threads, is_receiver)
