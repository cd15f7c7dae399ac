"""The bodies Cloud's POST routes take, as Atlassian's OpenAPI description has them: an unknown name is refused.

Numbers in range and lists in length are the routes' part, since the real site words those refusals itself.
"""

import msgspec


class SearchBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What ``search/jql`` is asked."""

    jql: str = ""
    next_page_token: str | None = None
    max_results: int = 50
    fields: list[str] | None = None
    expand: str | None = None
    properties: list[str] | None = None
    fields_by_keys: bool = False
    reconcile_issues: list[int] | None = None


class CountBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What ``search/approximate-count`` is asked."""

    jql: str = ""


class IssuesBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What ``issue/bulkfetch`` is asked."""

    issue_ids_or_keys: list[str]
    fields: list[str] | None = None
    expand: list[str] | None = None
    properties: list[str] | None = None
    fields_by_keys: bool = False


class ChangelogsBody(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What ``changelog/bulkfetch`` is asked."""

    issue_ids_or_keys: list[str]
    field_ids: list[str] = []
    max_results: int = 1000
    next_page_token: str | None = None
