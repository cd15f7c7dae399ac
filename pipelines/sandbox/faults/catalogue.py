"""Every kind of fault there is, and the table that tells what each does and which keys it takes."""

from __future__ import annotations

from typing import Any

import msgspec

from pipelines.sandbox.faults import connection, contents, mutations, paging, refusals, visibility
from pipelines.sandbox.faults.effect import Effect
from pipelines.sandbox.faults.when import When

GROUPS: dict[str, tuple[type[Effect], ...]] = {
    "Refusals": (
        refusals.TooManyRequests, refusals.Status, refusals.ExpiredToken, refusals.BatchLimit, refusals.BadIssueKey,
        refusals.EpochJqlRefused,
    ),
    "Connection and form": (
        connection.Latency, connection.Reset, connection.Hang, connection.Truncated, connection.LoginPage,
        connection.NotJson, contents.MissingKey, connection.Headers, connection.NearLimit, connection.TokenBucket,
    ),
    "Pages and chains": (
        paging.ShortPage, paging.SmallerPage, paging.SpreadHistories, paging.LostEntries, paging.RepeatedToken,
        paging.EarlyEnd, paging.NotLastWithoutToken, paging.LastWithToken, paging.Warnings, paging.WrongTotal,
        paging.IgnoredSeek, paging.IdsAsKeys,
    ),
    "Contents": (
        contents.Duplicates, contents.Shuffled, contents.LeftOut, contents.IssueErrors, contents.CutChangelog,
        contents.HeavyIssue, contents.CreatedForm,
    ),
    "Sight": (
        visibility.ProjectGone, visibility.IssueGone, visibility.Anonymous, visibility.FrozenIndex, visibility.IndexLag,
    ),
    "Changes meanwhile": (
        mutations.DeleteIssue, mutations.MoveIssue, mutations.TransitionIssue, mutations.EditIssue,
        mutations.CommentIssue, mutations.ArchiveIssue, mutations.CreateIssue, mutations.ArchiveProject,
    ),
}  # fmt: skip

EFFECTS: dict[str, type[Effect]] = {effect.kind(): effect for group in GROUPS.values() for effect in group}
"""Kind, as fault files name it, to its effect."""


def fault_table() -> str:
    """The kinds by group: name, what it does, its keys with their defaults; then the keys of every fault."""
    lines = []
    for group, effects in GROUPS.items():
        lines += [group, *(_row(effect) for effect in effects), ""]
    return "\n".join([*lines, "Keys of every fault, which say what it strikes", f"  {_keys(When)}"])


def _row(effect: type[Effect]) -> str:
    keys = _keys(effect)
    said = (effect.__doc__ or "").splitlines()[0]
    return f"  {effect.kind():22} {said}" + (f"\n{'':25}{keys}" if keys else "")


def _keys(shape: type[msgspec.Struct]) -> str:
    """Keys of a struct, each with its default unless it must be given."""
    return ", ".join(_key(field) for field in msgspec.structs.fields(shape))


def _key(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return f"{field.name} (needed)"
    default: Any = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return field.name if default is None else f"{field.name} = {msgspec.json.encode(default).decode()}"
