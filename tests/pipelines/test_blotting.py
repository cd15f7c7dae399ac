"""A secret is blotted out in every form in which it travels, and nothing else is."""

import base64
from urllib.parse import quote

import pytest

from pipelines.blotting import blotted

SECRET = "ATATT3x-s3cr3t_token=9A?>~~"


def login(email):
    return base64.b64encode(f"{email}:{SECRET}".encode()).decode()


@pytest.mark.parametrize("email", ["a@b.example", "ab@b.example", "abc@b.example", "zoë@example.com", ""])
def test_the_header_of_a_login_is_blotted_whoever_logs_in(email):
    assert blotted(f"Bad header: Basic {login(email)}.", [SECRET]) == "Bad header: Basic ***."


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        login("a@b.example").rstrip("="),
        login("a@b.example").replace("+", "-").replace("/", "_"),
        quote(login("a@b.example"), safe=""),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_every_form_is_blotted(form):
    assert blotted(f"a {form} b", ["another-one", SECRET]) == "a *** b"


@pytest.mark.parametrize("before", ["%20", "Basic%20", "x", "xy", "xyz"])
def test_letters_before_a_login_do_not_hide_it(before):
    said = blotted(f"header={before}{login('me@b.example')}", [SECRET])
    assert said.startswith("header=")
    assert said.endswith("***")


def test_what_is_no_secret_stays():
    text = (
        "https://jira.example.org/rest/api/2/serverInfo refused aGVsbG8gd29ybGQgaGVsbG8=; 1234567890123 Fehlermeldung_ü"
    )
    assert blotted(text, [SECRET, ""]) == text
