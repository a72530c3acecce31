"""What can go wrong between the places of a computation."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, PeerError

_REMEDY = "That node is faulty, of another version, or hostile: compare versions, then show the auditor the logs of both."


class SharesTooLong(PeerError):
    """A neighbour said more than the program makes it say."""

    code = "mpc.shares_too_long"
    sentence = "{party} sent {found} bytes beyond the last round."
    remedy = _REMEDY


class FrameMisplaced(PeerError):
    """A frame of a neighbour is not the next one of its stream: lost, repeated, cut or lengthened on its way."""

    code = "mpc.frame_misplaced"
    sentence = "{party} sent a frame that does not go on at byte {expected} of its stream."
    remedy = _REMEDY


class OpeningDisputed(PeerError):
    """The two nodes that hold one part of an opened value do not say the same of it."""

    code = "mpc.opening_disputed"
    sentence = "{first} and {second} disagree on a part of a value that is opened."
    remedy = (
        "One of the two is faulty or hostile, and nothing was taken over: show the auditor the logs of both and, in the "
        "malicious model, what they signed (`atoll job show JOB --json`), then run again."
    )


class InputDisputed(PeerError):
    """Two nodes did not get the same part of an owner's columns, so their shares would mean nothing."""

    code = "mpc.input_disputed"
    sentence = "{first} and {second} were not given the same part of the columns of {owner}."
    remedy = "The owner or one of the two nodes is faulty or hostile: show the auditor the logs of all three, then run again."


class SetUpDiffers(PeerError):
    """A neighbour's keys, program or plan are not this node's."""

    code = "mpc.set_up_differs"
    sentence = "{party} runs another program, plan or attempt, or holds another key than this node."
    remedy = "Compare the program's digest and the plan in the consents of the two, then run again."


class ProductsDisputed(PeerError):
    """A node sent a wrong part of a product or of rows that moved, or did not prove a right one; or one of the two who checked
    showed nonsense."""

    code = "mpc.products_disputed"
    sentence = "The products of {prover}, checked by {first} and {second}, were not confirmed."
    remedy = (
        "One of the three is faulty or hostile, and nothing was opened: show the auditor the logs of all and what they signed "
        "(`atoll job show JOB --json`), then run again."
    )


class CoinDisputed(PeerError):
    """Two nodes do not reveal the same part of a common coin."""

    code = "mpc.coin_disputed"
    sentence = "{first} and {second} do not say the same of a coin that both know."
    remedy = (
        "One of the two is faulty or hostile, and nothing was opened: show the auditor the logs of both and what they signed "
        "(`atoll job show JOB --json`), then run again."
    )


class TranscriptDisputed(PeerError):
    """A node signed something else than what it sent, or what it sent did not arrive as it was."""

    code = "mpc.transcript_disputed"
    sentence = "{first} signs another transcript than what {second} heard from it."
    remedy = "One of the two is faulty or hostile: show the auditor the deposition of both (`atoll job show --json`)."


class ClaimForged(PeerError):
    """What stands in a node's name is not signed by it, or was signed for another attempt."""

    code = "mpc.claim_forged"
    sentence = "A statement in the name of {party} is not signed by it for this attempt."
    remedy = (
        "The statement counts against nobody. Where it came over a session, the node that sent it is faulty, hostile or of "
        "another version; where somebody showed it, believe nothing that it says."
    )


class DestinationsDisputed(PeerError):
    """Where rows are to go, once opened, is not one place a row: a node changed a part on its way."""

    code = "mpc.destinations_disputed"
    sentence = "The opened destinations of {count} rows are not one place for each."
    remedy = "One of the three nodes is faulty or hostile: show the auditor the logs of all, then run again."


class RoundsDiffer(IntegrityError):
    """An operation does not ask all nodes for the same rounds."""

    code = "mpc.rounds_differ"
    sentence = "Node {node} waits for {expected} bytes and is sent {found}."
    remedy = "Report it: an operation's rounds are not the same at all nodes."


class ShapesDiffer(InputError):
    """Two shared values that should fit together do not."""

    code = "mpc.shapes_differ"
    sentence = "Values of shape {first} and {second} do not fit together."
    remedy = "Give both operands the same shape, or repeat the smaller one."


class BitsOutOfRange(InputError):
    """A number of bits that the operation cannot serve."""

    code = "mpc.bits_out_of_range"
    sentence = "{found} bits, where {least} to {most} are possible."
    remedy = "Choose a number of bits within these bounds."


class NotVerifiable(InputError):
    """A step that malicious mode has no check for."""

    code = "mpc.not_verifiable"
    sentence = "The operation {operation} cannot be verified, so it does not run in malicious mode."
    remedy = "Write the program without it, or agree on the semi-honest model in the plan."


class TooManyProducts(InputError):
    """More products of numbers wait for one verification than its proof can carry over to a prime field."""

    code = "mpc.too_many_products"
    sentence = "{found} products of numbers are to be verified at once, and a proof takes fewer than {limit}."
    remedy = "Ask for a program over fewer rows, or for one that opens or sorts something in between."


class OwnerDiffers(PeerError):
    """An owner's columns are of another plan, attempt or shape."""

    code = "mpc.owner_differs"
    sentence = "The columns of {owner} were split for another plan, attempt or shape."
    remedy = "Compare the plan in the consents of the owner and of this node, then run again."


class ResultsDiffer(IntegrityError):
    """A program gives other results than the plan says."""

    code = "mpc.results_differ"
    sentence = "The program gives {receiver} {found}, where the plan says {expected}."
    remedy = "Report it: the plan was made for another program."


class KeyTooOften(InputError):
    """A key of the right side of a join stands there more often than the program says."""

    code = "mpc.key_too_often"
    sentence = "A key stands on the right side of the join more than {limit} times; which one is not known to anybody here."
    remedy = "Let the owner of the right side remove repeated keys, or declare a higher multiplicity in the program."
    tells_of_rows = True
