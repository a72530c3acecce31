"""What can go wrong beyond the errors of every intersection by Diffie-Hellman."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, JobError, PeerError


class TableUnusable(InputError):
    """The set has too many rows for a table."""

    code = "psi_oprf.table_unusable"
    sentence = "A table is made of at most {limit} rows, not {found}."
    remedy = "Use another intersection; a table is meant for sets that many small ones are compared with."


class TableLost(IntegrityError):
    """A run is resumed whose table is no longer in the cache."""

    code = "psi_oprf.table_lost"
    sentence = "The table of this epoch is not in the cache any more."
    remedy = "Start a new attempt; the table is sent again."


class TooManyLookUps(JobError):
    """A job would have more answers than its row cap, or a table more than an epoch allows, all jobs together."""

    code = "psi_oprf.too_many_look_ups"
    sentence = "The owner's function answers {limit} look-ups {scope}, and these would be {asked}."
    remedy = "Propose a new job, within the grant; if the epoch's look-ups are used up, wait for the next one."


class WrongEpoch(PeerError):
    """The receiver asks for a table of another dataset version or epoch than agreed."""

    code = "psi_oprf.wrong_epoch"
    sentence = "{party} asked for the table of another dataset version or epoch."
    remedy = "Propose the job again; the owner may have begun a new epoch since."


class WrongTable(PeerError):
    """The table, or what was announced of it, is not what it must be."""

    code = "psi_oprf.wrong_table"
    sentence = "{party} offered a table that cannot be: {reason}."
    remedy = "End the job; the other side is broken or hostile."


class KeyChanged(PeerError):
    """The sender announced another key than the one known for this epoch.

    A sender with a key for each client could tell from a later answer which client asks, or give each its own truth.
    """

    code = "psi_oprf.key_changed"
    sentence = "{party} announced another key for this epoch than before."
    remedy = "End the job and show the auditor both keys: one key an epoch is what the other side promised."


class BadProof(PeerError):
    """The proof that the answers were made with the announced key does not hold."""

    code = "psi_oprf.bad_proof"
    sentence = "{party} answered the keys from place {position} on without a proof that holds."
    remedy = "End the job; the other side used another key than it announced."
    position: int
