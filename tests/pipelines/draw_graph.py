"""The asset graph as text, to be read in a review: ``python -m tests.pipelines.draw_graph`` writes it anew."""

from pathlib import Path

from pipelines.config import FlowConfig
from pipelines.definitions import build_definitions

PLACE = Path(__file__).with_name("asset_graph.txt")


def draw() -> str:
    """One line per asset, by group: its name and what it is made from."""
    nodes = build_definitions(FlowConfig()).resolve_asset_graph().asset_nodes
    lines = []
    for node in nodes:
        parents = ", ".join(sorted(parent.to_user_string() for parent in node.parent_keys))
        lines.append(f"{node.group_name}: {node.key.to_user_string()} <- {parents}")
    return "\n".join(sorted(line.rstrip(" <-") for line in lines)) + "\n"


if __name__ == "__main__":
    PLACE.write_text(draw(), encoding="utf-8")
