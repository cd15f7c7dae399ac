"""What is packed inside a report, unpacked as the page's script does it."""

import base64
import gzip
import json
import re
from typing import Any


def packs(html: str) -> dict[str, str]:
    """Every packed text, by the id of its element: ``library``, and ``pack-0`` and so on for the streams."""
    found = re.findall(r'<script type="text/plain" id="([\w-]+)">([A-Za-z0-9+/=]*)</script>', html)
    return {name: gzip.decompress(base64.b64decode(text)).decode() for name, text in found}


def opening(html: str) -> dict[str, Any]:
    """What the page's script reads first."""
    [text] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)
    return dict(json.loads(text))


def of_stream(html: str, name: str) -> dict[str, Any]:
    """What every section says of a stream."""
    return dict(json.loads(packs(html)[f"pack-{opening(html)['streams'].index(name)}"]))
