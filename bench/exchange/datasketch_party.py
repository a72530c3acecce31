"""The peer of the near-copy measure: `datasketch`, with 128 values in 32 bands, on sets of 64-bit row digests.

python datasketch_party.py ROWS.npz
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from datasketch import MinHash, MinHashLSH


def main() -> None:
    sets = np.load(sys.argv[1])
    started = time.process_time()
    index = MinHashLSH(num_perm=128, params=(32, 4))
    pairs = set()
    for number, name in enumerate(sets.files):
        signature = MinHash(num_perm=128, hashfunc=lambda digest: digest & 0xFFFFFFFF)
        signature.update_batch([int(digest) for digest in sets[name]])
        pairs |= {(other, number) for other in index.query(signature)}
        index.insert(number, signature)
    print(json.dumps({"candidates": sorted(pairs), "cpu_seconds": round(time.process_time() - started, 2)}))


if __name__ == "__main__":
    main()
