"""What a team's test is told when a contract is not kept: an assertion that failed."""

from __future__ import annotations


class ContractBroken(AssertionError):
    """The message says which contract, every place, and what to do."""

    code = "contract-broken"
    retriable = False
