"""What the extraction hands to the calculations: Jira's facts in typed columns, persons as keyed hashes, no free text.

These tables stay in the private working store. Nothing here is derived: stages, kinds and clocks begin in ``core``.
"""

import polars as pl

from transforms.schema import TIMESTAMP, Column, Table

CHANGE_FIELDS = (
    "created", "status", "assignee", "flagged", "link", "sprint", "fix_version", "key", "project", "issue_type",
    "resolution", "parent", "summary", "description", "estimate",
)  # fmt: skip
"""Fields flow depends on. ``created`` is the issue's own first row, never an item of a changelog."""

CHANGE_FIELD = pl.Enum(CHANGE_FIELDS)

LINK_KINDS = ("blocked_by", "blocks", "other")
"""Which way a link points, seen from the issue whose changelog holds it."""


REPAIR_ROUTES = ("again", "single", "expanded")
"""Ways to a changelog that was short at first, in the order they are tried."""


class RawIssues(Table, layer="raw", key=("issue_id",)):
    """One row per issue, as Jira shows it now."""

    issue_id = Column(pl.Int64(), "Jira's immutable id of the issue; keys change when an issue moves, ids do not.")
    issue_key = Column(pl.String(), "Current key.")
    project_id = Column(pl.Int64(), "Current project.")
    project_key = Column(pl.String(), "Current project's key.")
    issue_type_id = Column(pl.Int64(), "Current type.")
    issue_type = Column(pl.String(), "Current type's name.")
    hierarchy_level = Column(pl.Int8(), "-1 sub-task, 0 standard, 1 epic, 2 and more above epics.")
    parent_id = Column(pl.Int64(), "Parent issue. Empty for an issue without one, or known by key only.", nullable=True)
    parent_key = Column(pl.String(), "Parent's key. Empty for an issue without a parent.", nullable=True)
    status_id = Column(pl.Int64(), "Current status.")
    created_at = Column(TIMESTAMP, "Creation by Jira's clock.")
    updated_at = Column(
        TIMESTAMP,
        "Last update by Jira's clock; may be older than the newest change. Empty where Jira gives none.",
        nullable=True,
    )
    resolution_id = Column(pl.Int64(), "Current resolution. Empty while unresolved.", nullable=True)
    assignee = Column(pl.Int64(), "Keyed hash of the current assignee. Empty when nobody is assigned.", nullable=True)
    is_flagged = Column(pl.Boolean(), "Flagged as an impediment now.")
    fix_version_ids = Column(pl.List(pl.Int64()), "Current fix versions, ascending; an empty list when there are none.")
    blocked_by_keys = Column(
        pl.List(pl.String()), "Keys of issues that block this one now. Empty where links were not read.", nullable=True
    )
    history_total = Column(
        pl.Int32(), "Histories Jira says there are. Empty where the route tells none.", nullable=True
    )
    history_count = Column(pl.Int32(), "Distinct histories received.", minimum=0)
    repair_route = Column(
        pl.String(),
        "How a changelog that was short became whole, or was last tried to: read again, on the route of a single issue,"
        " or expanded with the issue. Empty where the first reading was whole.",
        nullable=True,
        values=REPAIR_ROUTES,
    )


class RawChanges(Table, layer="raw", key=("issue_id", "history_id", "item_index")):
    """One row per changed item of an issue's changelog, as received: in any order, without the creation."""

    issue_id = Column(pl.Int64(), "Issue.")
    changed_at = Column(TIMESTAMP, "When, by Jira's clock.")
    history_id = Column(pl.Int64(), "Jira's id of the history; the creation row has 0.")
    item_index = Column(
        pl.Int32(), "Position of the item in its history, as Jira gave it. It orders items of one field.", minimum=0
    )
    field = Column(CHANGE_FIELD, "What changed.")
    from_id = Column(
        pl.Int64(),
        "Old value: id of status, resolution, version, sprint, project, type or parent; keyed hash of the assignee;"
        " 0/1 of the flag; length of a text; seconds of an estimate. Empty when there was none.",
        nullable=True,
    )
    to_id = Column(pl.Int64(), "New value, likewise. Empty when there is none.", nullable=True)
    from_key = Column(
        pl.String(), "Old issue key (key changes), or the key of the unlinked issue. Else empty.", nullable=True
    )
    to_key = Column(
        pl.String(), "New issue key (key changes), or the key of the linked issue. Else empty.", nullable=True
    )
    link_kind = Column(pl.Enum(LINK_KINDS), "Which way the link points. Empty but for links.", nullable=True)
    author = Column(pl.Int64(), "Keyed hash of who changed it. Empty where Jira names nobody.", nullable=True)
    is_automation = Column(pl.Boolean(), "Changed by an app or automation user.")


class RawStatuses(Table, layer="raw", key=("status_id",)):
    """One row per status the site lists or a changelog names."""

    status_id = Column(pl.Int64(), "Status.")
    status_name = Column(pl.String(), "Current name; the newest one seen in a changelog for a status no longer listed.")
    category = Column(
        pl.String(), "Jira's status category. Empty for a status no longer listed.",
        nullable=True, values=("new", "indeterminate", "done", "undefined"),
    )  # fmt: skip
    is_listed = Column(pl.Boolean(), "The site still lists it.")


class RawProjects(Table, layer="raw", key=("project_id",)):
    """One row per project in scope."""

    project_id = Column(pl.Int64(), "Project.")
    project_key = Column(pl.String(), "Key.")
    project_name = Column(pl.String(), "Name.")


class RawVersions(Table, layer="raw", key=("version_id",)):
    """One row per version (release) of a project in scope."""

    version_id = Column(pl.Int64(), "Version.")
    project_id = Column(pl.Int64(), "Project.")
    version_name = Column(pl.String(), "Name.")
    release_date = Column(pl.Date(), "Release day, without zone. Empty when none was entered.", nullable=True)
    is_released = Column(pl.Boolean(), "Marked as released.")


class RawResolutions(Table, layer="raw", key=("resolution_id",)):
    """One row per resolution the site lists or a changelog names."""

    resolution_id = Column(pl.Int64(), "Resolution.")
    resolution_name = Column(pl.String(), "Name.")


class RawQuarantine(Table, layer="raw", key=("reference",)):
    """One row per answer that could not be parsed; the run goes on without it and says so."""

    reference = Column(pl.String(), "Where the raw answer lies: batch and line.")
    issue_id = Column(pl.Int64(), "Issue, where it could be read. Empty otherwise.", nullable=True)
    reason = Column(pl.String(), "Why it could not be parsed.")


GONE_REASONS = ("deleted_or_no_access", "moved_out", "archived")


class RawTombstones(Table, layer="raw", key=("issue_id",)):
    """One row per issue that no search of the scope finds any more; its facts and history stay as they were last."""

    issue_id = Column(pl.Int64(), "Issue; one that never was read has no row in raw_issues.")
    reason = Column(pl.String(), "Why: what asking for it by its id told.", values=GONE_REASONS)
    moved_to_key = Column(
        pl.String(), "Key it had by then, for one that moved out of scope. Empty for any other.", nullable=True
    )
    gone_at = Column(TIMESTAMP, "Start of the run that missed it, by the site's clock.")


class RawStatusVersions(Table, layer="raw", key=("status_id", "valid_from_at")):
    """One row per name and category a status had: an administrator may change both, which rewrites the past."""

    status_id = Column(pl.Int64(), "Status.")
    status_name = Column(pl.String(), "Name from then on.")
    category = Column(
        pl.String(), "Jira's status category from then on. Empty where the site gives none.",
        nullable=True, values=("new", "indeterminate", "done", "undefined"),
    )  # fmt: skip
    is_listed = Column(pl.Boolean(), "The site lists it.")
    valid_from_at = Column(TIMESTAMP, "Start of the run that first saw it so, by the site's clock.")


class RawSprints(Table, layer="raw", key=("sprint_id",)):
    """One row per sprint of a board in scope. Names and goals are written by people and do not land."""

    sprint_id = Column(pl.Int64(), "Sprint.")
    board_id = Column(pl.Int64(), "Board it was planned on.")
    state = Column(pl.String(), "Jira's word.", values=("future", "active", "closed"))
    started_at = Column(TIMESTAMP, "Start as planned or done. Empty for a sprint without dates.", nullable=True)
    ends_at = Column(TIMESTAMP, "End as planned. Empty for a sprint without dates.", nullable=True)
    completed_at = Column(TIMESTAMP, "Completion. Empty while it runs.", nullable=True)


class RawBoardColumns(Table, layer="raw", key=("board_id", "column_index")):
    """One row per column of a board in scope, left to right."""

    board_id = Column(pl.Int64(), "Board.")
    board_type = Column(pl.String(), "Jira's word: scrum, kanban or simple.")
    project_id = Column(pl.Int64(), "Project the board belongs to.")
    column_index = Column(pl.Int32(), "Position from the left, from 0.", minimum=0)
    column_name = Column(pl.String(), "Name of the column.")
    status_ids = Column(pl.List(pl.Int64()), "Statuses shown in it; an empty list for a column without any.")
    wip_minimum = Column(pl.Int32(), "Fewest issues meant to be in it. Empty where none is set.", nullable=True)
    wip_limit = Column(pl.Int32(), "Most issues meant to be in it. Empty where none is set.", nullable=True)


class RawWorklogs(Table, layer="raw", key=("worklog_id",)):
    """One row per work log: when and how long, not what."""

    issue_id = Column(pl.Int64(), "Issue.")
    worklog_id = Column(pl.Int64(), "Work log.")
    started_at = Column(TIMESTAMP, "When the work began, as its author says.")
    seconds = Column(pl.Int64(), "Seconds worked.", minimum=0)
    author = Column(pl.Int64(), "Keyed hash of who worked. Empty where Jira names nobody.", nullable=True)


class RawComments(Table, layer="raw", key=("comment_id",)):
    """One row per comment: when and by whom, not what."""

    issue_id = Column(pl.Int64(), "Issue.")
    comment_id = Column(pl.Int64(), "Comment.")
    created_at = Column(TIMESTAMP, "When it was written.")
    author = Column(pl.Int64(), "Keyed hash of who wrote it. Empty where Jira names nobody.", nullable=True)


RAW_TABLES: tuple[type[Table], ...] = (
    RawIssues, RawChanges, RawStatuses, RawProjects, RawVersions, RawResolutions, RawQuarantine,
    RawTombstones, RawStatusVersions, RawSprints, RawBoardColumns, RawWorklogs, RawComments,
)  # fmt: skip
