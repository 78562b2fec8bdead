"""The AsyncAPI 3.0 document, generated from the catalogue and the wire's own schemas.

Nothing in it is written twice: messages come from the contracts, frames and problems from the
modules that build them, close codes from their table. A `$ref` between contract files becomes one
between ``components``, so the document stands alone. Actions are seen from the service, as AsyncAPI
has it: the listener receives events, the publisher sends them. Plain HTTP answers, with their
statuses, are OpenAPI's part.
"""

from contracts.asyncapi.document import document, encode
from contracts.services import LISTENER, PUBLISHER

__all__ = ["LISTENER", "PUBLISHER", "document", "encode"]
