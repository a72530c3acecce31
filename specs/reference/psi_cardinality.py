"""The size of an intersection, slowly: specs/psi-cardinality.md written down, both sides on one page."""

from __future__ import annotations

from specs.reference.dh import Given, Said, domain, inverse, mask, tag, times

TAG_DOMAIN = b"ATOLL-V01-PSI-CARDINALITY-TAG"


def run(sender: Given, receiver: Given, answer_order: list[int], context: bytes, *, shift: int = 0) -> tuple[Said, int]:
    """Everything both sides say after the opening, and the count.

    Args:
        sender: its dummies behind its keys: with noise, some of the public ones first.
        receiver: the public dummies behind its keys.
        answer_order: at place i goes the answer to the receiver's place answer_order[i].
        context: 32 bytes.
        shift: what is taken off the count, half the number of public dummies.
    """
    dst, said = domain("PSI-CARDINALITY", context), Said()
    said.receiver.append([mask(digest, receiver.secret, dst) for digest in receiver.shuffled])
    said.sender.append([tag(TAG_DOMAIN, context, mask(digest, sender.secret, dst)) for digest in sender.shuffled])
    said.sender.append([times(said.receiver[0][place], sender.secret) for place in answer_order])
    back = [tag(TAG_DOMAIN, context, times(answer, inverse(receiver.secret))) for answer in said.sender[1]]
    return said, sum(one in said.sender[0] for one in back) - shift
