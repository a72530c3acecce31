"""What is wrong with a card, or with a question to the catalogue."""

from __future__ import annotations

from atoll.errors import InputError


class CardRefused(InputError):
    """A card says something that cannot be so, or that its level forbids; it was not published."""

    code = "catalogue.card_refused"
    sentence = "The card of {dataset} cannot be published: {reason}."
    remedy = "Say it otherwise and register again; nothing was written to the ledger."


class CardTooLong(InputError):
    """A card is longer than what members serve each other."""

    code = "catalogue.card_too_long"
    sentence = "The card of {dataset} takes {found} bytes, and {limit} can be served; most of it is {longest}."
    remedy = "Shorten what is named: fewer or shorter offers, semantics and classes, or register the columns as two datasets."


class BadQuery(InputError):
    """A question to the catalogue that makes no sense."""

    code = "catalogue.bad_query"
    sentence = "The catalogue cannot answer this: {reason}."
    remedy = "`atoll catalogue search --help` lists what can be asked."
