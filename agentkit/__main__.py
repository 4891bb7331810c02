"""`python -m agentkit` is the command line, also where its program is not on the path."""

import sys

from agentkit.cli import main

sys.exit(main())
