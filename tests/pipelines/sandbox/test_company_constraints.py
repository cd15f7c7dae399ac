"""The planted constraints are constraints: relieving them helps most, relieving anything else hardly at all."""

from functools import lru_cache

import pytest

from pipelines.sandbox.company.build import SEED, company_span, hire_company
from pipelines.sandbox.company.interventions import relief_effects, relievable
from pipelines.sandbox.company.streams import STREAMS
from tests.pipelines.sandbox.company_views import TRUTH


@lru_cache(maxsize=1)
def effects():
    """What relieving each stage and pool does to each of the company's own teams."""
    span = company_span()
    teams, _ = hire_company(SEED, span)
    return {team.spec.key: relief_effects(team, span, (str(SEED),)) for team in teams}


@pytest.mark.parametrize("project", ["PAY", "MOB", "PLAT", "CORE", "LAB"])
def test_relieving_the_planted_constraint_brings_the_most_deliveries(project):
    gains = {name: effect.deliveries for name, effect in effects()[project].items()}
    constraint = TRUTH[project].constraint
    assert max(gains, key=gains.get) == constraint
    assert gains[constraint] > 0.02


@pytest.mark.parametrize("project", list(TRUTH))
def test_relieving_the_planted_constraint_shortens_residence_most(project):
    falls = {name: effect.residence for name, effect in effects()[project].items()}
    constraint = TRUTH[project].constraint
    assert max(falls, key=falls.get) == constraint
    assert falls[constraint] > 0.05


@pytest.mark.parametrize("project", ["PAY", "MOB", "PLAT", "LAB"])
def test_no_stage_that_does_not_limit_brings_half_as_many_deliveries(project):
    gains = {name: effect.deliveries for name, effect in effects()[project].items()}
    limit = gains.pop(TRUTH[project].constraint)
    assert max(gains.values()) < limit / 2


def test_the_train_delays_but_does_not_limit():
    gains = {name: effect.deliveries for name, effect in effects()["WEB"].items()}
    assert max(gains.values()) < 0.02


def test_faster_coding_makes_payments_slower():
    assert effects()["PAY"]["Development"].residence < -0.05


def test_shared_people_can_be_relieved_as_a_pool():
    core = next(spec for spec in STREAMS if spec.key == "CORE")
    assert relievable(core) == ("Development", "Review", "QA", "engineers")
