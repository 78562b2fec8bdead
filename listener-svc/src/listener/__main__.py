"""``python -m listener``."""

import sys

from listener.main import main

if __name__ == "__main__":
    sys.exit(main())
