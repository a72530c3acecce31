"""Routes of opinions of quality."""

from __future__ import annotations

from atoll.api import models as m
from atoll.api.routes.route import Route
from atoll.api.scopes import DATA, READ

ROUTES: tuple[Route, ...] = (
    Route("quality_run", "POST", "/v1/quality/run", DATA, "Measure an own dataset", m.QualityRunInfo, m.MeasureQuality),
    Route("quality_sign", "POST", "/v1/quality/sign", DATA, "Vouch for a run of an owner's node", m.Receipt, m.SignRun),
    Route(
        "quality_list",
        "GET",
        "/v1/quality/{owner}/{name}/{version}",
        READ,
        "Opinions of a dataset version's quality",
        list[m.QualityInfo],
    ),
    Route(
        "quality_report",
        "GET",
        "/v1/quality/{owner}/{name}/{version}/{evaluator}",
        READ,
        "One evaluator's report, verified",
        m.QualityReportInfo,
    ),
    Route(
        "quality_withdraw",
        "POST",
        "/v1/quality/{owner}/{name}/{version}/withdraw",
        DATA,
        "Take this organisation's opinion back",
        m.Receipt,
    ),
)
