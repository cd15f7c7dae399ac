"""Histories that arrive twice or in parts."""

from pipelines.jira.histories import distinct_histories
from pipelines.jira.shapes import History, Item

STATUS = Item(field="status", from_="1", to="3")
FLAG = Item(field="flagged", from_=0, to=1)


def history(number, *items):
    return History(id=str(number), created="2024-01-01T00:00:00.000+0000", items=list(items))


def test_a_history_sent_twice_counts_once():
    kept = distinct_histories([history(1, STATUS), history(2, FLAG), history(1, STATUS)])
    assert [(one.id, one.items) for one in kept] == [("1", [STATUS]), ("2", [FLAG])]


def test_the_parts_of_a_history_spread_over_pages_are_joined():
    (kept,) = distinct_histories([history(1, STATUS), history(1, FLAG)])
    assert kept.items == [STATUS, FLAG]


def test_an_item_twice_in_one_history_stays_twice():
    (kept,) = distinct_histories([history(1, STATUS, STATUS), history(1, STATUS)])
    assert kept.items == [STATUS, STATUS]


def test_histories_keep_the_order_of_their_first_appearance():
    kept = distinct_histories([history(9), history(2), history(9), history(5)])
    assert [one.id for one in kept] == ["9", "2", "5"]


def test_an_id_as_number_and_as_text_is_the_same_history():
    number = History(id=7, created=0, items=[STATUS])
    assert len(distinct_histories([history(7, STATUS), number])) == 1
