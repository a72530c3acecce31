"""The receiver: looks its keys up in the sender's table, which it keeps as long as the epoch lasts."""

from __future__ import annotations

import numpy as np

from atoll.primitives import oprf
from atoll.primitives.errors import OprfProofError, PointError
from atoll.primitives.oprf import PROOF_BYTES, Mode, SecretScalars
from atoll.primitives.ristretto import is_point
from atoll.protocols.bulk import receive_bulk
from atoll.protocols.dh.masked import ELEMENT_BYTES
from atoll.protocols.dh.params import parts
from atoll.protocols.psi.errors import BadElement, TooManyRows
from atoll.protocols.psi.items import DIGEST_BYTES, ROW_BYTES, Items, Matches
from atoll.protocols.psi.limits import Limits
from atoll.protocols.psi.opening import Opened
from atoll.protocols.psi.rows import matches_of, select_keys
from atoll.protocols.psi.state import Run, parse_state
from atoll.protocols.psi_oprf.errors import BadProof, KeyChanged, TableLost, WrongTable
from atoll.protocols.psi_oprf.messages import Offer, Request
from atoll.protocols.psi_oprf.params import ELEMENTS_PER_FRAME, PROTOCOL, VERSION, Epoch, padded_entries, tag_bytes
from atoll.protocols.psi_oprf.table import Table, TableCache, body_bytes, parse_table, shorten
from atoll.protocols.role import Frame, Party, Progress, Receive, Role, Send

KEY_NOTE = "public key"
"""The note that pins the sender's key of an epoch."""


def receiver(
    items: Items,
    *,
    me: Party,
    sender: Party,
    context: bytes,
    seed: bytes,
    limits: Limits,
    epoch: Epoch,
    cache: TableCache,
    public: bytes = b"",
    resume: bytes | None = None,
) -> Role[Matches]:
    """Find out which keys are in the sender's set.

    Args:
        items: the keys; few beside the sender's.
        me: this side's place.
        sender: the other side's.
        context: digest of the plan, 32 bytes; equal on both sides.
        seed: 32 secret bytes, fresh for this attempt, durable before the first step.
        limits: what the plan allows.
        epoch: the agreed dataset version and epoch.
        cache: this side's tables; a table that is in it is not sent again. A note beside them says which key the sender first
            announced for this epoch, and no other is taken while the epoch lasts, whatever becomes of the table.
        public: the sender's key of this epoch where it is known beforehand, as from the ledger; empty for the first one seen.
        resume: state of the checkpoint to go on from.

    Raises:
        TooManyRows: the set cannot take part.
        ForeignCheckpoint: `resume` is of another run. TableLost: its table is gone.
        PeerError: the sender broke the protocol; the run is over.

    Leaks to the sender: the number of rows, and whether it holds the table. Learns: the size of the sender's set, rounded up by
    at most a sixteenth, and the output; two runs of one epoch show nothing beyond their outputs.
    Cost: a hash to the group, two multiplications and about one more for the proof a row; the table once an epoch.
    Spec: specs/psi-oprf.md.
    """
    if items.rows > limits.own_items:
        raise TooManyRows(found=items.rows, limit=limits.own_items)
    run = Run(
        protocol=f"{PROTOCOL}/{VERSION} {epoch.cache_key.hex()}", me=me, peer=sender, context=context, seed=seed, limits=limits
    )
    buckets = items.partition(epoch.salt, 1)
    begun = run.enter(Opened(epoch.salt, items.rows, 0), buckets, None if resume is None else parse_state(resume))
    bucket = buckets.load(0)
    buckets.close()
    if begun.done < 2:
        if begun.done < 1:
            table = yield from _obtain(items.rows, sender, limits, epoch, cache, public)
            yield begun.checkpoint(1, table.digest)
        else:
            table = _reload(cache, epoch, begun.held[0])
        dummies = run.fork("dummies").bytes(DIGEST_BYTES * (items.rows - len(bucket)))
        tags = yield from _evaluate(bucket.digests + dummies, run, table, sender)
        places = table.find(tags)
        found = places[places < len(bucket)].astype("<u4").tobytes()
        yield begun.checkpoint(2, found)
    else:
        found = begun.held[0]
    return matches_of(select_keys(bucket, np.frombuffer(found, f"<u{ROW_BYTES}")))


def _obtain(rows: int, sender: Party, limits: Limits, epoch: Epoch, cache: TableCache, public: bytes) -> Role[Table]:
    """The sender's table, kept or sent now, and kept from now on."""
    kept = parse_table(cache.load(epoch.cache_key))
    yield Send(sender, Request(epoch=epoch.cache_key, rows=rows, held=kept.digest if kept else b""))
    offer: Offer = yield Receive(sender, Offer)
    if not is_point(offer.public):
        raise WrongTable(party=str(sender), reason="its key is not an element of the group")
    first = public or (kept.public if kept else offer.public)
    if not offer.public == first == cache.note(epoch.cache_key, KEY_NOTE, lambda noted: noted or first):
        raise KeyChanged(party=str(sender))
    if kept is not None and offer.digest == kept.digest and offer.entries == kept.entries:
        return kept
    most = padded_entries(limits.peer_items)
    if offer.entries > most:
        raise WrongTable(party=str(sender), reason=f"it has {offer.entries} entries, and at most {most} were agreed")
    body = yield from receive_bulk(sender, body_bytes(offer.entries))
    table = Table(offer.public, offer.entries, bytes(body))
    if table.digest != offer.digest:
        raise WrongTable(party=str(sender), reason="it has another digest than announced")
    if not table.is_whole():
        raise WrongTable(party=str(sender), reason="its entries are not in order")
    cache.save(epoch.cache_key, table.encode())
    return table


def _reload(cache: TableCache, epoch: Epoch, digest: bytes) -> Table:
    table = parse_table(cache.load(epoch.cache_key))
    if table is None or table.digest != digest:
        raise TableLost()
    return table


def _evaluate(digests: bytes, run: Run, table: Table, sender: Party) -> Role[bytes]:
    """The tags of the sender's function at these digests, as the table has them."""
    blinding, tags = run.fork("blinds").bytes(32), bytearray()
    for part in parts(len(digests) // DIGEST_BYTES, ELEMENTS_PER_FRAME):
        inputs = digests[DIGEST_BYTES * part.start : DIGEST_BYTES * part.stop]
        blinds = SecretScalars.derive(blinding, part.start, len(part))
        blinded = oprf.blind(Mode.VOPRF, inputs, DIGEST_BYTES, blinds)
        yield Send(sender, Frame(blinded))
        answer = bytes((yield from receive_bulk(sender, ELEMENT_BYTES * len(part) + PROOF_BYTES)))
        evaluated, proof = answer[:-PROOF_BYTES], answer[-PROOF_BYTES:]
        known = {"public": table.public, "blinded": blinded, "proof": proof}
        try:
            outputs = oprf.finalize(Mode.VOPRF, inputs, DIGEST_BYTES, blinds, evaluated, **known)
        except PointError as err:
            raise BadElement(party=str(sender), position=part.start + err.index) from err
        except OprfProofError as err:
            raise BadProof(party=str(sender), position=part.start) from err
        tags += shorten(outputs, tag_bytes(table.entries))
        yield Progress(part.stop, len(digests) // DIGEST_BYTES, "items")
    return bytes(tags)
