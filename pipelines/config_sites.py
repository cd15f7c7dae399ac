"""Several Jira sites in flow.toml: where each lies, which variables hold its credentials, what is read of it.

How a site is asked belongs to ``pipelines.jira``, how its tables are laid beside the others' to ``pipelines.union``.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from pipelines.config_calendar import Section
from pipelines.jira.addresses import is_site_address

NAME = re.compile(r"[A-Za-z0-9]([._-]?[A-Za-z0-9])*")
"""A site's name is a folder, and a partition of the graph."""

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

TOKEN_VARIABLE = re.compile(r"[A-Za-z_]*[A-Za-z0-9_]*TOKEN")
"""The ending is what the screen goes by: values of variables named so never reach it."""


Written = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

DisplayNames = Annotated[
    dict[Written, Written],
    Field(description="Names flow explain shows of people who agreed to it, by accountId; they stay in this file."),
]
"""By accountId; on Data Center by the user's key."""


class SiteSection(Section):
    """One Jira site of several that feed the same tables."""

    name: str = Field(description="Name of the site in the tables.")
    url: str = Field(description="Address of the site.")
    token_env: str = Field(description="Name of the variable that holds its token.")
    email_env: str = Field(
        "", description="Name of the variable that holds the account's e-mail address (Cloud); empty: a bearer token."
    )
    projects: tuple[str, ...] = Field((), description="Project keys to read; empty reads all the account can see.")
    jql: str = Field("", description="A further condition in JQL, joined to the scope by AND; empty adds none.")
    flagged_field: str = Field("", description="Id of the field that flags impediments; empty finds it by its schema.")
    display_names: DisplayNames = Field({})

    @field_validator("name")
    @classmethod
    def _is_a_folder(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("write letters and digits, with single dots, dashes or underscores between them")
        return name

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not is_site_address(url):
            raise ValueError(
                "write the site's address, like https://yourcompany.atlassian.net; credentials go into variables"
            )
        return url

    @field_validator("token_env")
    @classmethod
    def _names_a_token(cls, name: str) -> str:
        if not TOKEN_VARIABLE.fullmatch(name):
            raise ValueError(
                "write the name of a variable that ends with TOKEN, like BERLIN_TOKEN; the token itself never stands in"
                " this file"
            )
        return name

    @field_validator("email_env")
    @classmethod
    def _names_a_variable(cls, name: str) -> str:
        if name and not VARIABLE.fullmatch(name):
            raise ValueError("write the name of a variable, like BERLIN_EMAIL; the address never stands in this file")
        return name
