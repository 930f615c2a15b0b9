"""`python -m ddspgraph` is `ddspgraph`."""

import sys

from ddspgraph.cli import main

sys.exit(main())
