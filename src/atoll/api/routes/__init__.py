"""The routes of the API, in one table that node, client, console and documentation read.

One file a subject. A new route is a line in its subject's file, and a method of its name in the file of the same name in
`atoll.node.handlers`.
"""

from __future__ import annotations

from atoll.api.routes import (
    catalogue,
    datasets,
    disputes,
    foreign,
    grading,
    grants,
    jobs,
    ledger,
    members,
    motions,
    node,
    orders,
    programs,
    quality,
    rights,
    standing,
)
from atoll.api.routes.route import Route

__all__ = ["ROUTES", "Route"]

ROUTES: tuple[Route, ...] = (
    *node.ROUTES,
    *members.ROUTES,
    *motions.ROUTES,
    *orders.ROUTES,
    *datasets.ROUTES,
    *catalogue.ROUTES,
    *grading.ROUTES,
    *quality.ROUTES,
    *disputes.ROUTES,
    *foreign.ROUTES,
    *grants.ROUTES,
    *rights.ROUTES,
    *standing.ROUTES,
    *jobs.ROUTES,
    *programs.ROUTES,
    *ledger.ROUTES,
)
"""Every route there is."""
