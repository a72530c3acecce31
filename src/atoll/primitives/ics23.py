"""ICS 23 commitment proofs: that a key has a value under a root, or that it has none.

A proof is checked under a *spec*, which the verifier chooses and the proof cannot bend: how leaves and inner nodes are hashed,
how children are laid out, how deep the tree may be. Absence is shown by the two neighbours: both are present, nothing lies
between them in the tree, and the key would have to. The rules are those of ICS 23 (cosmos/ibc, "Vector Commitments") as the
libraries of `github.com/cosmos/ics23` for Go and Rust apply them; their batches and compressed batches are left out.

Specs: `SMT_SPEC` and `SMT_HASHED_SPEC` for the state tree (`atoll.primitives.smt`), `TENDERMINT_SPEC` for the two-entry map
below the app hash (`atoll.ledger.app_hash`), `IAVL_SPEC` for foreign stores.

**The hashed variant.** Inside a consortium proofs carry raw keys. Outside, `SMT_HASHED_SPEC` takes the 32-byte key hash as the
key, so neighbours' keys stay hidden; the root is the same. Without a length rule its leaf would be open to a shift: a prover
could move the first bytes of the key hash into the leaf prefix, sort neighbours by what is left, and prove a present key
absent. The spec therefore says `REQUIRE_32_BYTES`: the same bytes are hashed, but both lengths are pinned, here and in foreign
libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.primitives.errors import CommitmentProofError, VarintError
from atoll.primitives.ics23_ops import (
    CommitmentProof,
    ExistenceProof,
    HashOp,
    InnerOp,
    LeafOp,
    LengthOp,
    NonExistenceProof,
    apply_hash,
)
from atoll.primitives.uvarint import parse_varint

DEFAULT_MAX_DEPTH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerSpec:
    """How children are laid out in an inner node's input."""

    child_order: tuple[int, ...] = ()
    child_size: int = 0
    min_prefix_length: int = 0
    max_prefix_length: int = 0
    empty_child: bytes = b""
    hash: HashOp = HashOp.NO_HASH


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSpec:
    """Everything that a proof must obey, chosen by the verifier."""

    leaf: LeafOp
    inner: InnerSpec
    max_depth: int = 0
    """Most steps; 0 means DEFAULT_MAX_DEPTH."""
    min_depth: int = 0
    prehash_key_before_comparison: bool = False
    """Whether keys are ordered by their hash instead of as they are."""

    def sort_key(self, key: bytes) -> bytes:
        """What neighbours are ordered by."""
        if self.prehash_key_before_comparison and self.leaf.prehash_key is not HashOp.NO_HASH:
            return apply_hash(self.leaf.prehash_key, key)
        return key

    def looks_like(self, other: ProofSpec) -> bool:
        """Whether both describe the same kind of tree, for the rules that only one kind has; prefixes and depths may differ."""
        mine, theirs = self.inner, other.inner
        return (
            (self.leaf.hash, self.leaf.prehash_key, self.leaf.prehash_value, self.leaf.length)
            == (other.leaf.hash, other.leaf.prehash_key, other.leaf.prehash_value, other.leaf.length)
            and (mine.hash, mine.min_prefix_length, mine.max_prefix_length)
            == (theirs.hash, theirs.min_prefix_length, theirs.max_prefix_length)
            and (mine.child_size, len(mine.child_order)) == (theirs.child_size, len(theirs.child_order))
        )


_VALUE_LEAF = LeafOp(hash=HashOp.SHA256, prehash_value=HashOp.SHA256, length=LengthOp.VAR_PROTO, prefix=b"\x00")
_BINARY_INNER = InnerSpec(child_order=(0, 1), child_size=32, min_prefix_length=1, max_prefix_length=1, hash=HashOp.SHA256)
_SMT_INNER = InnerSpec(
    child_order=(0, 1), child_size=32, min_prefix_length=1, max_prefix_length=1, empty_child=bytes(32), hash=HashOp.SHA256
)

IAVL_SPEC = ProofSpec(
    leaf=_VALUE_LEAF,
    inner=InnerSpec(child_order=(0, 1), child_size=33, min_prefix_length=4, max_prefix_length=12, hash=HashOp.SHA256),
)
TENDERMINT_SPEC = ProofSpec(leaf=_VALUE_LEAF, inner=_BINARY_INNER)
SMT_SPEC = ProofSpec(
    leaf=LeafOp(hash=HashOp.SHA256, prehash_key=HashOp.SHA256, prehash_value=HashOp.SHA256, prefix=b"\x00"),
    inner=_SMT_INNER,
    max_depth=256,
    prehash_key_before_comparison=True,
)
SMT_HASHED_SPEC = ProofSpec(
    leaf=LeafOp(hash=HashOp.SHA256, prehash_value=HashOp.SHA256, length=LengthOp.REQUIRE_32_BYTES, prefix=b"\x00"),
    inner=_SMT_INNER,
    max_depth=256,
)


# -- verifying -----------------------------------------------------------------------------------------------------------------


def verify_membership(spec: ProofSpec, root: bytes, proof: CommitmentProof, key: bytes, value: bytes) -> None:
    """Check that `key` has `value` under `root`.

    Args:
        spec: the kind of tree, chosen by the caller and never by the prover.
        root: from a source that is trusted already.
        proof: must be an `ExistenceProof`.

    Raises:
        CommitmentProofError: it does not hold.

    Cost: one hash a step.
    """
    if not isinstance(proof, ExistenceProof):
        raise CommitmentProofError(reason="this is a proof of absence")
    if proof.key != key:
        raise CommitmentProofError(reason="it is about another key")
    if proof.value != value:
        raise CommitmentProofError(reason="it is about another value")
    _verify_existence(spec, root, proof)


def verify_non_membership(spec: ProofSpec, root: bytes, proof: CommitmentProof, key: bytes) -> None:
    """Check that `key` has no value under `root`.

    Raises:
        CommitmentProofError: it does not hold.

    Cost: one hash a step, for two neighbours.
    """
    if not isinstance(proof, NonExistenceProof):
        raise CommitmentProofError(reason="this is a proof of presence")
    left, right = proof.left, proof.right
    if left is None and right is None:
        raise CommitmentProofError(reason="both neighbours are missing")
    wanted = spec.sort_key(key)
    if left is not None:
        _verify_existence(spec, root, left)
        if not spec.sort_key(left.key) < wanted:
            raise CommitmentProofError(reason="the key is not right of its left neighbour")
    if right is not None:
        _verify_existence(spec, root, right)
        if not wanted < spec.sort_key(right.key):
            raise CommitmentProofError(reason="the key is not left of its right neighbour")
    if left is None and right is not None and not _is_leftmost(spec.inner, right.path):
        raise CommitmentProofError(reason="there is no left neighbour, but the right one is not the first of the tree")
    if right is None and left is not None and not _is_rightmost(spec.inner, left.path):
        raise CommitmentProofError(reason="there is no right neighbour, but the left one is not the last of the tree")
    if left is not None and right is not None and not _are_neighbours(spec.inner, left.path, right.path):
        raise CommitmentProofError(reason="the two leaves are not neighbours")


def _verify_existence(spec: ProofSpec, root: bytes, proof: ExistenceProof) -> None:
    check_against_spec(spec, proof)
    if calculate_root(proof) != root:
        raise CommitmentProofError(reason="the steps do not lead to the root")


def calculate_root(proof: ExistenceProof) -> bytes:
    """The root that the proof's steps lead to, checked against nothing.

    Raises:
        CommitmentProofError: a step cannot be taken.
    """
    if proof.leaf is None:
        raise CommitmentProofError(reason="it has no leaf operation")
    node = proof.leaf.apply(proof.key, proof.value)
    for step in proof.path:
        node = step.apply(node)
    return node


def check_against_spec(spec: ProofSpec, proof: ExistenceProof) -> None:
    """Check that leaf and steps have the form that `spec` demands.

    Raises:
        CommitmentProofError: one has not; nothing was hashed yet.
    """
    if proof.leaf is None:
        raise CommitmentProofError(reason="it has no leaf operation")
    check_leaf(spec, proof.leaf)
    if len(proof.path) < spec.min_depth:
        raise CommitmentProofError(reason=f"{len(proof.path)} steps are too few")
    if len(proof.path) > (spec.max_depth or DEFAULT_MAX_DEPTH):
        raise CommitmentProofError(reason=f"{len(proof.path)} steps are too many")
    for layer, step in enumerate(proof.path, start=1):
        check_inner(spec, step, layer)


def check_leaf(spec: ProofSpec, leaf: LeafOp) -> None:
    """Check one leaf operation against `spec`; its prefix may be longer than the spec's, which IAVL needs."""
    if spec.looks_like(IAVL_SPEC):
        _check_iavl(leaf.prefix, 0)
    wanted = spec.leaf
    if (leaf.hash, leaf.prehash_key, leaf.prehash_value, leaf.length) != (
        wanted.hash,
        wanted.prehash_key,
        wanted.prehash_value,
        wanted.length,
    ):
        raise CommitmentProofError(reason="the leaf is hashed in another way than the spec says")
    if not leaf.prefix.startswith(wanted.prefix):
        raise CommitmentProofError(reason="the leaf has another prefix than the spec says")


def check_inner(spec: ProofSpec, step: InnerOp, layer: int) -> None:
    """Check one step against `spec`; `layer` counts from 1 at the leaf's parent."""
    inner = spec.inner
    if step.hash != inner.hash:
        raise CommitmentProofError(reason="a step is hashed in another way than the spec says")
    if spec.looks_like(IAVL_SPEC):
        _check_iavl(step.prefix, layer)
    if spec.looks_like(TENDERMINT_SPEC) and (step.prefix != b"\x01" if step.suffix else not step.prefix.startswith(b"\x01")):
        raise CommitmentProofError(reason="a step's prefix is not that of an inner node")
    if step.prefix.startswith(spec.leaf.prefix):
        raise CommitmentProofError(reason="a step has the prefix of a leaf")
    longest = inner.max_prefix_length + (len(inner.child_order) - 1) * inner.child_size
    if not inner.min_prefix_length <= len(step.prefix) <= longest:
        raise CommitmentProofError(reason=f"a step's prefix has {len(step.prefix)} bytes")
    if inner.child_size < 1 or inner.max_prefix_length >= inner.min_prefix_length + inner.child_size:
        raise CommitmentProofError(reason="the spec cannot tell a prefix from a child")
    if len(step.suffix) % inner.child_size:
        raise CommitmentProofError(reason=f"a step's suffix has {len(step.suffix)} bytes")


def _check_iavl(prefix: bytes, layer: int) -> None:
    """An IAVL prefix is height, size, version; for an inner node also a length byte, or two around its left child."""
    try:
        height, at = parse_varint(prefix)
        size, at = parse_varint(prefix, at)
        version, at = parse_varint(prefix, at)
    except VarintError as err:
        raise CommitmentProofError(reason="an IAVL prefix cannot be read") from err
    rest = len(prefix) - at
    if height < layer or size < 0 or version < 0:
        raise CommitmentProofError(reason="an IAVL prefix has a height below its layer or a negative number")
    if (height, size, rest) != (0, 1, 0) if layer == 0 else rest not in (1, 34):
        raise CommitmentProofError(reason="an IAVL prefix does not fit its layer")


# -- neighbours ----------------------------------------------------------------------------------------------------------------


def _branch(spec: InnerSpec, step: InnerOp) -> int:
    """Which child of its parent the step comes from, told from the lengths of prefix and suffix; -1 when none fits."""
    for branch in range(len(spec.child_order)):
        place = spec.child_order.index(branch) if branch in spec.child_order else -1
        before, after = place * spec.child_size, (len(spec.child_order) - 1 - place) * spec.child_size
        fits = before + spec.min_prefix_length <= len(step.prefix) <= before + spec.max_prefix_length
        if place >= 0 and fits and len(step.suffix) == after:
            return branch
    return -1


def is_left_empty(spec: InnerSpec, step: InnerOp) -> bool:
    """Whether there are children left of the step's own, and all of them are the spec's empty child."""
    count = _branch(spec, step)
    if count < 1 or len(spec.empty_child) != spec.child_size:
        return False
    return step.prefix[-count * spec.child_size :] == spec.empty_child * count


def is_right_empty(spec: InnerSpec, step: InnerOp) -> bool:
    """Whether there are children right of the step's own, and all of them are the spec's empty child."""
    branch = _branch(spec, step)
    count = len(spec.child_order) - 1 - branch
    if branch < 0 or count < 1 or len(spec.empty_child) != spec.child_size:
        return False
    return step.suffix == spec.empty_child * count


def _is_leftmost(spec: InnerSpec, path: Sequence[InnerOp]) -> bool:
    return all(_branch(spec, step) == 0 or is_left_empty(spec, step) for step in path)


def _is_rightmost(spec: InnerSpec, path: Sequence[InnerOp]) -> bool:
    last = len(spec.child_order) - 1
    return all(_branch(spec, step) == last or is_right_empty(spec, step) for step in path)


def _are_neighbours(spec: InnerSpec, left: Sequence[InnerOp], right: Sequence[InnerOp]) -> bool:
    """Whether nothing lies between two leaves: above the fork their ways are one, below it they hug each other."""
    left_depth, right_depth = len(left), len(right)
    while left_depth and right_depth and left[left_depth - 1] == right[right_depth - 1]:
        left_depth, right_depth = left_depth - 1, right_depth - 1
    if not left_depth or not right_depth:
        return False  # one way is part of the other, so one leaf would be an inner node
    fork_left, fork_right = _branch(spec, left[left_depth - 1]), _branch(spec, right[right_depth - 1])
    if fork_left < 0 or fork_right != fork_left + 1:
        return False
    return _is_rightmost(spec, left[: left_depth - 1]) and _is_leftmost(spec, right[: right_depth - 1])
