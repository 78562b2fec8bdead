"""The OpenAPI documents are valid, by a validator that is not ours."""

from __future__ import annotations

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts import openapi
from contracts.catalogue import serving_catalogue
from contracts.services import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_it_is_openapi_3_1(service: str) -> None:
    document = openapi.document(service, serving_catalogue(None))
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    del document["paths"]["/status"]["get"]["responses"]["200"]["description"]
    assert not OpenAPIV31SpecValidator(document).is_valid()
