"""Several sites in flow.toml: what belongs to which, and that a secret written there is not repeated."""

import pytest

from tests.pipelines.flow_toml import complaint


def site(**said):
    """A table of flow.toml, every value a text."""
    usual = {"name": "berlin", "url": "https://berlin.atlassian.net", "token_env": "BERLIN_TOKEN"}
    return "\n".join(["[[site]]", *(f'{name} = "{value}"' for name, value in (usual | said).items()), ""])


BERLIN = site()
OSLO = site(name="oslo", url="https://jira.oslo.example/jira", token_env="OSLO_TOKEN") + 'projects = ["PAY"]\n'


def stream(name, site=""):
    return f'[[value_stream]]\nname = "{name}"\nsite = "{site}"\n'


def test_what_holds_for_one_site_is_the_file_of_that_site_alone(written):
    shared = '[jira]\nconcurrency = 3\n[publishing]\nkeep_versions = 2\n[calendar]\nzone = "Europe/Oslo"\n'
    config = written(shared + BERLIN + OSLO + stream("Shop", "berlin") + stream("Payments", "oslo"))
    alone = written(f'{shared}[[value_stream]]\nname = "Payments"\n')
    scope = {"site_name": "oslo", "projects": ("PAY",)}
    assert config.of_site("oslo") == alone.model_copy(update={"jira": alone.jira.model_copy(update=scope)})


def test_a_stream_of_all_sites_has_another_name_on_each(written):
    config = written(BERLIN + OSLO + stream("Support"))
    names = [[one.name for one in config.of_site(site).value_stream] for site in ("berlin", "oslo")]
    assert names == [["Support (berlin)"], ["Support (oslo)"]]


def test_with_a_single_site_a_stream_keeps_its_name(written):
    config = written(BERLIN + stream("Support")).of_site("berlin")
    assert [one.name for one in config.value_stream] == ["Support"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BERLIN + BERLIN, "The file: two sites are named 'berlin'"),
        (BERLIN + BERLIN.replace("berlin", "Berlin"), "The file: two sites are named 'berlin'"),
        (f'[jira]\nprojects = ["A"]\n{BERLIN}', "The file: 'projects' in [jira] speaks of one site"),
        (BERLIN + stream("Shop", "oslo"), "The file: value stream 'Shop' belongs to site 'oslo', which no [[site]]"),
        (stream("Shop", "berlin"), "The file: value stream 'Shop' belongs to site 'berlin', which no [[site]]"),
        (BERLIN + OSLO + stream("Shop", "berlin") + stream("Shop", "oslo"), "The file: two value streams are named"),
        (BERLIN + OSLO + stream("Shop") + stream("Shop (oslo)", "oslo"), "The file: two value streams are named"),
        (BERLIN.replace("berlin", "../x", 1), "'name' in [[site]] (number 1): write letters and digits"),
        (BERLIN.replace("berlin", "a...b", 1), "'name' in [[site]] (number 1): write letters and digits"),
        (BERLIN.replace("https://", ""), "'url' in [[site]] (number 1): write the site's address"),
        (BERLIN.replace('token_env = "BERLIN_TOKEN"', ""), "[[site]] (number 1) needs 'token_env'."),
        (BERLIN + 'tokn = "x"', "[[site]] (number 1) has no option 'tokn'. Did you mean 'token_env'?"),
        ("site = 3", "[[site]]: write a list"),
    ],
)
def test_a_mistake_is_named_with_its_place(written, text, says):
    assert complaint(written, text).startswith(says)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("token_env", "ATATT3xFfGF0-secret"),
        ("token_env", "secretsecret"),
        ("email_env", "me-secret@example.com"),
        ("url", "https://me:secret@berlin.atlassian.net"),
        ("url", "https://:secret@berlin.atlassian.net"),
        ("url", "https://berlin.atlassian.net?token=secret"),
        ("url", "https://berlin.atlassian.net/#secret"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(written, place, value):
    words = complaint(written, site(**{place: value}))
    assert words.startswith(f"'{place}' in [[site]] (number 1): write ")
    assert "secret" not in words
