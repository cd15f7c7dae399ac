"""Ways in which teams name the very statuses of the simulated company, and the categories they would give them.

Each style renames and changes nothing else, so the simulated truth of every status still holds: a German board is the
same board. A name says what a native speaker's team would write on its board.
"""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH = (
    "Backlog", "To Do", "Selected for Development", "Ready for Development", "In Development", "In Progress", "Coding",
    "Ready for Review", "In Review", "Ready for QA", "In QA", "Testing", "Waiting for Approval", "In Approval",
    "Security Review", "Ready for Staging", "Ready for Release", "Releasing", "Ready to Deploy", "Deploying", "On Hold",
    "Done", "Released", "Cancelled",
)  # fmt: skip
"""The company's own names."""


def _style(names: str) -> Mapping[str, str]:
    """One name a line, or several between bars, in the order of ENGLISH."""
    given = [name.strip() for line in names.strip().splitlines() for name in line.strip(" |").split("|")]
    return dict(zip(ENGLISH, given, strict=True))


STYLES: Mapping[str, Mapping[str, str]] = {
    "german": _style("""
        Backlog | Zu erledigen | Ausgewählt für Entwicklung | Bereit für Entwicklung | In Entwicklung | In Arbeit
        Programmierung | Bereit für Review | In Review | Bereit für Test | Im Test | Testen | Wartet auf Freigabe
        In Freigabe | Sicherheitsprüfung | Bereit für Staging | Bereit zur Auslieferung | In Auslieferung
        Bereit zum Deployment | Deployment läuft | Angehalten | Erledigt | Ausgeliefert | Abgebrochen
    """),
    "german, other words": _style("""
        Themenspeicher | Offen | Eingeplant | Umsetzbar | In Umsetzung | In Bearbeitung | Umsetzung | Zur Prüfung
        In Prüfung | Wartet auf Test | In Abnahme | Wird getestet | Freigabe ausstehend | Freigabe
        Sicherheitsreview | Warten auf Staging | Warten auf Release | Release läuft | Zu deployen | Wird deployt
        Blockiert | Fertig | Veröffentlicht | Verworfen
    """),
    "french": _style("""
        Backlog | À faire | Sélectionné pour développement | Prêt pour développement | En développement | En cours
        Développement | Prêt pour revue | En revue | À tester | En test | Tests | En attente d'approbation
        En approbation | Revue de sécurité | À mettre en préproduction | Prêt à livrer | En livraison
        Prêt à déployer | Déploiement en cours | En pause | Terminé | Livré | Annulé
    """),
    "french, other words": _style("""
        Idées | Nouveau | Planifié | À développer | Développement en cours | En traitement | Codage | À relire
        Relecture | En attente de recette | Recette en cours | Recette | À valider | Validation
        Audit de sécurité | En attente de préproduction | En attente de livraison | Mise en production
        À déployer | Déploiement | Bloqué | Clôturé | Mis en production | Abandonné
    """),
    "spanish": _style("""
        Backlog | Por hacer | Seleccionado para desarrollo | Listo para desarrollo | En desarrollo | En curso
        Desarrollo | Listo para revisión | En revisión | Listo para pruebas | En pruebas | Pruebas
        Pendiente de aprobación | En aprobación | Revisión de seguridad | Pendiente de preproducción
        Listo para publicar | Publicando | Listo para desplegar | Desplegando | En pausa | Finalizado | Publicado
        Cancelado
    """),
    "portuguese": _style("""
        Backlog | A fazer | Selecionado para desenvolvimento | Pronto para desenvolvimento | Em desenvolvimento
        Em andamento | Codificação | Aguardando revisão | Em revisão | Pronto para teste | Em teste | Testando
        Aguardando aprovação | Em aprovação | Revisão de segurança | Aguardando homologação | Pronto para publicação
        Em publicação | Aguardando implantação | Em implantação | Bloqueado | Concluído | Publicado | Cancelado
    """),
    "dutch": _style("""
        Backlog | Te doen | Geselecteerd | Klaar voor ontwikkeling | In ontwikkeling | Mee bezig | Bouwen
        Klaar voor review | In review | Klaar voor test | In test | Testen | Wacht op goedkeuring
        In goedkeuring | Beveiligingsreview | Wacht op staging | Klaar voor release | Wordt vrijgegeven
        Klaar voor deployment | Wordt uitgerold | Gepauzeerd | Gereed | Vrijgegeven | Geannuleerd
    """),
    "italian": _style("""
        Backlog | Da fare | Selezionato per lo sviluppo | Pronto per lo sviluppo | In sviluppo | In corso | Sviluppo
        In attesa di revisione | In revisione | Pronto per il test | In test | Collaudo | In attesa di approvazione
        In approvazione | Revisione di sicurezza | In attesa di staging | Da rilasciare | In rilascio
        Da distribuire | In distribuzione | In pausa | Completato | Rilasciato | Annullato
    """),
    "numbered": _style("""
        0. Backlog | 0 - To do | 1. Sprint ready | 1. Dev ready | 2. Dev | 2 - Doing | 2. Dev (old)
        3. Review ready | 4. Review | 5. QA ready | 6. QA | 6. Test | 7. Approval pending | 8. Approval
        8. Sec review | 8b. Staging queue | 9. Release ready | 10. Release | 9. Deploy ready | 10. Deploy | X. Parked
        11. Done | 11. Released | X. Won't do
    """),
    "symbols": _style("""
        📥 Backlog | 📋 TO-DO | ⭐ Selected | 🟢 Ready | 🔨 Building | 🔨 WIP | 🔨 coding… | 👀 Needs review
        👀 Reviewing | 🧪 Needs QA | 🧪 QA-ing | 🧪 Testing! | ⏳ Waiting on PO | 🖊 PO sign-off | 🔒 Security check
        ⏳ Waiting for staging slot | 📦 Ready to ship | 📦 Shipping | 🚀 Deploy queue | 🚀 Deploying… | 🧊 On ice
        ✅ Done | 🚢 Shipped | ❌ Canceled
    """),
    "what is over": _style("""
        New | Open | Accepted | Scheduled | Coding | Started | Hacking | Coded | Reviewing | Reviewed | Verifying
        Verification | Verified | Signing off | Security sign-off | Merged | Signed off | Rolling out | Approved
        Rollout | Stalled | Closed | Live | Rejected as obsolete
    """),
    "shouting": _style("""
        BACKLOG | TODO | SPRINT BACKLOG | READY_FOR_DEV | IN_DEV | WIP | DEV | REVIEW_TODO | CODE_REVIEW | QA_TODO
        QA_IN_PROGRESS | QA_TESTING | UAT_TODO | UAT_IN_PROGRESS | SEC_REVIEW | STAGING_TODO | RELEASE_CANDIDATE
        RELEASE_IN_PROGRESS | TO_DEPLOY | DEPLOY_IN_PROGRESS | ON_HOLD | DONE | IN_PRODUCTION | WONTFIX
    """),
}

HELD_OUT: Mapping[str, Mapping[str, str]] = {
    "german, a team of three": _style("""
        Ideensammlung | To-Do | Nächste | Ready | Dev | Läuft | Entwickler | Warten auf Code-Review | Code-Review
        Warten auf QS | QS | QS-Prüfung | Wartet auf PO | PO-Abnahme | Security-Check | Wartet auf Stage
        Wartet auf Go-Live | Go-Live | Warten auf Rollout | Rollout | Geparkt | Geschlossen | Live | Nicht umgesetzt
    """),
    "french, a bank": _style("""
        Réservoir | Ouvert | Retenu | Prêt pour réalisation | Réalisation | En réalisation | Réalisation (ancien)
        En attente de revue de code | Revue de code | En attente de tests | Tests en cours | Homologation
        En attente de validation métier | Validation métier | Contrôle sécurité | En attente de recette
        En attente de MEP | MEP en cours | Déploiement planifié | Déploiement en cours | Suspendu | Clos | En production
        Sans suite
    """),
    "english, service desk words": _style("""
        Logged | Open | Queued for engineering | Queued for engineering | Engineering | Being worked on | Hacking
        Queued for peer check | Peer check | Queued for test lab | In test lab | Test lab | Awaiting CAB | With CAB
        With security | Awaiting staging window | Awaiting change window | Change window | Waiting to be deployed
        Being deployed | Blocked externally | Completed | Delivered | Withdrawn by requester
    """),
    "english, kanban lanes": _style("""
        Options | Pool | Next up | Next | Build: doing | Make: doing | Build: old | Build: done | Review: doing
        Review: done | Verify: doing | Check: doing | Verify: done | Accept: doing | Secure: doing | Stage: waiting
        Accept: done | Ship: doing | Secure: done | Deploy: doing | Impeded | Finished | Shipped | Abandoned
    """),
}
"""Styles that no word list was written with: what a stranger's board may hold."""

BARE_CHOICES = {
    "Selected", "Eingeplant", "Umsetzbar", "Planifié", "Geselecteerd", "⭐ Selected", "🟢 Ready", "Accepted",
    "Scheduled", "SPRINT BACKLOG", "1. Sprint ready", "Nächste", "Ready", "Retenu", "Next up", "Next",
}  # fmt: skip
"""Names that say that work was chosen and not for what: a stage of their own, as the golden workflow's "Selected"."""
