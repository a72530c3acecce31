"""9. What was tampered with is refused by our verifier and by two that nobody here wrote; a store never serves a wrong root."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from atoll.errors import AtollError
from atoll.ledger.app_hash import AppState
from atoll.ledger.block import Block
from atoll.ledger.checkpoint import parse_checkpoint
from atoll.ledger.errors import CheckpointFormatError, NoteFormatError, NoteSignatureError, TileFormatError, UntrustedNoteError
from atoll.ledger.note import parse_note, verify_note
from atoll.ledger.tiles import ENTRIES, Tile, TileReader, parse_bundle, parse_tile, tiles_of, verify_bundle
from atoll.ledger.transaction import transaction_id
from atoll.ordering.cometbft.application import Application
from atoll.ordering.cometbft.store import CometStore
from atoll.ordering.offload import inline
from atoll.primitives.errors import MerkleProofError
from atoll.primitives.merkle import range_root, verify_consistency, verify_inclusion
from atoll.testing.consortium import Founding
from atoll.testing.engines import memory_folder
from tests.requirements import atoll_require
from tests.torture.conftest import Tell
from tests.torture.mayhem import make_blocks
from tests.torture.scale import scale
from tools.peers import _logs as logs
from tools.peers import sumdb, tlog
from tools.peers._tools import ToolMissingError, ask_judge, build_go, install_aics

SEED = 9
FILE_MUTATIONS = scale(60, 1_000)
PROOF_MUTATIONS = scale(40, 1_000)
STORE_MUTATIONS = scale(25, 1_000)
LOG_SIZE = 300
STORE_TRANSACTIONS = scale(120, 300)


@pytest.fixture(scope="module")
def outside() -> tuple[Path, Path]:
    """Go's checksum database and aics-tlog."""
    try:
        tools = build_go("./sumdb"), install_aics()
    except ToolMissingError:
        tools = None
    atoll_require("outside-verifiers", present=tools is not None)
    assert tools is not None
    return tools


def is_accepted(claim: logs.Claim) -> bool:
    """Our own verdict on a published log: signatures, every tile, every entry, growth."""
    try:
        note = parse_note((claim.folder / "checkpoint").read_bytes())
        checkpoint = parse_checkpoint(note.text)
        keys = [claim.log, *(witness.key for witness in logs.WITNESSES)]
        if checkpoint.origin != logs.ORIGIN or {one.key for one in verify_note(note, keys)} != set(keys):
            return False
        size = checkpoint.size
        reader = TileReader(lambda tile: (claim.folder / tile.path).read_bytes(), size)
        if range_root(reader, 0, size) != checkpoint.root:
            return False
        for tile in tiles_of(size):
            data = (claim.folder / tile.path).read_bytes()
            if tile.level == ENTRIES:
                beside = Tile(0, tile.index, tile.width)
                verify_bundle(parse_bundle(data, tile), parse_tile((claim.folder / beside.path).read_bytes(), beside))
            elif any(reader(8 * tile.level, tile.index * 256 + at) != one for at, one in enumerate(parse_tile(data, tile))):
                return False
        proof = claim.tree.consistency_proof(claim.old_size)
        verify_consistency(
            old_size=claim.old_size, old_root=claim.old_root, new_size=size, new_root=checkpoint.root, proof=proof
        )
    except (
        NoteFormatError,
        NoteSignatureError,
        UntrustedNoteError,
        CheckpointFormatError,
        TileFormatError,
        MerkleProofError,
        OSError,
    ):
        return False
    return True


def changed(data: bytes, dice: random.Random) -> bytes:
    """The bytes with one of them another."""
    at = dice.randrange(len(data))
    return data[:at] + bytes((data[at] ^ dice.randrange(1, 256),)) + data[at + 1 :]


def test_a_changed_byte_in_any_published_file_is_refused_by_us_and_by_two_others(
    outside: tuple[Path, Path], tmp_path: Path, tell: Tell
) -> None:
    dice = random.Random(SEED)
    with memory_folder(tmp_path) as scratch:
        sound = logs.publish(scratch / "sound", LOG_SIZE)
        files = sorted(path.relative_to(sound.folder) for path in sound.folder.rglob("*") if path.is_file())
        claims = [sound]
        for number in range(FILE_MUTATIONS):
            folder = scratch / f"{number}"
            shutil.copytree(sound.folder, folder)
            path = dice.choice(files)
            (folder / path).write_bytes(changed((folder / path).read_bytes(), dice))
            claims.append(replace(sound, what=f"{path}, mutation {number}", folder=folder))
        ours = [is_accepted(claim) for claim in claims]
        go = ask_judge([outside[0]], (sumdb.ask(claim).encode() for claim in claims))
        aics = ask_judge([outside[1], tlog.JUDGE], (tlog.question(claim) for claim in claims))
    for name, verdicts in (("ours", ours), ("sumdb", go), ("aics-tlog", aics)):
        assert verdicts[0], f"{name} refuses the sound log"
        wrong = [claim.what for claim, verdict in zip(claims[1:], verdicts[1:], strict=True) if verdict]
        assert not wrong, f"{name} accepts {wrong}"
    tell(changed_files_refused_by_three=FILE_MUTATIONS)


def test_a_changed_byte_in_a_proof_is_refused_by_us_and_by_another(
    outside: tuple[Path, Path], tmp_path: Path, tell: Tell
) -> None:
    dice = random.Random(SEED)
    claim = logs.publish(tmp_path / "log", LOG_SIZE)
    size, root = claim.tree.size, claim.tree.root()
    questions = []
    for _ in range(PROOF_MUTATIONS):
        index = dice.randrange(size)
        proof = changed_hash(claim.tree.inclusion_proof(index), dice)
        with pytest.raises(MerkleProofError):
            verify_inclusion(leaf=claim.tree.node(0, index), index=index, size=size, proof=proof, root=root)
        growth = claim.tree.consistency_proof(claim.old_size)
        questions.append(sumdb.Question("", claim, [(index, proof)], growth))
        lie = changed_hash(growth, dice)
        with pytest.raises(MerkleProofError):
            verify_consistency(old_size=claim.old_size, old_root=claim.old_root, new_size=size, new_root=root, proof=lie)
        questions.append(sumdb.Question("", claim, [], lie))
    assert not any(ask_judge([outside[0]], (question.encode() for question in questions)))
    tell(changed_proofs_refused=2 * PROOF_MUTATIONS)


def changed_hash(proof: Sequence[bytes], dice: random.Random) -> list[bytes]:
    """The proof with one byte of one hash another."""
    at = dice.randrange(len(proof))
    return [*proof[:at], changed(proof[at], dice), *proof[at + 1 :]]


def test_a_changed_byte_in_the_store_stops_the_ledger_or_changes_nothing(tmp_path: Path, tell: Tell) -> None:
    founding = Founding(engine="cometbft")
    blocks = make_blocks(founding, seed=SEED, transactions=STORE_TRANSACTIONS)
    dice, refused = random.Random(SEED), 0
    with memory_folder(tmp_path) as folder:
        sound, damaged = folder / "sound.sqlite", folder / "damaged.sqlite"
        expected = fill(founding, blocks, sound)
        data = sound.read_bytes()
        for _ in range(STORE_MUTATIONS):
            damaged.write_bytes(changed(data, dice))
            try:
                served = open_once(founding, damaged)
            except AtollError:
                refused += 1
            else:
                assert served == expected, "a damaged store serves another ledger"
            for leftover in folder.glob("damaged.sqlite-*"):
                leftover.unlink()
    assert refused > STORE_MUTATIONS // 2
    tell(changed_stores=STORE_MUTATIONS, of_these_refused=refused, of_these_without_effect=STORE_MUTATIONS - refused)


def fill(founding: Founding, blocks: Sequence[Block], path: Path) -> tuple[AppState, tuple[bytes, ...]]:
    """A store with these blocks; what it serves."""

    async def carry_out() -> None:
        application = Application(genesis_file=founding.genesis_file, store=CometStore(path), offload=inline)
        for height, block in enumerate(blocks, 1):
            await application.finalize(height, block.time, block.transactions, ())
            await application.commit()
        await application.close()

    asyncio.run(carry_out())
    return open_once(founding, path)


def open_once(founding: Founding, path: Path) -> tuple[AppState, tuple[bytes, ...]]:
    """Open a store and ask it for everything that anybody could be told.

    Raises:
        AtollError: it is not what was written.
    """
    store = CometStore(path)
    try:
        ledger, tip = store.open_ledger(founding.genesis_file)
        state = AppState(log_size=ledger.log.size, log_root=ledger.log.root(), state_root=ledger.tree.root)
        assert state.app_hash == tip.app_hash
        blocks = [stored.block for stored in store.blocks(1, ledger.height)]
        found = [str(store.find_transaction(transaction_id(data))).encode() for one in blocks for data in one.transactions]
        return state, (*(one.encode() for one in blocks), *found, *(value for _, value in ledger.tree.items()))
    finally:
        store.close()
