"""The consumer's side of message pacts: which fields it really reads, in a local pact file.

The handler is run with just the fields that it says it reads, so one that it forgot to name fails
here and not at the provider's next change. Needs ``pact-python``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from contracts.catalogue import Catalogue
from contracts.testing.errors import ContractBroken
from contracts.testing.named import contract_named
from contracts.testing.pact_library import MEDIA_TYPE, PROVIDER, pact_library


class PactFile:
    """One consumer's file, as its tests write it: the first one anew, the others beside it."""

    def __init__(self, consumer: str, directory: Path, catalogue: Catalogue) -> None:
        self._consumer = consumer
        self._directory = directory
        self._catalogue = catalogue
        self._told: set[str] = set()

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._directory / f"{self._consumer}-{PROVIDER}.json"

    def reads(
        self,
        description: str,
        contract: str,
        event: Mapping[str, Any],
        handler: Callable[[dict[str, Any]], object],
    ) -> None:
        """State that `handler` reads these members of events of `contract`, and nothing else.

        `event` is an example of just those members, with matchers of `pact.match` where any value
        of a kind will do. `handler` is run with it; what it raises is raised. Then it is written.

        Raises:
            ContractBroken: there is no such contract, or `description` is taken.
        """
        if description in self._told:
            raise ContractBroken(f"{description!r} is told already; each expectation has its own")
        wanted = contract_named(self._catalogue, contract)
        pact = pact_library().Pact(self._consumer, PROVIDER).with_specification("V4")
        interaction = pact.upon_receiving(description, "Async").given(wanted.name)
        interaction.with_body(dict(event), MEDIA_TYPE)
        _run(pact, handler)
        self._directory.mkdir(parents=True, exist_ok=True)
        pact.write_file(self._directory, overwrite=not self._told)
        self._told.add(description)


def _run(pact: Any, handler: Callable[[dict[str, Any]], object]) -> None:
    """Run `handler` with the message; what it raises is raised as it is, not as Pact wraps it."""
    raised: list[BaseException] = []

    def run(body: str, _: object) -> None:
        try:
            handler(json.loads(body))
        except BaseException as error:  # noqa: BLE001 - pytest's own outcomes too; raised below
            raised.append(error)

    pact.verify(run, "Async")
    if raised:
        raise raised[0]
