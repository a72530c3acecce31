"""The separable rights as ODRL actions: what a right is called in a policy that leaves this system.

| right | ODRL actions |
|---|---|
| holding | `odrl:archive`, `odrl:delete`, `dex:hold` |
| use | `odrl:use`, `odrl:read`, `odrl:execute` |
| processing | `odrl:derive`, `odrl:aggregate`, `odrl:extract`, `odrl:anonymize` |
| operation | `odrl:distribute`, `odrl:grantUse`, `odrl:sell` |
| income | `odrl:compensate`, a duty of whoever uses |
| management | `dex:manage`, `odrl:reviewPolicy` |
| transaction | `odrl:transfer` |

The mapping is closed, and an action names one right, so that a policy can be read back. EXCHANGE 6.4 lists `odrl:sell` under
operation and, "of another right", under transaction; it stands for operation here. Source: ODRL Vocabulary 2.2; the actions
are those of the profile that policies are published in (`atoll.policy.odrl.profile`).
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.ledger.records import RightKind
from atoll.policy.odrl.profile import NAMESPACE, ODRL

ACTIONS: Mapping[RightKind, tuple[str, ...]] = {
    RightKind.HOLDING: ("odrl:archive", "odrl:delete", "dex:hold"),
    RightKind.USE: ("odrl:use", "odrl:read", "odrl:execute"),
    RightKind.PROCESSING: ("odrl:derive", "odrl:aggregate", "odrl:extract", "odrl:anonymize"),
    RightKind.OPERATION: ("odrl:distribute", "odrl:grantUse", "odrl:sell"),
    RightKind.INCOME: ("odrl:compensate",),
    RightKind.MANAGEMENT: ("dex:manage", "odrl:reviewPolicy"),
    RightKind.TRANSACTION: ("odrl:transfer",),
}
"""Every kind, with its actions by their short names; the first stands for the right as a whole."""
_KINDS = {action: kind for kind, actions in ACTIONS.items() for action in actions}


def actions_of(kind: RightKind) -> tuple[str, ...]:
    """The actions that a right permits, by their short names."""
    return ACTIONS[kind]


def kind_of(action: str) -> RightKind | None:
    """The right that an action needs; None for an action outside the mapping, which is to be refused.

    >>> kind_of("odrl:aggregate"), kind_of("http://www.w3.org/ns/odrl/2/aggregate"), kind_of("odrl:ensureExclusivity")
    (<RightKind.PROCESSING: 'processing'>, <RightKind.PROCESSING: 'processing'>, None)
    """
    for namespace, prefix in ((ODRL, "odrl:"), (NAMESPACE, "dex:")):
        if action.startswith(namespace):
            action = prefix + action.removeprefix(namespace)
    return _KINDS.get(action)
