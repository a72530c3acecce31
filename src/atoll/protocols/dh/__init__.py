"""What the intersections by Diffie-Hellman have in common beyond all intersections (`atoll.protocols.psi`).

`masked` turns a bucket into a padded, shuffled list of masks; `params` has numbers and domain tags.
"""
