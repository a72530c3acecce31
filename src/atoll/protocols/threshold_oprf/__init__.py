"""A keyed hash that nobody can compute alone: an oblivious pseudorandom function whose key is shared t-of-n among members.

    side      gives                      gets                                learns beside that
    asker     1 to 3 inputs, blinded     the function's value for each       nothing of the key
    holder    t of n shares take part    nothing                             that somebody asked, for how many inputs

Two hashes around a Diffie-Hellman, 2HashTDH: F(k, x) = H2(x, H1(x)^k). With the hashes of RFC 9497 it is the RFC's function
under the joint key, to the bit, and each holder's answer carries the RFC's proof under its own public share: a wrong answer is
found out before it is used, and it is known whose it is.

The key is dealt by FROST's key generation and handed on to other members by redistribution (`dealing`); whoever asks uses
`Question`, a holder `Share` (`evaluation`). A run with two of three:

    >>> members = ["ann", "bob", "eve"]
    >>> seeds = {one: bytes([at]) * 32 for at, one in enumerate(members)}
    >>> context = digest_context(bytes(32), number=1, renews=0, threshold=2, dealers=members, members=members)
    >>> material = {(to, by): derive_material(seeds[to], by) for to in members for by in members}
    >>> deals = {}
    >>> for by in members:
    ...     keys = {to: receiver_key(material[to, by]) for to in members}
    ...     deals[by] = deal(seeds[by], context, dealer=by, threshold=2, receivers=keys)
    ...     verify_deal(context, by, deals[by].commitments, deals[by].proof, threshold=2, old_share=None)
    >>> weights = weights_of(members)
    >>> joint, public = add_up({by: deals[by].commitments for by in members}, weights, len(members))
    >>> def share(to, place):
    ...     mine = {"member": to, "place": place}
    ...     parts = [open_share(material[to, by], context, dealer=by, dealt=deals[by], **mine) for by in members]
    ...     return Share(sharing.add_shares(parts, list(weights.values())), nonce_key=seeds[to])
    >>> question = Question([b"a fingerprint"], seed=bytes(32))
    >>> answers = {}
    >>> for place, holder in [(1, "ann"), (3, "eve")]:
    ...     evaluated, proof = share(holder, place).answer(question.blinded)
    ...     verify_answer(public[place - 1], question.blinded, evaluated, proof)
    ...     answers[place] = evaluated
    >>> [len(tag) for tag in question.tags(answers)]
    [32]

**Adversary.** Static, active, up to t - 1 members, in the random oracle model under the threshold one-more Diffie-Hellman
assumption with a gap oracle: it learns nothing of the key, cannot make a tag differ from the one function's value, and
evaluates only where an honest member takes part. Evaluations are then as many as the requests that honest members answered.
t members together have the key and guess offline without a trace. Members that are corrupted later, one after the other, are
outside the proof; handing on the key makes older shares worthless, if they were erased.

**Bias.** Who deals last sees the others' commitments and can shift the joint key by something of its own choice, even steer a
few bits of the public key (Gennaro, Jarecki, Krawczyk, Rabin, J. Cryptology 2007, section 4). The proof of knowledge keeps it
from cancelling the others' parts, so the key is k + b with k uniform and unknown and b known to the adversary. That does not
help: H1(x)^(k + b) is H1(x)^k times H1(x)^b, so an evaluation under one gives one under the other, and who breaks the function
under k + b breaks it under k. Keys like this are called key-expressable, and functions like this need no more (Gurkan,
Jovanovic, Maller, Meiklejohn, Stern, Tomescu, Eurocrypt 2021).

**Live** while t members answer; a dealing succeeds while t members take part honestly to its end. Of an even n, n/2 members can
prevent a dealing, never learn from it.

**Security estimate.** ristretto255, about 126 bits; answers to Q chosen elements take up to log2(Q)/2 of them (RFC 9497 section
7.2.3): at 300 elements a day and member, 40 members, less than 13 bits in a decade.

Source: Jarecki, Kiayias, Krawczyk, Xu, TOPPSS, ACNS 2017 (ePrint 2017/363), the threshold OPRF 2HashTDH; RFC 9497 sections 2.2,
3.3.2 and 4.1; Komlo and Goldberg, FROST, SAC 2020 (ePrint 2020/852), figure 1; Desmedt and Jajodia, Redistributing secret
shares, 1997, with Feldman's checks as in Wong, Wang, Wing, Verifiable secret redistribution, SISW 2002.
Spec: specs/threshold-oprf.md.
"""

from atoll.primitives import sharing
from atoll.protocols.threshold_oprf.dealing import (
    SEALED_BYTES,
    Deal,
    add_up,
    deal,
    derive_material,
    digest_context,
    open_share,
    receiver_key,
    threshold_of,
    verify_deal,
    verify_receiver_keys,
    weights_of,
)
from atoll.protocols.threshold_oprf.errors import BadDeal, WrongShare
from atoll.protocols.threshold_oprf.evaluation import (
    MOST_INPUTS,
    TAG_BYTES,
    Question,
    Share,
    digest_blinded,
    verify_answer,
)

__all__ = [
    "MOST_INPUTS",
    "SEALED_BYTES",
    "TAG_BYTES",
    "BadDeal",
    "Deal",
    "Question",
    "Share",
    "WrongShare",
    "add_up",
    "deal",
    "derive_material",
    "digest_blinded",
    "digest_context",
    "open_share",
    "receiver_key",
    "sharing",
    "threshold_of",
    "verify_answer",
    "verify_deal",
    "verify_receiver_keys",
    "weights_of",
]
