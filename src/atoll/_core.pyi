"""The native core: `rust/core` behind the thin face `rust/bindings`.

Use it through `atoll.wire.cbor` and `atoll.primitives`, where the docstrings are. `threads=0` means as many as the process may
run; all functions with that argument, and sealing and opening, let other Python threads run meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

def cbor_encode(value: object, max_bytes: int = 64_000, max_depth: int = 16) -> bytes:
    """`atoll.wire.cbor.encode`. Raises CborError."""

def cbor_decode(data: bytes, max_bytes: int = 64_000, max_depth: int = 16) -> Any:
    """`atoll.wire.cbor.decode`. Raises CborError."""

@final
class MessageCodec:
    """All fields of a message class in one pass, for `atoll.wire.message`. Each method says yes or no; why not is for others
    to say. What it reads and writes is what `cbor_decode` and `cbor_encode` would."""

    def __init__(
        self,
        cls: type,
        tag: str,
        max_bytes: int,
        fields: Sequence[tuple[str, tuple[Any, ...]]],
        after: Callable[[Any], None] | None,
    ) -> None:
        """Of a dataclass with slots.

        Args:
            cls: the class.
            tag: its tag on the wire.
            max_bytes: longest encoding.
            fields: names with kinds: `("int" | "bytes" | "str", (least, most), [fullmatch, ...])`, `("bool",)`,
                `("enum", class, {text: member})`, `("message", class, class -> codec)`, `("many", kind, (least, most))`,
                `("optional", kind)`, `("document",)`.
            after: what the class checks beside its fields, run on what was read; None for nothing.
        """

    def is_good(self, message: Any) -> bool:
        """Whether all fields of a message are within their bounds."""

    def encode(self, message: Any) -> bytes | None:
        """`[tag, fields]`; None where that is longer than allowed, or something cannot be written."""

    def parse(self, data: bytes) -> Any:
        """The message that `data` is the one encoding of; None where it is not."""

    def take(self, value: Any) -> Any:
        """The message whose fields a decoded map holds; None where something does not fit."""

def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """`atoll.primitives.ed25519.is_signature`."""

def ed25519_verify_many(claims: Sequence[tuple[bytes, bytes, bytes]], threads: int = 0) -> list[bool]:
    """`atoll.primitives.ed25519.are_signatures`."""

def zip215_verify_many(claims: Sequence[tuple[bytes, bytes, bytes]], threads: int = 0) -> list[bool]:
    """`atoll.primitives.zip215.are_signatures`."""

def ed25519_is_acceptable_key(public: bytes) -> bool:
    """`atoll.primitives.ed25519.is_acceptable_key`."""

@final
class SecretScalar:
    """A secret exponent of ristretto255: never zero, wiped when dropped, never printed."""

    @staticmethod
    def from_wide(data: bytes) -> SecretScalar:
        """From 64 uniform bytes, reduced modulo the group order. Raises ScalarError."""

    @staticmethod
    def from_canonical(data: bytes) -> SecretScalar:
        """From the 32 bytes that `expose` gave. Raises ScalarError unless they are reduced and not zero."""

    def inverse(self) -> SecretScalar:
        """The secret that undoes this one."""

    def expose(self) -> bytes:
        """The secret in the open, 32 bytes little-endian; only for a sealed checkpoint."""

def is_point(data: bytes) -> bool:
    """`atoll.primitives.ristretto.is_point`."""

def add_points(left: bytes, right: bytes) -> bytes:
    """`atoll.primitives.ristretto.add`. Raises PointError with index 0 or 1."""

def point_from_uniform(data: bytes) -> bytes:
    """`atoll.primitives.ristretto.from_uniform`. Raises ValueError unless 64 bytes are given."""

def hash_to_group(message: bytes, dst: bytes) -> bytes:
    """`atoll.primitives.ristretto.hash_to_group`. Raises ValueError for an empty tag."""

def expand_message_xmd(hash_name: Literal["sha256", "sha512"], message: bytes, dst: bytes, length: int) -> bytes:
    """`atoll.primitives.ristretto.expand_message_xmd`. Raises ValueError."""

def multiply_base(secret: SecretScalar) -> bytes:
    """`atoll.primitives.ristretto.multiply_base`."""

def curve_kernels() -> list[str]:
    """`atoll.primitives.ristretto.kernels`."""

def multiply(points: bytes | bytearray, secret: SecretScalar, threads: int = 0, kernel: str | None = None) -> bytes:
    """`atoll.primitives.ristretto.multiply`. Raises PointError."""

def blind(items: Sequence[bytes], secret: SecretScalar, dst: bytes, threads: int = 0, kernel: str | None = None) -> bytes:
    """`atoll.primitives.ristretto.blind`. Raises ValueError for an empty tag."""

def blind_packed(
    items: bytes | bytearray, item_bytes: int, secret: SecretScalar, dst: bytes, threads: int = 0, kernel: str | None = None
) -> bytes:
    """`atoll.primitives.ristretto.blind_packed`. Raises ValueError."""

@final
class ClampedSecret:
    """A secret scalar of Curve25519, clamped: wiped when dropped, never printed."""

    @staticmethod
    def from_bytes(data: bytes) -> ClampedSecret:
        """From 32 uniform bytes. Raises ValueError for another length."""

    def expose(self) -> bytes:
        """The clamped bytes in the open; the caller keeps them safe."""

def x25519_multiply(points: bytes | bytearray, secret: ClampedSecret, threads: int = 0, kernel: str | None = None) -> bytes:
    """`atoll.primitives.x25519.multiply`. Raises PointError."""

@final
class ObliviousKey:
    """A public key of `atoll.primitives.oblivious`, with a table of its multiples."""

    @staticmethod
    def from_point(point: bytes, kernel: str | None = None) -> ObliviousKey:
        """Raises PointError; ValueError for another length."""

def oblivious_blind(
    items: bytes | bytearray,
    item_bytes: int,
    blinders: SecretScalars,
    dst: bytes,
    threads: int = 0,
    kernel: str | None = None,
) -> bytes:
    """`atoll.primitives.oblivious.blind`. Raises ValueError."""

def oblivious_answer(points: bytes | bytearray, key: ClampedSecret, threads: int = 0, kernel: str | None = None) -> bytes:
    """`atoll.primitives.oblivious.answer`. Raises PointError."""

def oblivious_unblind(answers: bytes | bytearray, blinders: SecretScalars, key: ObliviousKey, threads: int = 0) -> bytes:
    """`atoll.primitives.oblivious.unblind`. Raises PointError, ValueError."""

def oblivious_evaluate(
    items: bytes | bytearray, item_bytes: int, key: ClampedSecret, dst: bytes, threads: int = 0, kernel: str | None = None
) -> bytes:
    """`atoll.primitives.oblivious.evaluate`. Raises ValueError."""

def tags_packed(
    points: bytes | bytearray, prefix: bytes, tag_bytes: int, threads: int = 0, items: bytes | None = None
) -> bytes:
    """`atoll.primitives.tags.tags_packed`. Raises ValueError."""

def match_tags(own: bytes | bytearray, theirs: bytes | bytearray, tag_bytes: int) -> bytes:
    """`atoll.primitives.tags.match_tags`. Raises ValueError."""

@final
class TagSet:
    """`atoll.primitives.tags.TagSet`."""

    def __new__(cls, tag_bytes: int, key: bytes) -> TagSet:
        """Raises ValueError."""

    def __len__(self) -> int:
        """How many tags."""

    def packed(self) -> bytes:
        """All tags in the order in which they came."""

    def add(self, tags: bytes | bytearray) -> int | None:
        """Takes packed tags in, up to the first that is there already; its place among them. Raises ValueError."""

    def find(self, tags: bytes | bytearray) -> bytes:
        """The places in `tags` of those that are there, 4 bytes each, little-endian, ascending. Raises ValueError."""

def first_repeated_tag(tags: bytes | bytearray, tag_bytes: int) -> int | None:
    """`atoll.primitives.tags.first_repeated_tag`. Raises ValueError."""

@final
class CsvRecords:
    """What `parse_csv` found."""

    @property
    def fault(self) -> Literal["quoting", "width", "line end", "too long", "utf-8"] | None:
        """What is wrong with the record behind `lines` line feeds; then everything else is empty."""

    @property
    def lines(self) -> int:
        """Line feeds in what was consumed."""

    @property
    def records(self) -> int:
        """Whole records."""

    @property
    def consumed(self) -> int:
        """Their bytes; what follows belongs before the next chunk."""

    @property
    def line_end(self) -> str | None:
        """How lines end, once one has."""

    @property
    def columns(self) -> list[tuple[bytes, bytes, bytes, int]]:
        """For each chosen column the buffers of an Arrow string array (offsets, text, validity bits) and how many are null."""

def parse_csv(chunk: bytes, delimiter: str, width: int, chosen: Sequence[int], line_end: str | None, last: bool) -> CsvRecords:
    """Whole records at the start of a chunk of CSV as RFC 4180 has it, in UTF-8; at most 1 MiB each. Raises ValueError.

    `width` is the number of cells in a record, `chosen` says which to take. An empty cell is null. A blank line is a record
    only where a record has one cell. All lines must end alike: in `line_end`, if that is known.
    """

class TablePrinter:
    """Takes the fingerprint of a table that comes in pieces; specs/fingerprint.md. Unusable after an error."""

    def __init__(self, ranks: Sequence[int]) -> None:
        """`ranks` has for each column of the file its place in the order of canonical names. Raises ValueError."""

    def read_csv(self, piece: bytes, delimiter: str, last: bool) -> tuple[str, int] | None:
        """Read the next bytes of a CSV file with a header; a fault as in `CsvRecords`, and the line feeds before it.

        Raises OverflowError for 2^32 rows.
        """

    def read_cells(self, columns: Sequence[tuple[bytes, bytes]]) -> None:
        """Read rows by column, each the buffers of an Arrow string array without nulls. Raises ValueError, OverflowError."""

    @property
    def has_run(self) -> bool:
        """Whether 2^18 rows or more wait to be taken."""

    def take_run(self) -> tuple[bytes, bytes]:
        """The rows since the last run as sorted records of 52 bytes, and where each of 4,096 spans of them starts, and the last
        one ends, four bytes little-endian each.
        """

    def finish(self) -> PrintedTable:
        """The rest; the last run was taken."""

class PrintedTable:
    """What a table's pass has gathered beside its runs."""

    rows: int
    columns: list[tuple[int, list[int], int, int, int, int, bytes]]
    """By canonical name: nulls; cells that are boolean, integer, decimal, date, timestamp, text; bytes of the shortest cell in
    the file, of the longest, of all; distinct values; MinHash signature."""
    signature: bytes
    bands: list[bytes]
    scale: int
    sketch: bytes
    sample_rows: int
    sample: list[tuple[bytes, bytes]]
    """In the file's order of columns; buffers of Arrow string arrays without nulls."""

class RowTrees:
    """The two Merkle trees over the rows of a table."""

    def __init__(self) -> None: ...
    def add(self, pieces: Sequence[bytes]) -> bytes:
        """The records of the next spans, one piece of each run: what is ready of the file of rows. Raises ValueError."""

    def finish(self) -> tuple[bytes, int, bytes, bytes]:
        """The rest of the file of rows, the number of its rows, the roots of the trees of rows and of arrangements."""

class FileDigests:
    """SHA-256 of one stream, and SM3 where it is wanted."""

    def __init__(self, sm3: bool) -> None: ...
    def update(self, data: bytes) -> None: ...
    def finish(self) -> tuple[bytes, bytes | None]: ...

def canonical_cell(cell: bytes) -> bytes:
    """The canonical form of a cell; empty for a null."""

def canonical_name(name: str) -> str:
    """The canonical form of a column's name: trimmed, NFC, lower case."""

def normalise_cells(rule: str, offsets: bytes, data: bytes) -> tuple[bytes, bytes]:
    """One column by one rule (`text/1`, without parameters), as far as ASCII goes: packed keys, see `atoll.sources.packing`.

    `offsets` and `data` are the buffers of an Arrow string array without nulls. Raises ValueError.
    """

def splice_cells(column: tuple[bytes, bytes], settled: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Packed keys with each UNSURE row, in order, as `settled` has it. Raises ValueError."""

def join_cells(columns: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """Packed parts of a key of several columns as packed keys, encoded as `normalise_key` does. Raises ValueError."""

def cut_keys(
    prefix: bytes, lengths: bytes, text: bytes, first_row: int, spans: int, threads: int = 0
) -> tuple[bytes, list[int]]:
    """Records of packed keys in the order of their spans: 16 bytes of SHA-256(prefix || key), the row in 4 bytes little-endian.

    A record's span is floor(d * spans / 2^32), d its first 4 bytes, big-endian. The list says where each span starts, counted
    in records, and where the last ends. Raises ValueError.
    """

def order_records(pieces: Sequence[bytes]) -> tuple[bytes, bytes, bytes]:
    """The records of some pieces, sorted and grouped: (digests, ends, rows) as in `atoll.protocols.psi.items.Bucket`.

    Raises ValueError.
    """

def permutation(seed: bytes, length: int) -> list[int]:
    """`atoll.primitives.shuffle.permutation`. Raises ValueError unless the seed has 32 bytes."""

def permutation_packed(seed: bytes, length: int) -> bytes:
    """`atoll.primitives.shuffle.permutation_packed`. Raises ValueError unless the seed has 32 bytes."""

@final
class SecretScalars:
    """A list of secret exponents: never zero, wiped when dropped, never printed."""

    @staticmethod
    def derive(seed: bytes, first: int, count: int) -> SecretScalars:
        """Those of places `first` to `first + count - 1` of the list that `seed` (32 bytes) gives. Raises ValueError."""

    @staticmethod
    def from_canonical(packed: bytes) -> SecretScalars:
        """From 32 bytes each. Raises ScalarError unless all are reduced and not zero."""

    def inverses(self) -> SecretScalars:
        """The inverse of each."""

    def __len__(self) -> int: ...

def multiply_each(points: bytes | bytearray, scalars: SecretScalars, threads: int = 0) -> bytes:
    """Each checked point times the scalar of its place. Raises PointError; ValueError for another number of them."""

def blind_each(items: bytes | bytearray, item_bytes: int, scalars: SecretScalars, dst: bytes, threads: int = 0) -> bytes:
    """Each item hashed to the group under `dst`, times the scalar of its place. Raises ValueError."""

def oprf_derive_secret(mode: int, seed: bytes, info: bytes) -> SecretScalar:
    """RFC 9497 section 3.2.1. Raises ValueError."""

def oprf_tweak_public(public: bytes, info: bytes) -> bytes:
    """RFC 9497 section 3.3.3. Raises PointError, ScalarError for a public input that cancels the key, ValueError."""

def oprf_tweak_secret(secret: SecretScalar, info: bytes) -> tuple[SecretScalar, SecretScalar]:
    """The tweaked secret and its inverse. Raises ScalarError, ValueError."""

def oprf_prove(mode: int, secret: SecretScalar, before: bytes, after: bytes, nonce: SecretScalar) -> bytes:
    """RFC 9497 section 2.2.1, 64 bytes. Raises PointError, ValueError."""

def oprf_is_proof(mode: int, public: bytes, before: bytes, after: bytes, proof: bytes) -> bool:
    """RFC 9497 section 2.2.2. Raises PointError, ValueError."""

def oprf_finalize(
    inputs: bytes | bytearray, input_bytes: int, info: bytes | None, elements: bytes | bytearray, threads: int = 0
) -> bytes:
    """The last hash of RFC 9497 section 3.3.1, or 3.3.3 with `info`; 64 bytes an input. Raises ValueError."""

@final
class Polynomial:
    """A secret polynomial over the scalars: wiped when dropped, never printed."""

    @staticmethod
    def derive(secret: SecretScalar, seed: bytes, threshold: int) -> Polynomial:
        """The one through `secret` at 0 whose other `threshold - 1` coefficients `seed` (32 bytes) gives. Raises ValueError."""

    @staticmethod
    def from_coefficients(coefficients: SecretScalars) -> Polynomial:
        """The constant term first. Raises ValueError where there is none."""

    def at(self, place: int) -> SecretScalar:
        """The share at a place, 1 to 65,535. Raises ScalarError at 0."""

    def commitments(self) -> bytes:
        """The generator times each coefficient, packed."""

def sharing_commitment_at(commitments: bytes, place: int) -> bytes:
    """`atoll.primitives.sharing.public_share`. Raises PointError."""

def sharing_add_weighted(points: bytes, weights: bytes) -> bytes:
    """`atoll.primitives.sharing.add_weighted`. Raises PointError, ScalarError, ValueError."""

def sharing_add_shares(shares: Sequence[SecretScalar], weights: bytes) -> SecretScalar:
    """`atoll.primitives.sharing.add_shares`. Raises ScalarError, ValueError."""

def sharing_prove_knowledge(secret: SecretScalar, prefix: bytes, nonce: SecretScalar) -> bytes:
    """`atoll.primitives.sharing.prove_knowledge`, 64 bytes."""

def sharing_is_knowledge(public: bytes, prefix: bytes, proof: bytes) -> bool:
    """`atoll.primitives.sharing.is_knowledge`. Raises ValueError for other lengths than 32 and 64 bytes."""

def payload_tags(elements: bytes | bytearray, prefix: bytes, threads: int = 0) -> bytes:
    """`atoll.primitives.payload.record_tags`. Raises ValueError."""

def payload_seal(
    elements: bytes | bytearray, prefix: bytes, payloads: bytes | bytearray, payload_bytes: int, threads: int = 0
) -> bytes:
    """`atoll.primitives.payload.seal_records`. Raises ValueError."""

def payload_open(
    elements: bytes | bytearray, prefix: bytes, sealed: bytes | bytearray, payload_bytes: int, threads: int = 0
) -> bytes:
    """`atoll.primitives.payload.open_payloads`. Raises ValueError."""

def elgamal_public_key(key: SecretScalars) -> bytes:
    """`atoll.primitives.elgamal.public_key`. Raises ValueError."""

def elgamal_encrypt(numbers: bytes | bytearray, key: SecretScalars, randomness: SecretScalars, threads: int = 0) -> bytes:
    """`atoll.primitives.elgamal.encrypt`. Raises ValueError."""

def elgamal_zero() -> bytes:
    """`atoll.primitives.elgamal.zero`."""

def elgamal_add_up(total: bytes, ciphertexts: bytes | bytearray, places: bytes, threads: int = 0) -> bytes:
    """`atoll.primitives.elgamal.add_up`. Raises PointError, ValueError."""

def elgamal_blind(total: bytes, randomness: SecretScalars) -> bytes:
    """`atoll.primitives.elgamal.blind`. Raises ValueError."""

def elgamal_decryption_share(blinded: bytes, key: SecretScalars) -> bytes:
    """`atoll.primitives.elgamal.decryption_share`. Raises PointError, ValueError."""

def elgamal_open(
    total: bytes, public: bytes, share: bytes, randomness: SecretScalars, bound: int, threads: int = 0
) -> int | None:
    """`atoll.primitives.elgamal.open_sum`. Raises PointError, ValueError."""

def hpke_derive_key_pair(key_material: bytes) -> tuple[bytes, bytes]:
    """`atoll.primitives.hpke.derive_key_pair`. Raises HpkeKeyError for fewer than 32 bytes."""

@final
class HpkeSender:
    """`atoll.primitives.hpke.HpkeSender`."""

    def __new__(cls, sender_secret: bytes, recipient_public: bytes, info: bytes) -> HpkeSender:
        """Raises HpkeKeyError."""

    @property
    def encapsulation(self) -> bytes:
        """32 public bytes that the receiver needs first."""

    def export(self, purpose: bytes, length: int) -> bytes:
        """A secret that both ends derive for one purpose. Raises HpkeKeyError above 8,160 bytes."""

    def seal(self, aad: bytes, plaintext: bytes) -> bytes:
        """The next message, 16 bytes longer than `plaintext`."""

@final
class HpkeReceiver:
    """`atoll.primitives.hpke.HpkeReceiver`."""

    def __new__(cls, recipient_secret: bytes, sender_public: bytes, encapsulation: bytes, info: bytes) -> HpkeReceiver:
        """Raises HpkeKeyError."""

    def export(self, purpose: bytes, length: int) -> bytes:
        """As the sender's."""

    def open(self, aad: bytes, ciphertext: bytes) -> bytes:
        """The plaintext of the next message. Raises HpkeOpenError, after which the place is the same."""

def zero_shares(digests: bytes | bytearray, keys: Sequence[bytes], share_bytes: int, threads: int = 0) -> bytes:
    """`atoll.protocols.psi_multi.zero`. Raises ValueError."""

def pack_slots(ends: bytes, columns: Sequence[tuple[bytes, bytes, bytes]], width: int) -> bytes:
    """`atoll.jobs.payload`: rows in slots, one a key. A column is its ends (8 bytes a row after a leading 0), texts, presence.

    Raises OverflowError with the bytes that the largest key needs, ValueError for lists that do not fit each other.
    """

def unpack_slots(data: bytes, width: int, columns: int) -> tuple[bytes, list[tuple[bytes, bytes, bytes]]]:
    """`atoll.jobs.payload`: what `pack_slots` was given; no rows for a slot that it does not make. Raises ValueError for slots
    that do not come whole."""

def okvs_bytes(keys: int, value_bytes: int, failure_bits: int = 40) -> int:
    """`atoll.primitives.okvs.store_bytes`. Raises ValueError."""

def okvs_encode(
    digests: bytes,
    values: bytes,
    keys: int,
    row_seed: bytes,
    filler_seed: bytes,
    value_bytes: int,
    failure_bits: int = 40,
    threads: int = 0,
) -> bytes:
    """`atoll.primitives.okvs.encode`. Raises StoreError, ValueError."""

def okvs_decode(
    digests: bytes, store: bytes, keys: int, row_seed: bytes, value_bytes: int, failure_bits: int = 40, threads: int = 0
) -> bytes:
    """`atoll.primitives.okvs.decode`. Raises ValueError."""

@final
class VoleDeltaSetup:
    """The setup of the side that knows Delta: `send_0`, `receive_1`; then instances. Sends the same for the same seed."""

    def __new__(cls, seed: bytes, context: bytes) -> VoleDeltaSetup: ...
    def send_0(self) -> bytes:
        """Message 0."""

    def receive_1(self, message: bytes) -> None:
        """Takes message 1. Raises PointError, CorrelationError."""

@final
class VoleVectorSetup:
    """The setup of the side that knows the vectors: `receive_0`, `send_1`; then instances. Sends the same for the same seed."""

    def __new__(cls, seed: bytes, context: bytes) -> VoleVectorSetup: ...
    def receive_0(self, message: bytes) -> None:
        """Takes message 0. Raises PointError, CorrelationError."""

    def send_1(self) -> bytes:
        """Message 1."""

def vole_setup_bytes() -> tuple[int, int]:
    """Bytes of the two messages of a setup."""

def vole_oprf_bytes(keys: int, subfield: bool, malicious: bool, failure_bits: int = 40) -> tuple[list[int], int]:
    """Bytes of the messages of an instance's VOLE, and of the masked store. Raises ValueError."""

@final
class VoleOprfReceiver:
    """One instance of the oblivious function: `encode` at any time; `send_0`, `receive_1`, in the malicious form `send_2`,
    `receive_3`; then `expand`; then `mask`, then `evaluate`. Methods out of order raise ValueError."""

    def __new__(
        cls,
        setup: VoleVectorSetup,
        instance: int,
        domain: bytes,
        keys: int,
        *,
        subfield: bool = False,
        malicious: bool = False,
        failure_bits: int = 40,
        threads: int = 0,
    ) -> VoleOprfReceiver:
        """`domain`: 32 bytes that both sides know and no other instance has, drawn after the keys were fixed."""

    def encode(self, digests: bytes) -> None:
        """Encodes at most `keys` distinct digests. Raises StoreError."""

    def send_0(self) -> bytes: ...
    def receive_1(self, message: bytes) -> None: ...
    def send_2(self) -> bytes: ...
    def receive_3(self, message: bytes) -> None:
        """As all that receive: Raises CorrelationError."""

    def expand(self) -> None:
        """The long part of the correlated randomness, for which nothing need be heard any more."""

    def mask(self) -> bytes:
        """The masked store, for the sender."""

    def evaluate(self, coin: bytes | None = None) -> bytes:
        """16 bytes for each digest, in order; `coin`, 16 bytes, in the malicious form alone."""

@final
class VoleOprfSender:
    """The other side: `receive_0`, `send_1`, in the malicious form `receive_2`, `send_3`; then `expand`, `receive_masked`, and
    `evaluate` as often as wanted."""

    def __new__(
        cls,
        setup: VoleDeltaSetup,
        instance: int,
        domain: bytes,
        keys: int,
        *,
        subfield: bool = False,
        malicious: bool = False,
        failure_bits: int = 40,
        threads: int = 0,
    ) -> VoleOprfSender:
        """As the receiver's."""

    def receive_0(self, message: bytes) -> None: ...
    def send_1(self) -> bytes: ...
    def receive_2(self, message: bytes) -> None: ...
    def send_3(self) -> bytes: ...
    def expand(self) -> None:
        """The long part of the VOLE; may be done while the receiver works."""

    def receive_masked(self, masked: bytes) -> None:
        """Takes the masked store. Raises ValueError for another length."""

    def evaluate(self, digests: bytes, coin: bytes | None = None) -> bytes:
        """16 bytes for each digest, any number of them, in order; the receiver gets the same for those that it encoded."""

def sorted_tags(outputs: bytes, tag_bytes: int, threads: int = 0) -> bytes:
    """The first `tag_bytes` (1 to 16) of each 16-byte output, packed in ascending order."""

def match_sorted_tags(outputs: bytes, tags: bytes, tag_bytes: int) -> bytes:
    """The places of the outputs whose tag is among `tags`, ascending, 4 bytes little-endian each. Raises TagOrderError."""

@final
class Ranking:
    """A quicksort that asks for the comparisons of a whole level at once; everything in it is public.

    `wanted`: the ranks to find, ascending; all of them unless given. The choice of pairs assumes that the elements stand in a
    uniformly random order.
    """

    open: int
    """Elements whose rank is wanted and unknown, with those that may be confused with them; 0 at the end."""
    order: NDArray[np.uint32]
    """The element of each rank, as far as it is known."""
    def __new__(cls, count: int, wanted: Sequence[int] | None = None) -> Ranking: ...
    def settle(self) -> NDArray[np.uint32]:
        """Numbers the elements anew, by their places in the order so far; gives the number that each had before. `order` still
        speaks of the first numbers."""

    def ask(self, pivots: int, short: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """The pairs (left, right) to compare next: each stretch of unknown order against so many pivots of it, one of at most
        `short` elements pair by pair."""

    def learn(self, below: NDArray[np.uint64]) -> None:
        """Takes the answers: bit i % 64 of word i / 64 says whether left[i] is below right[i]. Answers that fit no order do no
        harm: the result is some order then. Raises ValueError for another number of words."""

@final
class RssStreams:
    """`atoll.primitives.replicated.Streams`."""

    def __new__(cls, key_own: bytes, key_next: bytes) -> RssStreams: ...
    def zero_words(self, ticket: int, count: int, first: int = 0) -> NDArray[np.uint64]:
        """`count` words of F(own) - F(next), from word `first` of a ticket."""

    def zero_bits(self, ticket: int, count: int, first: int = 0) -> NDArray[np.uint64]:
        """`count` words of F(own) xor F(next), from word `first` of a ticket."""

    def own_words(self, ticket: int, count: int, first: int = 0) -> NDArray[np.uint64]:
        """`count` words of F(own), which the previous node has too."""

    def next_words(self, ticket: int, count: int, first: int = 0) -> NDArray[np.uint64]:
        """`count` words of F(next), which the next node has too."""

    def own_permutation(self, ticket: int, length: int) -> NDArray[np.uint32]:
        """A uniform order of `length` places that the previous node draws too."""

    def next_permutation(self, ticket: int, length: int) -> NDArray[np.uint32]:
        """A uniform order of `length` places that the next node draws too."""

def rss_multiply(
    x: NDArray[np.uint64], y: NDArray[np.uint64], streams: RssStreams, ticket: int, out: NDArray[np.uint64]
) -> None:
    """`atoll.primitives.replicated.multiply`."""

def rss_matmul(x: NDArray[np.uint64], y: NDArray[np.uint64], streams: RssStreams, ticket: int, out: NDArray[np.uint64]) -> None:
    """`atoll.primitives.replicated.matmul`."""

def rss_to_planes(words: NDArray[np.uint64], planes: NDArray[np.uint64]) -> None:
    """`atoll.primitives.replicated.to_planes`."""

def rss_sum_to_planes(
    plus: Sequence[NDArray[np.uint64]], minus: Sequence[NDArray[np.uint64]], planes: NDArray[np.uint64]
) -> None:
    """`atoll.primitives.replicated.sum_to_planes`."""

def rss_to_words(planes: NDArray[np.uint64], words: NDArray[np.uint64]) -> None:
    """`atoll.primitives.replicated.to_words`."""

def rss_permute(columns: NDArray[np.uint64], order: NDArray[np.uint32], out: NDArray[np.uint64]) -> None:
    """`atoll.primitives.replicated.permute`."""

def rss_invert(order: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """`atoll.primitives.replicated.invert`."""

@final
class RssCircuit:
    """`atoll.primitives.replicated.Circuit`."""

    inputs: int
    outputs: int
    layers: list[int]
    def __new__(
        cls,
        inputs: int,
        operations: NDArray[np.uint8],
        left: NDArray[np.uint32],
        right: NDArray[np.uint32],
        outputs: NDArray[np.uint32],
    ) -> RssCircuit: ...

@final
class RssCircuitRun:
    """`atoll.primitives.replicated.CircuitRun`."""

    def __new__(
        cls,
        circuit: RssCircuit,
        streams: RssStreams,
        me: int,
        ticket: int,
        words: int,
        inputs: Sequence[tuple[NDArray[np.uint64], NDArray[np.uint64]]],
        log: bool,
    ) -> RssCircuitRun: ...
    def start(self) -> NDArray[np.uint64] | None: ...
    def advance(self, heard: NDArray[np.uint8]) -> NDArray[np.uint64] | None: ...
    def outputs(self) -> NDArray[np.uint64]: ...
    def take_log(self) -> NDArray[np.uint64] | None: ...

@final
class RssProof:
    """`atoll.primitives.replicated.Proof`."""

    def __new__(
        cls,
        streams: RssStreams,
        ticket: int,
        bits: Sequence[tuple[int, NDArray[np.uint64]]],
        products: Sequence[tuple[int, NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64], bool]],
        moves: Sequence[tuple[int, NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint32] | None, bool, bool]],
    ) -> RssProof: ...
    @staticmethod
    def traffic(words: int, moved: int, numbers: int) -> tuple[list[int], int]: ...
    @property
    def lengths(self) -> list[int]: ...
    @property
    def shown_words(self) -> int: ...
    def coins(self) -> tuple[bytes, bytes]: ...
    def challenge(self, coin: bytes) -> NDArray[np.uint64]: ...
    def hear(self, message: NDArray[np.uint64]) -> bool: ...
    def shown(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]: ...
    def holds(self, from_previous: NDArray[np.uint64], from_next: NDArray[np.uint64]) -> tuple[bool, bool]: ...

@final
class StateTree:
    """The state tree behind `atoll.primitives.smt.Tree`; never changes."""

    root: bytes
    """The state commitment, 32 bytes; zeros for the empty tree."""

    def __init__(self) -> None:
        """The empty tree."""

    def __len__(self) -> int: ...
    def get(self, key: bytes) -> bytes | None:
        """The value of a raw key."""

    def apply(self, puts: Sequence[tuple[bytes, bytes]], deletes: Sequence[bytes]) -> StateTree:
        """The tree after these keys were given these values and those were taken out; no key may stand in both. The caller
        bounds the lengths. Other Python threads run meanwhile."""

    def page(self, prefix: bytes, after: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
        """Up to `limit` raw keys that begin with `prefix`, with values, in the keys' order: those after `after`, or the
        first."""

    def prove(
        self, path: bytes
    ) -> (
        tuple[tuple[bytes, bytes, bytes, list[bytes]]]
        | tuple[tuple[bytes, bytes, bytes, list[bytes]] | None, tuple[bytes, bytes, bytes, list[bytes]] | None]
    ):
        """What a proof for a key's path is made of: of a present key its leaf alone, of an absent one the leaves left and
        right of it. A leaf is (path, raw key, value, sibling hashes from the root downwards). Raises ValueError unless the path
        has 32 bytes."""
