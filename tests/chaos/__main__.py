"""The faults as a table: ``python -m chaos`` from the folder tests (make chaos).

Each fault runs on processes of its own and ends them. Bounded: about half a minute a fault.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from chaos.catalogue import FAULTS
from chaos.fault import run_fault
from chaos.row import HEADER, LEGEND, Row, last_line


async def main(names: list[str], times: int, seed: int) -> int:
    """Run them; gives the exit status."""
    rows: list[Row] = []
    print(HEADER, flush=True)
    for round_number in range(times):
        for name in names:
            row = await run_fault(FAULTS[name], seed + round_number)
            rows.append(row)
            print(row.line(), flush=True)
    print(LEGEND)
    print(last_line(rows), flush=True)
    return 0 if all(row.is_clean for row in rows) else 1


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="this fault; repeatable")
    parser.add_argument("--times", type=int, default=1, help="all of it so many times")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="say what there is")
    return parser.parse_args()


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of the harness's own clients
    given = arguments()
    if given.list:
        for each in FAULTS.values():
            print(f"{each.name:<34} {each.says}")
        sys.exit(0)
    if unknown := [name for name in given.only or () if name not in FAULTS]:
        sys.exit(f"no such fault: {', '.join(unknown)}; --list names them")
    sys.exit(asyncio.run(main(given.only or list(FAULTS), given.times, given.seed)))
