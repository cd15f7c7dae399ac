"""What the company would write into its flow.toml: whose projects are one stream, and when work is done there.

Its stages stay out: they are to be inferred, as on a site nobody has described.
"""

from __future__ import annotations

from typing import Any

from pipelines.sandbox.company.people import HOLIDAYS
from pipelines.sandbox.company.streams import STREAMS


def company_streams() -> list[dict[str, Any]]:
    """The tables ``[[value_stream]]`` of the company: name, project, time zone, free days."""
    return [
        {
            "name": stream.name,
            "projects": [stream.key],
            "calendar": {"zone": stream.zone, "holidays": sorted(HOLIDAYS[stream.zone])},
        }
        for stream in STREAMS
    ]
