"""What can go wrong between a plan and its result."""

from __future__ import annotations

from atoll.errors import InputError, IntegrityError, JobError, NotFoundError, PeerError


class UnknownKind(NotFoundError):
    """A plan names a job kind that this software does not have."""

    code = "jobs.unknown_kind"
    sentence = "There is no job kind {kind}; there are: {known}."
    remedy = "Use a kind from the list; a newer version of the software may know more."


class BadPlan(JobError):
    """A plan does not fit its job kind; nobody should consent to it."""

    code = "jobs.bad_plan"
    sentence = "The plan is not one that {kind} can carry out: {reason}."
    remedy = "Propose the job again from a specification; `atoll job propose` fills in what the kind derives."
    kind: str
    reason: str


class WrongPeriod(JobError):
    """A plan wants tables of another period than the one in which it is decided on or begun.

    Tables and their keys are made anew each period, so that what was asked once does not answer for ever.
    """

    code = "jobs.wrong_period"
    sentence = "The plan is for period {said} of its tables, and by this node's time it is period {current}."
    remedy = "Propose the job again: a proposal takes the period it is made in. If it stays so, compare the nodes' clocks."


class BadInputs(JobError):
    """What a party brings into a run is not what its place in the plan says."""

    code = "jobs.bad_inputs"
    sentence = "The prepared input does not fit the plan: {reason}."
    remedy = "Prepare it again from the registered dataset version."


class BadBid(InputError):
    """A bid would count as none: it lies outside what the plan asks for."""

    code = "jobs.bad_bid"
    sentence = "Bids that count are {low} to {high}; 0 says that there is none."
    remedy = "Bid within the range, or 0 to take part without a bid."


class BadResult(IntegrityError):
    """Bytes are not a result, or a result is not the one that was committed to."""

    code = "jobs.bad_result"
    sentence = "The result cannot be accepted: {reason}."
    remedy = "Fetch it again from the receiver's node; if it stays so, ask the auditor to compare the openings."


class PayloadTooLong(InputError):
    """What is to be sent for some key does not fit into the fixed width that hides how much it is."""

    code = "jobs.payload_too_long"
    tells_of_rows = True
    sentence = "The rows of a key take {needed} bytes in their {columns} columns, and a payload has {limit}."
    remedy = "Propose the job with a wider payload or fewer columns, or register the dataset with one row for each key."


class OpenedDiffers(PeerError):
    """Compute nodes do not count the same bids as opened: one said what is not so, or handed on no opening that it had.

    An honest bidder alone cannot bring it about, and a dishonest one only together with a compute node. Which node, a node does
    not see: two honest ones differ where the third told them different things. So it accuses none.
    """

    code = "jobs.opened_differs"
    sentence = "Other bids are counted as opened by {nodes} than by this node: they differ over {bidders}."
    remedy = "One of the three nodes is faulty or hostile, and nothing was computed: show the auditor the logs of all."


class NotSummable(InputError):
    """A column that is to be summed holds something that is not a number of the declared scale, or too large a sum."""

    code = "jobs.not_summable"
    tells_of_rows = True
    sentence = "The column {column} cannot be summed: {reason}."
    remedy = "Clean the column and register the dataset again, or declare another scale."


class StateTooLarge(JobError):
    """What a place has received so far is more than a checkpoint holds, so after a fault the run could not go on."""

    code = "jobs.state_too_large"
    sentence = "A checkpoint of this job would take {needed} bytes, and {limit} can be kept."
    remedy = "Propose the job with fewer rows, with fewer or narrower columns, or once for each receiver."


class UnknownNumberRule(InputError):
    """The text by which a column is to be read as numbers is none that there is."""

    code = "jobs.unknown_number_rule"
    sentence = "There is no rule {rule} for a column of numbers."
    remedy = "Rules are int64/1, fixed/1 and bool/1 with a range within 62 bits; `atoll job propose computation` writes them."


class BadCells(InputError):
    """A column holds something else than the numbers that its rule in the plan promises."""

    code = "jobs.bad_cells"
    tells_of_rows = True
    sentence = "Of the column {column}, {cells} cells are {what}."
    remedy = "Clean the column and register the dataset again, or ask for a program whose column may have nulls."


class TooManyPlaces(InputError):
    """A table has more rows than the plan has places for."""

    code = "jobs.too_many_rows"
    tells_of_rows = True
    sentence = "The column {column} has more rows than the {places} that the plan has places for."
    remedy = "Ask for a program over more rows, or register a version with fewer."
