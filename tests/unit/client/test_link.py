"""A client talks to the node whose certificate it was given, and to nobody else; every problem is an exception."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import atoll
from atoll.api.models import Status
from atoll.client import BadName, NodeUnreachable, NotWhatWasExpected, RefusedByNode
from atoll.client.errors import CertificateUnusable, NodeTooSlow
from atoll.client.link import Link
from atoll.ports import SystemClock, SystemEntropy
from atoll.trust.tlskeys import TlsKey, create_tls_key
from tests.unit.client.listener import listening

PROBLEM = {"type": "about:atoll/x.y", "title": "It is so.", "status": 409, "code": "x.y", "remedy": "Wait."}


def make_key(name: str = "bank") -> TlsKey:
    return create_tls_key(name, clock=SystemClock(), entropy=SystemEntropy())


def pin(folder: Path, key: TlsKey) -> Path:
    path = folder / "pinned.der"
    path.write_bytes(key.certificate)
    return path


def answering(handler: httpx.MockTransport) -> Link:
    """A link whose node is a function."""
    link = Link("https://node.example", token="secret-token", certificate=None)
    link._http = httpx.Client(base_url=link.url, transport=handler, headers={"authorization": "Bearer secret-token"})
    return link


def answer(status: int, body: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, content=json.dumps(body)))


# -- whom it talks to ----------------------------------------------------------------------------------------------------------


def test_the_pinned_certificate_is_enough_whatever_the_host_is_called(tmp_path: Path) -> None:
    key = make_key()
    with listening(tmp_path, key, answer=b"[]") as node:
        link = Link(node.url.replace("127.0.0.1", "localhost"), token="t", certificate=pin(tmp_path, key))
        assert link.raw("members") == b"[]"
        link.close()
    assert b"authorization: Bearer t" in node.heard[0]


def test_a_pem_file_will_do_as_well(tmp_path: Path) -> None:
    key = make_key()
    (tmp_path / "pinned.pem").write_bytes(key.certificate_pem)
    with listening(tmp_path, key, answer=b"[]") as node:
        link = Link(node.url, token="t", certificate=tmp_path / "pinned.pem")
        assert link.raw("members") == b"[]"
        link.close()


def test_another_certificate_of_the_same_name_hears_nothing(tmp_path: Path) -> None:
    with listening(tmp_path, make_key()) as node:
        link = Link(node.url, token="t", certificate=pin(tmp_path, make_key()))
        with pytest.raises(NodeUnreachable, match="its certificate is not the one expected"):
            link.raw("members")
        link.close()
    assert node.heard == []


def test_a_certificate_that_the_pinned_key_issued_hears_nothing(tmp_path: Path) -> None:
    pinned, other = make_key(), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_der_x509_certificate(pinned.certificate)
    child = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "child")]))
        .issuer_name(issuer.subject)
        .public_key(other.public_key())
        .serial_number(7)
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .sign(ec.derive_private_key(int.from_bytes(pinned.expose_scalar(), "big"), ec.SECP256R1()), hashes.SHA256())
    )
    forged = TlsKey(other.private_numbers().private_value.to_bytes(32, "big"), child.public_bytes(serialization.Encoding.DER))
    with listening(tmp_path, forged, chain=pinned.certificate_pem) as node:
        link = Link(node.url, token="t", certificate=pin(tmp_path, pinned))
        with pytest.raises(NodeUnreachable):
            link.raw("members")
        link.close()
    assert node.heard == []


def test_without_a_pin_the_system_s_roots_decide(tmp_path: Path) -> None:
    with listening(tmp_path, make_key()) as node:
        link = Link(node.url, token="t", certificate=None)
        with pytest.raises(NodeUnreachable):
            link.raw("members")
        link.close()
    assert node.heard == []


def test_proxies_of_the_environment_are_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    key = make_key()
    with listening(tmp_path, key, answer=b"[]") as node:
        link = Link(node.url, token="t", certificate=pin(tmp_path, key))
        assert link.raw("members") == b"[]"
        link.close()


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "tls.der").write_bytes(b"nonsense")
    with pytest.raises(CertificateUnusable, match=r"tls\.der"):
        Link("https://127.0.0.1:1", token="t", certificate=tmp_path / "tls.der")
    with pytest.raises(CertificateUnusable, match="No such file"):
        Link("https://127.0.0.1:1", token="t", certificate=tmp_path / "none.der")


def test_nobody_at_the_address_is_said_so() -> None:
    link = Link("https://127.0.0.1:1", token="t", certificate=None)
    with pytest.raises(NodeUnreachable, match="nobody listens there"):
        link.raw("members")
    link.close()


def test_who_hangs_up_instead_of_answering_is_said_to_have(tmp_path: Path) -> None:
    key = make_key()
    with listening(tmp_path, key, status="") as node:
        link = Link(node.url, token="t", certificate=pin(tmp_path, key))
        with pytest.raises(NodeUnreachable, match="it hung up before it had answered, or is no node"):
            link.raw("members")
        link.close()


def test_the_token_is_in_no_representation_and_no_error() -> None:
    node = atoll.connect("https://127.0.0.1:1", token="secret-token")
    with pytest.raises(NodeUnreachable) as refused, node:
        node.status()
    assert "secret-token" not in repr(node) + repr(refused.value) + str(refused.value) + repr(refused.value.operands)


def test_the_token_of_the_environment_is_used_where_none_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATOLL_TOKEN", "from-outside")
    key = make_key()
    with (
        listening(tmp_path, key, answer=b"[]") as listener,
        atoll.connect(listener.url, certificate=pin(tmp_path, key)) as node,
    ):
        assert node.members.list() == []
    assert b"Bearer from-outside" in listener.heard[0]


# -- what comes back -----------------------------------------------------------------------------------------------------------


def test_a_problem_becomes_an_exception_with_the_node_s_words() -> None:
    with pytest.raises(RefusedByNode, match=r"It is so\.") as refused:
        answering(answer(409, PROBLEM)).ask(Status, "status")
    assert (refused.value.code, refused.value.status, refused.value.remedy) == ("x.y", 409, "Wait.")
    again = pickle.loads(pickle.dumps(refused.value))
    assert (str(again), again.code, again.exit_code) == ("It is so.", "x.y", refused.value.exit_code)


@pytest.mark.parametrize(
    ("status", "body"), [(500, "oops"), (404, {"detail": "Not Found"}), (302, {}), (409, {**PROBLEM, "more": 1})]
)
def test_an_answer_of_something_else_is_called_so(status: int, body: object) -> None:
    with pytest.raises(NotWhatWasExpected):
        answering(answer(status, body)).ask(Status, "status")


@pytest.mark.parametrize("body", [{}, {"org": 7}, [], "text"])
def test_an_answer_that_does_not_fit_its_model_is_refused(body: object) -> None:
    with pytest.raises(NotWhatWasExpected, match="the answer to status does not fit"):
        answering(answer(200, body)).ask(Status, "status")


def test_a_node_that_does_not_answer_in_time_is_not_called_unreachable() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with pytest.raises(NodeTooSlow):
        answering(httpx.MockTransport(slow)).raw("job_propose")


# -- what is asked -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "path"),
    [
        ("bank/identity/1", "/v1/ledger/records/key/bank/identity/1"),
        ("../../status", "/v1/ledger/records/key/%2E%2E/%2E%2E/status"),
        ("./x", "/v1/ledger/records/key/%2E/x"),
        ("a?b#c%2f", "/v1/ledger/records/key/a%3Fb%23c%252f"),
        ("lineage:bank/x|uses", "/v1/ledger/records/key/lineage%3Abank/x%7Cuses"),
    ],
)
def test_no_name_leads_out_of_its_place_in_the_path(identifier: str, path: str) -> None:
    seen: list[bytes] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, content=b"{}")

    answering(httpx.MockTransport(note)).raw("ledger_show", namespace="key", identifier=identifier)
    assert seen == [path.encode()]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "../../etc/1",
        "bank/customers",
        "bank/customers/0",
        "bank/customers/1/..",
        "Bank/c/1",
        "bank/c/1\n",
        "bank/c/\u0661",
    ],
)
def test_a_dataset_s_name_of_another_form_is_not_sent(name: str) -> None:
    node = atoll.connect("https://127.0.0.1:1", token="t")
    for ask in (node.datasets.show, node.datasets.withdraw):
        with pytest.raises(BadName):
            ask(name)


@pytest.mark.parametrize("name", ["", "x", "../status", "A" * 32, "0" * 31, "0" * 33, "0" * 32 + "\n", "\u0660" * 32])
def test_an_identifier_of_another_form_is_not_sent(name: str) -> None:
    node = atoll.connect("https://127.0.0.1:1", token="t")
    jobs = node.jobs
    asks: list[Callable[[str], object]] = [
        *(jobs.show, jobs.approve, jobs.refuse, jobs.withdraw, jobs.cancel, jobs.result, jobs.why, node.evidence),
        *(node.grants.show, node.grants.revoke),
    ]
    for ask in asks:
        with pytest.raises(BadName):
            ask(name)
