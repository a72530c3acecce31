"""Routes of datasets, their registration and their budgets."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("dataset_register", "POST", "/v1/datasets", DATA, "Register a dataset version", m.Registered, m.RegisterDataset),
    Route("dataset_list", "GET", "/v1/datasets", READ, "Datasets of all members", list[m.DatasetInfo], query=("cards",)),
    Route(
        "dataset_show",
        "GET",
        "/v1/datasets/{owner}/{name}/{version}",
        READ,
        "One dataset, with its card",
        m.DatasetInfo,
        query=("check",),
    ),
    Route(
        "dataset_withdraw",
        "POST",
        "/v1/datasets/{owner}/{name}/{version}/withdraw",
        DATA,
        "Take a dataset version out of use",
        m.Receipt,
    ),
    Route("budget_set", "POST", "/v1/budgets", DATA, "Cap uses of a lineage", m.Receipt, m.BudgetRequest),
    Route("budget_list", "GET", "/v1/budgets", READ, "What is left of caps", list[m.BudgetInfo], query=("lineage",)),
    Route("budget_refund", "POST", "/v1/budgets/refund", DATA, "Give back what an ended job took", m.Receipt, m.RefundRequest),
    Route(
        "dataset_profile",
        "POST",
        "/v1/datasets/{owner}/{name}/{version}/profile",
        DATA,
        "What an own dataset holds",
        m.ProfileInfo,
        m.ProfileRequest,
    ),
    Route(
        "registration_step", "GET", "/v1/registrations/{name}", READ, "How far a registration under way is", m.RegistrationStep
    ),
    Route(
        "dataset_history",
        "GET",
        "/v1/datasets/{owner}/{name}/{version}/history",
        READ,
        "Versions, findings, checks and disputes of a dataset",
        m.HistoryInfo,
    ),
    Route(
        "dataset_lineage",
        "GET",
        "/v1/datasets/{owner}/{name}/{version}/lineage",
        READ,
        "Where a version comes from, as PROV-O in JSON-LD",
        "application/ld+json",
    ),
)
