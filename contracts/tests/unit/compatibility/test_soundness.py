"""Whatever is proved compatible must hold for every instance that is tried against it."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contracts.compatibility.containment import decide_here
from contracts.compatibility.dialects import DIALECT
from contracts.compatibility.proof import Proof
from contracts.compatibility.samples import Samples
from contracts.compatibility.variants import Variants
from contracts.compatibility.version import Version
from contracts.errors import InvalidCatalogueError

from .schemas import edited, instances, schemas, version_of

pytestmark = pytest.mark.timeout(120)

_MANY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@_MANY
@given(st.data())
def test_what_is_declared_compatible_is(data: st.DataObject) -> None:
    older = data.draw(schemas())
    newer = data.draw(edited(older) | schemas())
    writer, reader = _compiled(version_of(older, 1)), _compiled(version_of(newer, 2))
    proved = Proof(writer.normal, reader.opened).succeeds()
    contained = decide_here(writer.emitted, reader.opened.document())[0] == "yes"
    assume(proved or contained)
    for value in _tried(data, writer, reader):
        if writer.emits(value):
            assert reader.understands(value), (proved, contained, older, newer, value)


@_MANY
@given(st.data())
def test_without_unknown_members_the_opened_schema_is_the_schema(data: st.DataObject) -> None:
    version = _compiled(version_of(data.draw(schemas())))
    for value in _tried(data, version, version):
        if version.declares_all_of(value):
            assert version.judge.is_valid(value) == version.opened_judge.is_valid(value), value


@_MANY
@given(st.data())
def test_the_normal_form_accepts_what_the_schema_accepts(data: st.DataObject) -> None:
    version = _compiled(version_of(data.draw(schemas())))
    normal = version_of({"$schema": DIALECT, **_dict(version.normal.document())})
    for value in _tried(data, version, version):
        assert version.judge.is_valid(value) == normal.judge.is_valid(value), value


def _compiled(version: Version) -> Version:
    try:
        assert version.judge is not None
        assert version.normal is not None
    except InvalidCatalogueError:
        assume(False)
    return version


def _tried(data: st.DataObject, writer: Version, reader: Version) -> list[Any]:
    samples = Samples(writer.normal, random.Random(1))
    variants = Variants(samples, writer.normal, reader.normal).everywhere()
    drawn = data.draw(st.lists(instances(), min_size=8, max_size=20))
    return [*drawn, samples.plain(), *islice(variants, 60)]


def _dict(schema: Any) -> dict[str, Any]:
    assert isinstance(schema, dict)
    return schema
