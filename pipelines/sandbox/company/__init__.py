"""A simulated company: people, value streams and the Jira site their work leaves behind.

Seeded and deterministic. It knows the truth that a Jira site hides (see ``truth``); nothing outside the sandbox and the
tests may look at that truth.
"""
