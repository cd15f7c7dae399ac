"""A simulated company: people, value streams and the Jira site their work leaves behind.

Seeded and deterministic. It knows the truth that a Jira site hides (see ``truth``); nothing outside the sandbox and the
tests may look at that truth.
"""

from pipelines.sandbox.company.build import simulate_company
from pipelines.sandbox.company.essay import essay_stream
from pipelines.sandbox.company.truth import company_truth

__all__ = ["company_truth", "essay_stream", "simulate_company"]
