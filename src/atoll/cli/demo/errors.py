"""What can go wrong in the demo itself."""

from __future__ import annotations

from atoll.errors import InputError, UnavailableError


class NoSuchPart(InputError):
    """`--only` names nothing that the demo has."""

    code = "demo.no_such_part"
    sentence = "The demo has no part {name}; it has {known}."
    remedy = "Name one of these with --only, or leave the option out."


class NoTables(InputError):
    """The example tables are not there."""

    code = "demo.no_tables"
    sentence = "The example tables are not here: {reason}."
    remedy = "Run the demo in a checkout of the repository; the tables lie in examples/data."


class NodeDidNotStart(UnavailableError):
    """A node of the demo ended, or was silent, instead of getting ready."""

    code = "demo.node_did_not_start"
    sentence = "The node of {org} did not get ready: {reason}."
    remedy = "Try it by itself: `atoll init`, `atoll node start`; `atoll doctor` names what is wrong."


class DidNotHappen(UnavailableError):
    """Something the demo waits for did not come about."""

    code = "demo.did_not_happen"
    sentence = "After {seconds:g} s still not: {what}."
    remedy = "Run with --keep, then look at the nodes' logs."
