"""The log as files over real HTTPS: what a stranger gets, what only those entitled get, and what nobody gets."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.errors import TileFormatError
from atoll.ledger.note import parse_note, verify_note
from atoll.ledger.tiles import ENTRIES, Tile, TileReader, parse_bundle, parse_tile, parse_tile_path, tiles_of, verify_bundle
from atoll.node.tlog.routes import add_log_routes
from atoll.node.tlog.shelf import Shelf
from atoll.primitives.merkle import range_root
from atoll.testing.consortium import FixedClock
from atoll.testing.logserver import MadeUpLog, RunningApp, make_app, serving
from atoll.transport.throttle import Throttle

SIZE = 70_000
TOKEN = "a token"
LOG = MadeUpLog(SIZE)


def client_of(running: RunningApp) -> httpx.Client:
    """A stranger who trusts exactly this server's certificate."""
    assert running.tls is not None
    context = ssl.create_default_context(cadata=running.tls.certificate)
    context.check_hostname = False
    return httpx.Client(base_url=running.url + "/tlog", verify=context, trust_env=False)


@pytest.fixture(scope="module")
def stranger() -> Iterator[httpx.Client]:
    """Of a log of 70,000 entries of which one more exists than is published."""
    shelf = LOG.shelf()
    LOG.grow(SIZE + 1)
    with serving(make_app(shelf, TOKEN)) as running, client_of(running) as client:
        yield client


ENTITLED = {"authorization": f"Bearer {TOKEN}"}


def test_a_stranger_rebuilds_the_root_of_the_published_checkpoint_from_tiles(stranger: httpx.Client) -> None:
    answer = stranger.get("/checkpoint")
    note = parse_note(answer.content)
    verify_note(note, [LOG.key])
    checkpoint = parse_checkpoint(note.text)
    assert checkpoint.size == SIZE

    def fetch(tile: Tile) -> bytes:
        answer = stranger.get("/" + tile.path)
        assert answer.status_code == 200, tile
        return answer.content

    assert range_root(TileReader(fetch, SIZE), 0, SIZE) == checkpoint.root


def test_every_tile_of_the_log_is_served_and_fits_the_tile_below_it(stranger: httpx.Client) -> None:
    partial = [tile for tile in tiles_of(SIZE) if tile.width < 256]
    assert [tile.path for tile in partial if tile.level != ENTRIES] == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
    for tile in (*partial, Tile(0, 0), Tile(0, 272), Tile(1, 0)):
        answer = stranger.get("/" + tile.path, headers=ENTITLED)
        assert answer.status_code == 200
        if tile.level != ENTRIES:
            parse_tile(answer.content, tile)
    bundle = Tile(ENTRIES, 273, 112)
    entries = parse_bundle(stranger.get("/" + bundle.path, headers=ENTITLED).content, bundle)
    verify_bundle(entries, parse_tile(stranger.get("/tile/0/273.p/112").content, Tile(0, 273, 112)))


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/273.p/113",  # one entry more exists, and is not published
        "tile/0/273",
        "tile/0/274.p/1",
        "tile/1/001.p/18",
        "tile/2/000.p/2",
        "tile/3/000.p/1",
        "tile/3/000",
        "tile/0/000.p/0",  # empty tiles do not exist
        "tile/0/000.p/256",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000/",
        "tile/0/%2e%2e/0/000",
        "tile/0/000.P/1",
        "tile/0/" + "x999/" * 40 + "999",
        "tile/",
        "",
        "checkpoint/",
        "Checkpoint",
    ],
)
def test_what_is_not_below_the_published_checkpoint_does_not_exist(stranger: httpx.Client, path: str) -> None:
    request = stranger.build_request("GET", "/", headers=ENTITLED)
    request.url = httpx.URL(f"{stranger.base_url}".rstrip("/") + "/" + path)
    assert stranger.send(request).status_code == 404


def test_bundles_beyond_the_published_checkpoint_do_not_exist_for_the_entitled_either(stranger: httpx.Client) -> None:
    assert stranger.get("/tile/entries/273.p/112", headers=ENTITLED).status_code == 200
    assert stranger.get("/tile/entries/273.p/113", headers=ENTITLED).status_code == 404


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer another", "Basic YTph", "bearer"])
def test_entries_are_refused_to_whoever_is_not_known(stranger: httpx.Client, header: str | None) -> None:
    headers = {} if header is None else {"authorization": header}
    for path in ("/tile/entries/000", "/tile/entries/273.p/113", "/tile/entries/nonsense"):
        answer = stranger.get(path, headers=headers)
        assert answer.status_code == 403  # the same for all, so that a stranger learns nothing about the log
        assert answer.headers["cache-control"] == "no-store"


def test_tiles_can_be_kept_for_ever_and_the_checkpoint_for_a_moment(stranger: httpx.Client) -> None:
    for path in ("/tile/0/000", "/tile/0/273.p/112"):
        assert stranger.get(path).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in stranger.get("/checkpoint").headers["cache-control"]
    kept = stranger.get("/tile/entries/000", headers=ENTITLED).headers
    assert kept["cache-control"].startswith("private"), "a shared cache would serve entries to strangers"
    assert stranger.head("/tile/0/000").headers["content-length"] == "8192"
    assert stranger.post("/checkpoint").status_code == 405


def test_one_address_cannot_ask_without_end() -> None:
    app = Starlette()
    throttle = Throttle(FixedClock(), per_second=1, burst=5)
    add_log_routes(app, MadeUpLog(3).shelf(), throttle=throttle, admits=lambda _: False)
    with serving(app) as running, client_of(running) as client:
        codes = [client.get("/checkpoint").status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2


def test_nothing_is_served_before_something_is_published() -> None:
    app, log = Starlette(), MadeUpLog(3)
    empty = Shelf(log=lambda: log.tree, entries=log.entries)
    add_log_routes(app, empty, throttle=Throttle(FixedClock(), per_second=1, burst=9), admits=lambda _: True)
    with serving(app) as running, client_of(running) as client:
        assert [client.get(f"/{path}").status_code for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1")] == [
            503
        ] * 3


def test_a_tile_lies_within_a_log_that_has_all_of_it() -> None:
    assert Tile(0, 0).is_within(256)
    assert not Tile(0, 0).is_within(255)
    assert Tile(1, 0, 1).is_within(256)
    assert not Tile(1, 0, 1).is_within(255)
    assert Tile(ENTRIES, 1, 44).is_within(300)
    assert not Tile(ENTRIES, 1, 45).is_within(300)
    with pytest.raises(TileFormatError):
        parse_tile_path("tile/0/000.p/256")
