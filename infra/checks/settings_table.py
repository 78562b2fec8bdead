"""Keeps the tables of settings in docs/operations.md true to the services' settings models.

Between ``<!-- settings: NAME -->`` and ``<!-- end -->`` stands one row per variable. Name, default
and allowed values come from the model; what a setting is for is written in the page and kept.

Usage: settings_table.py [--check]   Without --check the page is rewritten; with it, exit status 1
if the page is stale or a setting is not explained.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from chassis.kafka_settings import KafkaSettings
from listener.settings import Settings as ListenerSettings
from publisher.settings import PublisherSettings

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
MODELS: dict[str, type[BaseSettings]] = {
    "kafka": KafkaSettings,
    "listener": ListenerSettings,
    "publisher": PublisherSettings,
}
UNEXPLAINED = "(not explained yet)"

_TABLE = re.compile(r"(<!-- settings: ([a-z]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_ROW = re.compile(r"^\| `([A-Z_]+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
_HEAD = "| variable | default | takes | what it is for |\n|---|---|---|---|\n"


def rows(model: type[BaseSettings], explained: dict[str, str]) -> Iterator[str]:
    """The table's rows, in the model's order."""
    for name, field in model.model_fields.items():
        variable = field.alias or f"{model.model_config['env_prefix']}{name.upper()}"
        purpose = explained.get(variable, UNEXPLAINED)
        yield f"| `{variable}` | {_default(name, field)} | {_takes(field)} | {purpose} |\n"


def _default(name: str, field: FieldInfo) -> str:
    value = field.default
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`"
    if name.endswith("_bytes") and value and value % 1024 == 0:
        mib, rest = divmod(value, 1 << 20)
        return f"`{value}` ({value >> 10} KiB)" if rest else f"`{value}` ({mib} MiB)"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _takes(field: FieldInfo) -> str:
    kind, metadata = _plain(field.annotation), list(field.metadata)
    for part in get_args(field.annotation):  # Annotated[...] | None keeps its own
        metadata += getattr(part, "__metadata__", ())
    limits = []
    for each in _flat(metadata):
        match each:
            case Ge(bound):
                limits.append(f"≥ {bound}")
            case Gt(bound):
                limits.append(f"> {bound}")
            case Le(bound):
                limits.append(f"≤ {bound}")
            case MinLen():
                limits.append("not empty")
            case _ if getattr(each, "pattern", None):
                limits.append("letters, digits, `.` `_` `-`; up to 100")
    return ", ".join([kind, *limits])


def _flat(metadata: list[Any]) -> Iterator[Any]:
    for each in metadata:
        if isinstance(each, FieldInfo):
            yield from each.metadata
        else:
            yield each


def _plain(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if hasattr(annotation, "__metadata__"):
        return _plain(annotation.__origin__)
    options = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) in (tuple, dict):
        return "list" if get_origin(annotation) is tuple else "pairs"
    if options:
        return _plain(options[0])
    names = {int: "integer", float: "number", str: "text", bool: "`true`, `false`"}
    return {Path: "directory", SecretStr: "secret"}.get(annotation) or names[annotation]


def rewritten(page: str) -> str:
    """The page with the tables as the models have them."""

    def table(match: re.Match[str]) -> str:
        explained = dict(_ROW.findall(match[3]))
        return match[1] + _HEAD + "".join(rows(MODELS[match[2]], explained)) + match[4]

    return _TABLE.sub(table, page)


def main(arguments: list[str]) -> int:
    """Rewrite or check; gives the exit status."""
    page = PAGE.read_text()
    fresh = rewritten(page)
    missing = set(MODELS) - {name for _, name, _, _ in _TABLE.findall(page)}
    faults = [f"there is no table of the settings of {name}" for name in sorted(missing)]
    faults += [
        f"{variable}: say what it is for"
        for variable, purpose in _ROW.findall(fresh)
        if purpose.strip() in ("", UNEXPLAINED)
    ]
    if "--check" not in arguments:
        PAGE.write_text(fresh)
    elif fresh != page:
        faults.append(
            "the tables are stale; run infra/checks/settings_table.py and review the page"
        )
    sys.stdout.write("".join(f"{PAGE.name}: {fault}\n" for fault in faults))
    sys.stdout.write(f"settings: {len(_ROW.findall(fresh))} variables, {len(faults)} faults\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
