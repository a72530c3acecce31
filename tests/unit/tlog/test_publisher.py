"""From an agreed log to what outsiders see: with witnesses that answer over real HTTPS, and logs that lie."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.api.models import DoctorFinding
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.note import parse_note, verify_note
from atoll.ledger.tlog_policy import NO_QUORUM, Log, Witness, make_policy, parse_policy
from atoll.ledger.vkey import encode_vkey
from atoll.node.doctor import Doctor
from atoll.node.tlog.assemble import PublishedLog
from atoll.node.tlog.errors import BadWitnessPolicy, LogForked, LogWentBack, WitnessesRequired
from atoll.node.tlog.kept import PLACE, keep_evidence
from atoll.node.tlog.publisher import PUBLISHED, REFRESH_SECONDS, SKEW_SECONDS
from atoll.node.tlog.settings import LogSettings, load_witness_policy, witness_tls
from atoll.testing.consortium import NamedEntropy
from atoll.testing.logserver import MadeUpLog
from atoll.trust.keys import Purpose, SecretKey
from tests.unit.tlog.site import ANY_OF, BRANCH, LOG, Disk, Site
from tests.unit.witness.home import SetClock, key_of, request, witness_of

pytestmark = pytest.mark.usefixtures("closed_after_the_test")


async def test_without_witnesses_the_members_checkpoint_is_published_as_it_grows(clock: SetClock) -> None:
    site = Site(LOG, clock)
    publisher = site.publisher()
    await publisher.step()
    assert (site.published, publisher.waiting_for) == (0, "a quorum of the members")
    for size in (10, 20, 300):
        site.chain.agree(size)
        await publisher.step()
        assert site.published == size
        assert site.disk.values[PUBLISHED] == site.shelf.need().note


async def test_a_published_checkpoint_carries_every_cosignature_over_https(
    tmp_path: Path, clock: SetClock, stack: ExitStack
) -> None:
    witness, _, running = stack.enter_context(witness_of(tmp_path / "w", LOG, clock=clock, name="w.example", tls=True))
    assert running.tls is not None
    certificate = tmp_path / "w.der"
    certificate.write_bytes(running.tls.certificate)
    site = Site(LOG, clock)
    publisher = site.publisher(witness, tls=witness_tls([certificate]))
    for size in (10, 300):
        site.chain.agree(size)
        await publisher.step()
        note = parse_note(site.shelf.need().note)
        assert {one.key.name for one in verify_note(note, [LOG.key, witness.key])} == {LOG.origin, "w.example"}
        assert parse_checkpoint(note.text).size == size
    assert publisher.states() == [("w.example", clock.time, "")]


async def test_an_idle_log_is_witnessed_again_after_a_while(two: list[Any], clock: SetClock) -> None:
    site = Site(LOG, clock)
    publisher = site.publisher(*(one[0] for one in two))
    site.chain.agree(10)
    await publisher.step()
    first = site.shelf.need().note
    clock.time += REFRESH_SECONDS - 1
    await publisher.step()
    assert site.shelf.need().note == first
    clock.time += 1
    await publisher.step()
    assert site.shelf.need().note != first


async def test_a_node_that_was_down_catches_up_with_what_the_witness_knows(two: list[Any], clock: SetClock) -> None:
    first, second = Site(LOG, clock), Site(LOG, clock)
    witnesses = [one[0] for one in two]
    first.chain.agree(200)
    await first.publisher(*witnesses).step()
    second.chain.agree(300)
    await second.publisher(*witnesses).step()  # learns the old size from 409
    assert second.published == 300


async def test_a_split_view_shown_to_two_witnesses_is_refused_and_kept(two: list[Any], clock: SetClock) -> None:
    """The log shows each witness another history; neither lets go of the one that it has cosigned."""
    (north, north_desk, _), (south, south_desk, _) = two
    one, other = Site(LOG, clock), Site(BRANCH, clock)
    one.chain.agree(100)
    await one.publisher(north).step()
    other.chain.agree(100)
    await other.publisher(south).step()
    assert (one.published, other.published) == (100, 100), "each has seen one history only, so far"
    for site, size in ((one, 100), (other, 100), (one, 200), (other, 200)):
        clock.time += REFRESH_SECONDS
        site.chain.agree(size)
        before = site.published
        with pytest.raises(LogForked):
            await site.publisher(north, south).step()
        assert site.published == before, "nothing is published that both have not cosigned"
        assert site.shelf.need().checkpoint.size == before
    for desk, shown, known in ((north_desk, BRANCH, LOG), (south_desk, LOG, BRANCH)):
        caught = desk._store.contradictions()
        assert "fork" in {each.kind for each in caught}
        fork = next(each for each in caught if each.kind == "fork")
        assert parse_checkpoint(parse_note(fork.known).text).root == known.tree.root(100)
        assert shown.note(100).encode() in fork.request


async def test_a_log_that_was_rolled_back_is_refused_by_the_witness_and_the_node_stops(two: list[Any], clock: SetClock) -> None:
    """The whole home is an older copy, so the node itself remembers nothing."""
    witnesses = [one[0] for one in two]
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher(*witnesses).step()
    restored = Site(LOG, clock)
    publisher = restored.publisher(*witnesses)
    restored.chain.agree(100)
    await publisher.step()
    assert restored.published == 0
    assert "the 200 entries that witness " in publisher.waiting_for
    clock.time += 60
    await publisher.step()  # behind, as far as anybody can tell: no quorum has stood for the smaller log since
    restored.chain.agree(100)
    with pytest.raises(LogWentBack):
        await publisher.step()
    assert restored.published == 0


async def test_a_node_that_waits_for_a_larger_log_says_so_and_whether_it_has_stopped_over_it(
    clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher().step()
    site.chain.agree(100)
    site.chain.stood_at -= 60  # an older home was put back, and no quorum is there

    async def restarted() -> tuple[DoctorFinding, list[str]]:
        caplog.clear()
        site.shelf.published = None
        publisher = site.publisher()
        for _ in range(3):
            await publisher._step_logged()
        context: Any = SimpleNamespace(clock=clock)
        nothing: Any = None
        doctor = Doctor(context, nothing, nothing, nothing, PublishedLog(site.shelf, publisher), nothing)
        return doctor._published_log(), [one.message for one in caplog.records if one.levelname == "WARNING"]

    waits = "waits for this node's log to reach the 200 entries that this node has seen"
    found, logged = await restarted()
    assert logged == [f"not published: it {waits}"]
    assert (found.ok, found.found) == (False, f"nothing yet; {waits}")
    assert "Start the other members' nodes" in found.remedy
    keep_evidence(site.disk, "LOG", LOG.note(200).encode())
    found, logged = await restarted()
    assert logged == [f"not published: it {waits}"]
    assert found.found.endswith("and this node has stopped over them")
    assert found.remedy == LogWentBack.remedy


async def test_a_node_that_hears_of_the_larger_log_after_its_quorum_has_gone_stops_all_the_same(
    two: list[Any], clock: SetClock
) -> None:
    """Those who heard of it before have stopped: no quorum will ever stand for the smaller log again."""
    witnesses = [one[0] for one in two]
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher(*witnesses).step()
    for seconds, is_proof in ((SKEW_SECONDS, False), (SKEW_SECONDS + 1, True)):
        restored = Site(LOG, clock)
        restored.chain.agree(100)
        restored.chain.read_as_of = clock.time - seconds
        clock.time += 60
        with pytest.raises(LogWentBack) if is_proof else nullcontext():
            await restored.publisher(*witnesses).step()
        assert restored.published == 0
        clock.time -= 60


async def test_what_one_member_signed_alone_stops_no_node_even_if_a_witness_cosigned_it(
    two: list[Any], clock: SetClock
) -> None:
    """Neither while the member's branch is ahead of the log, nor when the log has grown past it; and the proof is kept."""
    (north, _, _), (south, south_desk, _) = two
    branch = MadeUpLog(300, branch=" made up by a member", parts_at=200)
    branch.secret = SecretKey.generate(Purpose.LOG, NamedEntropy("a member's own log key"))
    site = Site(LOG, clock)
    site.chain.alone = (branch,)
    publisher = site.publisher(
        north, south, policy=parse_policy(ANY_OF.format(*map(encode_vkey, (north.key, south.key))).encode())
    )
    site.chain.agree(200)
    await publisher.step()
    south_desk._policies[LOG.origin] = make_policy([Log(LOG.key), Log(branch.key)], (), (), NO_QUORUM)  # a careless witness
    assert south_desk.add_checkpoint(request(branch, 250, 200)).status == 200
    for size in (220, 240, 260, 280):
        clock.time += 300
        site.chain.agree(size)
        await publisher.step()
        assert site.published == size
    assert "250 entries for which no quorum stands; signed by bank" in publisher.states()[1][2]
    assert site.disk.values[f"{PLACE}/bank/0"].startswith(branch.note(250).text.encode())
    assert f"{PLACE}/bank/1" not in site.disk.values


async def test_a_log_that_was_rolled_back_and_went_another_way_stops_the_node(two: list[Any], clock: SetClock) -> None:
    witnesses = [one[0] for one in two]
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher(*witnesses).step()
    restored = Site(BRANCH, clock)
    restored.chain.agree(300)
    with pytest.raises(LogForked):
        await restored.publisher(*witnesses).step()
    assert restored.published == 0
    both = [parse_note(restored.disk.values[f"{PLACE}/LOG/{number}"]) for number in (0, 1)]
    assert [parse_checkpoint(one.text).size for one in both] == [200, 300], "both signed checkpoints are kept"
    assert verify_note(both[0], [LOG.key, *(one.key for one in witnesses)])


async def test_a_node_that_is_behind_goes_on_once_it_has_caught_up(two: list[Any], clock: SetClock) -> None:
    witnesses = [one[0] for one in two]
    ahead, behind = Site(LOG, clock), Site(LOG, clock)
    ahead.chain.agree(200)
    await ahead.publisher(*witnesses).step()
    publisher = behind.publisher(*witnesses)
    behind.chain.agree(100)
    await publisher.step()
    assert behind.published == 0
    clock.time += 60
    behind.chain.agree(150)
    behind.chain.is_catching_up = True
    await publisher.step()  # a quorum stands for a larger log now, of which 150 entries are here
    behind.chain.agree(250)
    await publisher.step()
    assert behind.published == 250


async def test_this_nodes_own_memory_counts_like_a_witness(clock: SetClock) -> None:
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher().step()
    for log, size, error in ((LOG, 100, LogWentBack), (BRANCH, 200, LogForked), (BRANCH, 300, LogForked)):
        restored = Site(log, clock, disk=Disk(dict(site.disk.values)))
        publisher = restored.publisher()
        clock.time += 60
        restored.chain.agree(size)
        with pytest.raises(error):
            await publisher.step()
        assert restored.published == 0


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_this_node_published_is_as_old_as_its_cosignatures_if_their_keys_are_known(
    clock: SetClock, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that was put back may be older than the keys; then it is from before the start, for all that is known."""
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher().step()
    restored = Site(LOG, clock, disk=site.disk)
    restored.chain.read_as_of = clock.time
    clock.time += 60
    restored.chain.agree(100)
    if not is_known:
        monkeypatch.setattr(MadeUpLog, "key", key_of("another")[0])
    publisher = restored.publisher()
    with pytest.raises(LogWentBack) if is_known else nullcontext():
        await publisher.step()
    assert restored.published == 0


async def test_after_a_restart_the_published_checkpoint_is_there_again_even_without_witnesses(
    two: list[Any], clock: SetClock
) -> None:
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher(*(one[0] for one in two)).step()
    note = site.shelf.need().note
    again = Site(LOG, clock, disk=site.disk)
    gone = Witness("gone", two[0][0].key, "http://127.0.0.1:9")
    again.chain.agree(300)
    await again.publisher(gone).step()
    assert again.shelf.need().note == note


async def test_after_a_restart_with_another_policy_the_old_checkpoint_is_not_shown_without_its_witnesses(
    clock: SetClock,
) -> None:
    site = Site(LOG, clock)
    site.chain.agree(200)
    await site.publisher().step()
    again = Site(LOG, clock, disk=site.disk)
    again.chain.agree(200)
    publisher = again.publisher(Witness("gone", key_of("gone.example")[0], "http://127.0.0.1:9"))
    await publisher.step()
    assert again.published == 0


async def test_nothing_is_shown_that_is_not_on_the_disk(clock: SetClock) -> None:
    site = Site(LOG, clock)
    publisher = site.publisher()
    site.chain.agree(10)
    await publisher.step()
    site.disk.full = True
    site.chain.agree(20)
    with pytest.raises(OSError, match="no space"):
        await publisher.step()
    assert site.published == 10


async def test_without_a_quorum_of_witnesses_the_old_checkpoint_stays(two: list[Any], clock: SetClock) -> None:
    (north, *_), (south, _, running) = two
    site = Site(LOG, clock)
    publisher = site.publisher(north, south)
    site.chain.agree(10)
    await publisher.step()
    running.server.should_exit = True
    running.server.force_exit = True
    gone = Witness("gone", south.key, "http://127.0.0.1:9")
    publisher = site.publisher(north, gone)
    site.chain.agree(20)
    await publisher.step()
    await publisher.step()
    assert site.published == 10
    assert publisher.waiting_for == "the quorum all-of-them of the witnesses; cosigned by north.example"
    assert publisher.states()[1][2] == "The witness gone does not answer: connection refused."


@pytest.mark.parametrize(
    ("text", "test", "error"),
    [
        ("quorum none\n", False, WitnessesRequired),
        ("quorum none\n", True, BadWitnessPolicy),  # nobody to ask
        ("nonsense\n", True, BadWitnessPolicy),
    ],
)
def test_a_policy_that_proves_nothing_is_refused(tmp_path: Path, text: str, test: bool, error: type[Exception]) -> None:
    path = tmp_path / "policy"
    path.write_text(text)
    with pytest.raises(error):
        load_witness_policy(LogSettings(witnesses=path), test=test)
    with pytest.raises(BadWitnessPolicy):
        load_witness_policy(LogSettings(witnesses=tmp_path / "missing"), test=test)
    assert load_witness_policy(LogSettings(), test=test) is None
