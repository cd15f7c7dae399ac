"""Reading JQL: the part of the language that extraction sends, as a tree. What a tree matches is decided in ``index``.

Read are: comparisons and lists on ``project``, ``issuetype``, ``id``, ``key``, ``created``, ``updated``; AND, OR, NOT,
parentheses; ORDER BY. All else raises ``JqlError``, which a server answers as 400 the way Jira does.
"""

from dataclasses import dataclass
from functools import lru_cache

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

MAX_SORT_FIELDS = 7

GRAMMAR = r"""
start: [where] [_ORDER _BY sort ("," sort)*]
where: _or
_or: any_of | _and
any_of: _and (_OR _and)+
_and: all_of | _factor
all_of: _factor (_AND _factor)+
_factor: none_of | "(" _or ")" | clause
none_of: _NOT _factor
clause: field OPERATOR value      -> compare
      | field _IN list            -> is_in
      | field _NOT _IN list       -> is_not_in
list: "(" value ("," value)* ")"
field: WORD | QUOTED
value: WORD -> bare | QUOTED -> quoted
sort: field [DIRECTION]

_AND.3: /and\b|&&|&/i
_OR.3: /or\b|\|\||\|/i
_NOT.3: /not\b|!(?![=~])/i
_IN.3: /in\b/i
_ORDER.3: /order\b/i
_BY.3: /by\b/i
DIRECTION.3: /(asc|desc)\b/i
OPERATOR.2: ">=" | "<=" | "!=" | "=" | ">" | "<"
QUOTED: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
WORD: /[^\s()"'=!<>~,&|\[\]{}*\/%^$#@?;+]+/
%ignore /\s+/
"""

_ALIASES = {"issue": "key", "issuekey": "key", "type": "issuetype", "createddate": "created", "updateddate": "updated"}


class JqlError(ValueError):
    """A query that Jira refuses; its text is the message that goes into ``errorMessages``."""


@dataclass(frozen=True)
class Value:
    """A value as written; quoting matters to dates (``updated >= 0`` is an instant, ``"0"`` is not)."""

    text: str
    is_quoted: bool


@dataclass(frozen=True)
class Clause:
    """``field operator values``; the operators ``in`` and ``not in`` have one value or more, the others one."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class AllOf:
    """True where every part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    """True where some part is."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class NoneOf:
    """True where the part is not."""

    part: "Condition"


Condition = Clause | AllOf | AnyOf | NoneOf


@dataclass(frozen=True)
class Query:
    """A condition, or None for a query that restricts nothing, and (field, is_descending) to sort by."""

    where: Condition | None
    order: tuple[tuple[str, bool], ...]


@v_args(inline=True)
class _TreeBuilder(Transformer[Token, Query]):
    """Turn lark's tree into ours."""

    def start(self, where: Condition | None, *order: tuple[str, bool] | None) -> Query:
        return Query(where, tuple(sort for sort in order if sort))

    def where(self, condition: Condition) -> Condition:
        return condition

    def any_of(self, *parts: Condition) -> AnyOf:
        return AnyOf(parts)

    def all_of(self, *parts: Condition) -> AllOf:
        return AllOf(parts)

    def none_of(self, part: Condition) -> NoneOf:
        return NoneOf(part)

    def compare(self, field: str, operator: Token, value: Value) -> Clause:
        return Clause(field, str(operator), (value,))

    def is_in(self, field: str, values: tuple[Value, ...]) -> Clause:
        return Clause(field, "in", values)

    def is_not_in(self, field: str, values: tuple[Value, ...]) -> Clause:
        return Clause(field, "not in", values)

    def list(self, *values: Value) -> tuple[Value, ...]:
        return values

    def field(self, name: Token) -> str:
        plain = (_unquoted(name) if name.type == "QUOTED" else str(name)).casefold()
        return _ALIASES.get(plain, plain)

    def bare(self, text: Token) -> Value:
        return Value(str(text), is_quoted=False)

    def quoted(self, text: Token) -> Value:
        return Value(_unquoted(text), is_quoted=True)

    def sort(self, field: str, direction: Token | None) -> tuple[str, bool]:
        return field, direction is not None and direction.casefold() == "desc"


def _unquoted(text: str) -> str:
    r"""Take the quotes off and resolve ``\"`` and the like."""
    inner = iter(text[1:-1])
    return "".join(next(inner) if char == "\\" else char for char in inner)


_PARSER = Lark(GRAMMAR, parser="lalr", maybe_placeholders=True, transformer=_TreeBuilder())


@lru_cache(maxsize=256)
def read_jql(text: str) -> Query:
    """Read a query; an empty text restricts nothing.

    Raises JqlError with Jira's kind of message for anything that is not in the part of JQL read here.
    """
    try:
        query = _PARSER.parse(text)
    except UnexpectedInput as error:
        raise JqlError(_complaint(text, error)) from None
    assert isinstance(query, Query)
    if len(query.order) > MAX_SORT_FIELDS:
        raise JqlError(f"The maximum number of sort fields is {MAX_SORT_FIELDS}, but {len(query.order)} were given.")
    return query


def _complaint(text: str, error: UnexpectedInput) -> str:
    """Say where a text stops being a query, in Jira's words as far as they are known."""
    if error.pos_in_stream is None or error.pos_in_stream < 0 or getattr(error, "token", Token("", "?")).type == "$END":
        return f"Error in the JQL Query: The query '{text}' ended too early."
    got = text[error.pos_in_stream :].split(maxsplit=1)[0]
    return f"Error in the JQL Query: '{got}' was not expected here. (line {error.line}, character {error.column})"
