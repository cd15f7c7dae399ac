"""Two declarations that no calculation fills: for tests of what is derived from a declaration."""

from datetime import UTC, datetime

import polars as pl

from transforms.schema import TIMESTAMP, Column, Table


class Parcels(Table, layer="core", key=("parcel_id", "leg_number")):
    """One row per leg of a parcel's journey. Answers: whose is it, and when did it move?

    It's only here for tests.
    """

    parcel_id = Column(pl.Int64(), "Id of the parcel.")
    leg_number = Column(pl.Int32(), "1, 2, … in order.", minimum=1)
    colour = Column(pl.Enum(["red", "blue"]), "Colour of the wrapping.")
    carrier = Column(pl.Categorical(), "Who carried it. Empty for a pigeon.", nullable=True, values=("van", "ship"))
    arrived_at = Column(TIMESTAMP, "Arrival. Empty on the way.", nullable=True)
    stop_ids = Column(pl.List(pl.Int64()), "Stops on the way.")
    weight_share = Column(pl.Float64(), "Share of the load.", nullable=True)
    posted_date = Column(pl.Date(), "Day of posting.", nullable=True)


class Depots(Table, layer="quality", key=("depot_id",), caveat="Closed depots are missing."):
    """One row per depot. Answers: where do parcels rest?"""

    depot_id = Column(pl.Int64(), "Id of the depot.")
    is_open = Column(pl.Boolean(), "Takes parcels.")


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def parcels(*rows: dict) -> pl.DataFrame:
    """Parcels of which only what matters is said."""
    usual = {
        "parcel_id": 1,
        "leg_number": 1,
        "colour": "red",
        "carrier": "van",
        "arrived_at": NOON,
        "stop_ids": [7],
        "weight_share": 0.5,
        "posted_date": NOON.date(),
    }
    return pl.DataFrame([usual | row for row in rows or ({},)], schema=Parcels.polars_schema())


def depots(*ids: int) -> pl.DataFrame:
    """Open depots."""
    return pl.DataFrame({"depot_id": ids, "is_open": [True] * len(ids)}, schema=Depots.polars_schema())
