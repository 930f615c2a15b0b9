"""`python -m ddspgraph` is `ddspgraph`."""

import sys

from ddspgraph.cli import main

if __name__ == "__main__":  # processes that a command starts import this file again
    sys.exit(main())
