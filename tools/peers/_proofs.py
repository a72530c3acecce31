"""What the ledger proves of its state, and lies about it: claims for judges that nobody here wrote.

Presence, absence and the app hash, in both variants of the state tree's spec; then each with one lie in it: another key, value
or root, a changed or missing step, neighbours that are none, and keys whose first bytes were moved into the leaf prefix.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from atoll.ledger.app_hash import LOG_KEY, STATE_KEY, AppState
from atoll.primitives.ics23_codec import encode_proof
from atoll.primitives.ics23_ops import CommitmentProof, ExistenceProof, InnerOp, NonExistenceProof
from atoll.primitives.smt import Tree, key_path

TREE_SIZES = (1, 2, 3, 7, 64, 500)
KEYS_A_TREE = 25


@dataclass(frozen=True)
class Claim:
    """What a proof is said to show."""

    what: str
    spec: str
    root: bytes
    key: bytes
    value: bytes | None
    proof: CommitmentProof

    def question(self) -> str:
        value = None if self.value is None else self.value.hex()
        proof = encode_proof(self.proof).hex()
        return json.dumps({"spec": self.spec, "root": self.root.hex(), "key": self.key.hex(), "value": value, "proof": proof})


def true_claims() -> Iterator[Claim]:
    """Everything the ledger proves to others."""
    for size in TREE_SIZES:
        content = {b"dataset\x00%d" % number: b"record %d" % number for number in range(size)}
        tree = Tree.of(content)
        present = list(content)[:KEYS_A_TREE]
        absent = [b"dataset\x00-%d" % number for number in range(KEYS_A_TREE)]
        for key in present + absent:
            value = content.get(key)
            kind = f"{'absence' if value is None else 'presence'} of {key!r} among {size}"
            yield Claim(kind, "smt", tree.root, key, value, tree.prove(key))
            yield Claim(f"hashed {kind}", "smt_hashed", tree.root, key_path(key), value, tree.prove(key, hashed=True))
    for size in (0, 1, 70_000):
        state = AppState(log_size=size, log_root=size.to_bytes(32, "big"), state_root=bytes(32))
        yield Claim(f"log of {size} in the app hash", "tendermint", state.app_hash, LOG_KEY, state.log_value, state.prove_log())
        yield Claim("state in the app hash", "tendermint", state.app_hash, STATE_KEY, state.state_root, state.prove_state())


def flip(data: bytes) -> bytes:
    """The bytes with their last bit flipped."""
    return data[:-1] + bytes((data[-1] ^ 1,))


def lies(claim: Claim) -> Iterator[Claim]:
    """The claim with one lie each."""
    yield replace(claim, what=f"another root for {claim.what}", root=flip(claim.root))
    proof = claim.proof
    if isinstance(proof, ExistenceProof):
        yield replace(claim, what=f"another key for {claim.what}", key=flip(claim.key))
        yield replace(claim, what=f"another value for {claim.what}", value=flip(proof.value))
        for forged in damaged(proof):
            yield replace(claim, what=f"a damaged {claim.what}", key=forged.key, value=forged.value, proof=forged)
        return
    yield replace(claim, what=f"no neighbours for {claim.what}", proof=replace(proof, left=None, right=None))
    if proof.left is not None and proof.right is not None:
        yield replace(claim, what=f"swapped {claim.what}", proof=replace(proof, left=proof.right, right=proof.left))
        yield replace(claim, what=f"only left for {claim.what}", proof=replace(proof, right=None))
        yield replace(claim, what=f"only right for {claim.what}", proof=replace(proof, left=None))
    for side, neighbour in (("left", proof.left), ("right", proof.right)):
        if neighbour is not None:
            yield replace(claim, what=f"its {side} neighbour for {claim.what}", key=neighbour.key)
            for forged in damaged(neighbour):
                lie = replace(proof, left=forged) if side == "left" else replace(proof, right=forged)
                yield replace(claim, what=f"a damaged {side} {claim.what}", proof=lie)


def damaged(proof: ExistenceProof) -> Iterator[ExistenceProof]:
    """The proof with another value, without its last step, or with one bit of a step changed."""
    yield replace(proof, value=flip(proof.value))
    if proof.path:
        first, *rest = proof.path
        yield replace(proof, path=tuple(rest))
        yield replace(proof, path=(flip_step(first), *rest))


def flip_step(step: InnerOp) -> InnerOp:
    """The step with one bit of its sibling changed."""
    return replace(step, suffix=flip(step.suffix)) if step.suffix else replace(step, prefix=flip(step.prefix))


def false_absences() -> Iterator[Claim]:
    """Present keys said to be absent: by their own neighbours, and by neighbours whose keys were shifted into the prefix."""
    content = {b"dataset\x00%d" % number: b"record %d" % number for number in range(64)}
    tree = Tree.of(content)
    paths = {key_path(key): key for key in content}
    order = sorted(paths)
    proofs = {path: tree.prove(paths[path], hashed=True) for path in order}
    for left, present, right in zip(order, order[1:], order[2:], strict=False):
        sides = NonExistenceProof(key=present, left=existing(proofs[left]), right=existing(proofs[right]))
        yield Claim(f"absence of {paths[present]!r} between its neighbours", "smt_hashed", tree.root, present, None, sides)
    shifts = [
        (shifted(existing(proofs[a]), i), shifted(existing(proofs[b]), j))
        for a, b in pairwise(order)
        for i in (1, 2)
        for j in (1, 2)
    ]
    for present in order:
        for a, b in shifts:
            if a.key < present < b.key:
                forged = NonExistenceProof(key=present, left=a, right=b)
                yield Claim(f"absence of {paths[present]!r} by shifted keys", "smt_hashed", tree.root, present, None, forged)
                break


def existing(proof: CommitmentProof) -> ExistenceProof:
    if not isinstance(proof, ExistenceProof):
        raise TypeError("the key is not there")
    return proof


def shifted(proof: ExistenceProof, by: int) -> ExistenceProof:
    """The same leaf hash, with the key's first bytes in the prefix."""
    if proof.leaf is None:
        raise TypeError("the proof has no leaf")
    leaf = replace(proof.leaf, prefix=proof.leaf.prefix + proof.key[:by])
    return replace(proof, key=proof.key[by:], leaf=leaf)
