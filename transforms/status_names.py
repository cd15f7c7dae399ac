"""What a status or resolution says by its name and Jira's category alone, without looking at a single issue.

Names are compared without case, accents and punctuation. English, and the commonest German, French, Spanish,
Portuguese, Dutch and Italian words. How often a status is used, in which
order, and what a team configured do not belong here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Decision = Literal["config_id", "config_name", "name_pattern", "category", "unmapped"]

CATEGORY_LABELS = {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}
"""Jira's status categories as people see them; any other (or none) says nothing about the status."""

_CATEGORY_KINDS = {"new": "queue", "indeterminate": "active", "done": "done"}


@dataclass(frozen=True)
class NamedStatus:
    """A status as the site shows it: id, current name, and category (None: no longer listed)."""

    status_id: int
    name: str
    category: str | None


@dataclass(frozen=True)
class StatusDecision:
    """The work kind of a status, and what decided it."""

    work_kind: str
    decided_by: Decision


def _says(words: str) -> re.Pattern[str]:
    """Pattern that finds any of ``words`` in a plain name: ``_`` is a blank within a phrase, ``*`` any ending."""
    return re.compile(rf"\b(?:{_alternatives(words)})\b")


def _is(words: str) -> re.Pattern[str]:
    """Pattern that the whole plain name has to match, written likewise."""
    return re.compile(rf"(?:{_alternatives(words)})$")


def _alternatives(words: str) -> str:
    return "|".join(word.replace("_", " ").replace("*", r"\w*") for word in words.split())


_PUT_OFF = _says("deferred postponed verschoben aufgeschoben uitgesteld reporte rinviat[oa] adiad[oa]")

_DISCARD_WORDS = """
    wont will_not cancel* reject* duplicat* abandon* declin* obsolet* invalid* withdrawn superseded descoped discard*
    dropped not_doing not_needed not_required not_planned out_of_date out_of_scope no_longer deferred postponed
    wontfix abgelehnt* verworfen storniert abgebrochen hinfallig gestrichen nicht_umgesetzt sans_suite duplikat
    geannul* afgewezen vervallen annul* rejet* refus* doublon
    rechaz* descart* rejeitad* recusad* scartat* rifiutat*
"""

_DISCARDED = _says(_DISCARD_WORDS)
"""Ended without a delivery, where the category is done or unknown."""

_DISCARDED_ANYWHERE = re.compile(
    r".*\b(wont ?(do|fix)?|will not (do|fix)|cancell?ed|abandoned|obsolete|duplicated?|withdrawn|discarded|descoped"
    r"|verworfen|storniert|abgebrochen|hinfallig|gestrichen|annulee?|abandonnee?|cancelad[oa]|descartad[oa]|geannuleerd"
    r"|annullat[oa]|scartat[oa])$"
)
"""Ended without a delivery whatever the category, as the last words. Not "rejected" nor "declined": before the end of
the walk these mean "sent back", so the issue waits for somebody."""

_SENT_BACK = _says("""
    reject* declin* sent_back returned failed changes_requested abgelehnt* zuruck_an zuruck_zu* rejet* refus* rechaz*
    rejeitad* afgewezen terug_naar rifiutat*
""")

_BLOCKED = _says("""
    hold block* bloque* bloqu* impediment* impeded paus* parked suspend* stalled angehalten zuruckgestellt
    on_ice blocca* geblok* gepauz* geparkt suspens* sospes* ruht ruhend detenid[oa]
""")

_WAITING = _says(r"""
    ready wait* await* to_review* to_test* to_deploy to_release to_approve to_verify to_merge to_be_* queue* pending
    submitted sent requested on_deck need_* needs_* \w+_to_?do candidate
    bereit warte* ausstehend zur_\w+ zum_\w+ zu_\w+en freizugeben en_attente dattente prete?s?_a prete?s?_pour
    ^a_\w+(?:er|ir|re) en_espera en_cola list[oa]_para pendiente* por_\w+[aei]r aguard* pront[oa]_para pendente* na_fila
    em_espera ^a_\w+ar klaar_voor gereed_voor wacht* ^te_\w+en in_attesa in_coda pront[oa]_per ^da_\w+[aei]re
""")

_STEP_OVER = re.compile(
    r".*\b(dev|development|code|coding|implementation|design|analysis|review|qa|tests?|testing)"
    r" (is )?(done|completed?|finished|passed|fertig|abgeschlossen|terminee?|hech[oa])$"
    r"|(?!.*\bnot )\w.* (planned|scheduled|planifiee?|geplant|planificad[oa]|planejad[oa])$"
    r"|(?!not|almost|nearly|partly|partially)\w+ (done|completed?|finished)$"
    r"|(approved|accepted|selected|planned|scheduled|committed|prioriti[sz]ed|merged|reviewed|tested|verified|refined"
    r"|coded|developed|implemented|built|signed off|entwickelt|umgesetzt|gepruft|getestet|freigegeben|developpe|valide"
    r"|revisad[oa]|probad[oa]|aprobad[oa]|aprovad[oa]|goedgekeurd|approvat[oa])$"
    r"|(selected|approved|accepted|planned|scheduled|committed) (for|to) |(up )?next( up)?$|for \w"
)
"""One step is over and the next has not begun: a wait, unless the category says that this was the last step."""

_BACKLOG = _is("""
    backlog product_backlog team_backlog todo to_do open offen new neu nouveau nuevo ouvert abierto inbox ideas? icebox
    funnel triage zu_erledigen themenspeicher ideen a_faire idees por_hacer tareas_por_hacer a_fazer te_doen da_fare
""")

_CHOSEN = _says("""
    selected ready committed (?<!not_)planned next accepted approved sprint on_deck scheduled
    ausgewahlt bereit geplant eingeplant vorgesehen umsetzbar nachste* retenu* selectionne planifie pret
    a_developper a_coder a_realiser
    seleccionad[oa] planificad[oa] list[oa]_para por_desarrollar selecionad[oa] planejad[oa] pront[oa]_para
    a_desenvolver
    geselecteerd gepland gekozen klaar_voor te_ontwikkelen selezionat[oa] pianificat[oa] pront[oa]_per da_sviluppare
""")

_UPSTREAM = _says("refine refinement refining groom* estimat* triage prioriti* schatzung estimation estimacion")

_REOPENED = _says("""
    reopen* re_open* wiedereroffnet wieder_geoffnet rouvert* reouvert* reabiert*
    reabert* heropend* riapert*""")

_DONE = re.compile(
    r"((done|closed|resolved|fixed|released|deployed|live|completed?|finished|delivered|shipped|implemented"
    r"|in production|(released|deployed) to prod(uction)?|erledigt|fertig|abgeschlossen|geschlossen|gelost"
    r"|ausgeliefert|veroffentlicht|termine|ferme|resolu|clos|cloture|livre|hecho|cerrad[oa]|terminad[oa]|resuelt[oa]"
    r"|finalizad[oa]|listo|publicad[oa]|concluid[oa]|fechad[oa]|gereed|afgerond|opgeleverd|completat[oa]|rilasciat[oa]"
    r"|chius[oa])( |$))+$"
)

_ACTIVE = _says(r"""
    in_progress in_work in_analysis in_dev doing working coding build building develop* implementing implementation
    review* test testing tests qa uat analysis analy[sz]ing design designing investigat* verification verifying
    validation validating deploying merging refinement refining programming
    in_arbeit in_bearbeitung in_prufung in_entwicklung in_umsetzung im_test in_abnahme in_freigabe lauft wird_\w+
    programmierung umsetzung en_cours en_revue en_revision en_developpement en_tests? en_recette codage relecture
    en_curso en_progreso en_desarrollo en_pruebas? em_andamento em_desenvolvimento em_revisao em_testes? codificacao
    in_ontwikkeling in_behandeling mee_bezig wordt_\w+ in_corso in_sviluppo in_revisione
""")

_DISCARDING_RESOLUTION = _says(
    _DISCARD_WORDS
    + """
    cannot_reproduce cant_reproduce unable_to_reproduce not_reproducible cannot_be_reproduced nicht_reproduzierbar
    incomplete not_a_bug not_a_defect not_a_problem not_an_issue as_designed by_design expected_behaviou?r works_for_me
    works_as_* later remind not_applicable auto_closed automatically_closed timed_out no_response no_feedback moved
    migrated
    """
)
"""Closed without giving anybody what was asked for. "Partially completed", "Workaround", "Answered" and the like
deliver, and so does "Unresolved" as a resolution: the status says done, and that name takes nothing back."""


_NUMBER = re.compile(r"^(?:\d+[a-z]?|x) (?=\S)")
"""A column's number before its name: "3. Review", "8b - Staging", "X. Parked"."""


def bare(name: str) -> str:
    """The plain name without a column's number, "ReadyForQA" taken apart: what the patterns read."""
    words = plain(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return _NUMBER.sub("", words)


def plain(name: str) -> str:
    """Lower case, no accents, no apostrophes, punctuation and repeated blanks as one blank."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(c for c in letters if not unicodedata.combining(c) and c not in "'’`´")
    return re.sub(r"[\W_]+", " ", kept).strip()


def decide_by_name(status: NamedStatus) -> StatusDecision:
    """Work kind by category, then by name where the name says otherwise (METHODS §1.1).

    A done category outweighs a waiting name; that such a status is a wait after all takes evidence (``says_waiting``).
    An open category outweighs a name like "Done": only a status no longer listed is done by its name.
    """
    if (kind := _CATEGORY_KINDS.get(status.category or "")) is None:
        return _decide_without_category(bare(status.name))
    named = _kind_in_done_category(bare(status.name)) if kind == "done" else _kind_in_open_category(bare(status.name))
    return StatusDecision(kind, "category") if named in (None, kind) else StatusDecision(named or kind, "name_pattern")


def says_waiting(name: str) -> bool:
    """Whether the name says that work waits for a next person: "Ready for Release", "Awaiting approval"."""
    return bool(_WAITING.search(bare(name)))


def is_backlog(status: NamedStatus) -> bool:
    """Whether a waiting status lies before any commitment.

    It does if its category is To Do, or it is called like a backlog, and its name does not say that it was chosen
    ("Selected", "Ready for Dev", "Next").
    """
    return not says_chosen(status.name) and (status.category == "new" or is_backlog_name(status.name))


def says_chosen(name: str) -> bool:
    """Whether the name says that work was chosen to be done. Ready for refinement or triage is no choice yet."""
    return bool(_CHOSEN.search(bare(name)) and not _UPSTREAM.search(bare(name)))


def is_backlog_name(name: str) -> bool:
    """Whether a status or stage is called like a backlog: "Backlog", "To Do", "Open", "Ideas"."""
    return bool(_BACKLOG.match(bare(name)))


def is_reopened(name: str) -> bool:
    """Whether the name says that finished work came back."""
    return bool(_REOPENED.search(bare(name)))


def is_discarding_resolution(name: str) -> bool:
    """Whether a resolution of this name ends an issue without a delivery."""
    return bool(_DISCARDING_RESOLUTION.search(bare(name)))


def describe_decision(decided_by: str, status_name: str, category: str | None) -> str:
    """The reason in words, for people who read ``core.statuses``."""
    if decided_by == "category":
        return f"Jira's category {CATEGORY_LABELS.get(category or '', category)}"
    reasons = {
        "config_id": "flow.toml names its id",
        "config_name": "flow.toml names it",
        "name_pattern": f"its name, '{status_name}'",
    }
    return reasons.get(decided_by, "no rule covers it; counted as wait")


def _kind_in_done_category(name: str) -> str | None:
    if _BLOCKED.search(name) and not _DISCARDED.search(name):
        return "blocked"
    return "discarded" if _DISCARDED.search(name) else None


def _kind_in_open_category(name: str) -> str | None:
    if _DISCARDED_ANYWHERE.match(name):
        return "discarded"
    if _BLOCKED.search(name) or _PUT_OFF.search(name):
        return "blocked"
    is_wait = _BACKLOG.match(name) or _STEP_OVER.match(name)
    return "queue" if is_wait or any(words.search(name) for words in (_SENT_BACK, _WAITING, _REOPENED)) else None


def _decide_without_category(name: str) -> StatusDecision:
    if _DISCARDED.search(name) and not _PUT_OFF.search(name):
        return StatusDecision("discarded", "name_pattern")
    if (kind := _kind_in_open_category(name)) is not None:
        return StatusDecision(kind, "name_pattern")
    if _DONE.match(name):
        return StatusDecision("done", "name_pattern")
    return StatusDecision("active", "name_pattern") if _ACTIVE.search(name) else StatusDecision("queue", "unmapped")
