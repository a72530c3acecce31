"""What this node can show where a computation among malicious nodes ended early: what each compute node signed of what was
said.

The job's process hands it over with its failure; it is kept beside the job, and judged when somebody looks, with the keys that
the ledger had when the job started: a key that is replaced or revoked afterwards takes nothing back. It holds digests and
signatures only (`atoll.protocols.mpc.claims`), so it may be shown to anybody.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from atoll.api.models import ClaimInfo, ContradictionInfo, DepositionInfo
from atoll.errors import AtollError
from atoll.ledger.plan import Plan, plan_digest
from atoll.ledger.records import Job, Key, Reader, current_key
from atoll.node.context import NodeContext
from atoll.node.order import COMPUTE_ROLE
from atoll.trust.keys import KeyName, Purpose
from atoll.wire.message import encode_message, parse_message

log = logging.getLogger("atoll.depositions")


def identity_keys(view: Reader, org: str, since: int) -> Iterator[Key]:
    """The identity keys of an organisation that were in force at a height or came later, newest first; also those that were
    revoked later."""
    key = current_key(view, org, Purpose.IDENTITY)
    while key is not None and (key.to_height is None or key.to_height > since):
        if key.revoked_height is None or key.revoked_height > since:
            yield key
        before = key.version - 1
        key = view.get(Key, str(KeyName(org, Purpose.IDENTITY, before))) if before else None


class Depositions:
    """Keeps and describes them."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def keep(self, identifier: str, failed: dict[str, Any]) -> None:
        """Take up what a job's process says of its failure, if it has anything to show. It reads what others send: it may have
        been taken over."""
        shown, between = failed.get("deposition"), failed.get("between")
        if not shown:
            return
        if isinstance(shown, str) and isinstance(between, list) and all(type(one) is int for one in between):
            kept = {"deposition": shown, "between": between}
            self._context.store.set_meta(_slot(identifier), json.dumps(kept).encode())
        else:
            log.warning("the job's process shows what is no deposition", extra={"job": identifier})

    def describe(self, job: Job, plan: Plan, attempt: int) -> DepositionInfo | None:
        """What is kept of a job, and what its claims show; with a problem and without claims where it cannot be verified, None
        where nothing is kept."""
        kept = self._context.store.meta(_slot(plan.job_id.hex()))
        if not kept:
            return None
        from atoll.protocols.mpc.claims import Deposition, attempt_context, judge  # the engine: few jobs come here

        said = json.loads(kept)
        orgs = {one.index: one.org for one in plan.parties if one.role == COMPUTE_ROLE}
        view = self._context.view()
        since = job.started_height
        identities = {place: tuple(key.public for key in identity_keys(view, org, since)) for place, org in orgs.items()}
        between = [orgs[one] for one in said["between"] if one in orgs]
        try:
            found = parse_message(bytes.fromhex(said["deposition"]), Deposition)
            contradictions = judge([found], identities, context=attempt_context(plan_digest(plan), attempt))
        except (AtollError, ValueError) as err:
            problem = str(err) if isinstance(err, AtollError) else "It cannot be read."
            log.warning("a deposition is not verified", extra={"job": plan.job_id.hex(), "problem": problem})
            return DepositionInfo(witness=self._context.org, between=between, encoded=said["deposition"], problem=problem)
        places = sorted({place for one in contradictions for place in one.pair})
        return DepositionInfo(
            witness=self._context.org,
            between=[orgs[place] for place in places] or between,
            contradictions=[
                ContradictionInfo(
                    what=one.fault,
                    by=[orgs[place] for place in one.pair],
                    claims=[found.claims.index(one.first), found.claims.index(one.second)],
                )
                for one in contradictions
            ],
            claims=[
                ClaimInfo(
                    signer=orgs[one.claim.signer],
                    sender=orgs[one.claim.sender],
                    receiver=orgs[one.claim.receiver],
                    round=one.claim.round,
                    why=one.claim.why,
                    bytes_said=one.claim.bytes_said,
                    stream=one.claim.stream.hex(),
                    part=one.claim.part.hex(),
                    signature=one.signature.hex(),
                )
                for one in found.claims
            ],
            encoded=encode_message(found).hex(),
        )


def _slot(identifier: str) -> str:
    """Where it is kept."""
    return f"deposition/{identifier}"
