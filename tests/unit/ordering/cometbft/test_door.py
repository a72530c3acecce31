"""The application's door: what does not fit is let neither into the mempool nor into a block."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from atoll.ledger.block import Block
from atoll.ledger.chain import Executed, Ledger
from atoll.ledger.records import Nonce
from atoll.ledger.rules.keys import RevokeKey
from atoll.ledger.rules.membership import EnrolMember
from atoll.ledger.transaction import Transaction, seal_transaction, transaction_id
from atoll.ordering.cometbft.admitted import Admitted
from atoll.ordering.cometbft.asking import asked
from atoll.testing.abci import Socket, check
from atoll.testing.consortium import FOUNDED, NEVER, Founding, Organisation
from atoll.trust.keys import Purpose
from tests.unit.ordering.cometbft.bad import BAD
from tests.unit.ordering.cometbft.desk import Status, chained, dataset, prepare, process, signed


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_transaction_is_refused_at_the_door_and_again_in_the_block(
    tmp_path: Path, founding: Founding, name: str
) -> None:
    make, number = BAD[name]
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        await chain.decide([signed(founding, "bank", dataset(1), 1)])
        bad, before = make(founding), running.application.ledger.tree.root
        refusals = await mempool.pipeline([check(bad), check(bad, again=True)])
        assert refusals[0].check_tx.code == number
        if name != "flipped signature" and number != 3:
            assert refusals[1].check_tx.code == number
        done = await chain.decide([bad])
        assert [one.code for one in done.tx_results] == [number]
        assert running.application.ledger.tree.root == before
        good = await chain.decide([signed(founding, "bank", dataset(2), 2)])
        assert [one.code for one in good.tx_results] == [0]


async def test_results_are_the_same_on_every_node_whatever_the_words(tmp_path: Path, founding: Founding) -> None:
    """What is hashed into the header: code, data and gas. Data and gas say nothing; words stay in the log."""
    async with chained(tmp_path, founding) as (_, chain):
        done = await chain.decide([signed(founding, "bank", dataset(1), 1), b"junk"])
    assert [(one.data, one.gas_wanted, one.gas_used, len(one.events)) for one in done.tx_results] == [(b"", 0, 0, 0)] * 2
    assert done.tx_results[0].log == ""
    assert "junk" not in done.tx_results[1].log
    assert len(done.events) == 0


async def test_a_recheck_looks_at_nonce_and_expiry(tmp_path: Path, founding: Founding) -> None:
    """What was let in stays until its nonce is used or its time is over."""
    kept, used = signed(founding, "bank", dataset(5), 5), signed(founding, "bank", dataset(1), 2)
    late = signed(founding, "bureau", dataset(1, "bureau"), 1, expiry=1)
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert [one.check_tx.code for one in await mempool.pipeline([check(kept), check(used), check(late)])] == [0, 0, 0]
        await chain.decide([signed(founding, "bank", dataset(2), 3)])
        again = await mempool.pipeline([check(one, again=True) for one in (kept, used, late)])
        assert [one.check_tx.code for one in again] == [0, 4, 5]
        assert [one.check_tx.codespace for one in again] == ["", "ledger.stale_nonce", "ledger.expired"]
        assert await prepare(chain, [kept, used, late]) == [kept]
        assert [await process(chain, [one]) for one in (kept, used, late)] == [Status.ACCEPT, Status.REJECT, Status.REJECT]


async def test_a_proposal_is_looked_at_by_itself_whatever_else_was_let_in(tmp_path: Path, founding: Founding) -> None:
    good, forged = signed(founding, "bank", dataset(1), 1), signed(founding, "bank", dataset(2), 2)
    forged = forged[:-1] + bytes([forged[-1] ^ 1])
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert (await mempool.call(check(good))).check_tx.code == 0
        assert await prepare(chain, [good, forged]) == [good]
        assert await process(chain, [good, forged]) == Status.REJECT
        assert await process(chain, [forged]) == Status.REJECT
        assert [one.code for one in (await chain.decide([forged, good])).tx_results] == [3, 0]


async def test_what_was_let_in_is_turned_away_once_its_key_is_worthless(tmp_path: Path, founding: Founding) -> None:
    """Else a mempool could be filled for good with what nobody can carry out."""
    waits = signed(founding, "bureau", dataset(1, "bureau"), 9)
    revoked = RevokeKey(org="bureau", purpose=Purpose.IDENTITY, second=b"")
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert (await mempool.call(check(waits))).check_tx.code == 0
        assert (await mempool.call(check(waits, again=True))).check_tx.code == 0
        assert await prepare(chain, [waits]) == [waits]
        assert (await chain.decide([signed(founding, "bureau", revoked, 1)])).tx_results[0].code == 0
        assert (await mempool.call(check(waits, again=True))).check_tx.code == 3
        assert await prepare(chain, [waits]) == []


async def test_what_a_thread_lets_in_by_the_old_state_while_a_block_revokes_its_key_is_not_remembered(
    tmp_path: Path, founding: Founding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This node's own door looks at transactions in a thread, whatever CometBFT has locked."""
    waits = asked(signed(founding, "bureau", dataset(1, "bureau"), 9))
    revoked = RevokeKey(org="bureau", purpose=Purpose.IDENTITY, second=b"")
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        application = running.application
        adopt, looked = application.ledger.adopt, []

        def beside_a_thread(executed: Executed) -> None:
            looked.append(application._check(waits, application._context()))
            adopt(executed)

        monkeypatch.setattr(application.ledger, "adopt", beside_a_thread)
        assert (await chain.decide([signed(founding, "bureau", revoked, 1)])).tx_results[0].code == 0
        assert [one.ok for one in looked] == [True]
        assert (await mempool.call(check(waits.data, again=True))).check_tx.code == 3


def test_no_more_is_remembered_than_the_limit(founding: Founding) -> None:
    transactions = [signed(founding, "bank", dataset(number), number) for number in range(1, 4)]
    admitted = Admitted(2)
    for one in transactions:
        admitted.add(asked(one), admitted.changes)
    assert [transaction_id(one) in admitted for one in transactions] == [False, True, True]


def test_what_was_looked_at_before_a_change_is_not_remembered_after_it(founding: Founding) -> None:
    """A thread looks, meanwhile the event loop takes a block over that changes a key."""
    admitted, one = Admitted(), signed(founding, "bank", dataset(1), 1)
    before = admitted.changes
    admitted.clear()
    admitted.add(asked(one), before)
    assert transaction_id(one) not in admitted
    admitted.add(asked(one), admitted.changes)
    assert transaction_id(one) in admitted


def uninvited(founding: Founding, sender: str, nonce: int = 1) -> bytes:
    """An enrolment by itself: under a key of its own, with a token that nobody gave out."""
    stranger = Organisation("stranger")
    body = EnrolMember(enrolment=replace(stranger.enrolment(), org=sender), token_secret=bytes(32))
    transaction = Transaction(sender=sender, nonce=nonce, expiry_height=NEVER, type=body.TAG, body=body.to_map())
    sign, kid = stranger.keys[Purpose.IDENTITY].sign, f"{sender}/identity/1"
    return seal_transaction(transaction, kid=kid, sign=sign, chain_id=founding.chain_id, genesis_digest=founding.genesis_digest)


async def test_who_was_not_invited_gets_neither_into_the_mempool_nor_into_a_proposal(
    tmp_path: Path, founding: Founding
) -> None:
    """Whoever is no member loses no nonce by it, so it could fill the log for nothing."""
    enrolment = uninvited(founding, "stranger")
    async with chained(tmp_path, founding) as (running, chain), Socket.connected(running.path) as mempool:
        assert (await mempool.call(check(enrolment))).check_tx.codespace == "ledger.unknown"
        assert await prepare(chain, [enrolment]) == []
        assert await process(chain, [enrolment]) == Status.REJECT


def test_a_view_of_before_a_block_is_not_taken_for_one_of_after_it(founding: Founding) -> None:
    """A thread makes the reader while the event loop adopts a block: whatever it leaves behind is looked at again."""
    ledger = Ledger(founding.genesis_file)
    old = ledger.tree, ledger.reader()
    one = signed(founding, "bank", dataset(1), 1)
    ledger.adopt(ledger.execute(Block(height=1, term=1, time=FOUNDED + 1, transactions=(one,))))
    ledger._reader = old  # the thread is the last to write
    used = ledger.reader().get(Nonce, "bank")
    assert used is not None and used.last == 1
