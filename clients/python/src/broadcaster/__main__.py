"""``python -m broadcaster``: the same as the command ``broadcaster``."""

from broadcaster.cli import main

main()
