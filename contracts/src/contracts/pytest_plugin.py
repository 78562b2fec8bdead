"""The pytest plugin that comes with this package: a team's own tests, held to the contracts.

Fixtures: `producer_contract` (what my code emits is valid for this version), `golden_event` (my
handler takes every golden example; a test with it has the marker ``contract("order.placed/2")``),
`message_pact` (these are the fields that I read). Nothing is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contracts.catalogue import Catalogue
    from contracts.testing.golden import GoldenEvent
    from contracts.testing.pacts import PactFile
    from contracts.testing.producing import ProducerContract

_CATALOGUE = pytest.StashKey["Catalogue"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings, in the project's own pytest configuration."""
    parser.addini(
        "contracts_dir",
        "directory with schemas/ and examples/, before the contracts that come with the package",
    )
    parser.addini("contracts_consumer", "name of this project in pacts; without it, its folder's")
    parser.addini("contracts_pacts", "directory that pact files are written to", default="pacts")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "contract(name, ...): the contracts whose golden examples the fixture golden_event gives, "
        "each order.placed/2, or order.placed for all of its versions",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with `golden_event` runs once for each golden example."""
    if "golden_event" not in metafunc.fixturenames:
        return
    names = [name for mark in metafunc.definition.iter_markers("contract") for name in mark.args]
    if not names:
        pytest.fail(  # without the frames of pytest: there is nothing to see in them
            f"{metafunc.definition.nodeid} takes golden_event and does not say of which contracts: "
            'mark it with @pytest.mark.contract("order.placed/2")',
            pytrace=False,
        )
    events = _golden(metafunc.config, names)
    metafunc.parametrize("golden_event", events, ids=[str(each) for each in events])


@pytest.fixture(scope="session")
def contract_catalogue(pytestconfig: pytest.Config) -> Catalogue:
    """The contracts of ``contracts_dir``, beside those that come with the package."""
    return _catalogue(pytestconfig)


@pytest.fixture(scope="session")
def producer_contract(contract_catalogue: Catalogue) -> ProducerContract:
    """``check(event, "order.placed/2")`` and ``check_data(data, "order.placed/2")``."""
    from contracts.testing.producing import ProducerContract

    return ProducerContract(contract_catalogue)


@pytest.fixture(scope="session")
def message_pact(pytestconfig: pytest.Config, contract_catalogue: Catalogue) -> PactFile:
    """``reads(description, "order.placed/2", {…}, handler)``: writes the consumer's pact file."""
    from contracts.testing.pacts import PactFile

    consumer = pytestconfig.getini("contracts_consumer") or pytestconfig.rootpath.name
    directory = pytestconfig.rootpath / pytestconfig.getini("contracts_pacts")
    return PactFile(consumer, directory, contract_catalogue)


def _catalogue(config: pytest.Config) -> Catalogue:
    from contracts.catalogue import serving_catalogue
    from contracts.errors import InvalidCatalogueError

    if _CATALOGUE not in config.stash:
        named: str | None = config.getini("contracts_dir")
        directory: Path | None = config.rootpath / named if named else None
        try:
            config.stash[_CATALOGUE] = serving_catalogue(directory)
        except InvalidCatalogueError as error:
            raise pytest.UsageError(f"contracts_dir: {error}") from error
    return config.stash[_CATALOGUE]


def _golden(config: pytest.Config, names: Sequence[str]) -> list[GoldenEvent]:
    from contracts.testing.errors import ContractBroken
    from contracts.testing.golden import golden_events

    try:
        return golden_events(_catalogue(config), names)
    except ContractBroken as error:
        pytest.fail(f"golden_event: {error}", pytrace=False)
