"""One paragraph for whatever is wrong in flow.toml: the key, its table, and what was probably meant.

Wording only; what is allowed is declared by the models in ``pipelines.config``.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError


class ConfigError(Exception):
    """flow.toml or a command's arguments cannot be used. The message is one paragraph that says what to do."""


Location = tuple[int | str, ...]


PLAIN_WORDS = {
    "tuple_type": 'write a list, like ["A", "B"]',
    "string_type": 'write a text in quotes, like "A"',
    "int_type": "write a whole number, without quotes",
    "bool_type": "write true or false, without quotes",
    "model_type": "this is a table with options of its own, not a value",
    "date_type": "write a date without quotes, like 2026-12-24",
    "date_from_datetime_parsing": "write a date without quotes, like 2026-12-24",
    "date_from_datetime_inexact": "write a day without a time, like 2026-12-24",
}
"""What pydantic says of a wrong type, for somebody who edits a TOML file."""


def explain(error: ValidationError, root: type[BaseModel], place: Path) -> str:
    """Everything wrong in the file, in one paragraph that starts with the file's name."""
    problems = error.errors(include_url=False)
    inner = [p for p in problems if not any(_is_within(other["loc"], p["loc"]) for other in problems)]
    return f"{place}: " + " ".join(_sentence(root, dict(problem)) for problem in inner)


def _is_within(location: Location, other: Location) -> bool:
    return len(location) > len(other) and location[: len(other)] == other


def _sentence(root: type[BaseModel], problem: dict[str, Any]) -> str:
    location: Location = problem["loc"]
    if problem["type"] == "extra_forbidden":
        return _unknown(root, location)
    if problem["type"] == "missing":
        return f"{_table(location[:-1])} needs '{location[-1]}'."
    says = PLAIN_WORDS.get(problem["type"]) or str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{_place(location)}: {says}."


def _unknown(root: type[BaseModel], location: Location) -> str:
    """A key no table has: name the nearest one it could have been, or the table it belongs to."""
    key = str(location[-1])
    fields = list(_model_at(root, location[:-1]).model_fields)
    homes = [table for table, model in _tables(root) if key in model.model_fields and model is not root]
    nearest = difflib.get_close_matches(key, fields, n=1, cutoff=0.0 if not homes else 0.75)
    text = f"{_table(location[:-1])} has no option '{key}'."
    if nearest:
        text += f" Did you mean '{nearest[0]}'?"
    elif homes:
        text += f" '{key}' belongs in {homes[0]}."
    return text + f" It knows: {', '.join(fields)}."


def _model_at(root: type[BaseModel], location: Location) -> type[BaseModel]:
    """The model whose fields a location's next key would be."""
    model = root
    for step in location:
        if isinstance(step, str):
            model = _inner_model(model.model_fields[step].annotation) or model
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model inside ``Model``, ``Model | None`` or ``tuple[Model, …]``; None for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner_model(argument) for argument in typing.get_args(annotation))
    return next((model for model in found if model), None)


def _tables(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, type[BaseModel]]]:
    """Every table of the file with its heading, outermost first."""
    yield _table(path), model
    for name, field in model.model_fields.items():
        if inner := _inner_model(field.annotation):
            yield from _tables(inner, (*path, name))


def _table(location: Location) -> str:
    """The heading as it stands in the file, with the number of the entry where there are several."""
    names = [str(step) for step in location if isinstance(step, str)]
    if not names:
        return "The top level"
    numbers = [step + 1 for step in location if isinstance(step, int)]
    if names[0] in ("value_stream", "site") and names[-1] != "calendar":
        heading = f"[[{'.'.join(names)}]]"
    else:
        heading = f"[{'.'.join(names)}]"
    return heading + (f" (number {' / '.join(map(str, numbers))})" if numbers else "")


def _place(location: Location) -> str:
    """Table and key of a value; an index into a list of plain values counts from one."""
    keys = [position for position, step in enumerate(location) if isinstance(step, str)]
    if not keys:
        return "The file"
    last = keys[-1]
    if last == 0 or location[last] in ("calendar", "stage"):
        return _table(location)
    index = f", entry {int(location[last + 1]) + 1}" if len(location) > last + 1 else ""
    return f"'{location[last]}'{index} in {_table(location[:last])}"
