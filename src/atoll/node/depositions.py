"""What this node can show where a computation among malicious nodes ended early: what each compute node signed of what was
said.

The job's process hands it over with its failure; it is kept beside the job, and judged with the ledger's keys when somebody
looks. It holds digests and signatures only (`atoll.protocols.mpc.claims`), so it may be shown to anybody.
"""

from __future__ import annotations

import json
from typing import Any

from atoll.api.models import ClaimInfo, ContradictionInfo, DepositionInfo
from atoll.errors import AtollError
from atoll.ledger.plan import Plan, plan_digest
from atoll.ledger.records import Key, KeyPointer
from atoll.node.context import NodeContext
from atoll.node.order import COMPUTE_ROLE, MOST_IDENTITIES
from atoll.policy.limits import View
from atoll.trust.keys import KeyName, Purpose
from atoll.wire.message import encode_message, parse_message


def identity_keys(view: View, org: str) -> tuple[bytes, ...]:
    """The identity keys of an organisation that count for what was signed lately, newest first; no revoked ones."""
    pointer = view.get(KeyPointer, f"{org}/{Purpose.IDENTITY}")
    newest = pointer.version if pointer is not None else 0
    names = [str(KeyName(org, Purpose.IDENTITY, version)) for version in range(newest, max(newest - MOST_IDENTITIES, 0), -1)]
    keys = [view.get(Key, name) for name in names]
    return tuple(key.public for key in keys if key is not None and key.revoked_height is None)


class Depositions:
    """Keeps and describes them."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    def keep(self, identifier: str, failed: dict[str, Any]) -> None:
        """Take up what a job's process says of its failure, if it has anything to show."""
        if failed.get("deposition"):
            kept = {"deposition": failed["deposition"], "between": failed["between"]}
            self._context.store.set_meta(_slot(identifier), json.dumps(kept).encode())

    def describe(self, plan: Plan, attempt: int) -> DepositionInfo | None:
        """What is kept of a job, and what its claims show; None where nothing is kept."""
        kept = self._context.store.meta(_slot(plan.job_id.hex()))
        if not kept:
            return None
        from atoll.protocols.mpc.claims import Deposition, attempt_context, judge  # the engine: few jobs come here

        said = json.loads(kept)
        orgs = {one.index: one.org for one in plan.parties if one.role == COMPUTE_ROLE}
        view = self._context.view()
        identities = {place: identity_keys(view, org) for place, org in orgs.items()}
        try:
            found = parse_message(bytes.fromhex(said["deposition"]), Deposition)
            contradictions = judge([found], identities, context=attempt_context(plan_digest(plan), attempt))
        except (AtollError, ValueError):  # made by a process that reads what others send: it may have been taken over
            return None
        places = sorted({place for one in contradictions for place in one.pair})
        disputed = [orgs[place] for place in places] or [orgs[one] for one in said["between"] if one in orgs]
        return DepositionInfo(
            witness=orgs[found.witness],
            between=disputed,
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
