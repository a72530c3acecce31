"""What can go wrong in how roles talk, whatever they talk about."""

from __future__ import annotations

from atoll.errors import IntegrityError, PeerError


class UnexpectedPacket(PeerError):
    """Well-formed bytes, but not what the role waits for."""

    code = "protocols.unexpected_packet"
    sentence = "{party} sent {found} where {expected} was due."
    remedy = "The two nodes may run different versions of the protocol; compare the build digests in the consents."


class FrameUnfit(IntegrityError):
    """A role wants to send a frame that is empty or too long."""

    code = "protocols.frame_unfit"
    sentence = "A frame has 1 to {limit} bytes, not {found}."
    remedy = "Report it: the protocol cuts its data wrongly."


class RolesStalled(IntegrityError):
    """Every role waits for another one."""

    code = "protocols.stalled"
    sentence = "No role can go on: {waiting}."
    remedy = "Report it: the roles of this protocol do not fit together."


class CheckpointsDiffer(IntegrityError):
    """The checkpoints of the roles are not one moment of the conversation."""

    code = "protocols.checkpoints_differ"
    sentence = "Checkpoint {number} is not a consistent cut: {problem}."
    remedy = "Report it: a run of this protocol could not be resumed."


class SaltShareChanged(PeerError):
    """A party showed another share than it had promised, as if to choose the salt after it had seen the others'."""

    code = "protocols.salt_share_changed"
    sentence = "{party} opened another share of the joint salt than it had promised."
    remedy = "Run the job again; if it happens again, that party's node is faulty or hostile: show the auditor its log."


class WrongBulkLength(PeerError):
    """A peer sent a frame that is longer or shorter than the sizes agreed on make it."""

    code = "protocols.wrong_bulk_length"
    sentence = "{party} sent a frame of {found} bytes where {expected} were due."
    remedy = "The other node is faulty, of another version, or hostile: compare versions, then show the auditor its log."
