"""`python -m cli` by the moved clock of the app: the module of the app, which is imported first, has set it."""

import sys

import lab.prove.sunset.app_by_moved_clock  # noqa: F401 - it moves the clock of this process
from cli.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
