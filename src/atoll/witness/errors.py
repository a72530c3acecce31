"""What can go wrong with a witness of one's own."""

from __future__ import annotations

from atoll.errors import ConflictError, InputError, IntegrityError, NotFoundError, UnavailableError


class NoWitness(NotFoundError):
    """The folder is not the home of a witness."""

    code = "witness.no_home"
    sentence = "{path} is not the home of a witness: {reason}."
    remedy = "Make one with `atoll witness init`."


class WitnessExists(ConflictError):
    """There is a witness in the folder already."""

    code = "witness.exists"
    sentence = "{path} holds a witness already; nothing was changed."
    remedy = "Choose another folder. A witness that lost its memory would cosign what it cosigned otherwise before."


class BadWitnessConfig(InputError):
    """The settings or the policy of a witness cannot be used."""

    code = "witness.bad_config"
    sentence = "{path} is not usable: {reason}."
    remedy = "`atoll witness init` writes a correct one into a new folder; compare."


class WitnessStoreCorrupt(IntegrityError):
    """The witness's memory is damaged."""

    code = "witness.corrupt"
    sentence = "The memory of the witness in {path} is damaged: {reason}."
    remedy = "Keep the file. Never begin with an empty one under the same key: make a new witness, with a new key."


class WitnessStoreFull(UnavailableError):
    """The disk does not take what the witness must remember, so it cosigns nothing."""

    code = "witness.full"
    sentence = "The witness cannot write down what it would cosign: {reason}."
    remedy = "Free space; it goes on by itself."


class WitnessRunning(ConflictError):
    """Another process uses the witness's memory."""

    code = "witness.in_use"
    sentence = "Another process is using the witness in {path}."
    remedy = "Two processes with one key could contradict each other; end the other one first."
