"""Why the time of an issue that is gone has ended."""

import pytest

from pipelines.life.account import account_for
from tests.pipelines.life.test_dated_reasons import AS_OF, open_journey, record


@pytest.mark.parametrize(
    ("issue", "said"),
    [
        ({"gone_reason": "archived", "moved_to_key": None}, "it is gone: archived, as a run"),
        ({"gone_reason": "moved_out", "moved_to_key": "NEW-7"}, "that are read, where it was NEW-7 then, as a run"),
    ],
)
def test_it_says_why_it_is_gone_and_under_which_key_it_was_found(issue, said):
    journey = open_journey(AS_OF) | {"outcome": "gone", "finished_at": AS_OF}
    assert said in account_for(record(journey=journey, issue=issue), None).finished_because
