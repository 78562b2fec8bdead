"""One version of a contract, prepared as a writer and as a reader.

Everything is made when first asked for and then kept: the normal form, the rule that only declared
members are emitted, the schema opened to unknown members, and the validators that confirm a break.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any

import jsonschema_rs

from contracts.catalogue import Contract
from contracts.compatibility.declared import declared_only
from contracts.compatibility.dialects import DIALECT
from contracts.compatibility.normal import Node, Normal, normal_form
from contracts.compatibility.opened import opened
from contracts.errors import InvalidCatalogueError
from contracts.examples import is_whole_event, valid_examples


class Version:
    """What comparisons need of `contract`.

    Raises:
        InvalidCatalogueError: on first use, when the schema does not compile.
    """

    def __init__(self, contract: Contract) -> None:
        """Prepare nothing yet."""
        self.contract = contract

    @cached_property
    def judge(self) -> jsonschema_rs.Validator:
        """The schema itself, as the listener judges by it."""
        return self.contract.documents.compile(self.contract.path)

    @cached_property
    def normal(self) -> Normal:
        """The schema in normal form."""
        return normal_form(self.contract.documents, self.contract.path)

    @cached_property
    def declared(self) -> dict[str, Any]:
        """Refuses what the policy says that producers do not emit."""
        return dict(declared_only(self.normal))  # type: ignore[arg-type]

    @cached_property
    def emitted(self) -> Node:
        """As a schema of its own: what producers of this version emit."""
        shape = {name: one for name, one in self.declared.items() if name not in {"$defs"}}
        shape.pop("$schema", None)
        return self.normal.document(shape, definitions=self.declared["$defs"])

    @cached_property
    def opened(self) -> Normal:
        """The schema as consumers read by it: members that it does not know are ignored."""
        return opened(self.normal)

    @cached_property
    def _declared_judge(self) -> jsonschema_rs.Validator:
        return _compiled(self.declared)

    @cached_property
    def opened_judge(self) -> jsonschema_rs.Validator:
        """The opened schema's validator."""
        return _compiled(self.opened.document())

    def declares_all_of(self, value: Any) -> bool:
        """Whether every member of `value` is declared where it stands."""
        return self._declared_judge.is_valid(value)

    def emits(self, value: Any) -> bool:
        """Whether producers of this version may send `value`."""
        return self.judge.is_valid(value) and self.declares_all_of(value)

    def understands(self, value: Any) -> bool:
        """Whether consumers of this version can take `value`.

        The opened schema counts only where there is something that it may ignore.
        """
        if self.judge.is_valid(value):
            return True
        return not self.declares_all_of(value) and self.opened_judge.is_valid(value)

    @cached_property
    def examples(self) -> list[Any]:
        """The data of its golden examples, the valid ones; none if a file cannot be read."""
        try:
            found = valid_examples(self.contract).values()
        except InvalidCatalogueError:  # a fault already
            return []
        return [one.get("data") if is_whole_event(one) else one for one in found]

    @cached_property
    def digest(self) -> str:
        """Changes with what the schema accepts; titles and the like do not count."""
        content = json.dumps([self.normal.root, self.normal.definitions], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def _compiled(document: Any) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        {"$schema": DIALECT, **document}, validate_formats=True, ignore_unknown_formats=True
    )
