"""Answers for managers, computed from ``core``: one file per question."""
