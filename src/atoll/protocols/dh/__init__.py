"""What the intersections by Diffie-Hellman have in common beyond ECDH-PSI: how they open, hide their lists, and resume.

`opening` announces sizes and draws the salt; `masked` turns a bucket into a padded, shuffled list of masks; `state` is what a
checkpoint is bound to.
"""

from atoll.protocols.dh.params import Limits

__all__ = ["Limits"]
