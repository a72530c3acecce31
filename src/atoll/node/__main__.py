"""`python -m atoll.node HOME`: run one node in the foreground until it is told to stop."""

from __future__ import annotations

import sys

from atoll.node.loading import loading

if __name__ == "__main__":
    with loading():
        from atoll.node.foreground import main
    sys.exit(main())
