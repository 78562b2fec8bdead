from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import jsonschema_rs
import pytest

from contracts.catalogue import load_catalogue, serving_catalogue
from contracts.compiled import CompiledContract
from contracts.errors import InvalidCatalogueError
from contracts.judge import Accepted, Judge, Rejected
from contracts.problem import ProblemType

from .conftest import WriteContracts

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/producers/user",
    "type": "message.posted",
    "data": {"text": "hello"},
}
LINE = {"sku": "TEA-1", "quantity": 1, "price": {"amount": "7.90", "currency": "EUR"}}
ORDER = {
    "id": "A-1",
    "customer": {"id": "C-1"},
    "lines": [LINE],
    "currency": "EUR",
    "placed_at": "2026-11-22T10:15:00Z",
}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(serving_catalogue(None))


def rejected(verdict: Accepted | Rejected) -> Rejected:
    assert isinstance(verdict, Rejected)
    return verdict


def test_the_walk_through(judge: Judge) -> None:
    assert judge.judge(EVENT) == Accepted("message.posted", 1)
    assert judge.judge(EVENT | {"data": {"text": "42"}}) == Accepted("message.posted", 1)
    refusal = rejected(judge.judge(EVENT | {"data": {"a": 1}}))
    assert refusal.problem.type is ProblemType.CONTRACT_VIOLATION
    assert refusal.problem.members == {
        "errors": [
            {
                "pointer": "/data",
                "keyword": "required",
                "detail": 'the property "text" is required',
            }
        ]
    }
    assert "message.posted/1 in 1 place." in refusal.problem.detail


def test_the_newest_version_or_the_one_that_dataschema_names(judge: Judge) -> None:
    order = EVENT | {"type": "order.placed", "data": ORDER}
    assert judge.judge(order) == Accepted("order.placed", 2)
    first = order | {"dataschema": "https://contracts.example/order.placed/1"}
    assert judge.judge(first) == Accepted("order.placed", 1)
    noted = first | {"data": ORDER | {"note": 7}}
    assert judge.judge(noted) == Accepted("order.placed", 1)  # 1 does not know notes
    assert (
        rejected(judge.judge({**noted, "dataschema": None})).violations[0].pointer == "/data/note"
    )


def test_every_violation_with_its_pointer(judge: Judge) -> None:
    data = {
        **ORDER,
        "customer": {"email": "nobody"},
        "lines": [LINE, {"sku": "x y", "quantity": "1", "price": {"amount": 7}}],
        "placed_at": "now",
    }
    refusal = rejected(judge.judge(EVENT | {"type": "order.placed", "data": data}))
    assert {(one.pointer, one.keyword) for one in refusal.violations} == {
        ("/data/customer", "required"),
        ("/data/customer/email", "format"),
        ("/data/lines/1/sku", "pattern"),
        ("/data/lines/1/quantity", "type"),
        ("/data/lines/1/price/amount", "type"),
        ("/data/lines/1/price", "required"),
        ("/data/placed_at", "format"),
    }
    assert "order.placed/2 in 7 places" in refusal.problem.detail


def test_attributes_and_data_are_told_together(judge: Judge) -> None:
    refusal = rejected(judge.judge(EVENT | {"id": "", "data": {"text": ""}}))
    assert refusal.problem.type is ProblemType.INVALID_EVENT
    assert [one.pointer for one in refusal.violations] == ["/id", "/data/text"]


@pytest.mark.parametrize(
    "members",
    [{"type": 5}, {"type": None}, {"dataschema": 5}, {"type": "nobody.knows", "id": ""}],
)
def test_invalid_attributes_without_a_contract_to_judge_by(
    judge: Judge, members: dict[str, Any]
) -> None:
    refusal = rejected(judge.judge(EVENT | members))
    assert refusal.problem.type is ProblemType.INVALID_EVENT
    assert len(refusal.violations) == 1


def test_an_unknown_type_names_the_known_ones(judge: Judge) -> None:
    problem = rejected(judge.judge(EVENT | {"type": "mesage.posted"})).problem
    assert problem.type is ProblemType.UNKNOWN_TYPE
    assert problem.members["known"] == ["message.posted", "order.placed", "sensor.reading"]
    assert "message.posted" in problem.detail
    assert "mesage" not in problem.detail


def test_of_many_types_the_nearest_are_named(write_contracts: WriteContracts) -> None:
    files: dict[str, Any] = {f"schemas/area{n:03}.changed/1.json": {} for n in range(300)}
    many = Judge(load_catalogue(write_contracts({**files, "schemas/order.placed/1.json": {}})))
    problem = rejected(many.judge(EVENT | {"type": "odrer.placed"})).problem
    assert problem.members["known"][0] == "order.placed"
    far = rejected(many.judge(EVENT | {"type": "q" * 100_000})).problem
    assert len(far.members["known"]) == 8
    assert len(far.detail) < 400


def test_an_unknown_version_names_the_known_ones(judge: Judge) -> None:
    order = {"type": "order.placed", "data": ORDER, "dataschema": "urn:x:order.placed/3"}
    problem = rejected(judge.judge(EVENT | order)).problem
    assert problem.type is ProblemType.UNKNOWN_VERSION
    assert problem.members["known"] == ["order.placed/2", "order.placed/1"]


def test_reserved_types_are_refused(judge: Judge) -> None:
    problem = rejected(judge.judge(EVENT | {"type": "broadcaster.moved"})).problem
    assert problem.type is ProblemType.RESERVED_TYPE


def test_no_data_is_judged_as_null(write_contracts: WriteContracts) -> None:
    judge = Judge(
        load_catalogue(
            write_contracts(
                {
                    "schemas/nothing/1.json": {"type": "null"},
                    "schemas/any/1.json": True,
                    "schemas/none/1.json": False,
                    "schemas/object/1.json": {"type": "object"},
                }
            )
        )
    )
    without = {name: value for name, value in EVENT.items() if name != "data"}
    assert judge.judge(without | {"type": "nothing"}) == Accepted("nothing", 1)
    assert judge.judge(without | {"type": "any"}) == Accepted("any", 1)
    refusal = rejected(judge.judge(without | {"type": "object"}))
    assert [(one.pointer, one.keyword) for one in refusal.violations] == [("", "required")]
    refusal = rejected(judge.judge(EVENT | {"type": "none"}))
    assert [(one.pointer, one.keyword) for one in refusal.violations] == [("/data", "falseSchema")]


def test_base64_is_not_judged_but_refused(judge: Judge) -> None:
    without = {name: value for name, value in EVENT.items() if name != "data"}
    refusal = rejected(judge.judge(without | {"data_base64": "aGk="}))
    assert refusal.problem.type is ProblemType.CONTRACT_VIOLATION
    assert refusal.violations[0].pointer == "/data_base64"
    assert judge.judge(EVENT | {"data_base64": None}) == Accepted("message.posted", 1)


@pytest.fixture
def list_judge(write_contracts: WriteContracts) -> Judge:
    schema = {"properties": {"list": {"items": {"type": "string"}}, "deep": {"$ref": "#"}}}
    catalogue = load_catalogue(write_contracts({"schemas/list/1.json": schema}))
    return Judge(catalogue, max_violations=3, max_values=100)


def test_violations_are_bounded_in_number(list_judge: Judge) -> None:
    event = EVENT | {"type": "list"}
    three = rejected(list_judge.judge(event | {"data": {"list": [1, 2, 3]}}))
    assert (len(three.violations), "in 3 places" in three.problem.detail) == (3, True)
    four = rejected(list_judge.judge(event | {"data": {"list": [1, 2, 3, 4]}}))
    assert (len(four.violations), "in more than 3 places" in four.problem.detail) == (3, True)
    assert len(four.problem.members["errors"]) == 3


def test_of_a_huge_event_only_the_first_violation_is_looked_for(list_judge: Judge) -> None:
    event = EVENT | {"type": "list"}
    within = rejected(list_judge.judge(event | {"data": {"list": [1] * 98}}))
    assert len(within.violations) == 3
    beyond = rejected(list_judge.judge(event | {"data": {"list": [1] * 99}}))
    assert [one.pointer for one in beyond.violations] == ["/data/list/0"]
    deep: dict[str, Any] = {"list": [1, 2]}
    for _ in range(120):
        deep = {"deep": deep}
    assert len(rejected(list_judge.judge(event | {"data": deep})).violations) == 1


@pytest.mark.parametrize("max_values", [0, 100])
def test_a_validator_that_contradicts_itself_still_refuses(
    list_judge: Judge, max_values: int
) -> None:
    class Fickle:
        def is_valid(self, _: object) -> bool:
            return False

        def validate(self, _: object) -> None: ...

        def iter_errors(self, _: object) -> Iterator[Any]:
            return iter(())

    contract = list_judge.catalogue.types["list"][0]
    fickle = cast("jsonschema_rs.Validator", Fickle())
    broken = CompiledContract(contract, fickle, frozenset(), max_values=max_values)
    assert [one.pointer for one in broken.violations({"data": [1]})] == ["/data"]


def test_alternatives_that_recur_do_not_explode(write_contracts: WriteContracts) -> None:
    alternatives = [{"$ref": "#"}, {"$ref": "#"}]
    schema = {"type": "object", "properties": {"a": {"anyOf": alternatives}}}
    judge = Judge(load_catalogue(write_contracts({"schemas/tree/1.json": schema})), max_values=500)
    event = EVENT | {"type": "tree"}
    assert rejected(judge.judge(event | {"data": {"a": 1}})).violations[0].keyword == "anyOf"
    for depth in (12, 400, 600):  # beyond the tries, and beyond the values
        deep: Any = 3
        for _ in range(depth):
            deep = {"a": deep}
        (violation,) = rejected(judge.judge(event | {"data": deep})).violations
        assert (violation.pointer, violation.keyword) == ("/data", "schema")


def test_broken_schemas_are_found_at_the_start(write_contracts: WriteContracts) -> None:
    directory = write_contracts(
        {
            "schemas/a/1.json": {"type": "objekt"},
            "schemas/b/1.json": {"$ref": "https://x.example/"},
            "schemas/c/1.json": {},
        }
    )
    with pytest.raises(InvalidCatalogueError) as caught:
        Judge(load_catalogue(directory))
    assert [fault.path for fault in caught.value.faults] == ["schemas/a/1.json", "schemas/b/1.json"]


@pytest.mark.parametrize("depth", [300, 1000, 5000])
def test_data_too_deep_for_the_validator_is_refused_not_a_failure(depth: int) -> None:
    data: list[object] = []
    for _ in range(depth):
        data = [data]
    event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "message.posted"}
    verdict = Judge(serving_catalogue(None)).judge(event | {"data": {"text": data}})
    assert isinstance(verdict, Rejected)
    assert verdict.problem.type is ProblemType.INVALID_EVENT
