"""Which neighbouring statuses are one stage, and what it is called: "Ready for Review" + "In Review" are "Review".

Works on names alone; the order of the statuses is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations, groupby

from transforms.status_names import is_backlog_name, plain

BACKLOG_STAGE = "Backlog"

_TOPIC_NAMES = {
    "Analysis": "analysis analysing analyzing analyse",
    "Refinement": "refinement refining grooming",
    "Design": "design designing ux",
    "Development": "development dev developing coding implementation implementing build building progress work doing"
    " desarrollo entwicklung developpement arbeit bearbeitung curso cours",
    "Review": "review reviewing code_review peer_review pr_review pull_request_review revue revision",
    "Testing": "test tests testing test_execution pruebas",
    "QA": "qa quality_assurance qa_testing",
    "UAT": "uat user_acceptance_testing acceptance acceptance_testing user_acceptance",
    "Approval": "approval approve approving sign_off signoff freigabe aprobacion approbation",
    "Merge": "merge merging",
    "Release": "release releasing to_release be_released",
    "Deployment": "deployment deploy deploying be_deployed production prod",
}
"""Topics in the order work usually takes them, and the words that mean them."""

_TOPIC_OF = {word.replace("_", " "): topic for topic, words in _TOPIC_NAMES.items() for word in words.split()}

_TOPIC_RANK = {topic: rank for rank, topic in enumerate(_TOPIC_NAMES)}

_WAITING_PHRASE = re.compile(
    r"^(ready (for|to)|await(ing)?|wait(ing|s)? (for|on|to)|pending|to be|to|for|needs?|queued? for"
    r"|(selected|approved|accepted|planned|scheduled|committed) (for|to)|bereit (fur|zum|zur)|wartet? auf|warten auf"
    r"|en attente (de|du)|pret (pour|a)|list[oa] para|en espera de|pendiente de|por) | (queue|pending|requested|ready)$"
)

_DOING_PHRASE = re.compile(r"^(in|under|being|en|im) | in progress$")


def stage_topic(name: str) -> str:
    """What a status is about, without saying whether it waits for it or does it: "Review" of "Ready for code review".

    The usual names of a topic are one; any other topic is what is left of the name, beginning with a capital.
    """
    if is_backlog_name(name):
        return BACKLOG_STAGE
    words = plain(name)
    bare = _DOING_PHRASE.sub("", _WAITING_PHRASE.sub("", words)) or words
    return _TOPIC_OF.get(bare) or _as_written(name, bare)


def topic_rank(name: str) -> int | None:
    """Where work usually takes this topic, or None: breaks ties where too few issues show the order."""
    return _TOPIC_RANK.get(stage_topic(name))


def name_stages(status_names: Sequence[str]) -> list[str]:
    """Stage of each status, given in walk order.

    Neighbours about the same topic are one stage named by it. A status alone keeps its own name, unless it waits in so
    many words: "Awaiting Approval" is the wait of a stage Approval that has no status of its own.
    """
    stages = []
    for _, group in groupby(status_names, key=lambda name: plain(stage_topic(name))):
        names = list(group)
        is_alone = len(set(names)) == 1 and not _is_wait_for(names[0])
        stages += [names[0] if is_alone else stage_topic(names[0])] * len(names)
    return stages


def _is_wait_for(name: str) -> bool:
    return is_backlog_name(name) or bool(_WAITING_PHRASE.search(plain(name)))


def _as_written(name: str, bare: str) -> str:
    """The words of ``name`` that read ``bare``, as their author spelt them, beginning with a capital."""
    words = name.split()
    spans = (" ".join(words[start:end]) for start, end in combinations(range(len(words) + 1), 2))
    text = next((span for span in spans if plain(span) == bare), bare)
    return text[:1].upper() + text[1:]
