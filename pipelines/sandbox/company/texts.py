"""Free text of the simulated issues: summaries, descriptions, comments, with names and mailboxes of people in them.

They are there to be scrubbed: nothing of them may reach a table.
"""

from __future__ import annotations

from random import Random
from typing import Any

from pipelines.sandbox.company.people import Person

Json = dict[str, Any]

_VERBS = ("Add", "Rework", "Speed up", "Simplify", "Localise", "Secure", "Retire", "Document", "Measure", "Split")
_THINGS = (
    "the refund form", "invoice export", "the checkout summary", "retry handling", "the audit trail", "rate limiting",
    "currency rounding", "the login screen", "the nightly import", "push notifications", "customer search",
    "the status page",
)  # fmt: skip
_SYMPTOMS = ("fails", "hangs", "shows the wrong total", "loses its filter", "sends two mails", "times out")
_PLACES = ("on slow networks", "for guests", "after midnight", "in Safari", "with two currencies", "after a restart")


def summary(rng: Random, kind: str, people: list[Person]) -> str:
    """One line; one in eight names somebody."""
    thing = rng.choice(_THINGS)
    text = f"{thing.removeprefix('the ').capitalize()} {rng.choice(_SYMPTOMS)}" if kind == "Bug" else ""
    text = f"{text or f'{rng.choice(_VERBS)} {thing}'} {rng.choice(_PLACES)}"
    return f"{text} (asked by {rng.choice(people).display_name})" if rng.random() < 0.125 else text


def description(rng: Random, people: list[Person], length: int = 3) -> str:
    """A few sentences, with a colleague's name and mailbox in them."""
    contact = rng.choice(people)
    sentences = [
        f"{rng.choice(_VERBS)} {rng.choice(_THINGS)} so that it never {rng.choice(_SYMPTOMS)} {rng.choice(_PLACES)}."
        for _ in range(length)
    ]
    sentences.insert(rng.randrange(length), f"Questions to {contact.display_name} <{contact.email}>.")
    return " ".join(sentences)


def document(text: str) -> Json:
    """Text in Atlassian's document format, as API version 3 has it."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }


def comment(rng: Random, people: list[Person]) -> str:
    """A remark that mentions somebody."""
    other = rng.choice(people)
    return f"@{other.display_name} please have a look {rng.choice(_PLACES)}; {other.email} knows more."
