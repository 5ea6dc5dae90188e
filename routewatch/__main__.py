"""``python -m routewatch``."""

import sys

from routewatch.cli import main

sys.exit(main())
