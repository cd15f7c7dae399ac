"""Which neighbouring statuses are one stage, and what it is called: "Ready for Review" + "In Review" are "Review".

Works on names alone; the order of the statuses is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from transforms.status_names import bare, is_backlog_name, plain

BACKLOG_STAGE = "Backlog"

_TOPIC_NAMES = {
    "Analysis": "analysis analysing analyzing analyse analisis analise analisi",
    "Refinement": "refinement refining grooming",
    "Design": "design designing ux",
    "Development": "development dev developing coding code implementation implementing build building progress work"
    " doing"
    " programming wip started bezig mee_bezig traitement desarrollo desarrollar entwicklung umsetzung"
    " programmierung developpement developper codage"
    " desenvolvimento codificacao ontwikkeling sviluppo arbeit bearbeitung curso cours andamento corso",
    "Review": "review reviewing code_review peer_review pr_review pull_request_review revue revision relecture relire"
    " revisao revisione",
    "Testing": "test tests testing tester testen test_execution pruebas prueba teste testes collaudo",
    "QA": "qa quality_assurance qa_testing",
    "UAT": "uat user_acceptance_testing acceptance acceptance_testing user_acceptance abnahme recette homologacao",
    "Approval": "approval approve approving sign_off signoff freigabe aprobacion approbation aprovacao goedkeuring"
    " approvazione",
    "Merge": "merge merging",
    "Release": "release releasing to_release be_released auslieferung livraison livrer publicar publicacao publicando"
    " rilascio rilasciare ship shipping",
    "Deployment": "deployment deploy deploying be_deployed production prod deployen deployt deploiement deployer"
    " desplegar"
    " desplegando implantacao distribuzione distribuire",
}
"""Topics in the order work usually takes them, and the words that mean them."""

_TOPIC_OF = {word.replace("_", " "): topic for topic, words in _TOPIC_NAMES.items() for word in words.split()}

_TOPIC_RANK = {topic: rank for rank, topic in enumerate(_TOPIC_NAMES)}

_KINDRED = ({"Testing", "QA", "UAT"}, {"Release", "Deployment"})
"""Topics that boards use for one another: what is ready for QA is tested next."""

_WAITING_PHRASE = re.compile(
    r"^((ready|selected|approved|accepted|planned|scheduled|committed) (for|to)|await(ing)?|wait(ing|s)? (for|on|to)"
    r"|pending|to be|to|for|needs?|queued? for"
    r"|(bereit|ausgewahlt|geplant|eingeplant|vorgesehen) (fur|zum|zur)|wartet? auf|warten auf|zu[rm]?"
    r"|(pret|selectionne|planifie)e?s? (pour|a)|en attente (de|du|des)|a"
    r"|(list|seleccionad|planificad)[oa] para|en espera de|pendiente de|por"
    r"|(pront|selecionad|planejad)[oa] para|aguardando|pendente de|em espera de"
    r"|(klaar|gereed|geselecteerd|gepland|gekozen) voor|wacht(end)? op|te"
    r"|(pront|selezionat|pianificat)[oa] per( il| la| lo)?|in attesa (di|del|della)|da) "
    r"|^en attente d(?=[aeiouh])"
    r"| (queue|pending|requested|ready|to ?do|candidate|ausstehend|planned|scheduled|planifiee?|geplant)$"
)

_DOING_PHRASE = re.compile(
    r"^(in|under|being|en|em|im|wird|wordt) | (in progress|doing|en cours|en curso|em andamento|in corso|lauft|ing)$"
)


def stage_topic(name: str) -> str:
    """What a status is about, without saying whether it waits for it or does it: "Review" of "Ready for code review".

    The usual names of a topic are one; any other topic is what is left of the name, beginning with a capital.
    """
    if is_backlog_name(name):
        return BACKLOG_STAGE
    words = bare(name)
    about = _DOING_PHRASE.sub("", _WAITING_PHRASE.sub("", words)) or words
    return _TOPIC_OF.get(about) or _as_written(name, about)


def topic_rank(name: str) -> int | None:
    """Where work usually takes this topic, or None: breaks ties where too few issues show the order."""
    return _TOPIC_RANK.get(stage_topic(name))


def name_stages(status_names: Sequence[str], leads_to_next: Sequence[bool] = ()) -> list[str]:
    """Stage of each status, given in walk order.

    Neighbours about the same topic are one stage named by it, and so is a wait whose issues go on into the work that
    follows (``leads_to_next``), unless both names say plainly that they are about different things. A status alone
    keeps its own name, unless it waits in so many words: "Awaiting Approval" is the wait of a stage Approval that has
    no status of its own.
    """
    leads = leads_to_next or [False] * len(status_names)
    groups: list[list[str]] = []
    for place, name in enumerate(status_names):
        is_next = place > 0 and _is_one_stage(status_names[place - 1], name, is_led=leads[place - 1])
        groups[-1].append(name) if is_next else groups.append([name])
    return [stage for names in groups for stage in [_name_stage(names)] * len(names)]


def _is_one_stage(name: str, following: str, *, is_led: bool) -> bool:
    topics = stage_topic(name), stage_topic(following)
    if plain(topics[0]) == plain(topics[1]):
        return True
    is_known = all(topic in _TOPIC_RANK for topic in topics)
    is_kindred = any(kin.issuperset(topics) for kin in _KINDRED)
    return is_led and BACKLOG_STAGE not in topics and (is_kindred or not is_known)


def _name_stage(names: Sequence[str]) -> str:
    """The topic of several, the first that is a usual one; else of the last, in which the work is done."""
    if len(set(names)) == 1 and not _is_wait_for(names[0]):
        return names[0]
    topics = [stage_topic(name) for name in names]
    return next((topic for topic in topics if topic in _TOPIC_RANK), topics[-1])


def _is_wait_for(name: str) -> bool:
    return is_backlog_name(name) or bool(_WAITING_PHRASE.search(bare(name)))


def _as_written(name: str, about: str) -> str:
    """The words of ``name`` that read ``about``, as their author spelt them, beginning with a capital."""
    words = name.split()
    spans = (" ".join(words[start:end]) for start, end in combinations(range(len(words) + 1), 2))
    text = next((span for span in spans if plain(span) == about), about)
    return text[:1].upper() + text[1:]
