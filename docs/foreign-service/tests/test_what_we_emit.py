"""What we emit is valid for the contract version that we mean."""

from __future__ import annotations

import pytest

from contracts.testing.errors import ContractBroken
from contracts.testing.producing import ProducerContract
from warehouse.messages import parcel_weighed, pick_completed
from warehouse.picking import Pick, PickList


def test_a_completed_pick(producer_contract: ProducerContract) -> None:
    done = PickList("A-1", (Pick("TEA-1", 2),))
    producer_contract.check(pick_completed(done), "pick.completed/1")


def test_a_weighed_parcel(producer_contract: ProducerContract) -> None:
    producer_contract.check(parcel_weighed("P-1", 812.5), "parcel.weighed/1")


def test_a_scale_that_is_off_would_be_found(producer_contract: ProducerContract) -> None:
    with pytest.raises(ContractBroken, match="/data/grams"):
        producer_contract.check(parcel_weighed("P-1", 0), "parcel.weighed/1")
