"""`atoll doctor`: what is wrong, and what to do."""

from __future__ import annotations

from pathlib import Path

from atoll.api.models import DoctorFinding
from atoll.cli.frame import CertificateOption, HomeOption, TokenOption, UrlOption, command, connect_to, find_home, single
from atoll.cli.reply import Reply, Rows, Shown
from atoll.client import NodeUnreachable
from atoll.errors import UnavailableError

app = single()
STOPPED = DoctorFinding(check="node", ok=False, found="it does not run", remedy="`atoll node start` starts it.")


@command(
    app, "doctor", "atoll doctor --home bank", "atoll doctor --url https://10.0.0.5:7402 --token @token --certificate tls.der"
)
def doctor(
    home: HomeOption = None, url: UrlOption = None, token: TokenOption = None, certificate: CertificateOption = None
) -> Reply:
    """Say what is wrong with a node and what to do about it. Exit status 9 if anything is, or if it does not run.

    Asks the node itself; where it does not run, looks at its home: configuration, keys, certificate, genesis, clock, ports,
    disk.
    """
    try:
        findings, running = _ask(home, url, token, certificate), True
    except NodeUnreachable:
        if url is not None:
            raise
        findings, running = [*_look(find_home(home)), STOPPED], False
    bad = [one for one in findings if not one.ok]
    rows = [("ok" if one.ok else "BAD", one.check, one.found, "" if one.ok else one.remedy) for one in findings]
    shown: list[Shown] = [] if running else ["The node does not run; this is what its home looks like.\n"]
    shown.append(Rows(("", "check", "found", "what to do"), rows))
    value = {"running": running, "ok": not bad, "findings": findings}
    if not bad:
        return Reply(value, [*shown, "\nNothing is wrong."])
    sentence = f"{len(bad)} of {len(findings)} checks failed: {', '.join(one.check for one in bad)}."
    return Reply(value, shown, exit_code=UnavailableError.exit_code, error=sentence, hint=bad[0].remedy)


def _ask(home: Path | None, url: str | None, token: str | None, certificate: Path | None) -> list[DoctorFinding]:
    node = connect_to(home, url, token, certificate)
    try:
        return node.doctor()
    finally:
        node.close()


def _look(home: Path) -> list[DoctorFinding]:
    from atoll.cli.homecheck import check_home
    from atoll.ports import SystemClock

    return check_home(home, SystemClock())
