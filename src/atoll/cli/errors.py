"""What can go wrong on the command line itself."""

from __future__ import annotations

from atoll.errors import AccessError, ConflictError, InputError, NotFoundError, UnavailableError


class NoNodeNamed(InputError):
    """A command was called without saying which node it is for."""

    code = "cli.no_node"
    sentence = "It is not said which node this is for."
    remedy = "Name its home with --home or ATOLL_HOME, or its address with --url, --token and --certificate."


class TwoNodesNamed(InputError):
    """A command was given both a home and an address."""

    code = "cli.two_nodes"
    sentence = "Both --home and --url are given."
    remedy = "Give one of them: the home of a node on this machine, or the address of any node."


class BadArgument(InputError):
    """An argument does not have the form it needs."""

    code = "cli.bad_argument"
    sentence = "{what} cannot be used: {reason}."
    remedy = "`--help` of the command shows an example."


class FileUnusable(InputError):
    """A file named on the command line cannot be read or written."""

    code = "cli.file"
    sentence = "{path} cannot be {action}: {reason}."
    remedy = "Check the name and the rights of the file; files that are there already are not overwritten."


class TrustFileInstead(InputError):
    """A trust file stands where the file belongs that is verified with one: the two were swapped."""

    code = "cli.trust_file_instead"
    sentence = "{path} is a trust file, and not something to verify."
    remedy = "What is verified comes first: `atoll evidence verify job.evidence --trust consortium.trust`."


class SignatureMissing(InputError):
    """A genesis is to be sealed, and founders have not signed it, or their files are not named."""

    code = "cli.signature_missing"
    sentence = "Not every founder has signed: {orgs} missing."
    remedy = "Name the files that `atoll consortium found sign` wrote at these founders, too."


class NotConfirmed(AccessError):
    """A question was answered with no, or there is nobody to answer it."""

    code = "cli.not_confirmed"
    sentence = "Nothing was done: {question} was not answered with yes."
    remedy = "Answer it at a terminal, or pass --yes after reading what it is about."


class AlreadyRunning(ConflictError):
    """The node of this home runs already."""

    code = "cli.already_running"
    sentence = "The node of {home} runs already, as process {pid}."
    remedy = "`atoll node status` shows how it is; `atoll node stop` ends it."


class NotRunning(ConflictError):
    """The node of this home does not run, or something else than `atoll node start` or `atoll demo` started it."""

    code = "cli.not_running"
    sentence = "No node of {home} is known to run."
    remedy = "`atoll node start` starts it; one that something else started is ended by that."


class DidNotStart(UnavailableError):
    """The node's process ended, or said nothing, before it was ready."""

    code = "cli.did_not_start"
    sentence = "The node of {home} did not become ready: {reason}."
    remedy = "`atoll doctor` looks at the home; log/node.log in it says what the node saw."


class RulesDiffer(InputError):
    """The two sides of an intersection spell their identifiers by different rules, so that equal ones would not match."""

    code = "cli.rules_differ"
    sentence = (
        "{mine} is spelt by {mine_rule} and {theirs} by {theirs_rule}. Equal identifiers that are spelt differently do not "
        "match, which silently shrinks the intersection."
    )
    remedy = "Agree on one rule and register one side again, or name the rule that fits both with --normalisation."


class NoRule(InputError):
    """A column is to be compared, and nobody has said how its values are spelt."""

    code = "cli.no_rule"
    sentence = "Neither the card of {dataset} nor --normalisation says how {column} is spelt."
    remedy = "Register it with a rule for that column, such as text/1; for a dataset of your own --normalisation can name one."


class GrantUnclear(InputError):
    """No grant, or more than one, fits what is asked for."""

    code = "cli.grant_unclear"
    sentence = "{found} {dataset}: {which}."
    remedy = "`atoll grant list` shows them; name one with --grant, or ask the owner for one."


class UnknownCode(NotFoundError):
    """`atoll why` was asked about something that is neither an error code nor a job."""

    code = "cli.unknown_code"
    sentence = "There is no error code {name}, and no job is named so."
    remedy = "An error code reads area.what, a job is 32 hex digits. `atoll why` alone lists all codes."
