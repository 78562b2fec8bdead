"""The OpenAPI 3.1 documents of both services' HTTP endpoints, generated.

Nothing in them is written twice: event schemas come from the catalogue, problems and their statuses
from the one table of problem types, frames, answers and parameters from the wire's own schemas.
What the WebSockets say is AsyncAPI's part.
"""

from contracts.openapi.document import document, encode

__all__ = ["document", "encode"]
