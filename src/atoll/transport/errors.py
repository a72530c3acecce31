"""What can go wrong between two nodes, and whose fault it is.

A `PeerError` means that the other side broke a rule and the session is over for good; an `UnavailableError` that trying again
can help; a `JobError` that a job ended without a result. None of them ever carries a payload, only sizes, names and codes.
"""

from __future__ import annotations

from atoll.errors import AccessError, InputError, IntegrityError, JobError, PeerError, UnavailableError


class FrameTooLarge(PeerError):
    """A header announces more than a frame may hold; nothing was allocated for it."""

    code = "transport.frame_too_large"
    sentence = "The peer announced a frame of {found} bytes; at most {limit} are allowed."
    remedy = "The peer runs other software or is hostile. Compare versions with its operator."


class UnknownFrame(PeerError):
    """A frame of a kind that does not exist, or not here."""

    code = "transport.unknown_frame"
    sentence = "The peer sent a frame of kind {kind}, which has no place here."
    remedy = "The peer runs other software or is hostile. Compare versions with its operator."


class BadClientHello(PeerError):
    """The first bytes of a connection are not the start of TLS 1.3 with exactly one service named."""

    code = "transport.bad_client_hello"
    sentence = "A connection did not start as TLS 1.3 for this node: {problem}."
    remedy = "Nothing to do if strangers scan this port; otherwise check the version and the address book of the peer."


class UnknownService(PeerError):
    """The service asked for is not offered at this address now."""

    code = "transport.unknown_service"
    sentence = "A connection asked for {service}, which is not offered here now."
    remedy = "A job that has ended, or has not begun here, is not offered. Look at the job's state at both nodes."


class WrongPeer(PeerError):
    """The organisation that answered is a member, but not the one that was called."""

    code = "transport.wrong_peer"
    sentence = "{found} answered at an address registered for {expected}."
    remedy = "Correct the address in the ledger record of one of the two."


class SealBroken(PeerError):
    """A job frame does not open: changed, repeated, out of order, or from another job, direction or party."""

    code = "transport.seal_broken"
    sentence = "A sealed frame from {party} does not open: {problem}."
    remedy = (
        "Something between the nodes changes traffic, or the peer uses another consent key. Compare the logs of both nodes."
    )


class RunnerBroken(PeerError):
    """The other party's job runner does not follow the rules of runners."""

    code = "transport.runner_broken"
    sentence = "The job runner of {party} broke the rules: {problem}."
    remedy = "The peer runs other software or is hostile. Compare versions with its operator."


class TranscriptMismatch(PeerError):
    """What a peer says was said is not what was said."""

    code = "transport.transcript_mismatch"
    sentence = "{party} and this node disagree about what was said up to checkpoint {number}."
    remedy = "The attempt is over. Propose a new attempt, which starts with fresh randomness; keep both logs for a dispute."


class TooManySessions(PeerError):
    """A member opens sessions without end."""

    code = "transport.too_many_sessions"
    sentence = "{org} has more than {limit} sessions open to this process."
    remedy = "The peer runs other software or is hostile. Talk to its operator."


class RpcBroken(PeerError):
    """A request or reply that does not follow the rules of a ledger session."""

    code = "transport.rpc_broken"
    sentence = "{org} broke the rules of a ledger session: {problem}."
    remedy = "The peer runs other software or is hostile. Compare versions with its operator."


class RemoteError(PeerError):
    """A request arrived, and the other node answered with an error."""

    code = "transport.remote_error"
    sentence = "{org} answered {method} with {remote_code}: {remote_sentence}"
    remedy = "Look up the code with `atoll why`; the cause is at the other node or in what was asked."
    remote_code: str
    remote_sentence: str


class CertificateNotRegistered(AccessError):
    """The peer's TLS certificate is not one that the ledger registers now."""

    code = "transport.certificate_not_registered"
    sentence = "A TLS certificate was shown that is not registered on the ledger for {expected}."
    remedy = "The peer must register its TLS key with its identity key; a node that is behind must catch up first."


class HandshakeRefused(AccessError):
    """The other side ended the connection during the handshake; it does not say why, by design."""

    code = "transport.handshake_refused"
    sentence = "{org} refused the connection: {problem}."
    remedy = "Check that this node's TLS certificate is registered and the other node has caught up; its log has the reason."


class LinkLost(UnavailableError):
    """The session ended without a farewell."""

    code = "transport.link_lost"
    sentence = "The connection to {peer} was lost: {problem}."
    remedy = "Nothing to do: the node dials again. If it lasts, check the network between the two."


class StreamEnded(UnavailableError):
    """The peer ended its sealed stream properly: nothing is missing, and nothing more comes."""

    code = "transport.stream_ended"
    sentence = "{party} ended the conversation."
    remedy = "Nothing to do: the node dials again if the job needs it."


class DialFailed(UnavailableError):
    """No connection could be made."""

    code = "transport.dial_failed"
    sentence = "{org} cannot be reached: {problem}."
    remedy = "Check that the other node runs, and that its address on the ledger and any firewall are right."


class NotConnected(UnavailableError):
    """There is no live session to this member now."""

    code = "transport.not_connected"
    sentence = "There is no connection to {org} at the moment."
    remedy = "Try again; `atoll doctor` shows which members are reachable."


class RequestLate(UnavailableError):
    """No reply in time; whether the request was carried out is not known."""

    code = "transport.request_late"
    sentence = "{org} did not answer {method} within {seconds} seconds."
    remedy = "Try again; if it lasts, look at the load and the log of the other node."


class TooBusy(UnavailableError):
    """More at once than the session allows."""

    code = "transport.too_busy"
    sentence = "Too many requests are under way on this session; at most {limit} are allowed."
    remedy = "Try again in a moment."


class HandlerFailed(IntegrityError):
    """A handler of this node failed in a way nobody foresaw; its log has the trace."""

    code = "transport.handler_failed"
    sentence = "The request could not be carried out because of a fault in this node."
    remedy = "Report the trace in the node's log."


class UnknownMethod(InputError):
    """A request for something this node does not do."""

    code = "transport.unknown_method"
    sentence = "This node has no method of that name."
    remedy = "Compare the versions of the two nodes."


class PayloadTooLarge(InputError):
    """This side wants to send more than one message may hold."""

    code = "transport.payload_too_large"
    sentence = "A payload of {found} bytes does not fit a message; at most {limit} do."
    remedy = "Ask for less at once; long answers come in pages."


class SettingsUnfit(InputError):
    """A session cannot be set up the way it was asked for."""

    code = "transport.settings_unfit"
    sentence = "The transport cannot be set up: {problem}."
    remedy = "Check the addresses and the TLS key in the node's configuration."


class DeadlinePassed(JobError):
    """The one deadline of the job passed before it was done."""

    code = "transport.deadline_passed"
    sentence = "The job's deadline passed while {waiting}."
    remedy = "Propose the job again with a later deadline, or find out why the party that was waited for is slow."


class JobAborted(JobError):
    """Another party ended the job and said why."""

    code = "transport.job_aborted"
    sentence = "{party} ended the job with {remote_code}: {remote_sentence}"
    remedy = "Look up the code with `atoll why`; the cause is at the party named."
    remote_code: str
    remote_sentence: str
    party: str


class EndedUntold(JobError):
    """A node ended the job for a reason that would tell the others something about rows, so it keeps the reason to itself."""

    code = "transport.ended_untold"
    sentence = "The job was ended for a reason that only this node's own log says."
    remedy = "Ask the organisation that ended it; `atoll why JOB` at its node says the reason to its own people."


class RoleFailed(JobError):
    """The protocol's own code failed in a way nobody foresaw."""

    code = "transport.role_failed"
    sentence = "The protocol stopped because of a fault in this node."
    remedy = "Report the trace in the node's log."


class JobStopped(JobError):
    """This node was told to stop the job."""

    code = "transport.job_stopped"
    sentence = "The job was stopped at this node."
    remedy = ""


class TooManyResumes(JobError):
    """The link was lost again and again, and the job got no further in between."""

    code = "transport.too_many_resumes"
    sentence = "The job was resumed {resumes} times from checkpoint {number} without reaching the next one."
    remedy = "Check the network between the parties; if it is sound, another party cuts the link on purpose."


class AttemptInterrupted(JobError):
    """A link was lost, or the process ended, in an attempt of a kind that is not resumed."""

    code = "transport.attempt_interrupted"
    sentence = "The attempt was interrupted ({how}), and jobs of this kind are not resumed."
    remedy = (
        "Propose the job again, which starts with fresh randomness; if it recurs, look at the network and at the nodes' logs."
    )


class TrafficExceeded(JobError):
    """This party would send more than the plan allows it to."""

    code = "transport.traffic_exceeded"
    sentence = "The job would send more than the {limit} bytes that its plan, or this node, allows one party."
    remedy = "Propose the job again with a higher traffic limit."


class NotReplayable(IntegrityError):
    """Started again from a checkpoint, this node's role said something else than before; nothing of it was sent."""

    code = "transport.not_replayable"
    sentence = "Resumed from checkpoint {number}, this node's role would send {party} something else than the first time."
    remedy = "Start a new attempt, and report it: the role draws randomness, or reads time, that is not in its checkpoint."


class ResumeGap(IntegrityError):
    """The parties hold no checkpoint in common."""

    code = "transport.resume_gap"
    sentence = "{party} is at checkpoint {found}, this node holds {held}: there is none in common."
    remedy = "A disk was restored from a backup, or a checkpoint was lost. Start a new attempt."


class TlsFailed(PeerError):
    """TLS could not be agreed on with whoever connected."""

    code = "transport.tls_failed"
    sentence = "TLS could not be set up with a peer: {problem}."
    remedy = "Nothing to do if strangers scan this port; otherwise the peer needs TLS 1.3 and a registered certificate."
