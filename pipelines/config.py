"""flow.toml as frozen models: what a team decides about scope, calendar and workflow.

Only the shape and the plain values of the file are judged here. Whether a status or a project exists is for the site
to say (``pipelines.jira``, ``transforms.infer_workflow``); what
the values mean to a calculation is decided in ``transforms``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from pipelines.config_calendar import CalendarSection, Section
from pipelines.config_errors import ConfigError, explain
from pipelines.config_sites import DisplayNames, SiteSection
from pipelines.config_streams import ValueStreamSection
from pipelines.jira.options import Options
from pipelines.limits import Limits
from pipelines.versions import KEPT_VERSIONS
from transforms.workflow_rules import StreamRules, WorkflowRules


class JiraScope(Section):
    """Which issues are read, how often and how patiently."""

    projects: tuple[str, ...] = Field((), description="Project keys to read; empty reads all the account can see.")
    jql: str = Field("", description="A further condition in JQL, joined to the scope by AND; empty adds none.")
    site_name: str = Field("", description="Name of the site in the tables; empty takes the host of JIRA_URL.")
    overlap_minutes: int = Field(
        15, ge=0, strict=True, description="An increment begins so long before the last run: the search index is late."
    )
    rescan_hours: int = Field(
        24, ge=1, strict=True, description="Once in so many hours an increment reaches back so many hours."
    )
    census_hours: int = Field(
        24, ge=0, strict=True, description="How often all ids are listed, to notice what is gone; 0 is every run."
    )
    full_refresh_days: int = Field(
        7, ge=0, strict=True, description="How often everything is read again; 0 is every run."
    )
    concurrency: int = Field(8, ge=1, le=8, strict=True, description="The most requests in flight.")
    longest_wait_minutes: int = Field(
        15, ge=0, strict=True, description="Told by Jira to wait longer, a run ends; the next goes on from there."
    )
    count_tolerance: float = Field(
        0.01, ge=0, le=1, description="Share of Jira's own count that may lack before a run fails."
    )
    accept_losses: bool = Field(
        False, strict=True, description="Whether many issues gone at once are believed; for one run."
    )
    links: bool = Field(True, strict=True, description="Whether the links issues have now are read.")
    notes: bool = Field(True, strict=True, description="Whether times of work logs and comments are read.")
    flagged_field: str = Field("", description="Id of the field that flags impediments; empty finds it by its schema.")
    display_names: DisplayNames = Field({})

    def options(self) -> Options:
        """The same for the extraction."""
        return Options(
            overlap=timedelta(minutes=self.overlap_minutes),
            rescan=timedelta(hours=self.rescan_hours),
            census=timedelta(hours=self.census_hours),
            full_refresh=timedelta(days=self.full_refresh_days),
            concurrency=self.concurrency,
            longest_wait=timedelta(minutes=self.longest_wait_minutes),
            count_tolerance=self.count_tolerance,
            are_losses_accepted=self.accept_losses,
            flagged_field=self.flagged_field,
            has_links=self.links,
            has_worklogs=self.notes,
        )


class WorkflowSection(Section):
    """Rules that hold in every value stream."""

    reopen_horizon_days: int = Field(
        30,
        ge=0,
        strict=True,
        description="Reopened later than this, an issue stays delivered; the rest is failure demand.",
    )
    discarding_resolutions: tuple[str, ...] = Field(
        (), description="Resolutions (names or ids) of discarded work; empty recognises them by name."
    )


class AuditSection(Section):
    """How far a run may differ from what is sound before it is not published."""

    quarantine_limit_share: float = Field(
        0.01, ge=0, le=1, description="Share of Jira's answers in quarantine above which nothing is published."
    )
    volume_drop_share: float = Field(
        0.5, ge=0, le=1, description="Share of a table's rows that may be gone since the last run; 1 is any."
    )
    unmapped_rise_share: float = Field(
        0.1, ge=0, le=1, description="How much the share of unmapped hours may rise since the last run; 1 is any."
    )

    def limits(self) -> Limits:
        """The same for the audit."""
        return Limits(**self.model_dump())


LEAST_VERSIONS = 2
"""The published one, and the one readers may still have open."""


class PublishingSection(Section):
    """What stays of earlier tables."""

    keep_versions: int = Field(
        KEPT_VERSIONS, ge=LEAST_VERSIONS, strict=True, description="Published versions that stay, to go back to."
    )


OF_ONE_SITE = ("projects", "jql", "site_name", "flagged_field", "display_names")
"""Options of [jira] that stand in the tables of the sites where there are several."""


class FlowConfig(Section):
    """All of flow.toml. The default says nothing: every project is read and the workflow is inferred."""

    jira: JiraScope = Field(JiraScope(), description="Which issues are read.")
    calendar: CalendarSection = Field(CalendarSection(), description="When the team works.")
    workflow: WorkflowSection = Field(WorkflowSection(), description="Rules that hold in every value stream.")
    publishing: PublishingSection = Field(PublishingSection(), description="What stays of earlier tables.")
    audit: AuditSection = Field(AuditSection(), description="What keeps a run from being published.")
    site: tuple[SiteSection, ...] = Field((), description="Jira sites that feed the tables; none: that of JIRA_URL.")
    value_stream: tuple[ValueStreamSection, ...] = Field((), description="Value streams; none lets them be inferred.")

    @model_validator(mode="after")
    def _sites_are_told_apart(self) -> FlowConfig:
        names = [site.name.casefold() for site in self.site]
        if twice := [site.name for site in self.site if names.count(site.name.casefold()) > 1]:
            raise ValueError(f"two sites are named '{twice[0]}'; give each its own name")
        if self.site and (said := [name for name in OF_ONE_SITE if getattr(self.jira, name)]):
            raise ValueError(f"'{said[0]}' in [jira] speaks of one site, and there are [[site]] tables; put it there")
        for stream in self.value_stream:
            if stream.site and stream.site not in [site.name for site in self.site]:
                raise ValueError(
                    f"value stream '{stream.name}' belongs to site '{stream.site}', which no [[site]] names"
                )
        return self

    @model_validator(mode="after")
    def _streams_are_named_once(self) -> FlowConfig:
        names = [stream.name for stream in self.value_stream]
        shared = [stream for stream in self.value_stream if not stream.site]
        if len(self.site) > 1:
            names += [self._name_on(site.name, stream) for stream in shared for site in self.site]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two value streams are named '{twice[0]}'; give each its own name, on every site another")
        return self

    def of_site(self, name: str) -> FlowConfig:
        """What holds for one of several sites, as the whole file of that site alone; its own versions are few."""
        [site] = (site for site in self.site if site.name == name)
        scope = {option: getattr(site, option) for option in OF_ONE_SITE if option != "site_name"} | {"site_name": name}
        streams = tuple(
            stream.model_copy(update={"name": self._name_on(name, stream), "site": ""})
            for stream in self.value_stream
            if stream.site in ("", name)
        )
        own = {"jira": self.jira.model_copy(update=scope), "value_stream": streams, "site": ()}
        return self.model_copy(update=own | {"publishing": PublishingSection(keep_versions=LEAST_VERSIONS)})

    def display_names(self, site_name: str) -> Mapping[str, str]:
        """Names of those who may be named in what was read of a site, by account."""
        of_sites = {site.name: site.display_names for site in self.site}
        return of_sites.get(site_name, {}) if self.site else self.jira.display_names

    def names_anywhere(self, account: str) -> bool:
        """Whether the file gives an account a display name."""
        named = [self.jira.display_names, *(site.display_names for site in self.site)]
        return any(account in names for names in named)

    def _name_on(self, site: str, stream: ValueStreamSection) -> str:
        """A stream of several sites has a name of its own on each."""
        return f"{stream.name} ({site})" if len(self.site) > 1 and not stream.site else stream.name

    def rules(self, account_zone: str) -> WorkflowRules:
        """What the team says, as the calculations take it; ``account_zone`` is for a file that names none, else UTC."""
        return WorkflowRules(
            calendar=self.calendar.working_calendar(account_zone),
            streams=tuple(self._stream_rules(stream, account_zone) for stream in self.value_stream),
            reopen_horizon=timedelta(days=self.workflow.reopen_horizon_days),
            discarding_resolutions=self.workflow.discarding_resolutions,
        )

    def _stream_rules(self, stream: ValueStreamSection, account_zone: str) -> StreamRules:
        own = None
        if stream.calendar is not None:
            said = {name: getattr(stream.calendar, name) for name in stream.calendar.model_fields_set}
            if said.keys() & {"days", "hours"}:
                said.setdefault("change", ())
            own = self.calendar.model_copy(update=said).working_calendar(account_zone)
        return StreamRules(
            name=stream.name,
            project_keys=stream.projects,
            issue_types=stream.issue_types,
            stages=tuple(stage.rules() for stage in stream.stage),
            changes=tuple(change.rules() for change in stream.change),
            commitment=stream.commitment,
            delivery=stream.delivery,
            is_assignment_used=stream.assignment,
            calendar=own,
        )


def config_path() -> Path:
    """Where flow.toml lies: FLOW_CONFIG, or the working directory."""
    return Path(os.environ.get("FLOW_CONFIG", "flow.toml"))


def load_config(path: Path | None = None) -> FlowConfig:
    """Read flow.toml; a missing file at the default place means all defaults. Raises ConfigError with one paragraph."""
    place = path or config_path()
    if not place.exists() and path is None and "FLOW_CONFIG" not in os.environ:
        return FlowConfig()
    try:
        return FlowConfig.model_validate(tomllib.loads(place.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{place} cannot be read: {error.strerror}. Name your flow.toml with --config.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place} is not valid TOML: {error}. Texts need quotes, lists need brackets.") from None
    except ValidationError as error:
        raise ConfigError(explain(error, FlowConfig, place)) from None
