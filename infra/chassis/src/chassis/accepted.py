"""Lists of what a client accepts, each with a weight (RFC 9110 section 12.4.2)."""

from __future__ import annotations


def accepted(field: str) -> list[tuple[str, float]]:
    """The field's members, in lower case and without other parameters, with their weights."""
    found = []
    for part in field.split(","):
        name, *parameters = [each.strip().lower() for each in part.split(";")]
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        if name:
            found.append((name, _number(weight)))
    return found


def weight_of(field: str, *names: str) -> float:
    """The weight of the first of `names` that the field has; 0 when it has none."""
    members = accepted(field)
    for name in names:
        weights = [weight for each, weight in members if each == name]
        if weights:
            return max(weights)
    return 0.0


def _number(weight: str) -> float:
    try:
        return min(1.0, max(0.0, float(weight)))
    except ValueError:
        return 0.0
