"""What counts as the address of a Jira site: scheme, host and path, and nothing that could be a secret."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_site_address(url: str) -> bool:
    """Whether it is http(s):// with a host, perhaps a port and a path; no user or password, no query, no fragment."""
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and not set("@?#") & set(url)
