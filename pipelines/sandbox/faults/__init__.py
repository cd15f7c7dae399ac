"""Faults on purpose: a script says which requests meet which trouble, from a file or from Python.

``catalogue`` lists every kind; ``python -m pipelines.sandbox.faults`` prints it.
"""

from pipelines.sandbox.faults.effect import Call, Effect
from pipelines.sandbox.faults.script import Course, FaultScript, Fired, Struck
from pipelines.sandbox.faults.when import Fault, When

__all__ = ["Call", "Course", "Effect", "Fault", "FaultScript", "Fired", "Struck", "When"]
