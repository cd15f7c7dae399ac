"""Between the product and a site: the platform's gateway, a company's proxy, a company's certificate authority."""

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager

import pytest

from pipelines.jira.client import Connection, connect
from pipelines.jira.errors import UnreachableError
from pipelines.jira.extract import extract
from pipelines.jira.scope import Scope
from pipelines.jira.site_store import Store
from pipelines.sandbox.server import start
from tests.pipelines.jira.sites import EMAIL, TOKEN, patient_gate
from tests.pipelines.jira.test_extract import small_site
from tests.pipelines.jira.truth import KEY

HOST = "jira.example.test"
PREFIX = "/ex/jira/11111111-2222-3333-4444-555555555555"
TIMEOUT = 20


@contextmanager
def listening(handle):
    """A port of this machine on which every connection is given to ``handle``, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                client.settimeout(TIMEOUT)
                threading.Thread(target=handle, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def head_of(client):
    """What a client sent up to the end of its headers, and a little more."""
    received = b""
    while b"\r\n\r\n" not in received and (more := client.recv(65536)):
        received += more
    return received


def joined(client, port, first=b""):
    """Pass bytes both ways until either side ends."""
    with client, socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as site:
        site.sendall(first)
        back = threading.Thread(target=copied, args=(site, client), daemon=True)
        back.start()
        copied(client, site)
        back.join(TIMEOUT)


def copied(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def one_request_each(head):
    """The same request on a connection that ends with it, so that every request passes here."""
    line, _, rest = head.partition(b"\r\n")
    return line + b"\r\nConnection: close\r\n" + rest.replace(b"Connection: keep-alive\r\n", b"")


@contextmanager
def gateway(site_port, asked):
    """What stands at api.atlassian.com: strips the prefix; anything else does not exist."""

    def handle(client):
        method, path, rest = head_of(client).split(b" ", 2)
        asked.append(path.decode())
        if not path.startswith(PREFIX.encode()):
            with client:
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        joined(client, site_port, one_request_each(b" ".join((method, path.removeprefix(PREFIX.encode()), rest))))

    with listening(handle) as port:
        yield port


@contextmanager
def proxy(port_of_site, asked):
    """A forward proxy that takes every name for this machine: absolute addresses, and CONNECT."""

    def handle(client):
        head = head_of(client)
        method, target, rest = head.split(b" ", 2)
        asked.append((method.decode(), target.decode()))
        if method == b"CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            joined(client, port_of_site)
        else:
            path = b"/" + target.split(b"/", 3)[3]
            joined(client, port_of_site, one_request_each(b" ".join((method, path, rest))))

    with listening(handle) as port:
        yield port


@contextmanager
def with_tls(site_port, folder):
    """The site behind TLS, under a certificate of an authority that only ``folder``/ca.pem makes known."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")

    def handle(client):
        try:
            secured = context.wrap_socket(client, server_side=True)
        except (ssl.SSLError, OSError):
            client.close()
            return
        head = head_of(secured)
        if head:
            joined(secured, site_port, one_request_each(head))

    with listening(handle) as port:
        yield port


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate authority of our own, and a certificate of the host."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed, so no certificate can be made")
    folder = tmp_path_factory.mktemp("authority")
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    made = [
        [*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Company CA",
         "-addext", "keyUsage=critical,keyCertSign"],
        [*new, "-x509", "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "site.key", "-out", "site.pem", "-subj",
         f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-addext", "basicConstraints=critical,CA:FALSE"],
    ]  # fmt: skip
    for command in made:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def port_of(sandbox):
    return int(sandbox.url.rsplit(":", 1)[1])


def extracted(url, tmp_path, email=None):
    session = connect(Connection(url, email, TOKEN), patient_gate())
    store = Store(tmp_path, environment={"FLOW_PSEUDONYM_KEY": KEY.decode()})
    return session, extract(session, Scope(), store)


def test_the_platforms_gateway_is_a_site_with_a_path(tmp_path):
    """As OAuth 2.0 and scoped tokens are used: https://api.atlassian.com/ex/jira/<cloudId>, with a bearer token."""
    asked = []
    with start(small_site(), "cloud") as sandbox, gateway(port_of(sandbox), asked) as port:
        session, done = extracted(f"http://127.0.0.1:{port}{PREFIX}", tmp_path)
    assert (session.flavour, done.issue_count) == ("cloud", 7)
    assert all(path.startswith(f"{PREFIX}/rest/") for path in asked)


@pytest.mark.parametrize("flavour", ["cloud", "dc"])
def test_a_proxy_of_the_usual_variable_is_used(tmp_path, monkeypatch, flavour):
    asked = []
    with start(small_site(), flavour) as sandbox, proxy(port_of(sandbox), asked) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        email = EMAIL if flavour == "cloud" else None
        _, done = extracted(f"http://{HOST}", tmp_path, email)
    assert done.issue_count == 7
    assert {target.split("/rest/")[0] for _, target in asked} == {f"http://{HOST}"}


def test_a_proxy_is_not_used_for_a_site_on_this_machine(tmp_path, monkeypatch):
    asked = []
    with start(small_site(), "dc") as sandbox, proxy(port_of(sandbox), asked) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        extracted(sandbox.url, tmp_path)
    assert asked == []


def test_a_companys_own_authority_is_trusted_where_the_usual_variable_names_it(tmp_path, monkeypatch, authority):
    asked = []
    with (
        start(small_site(), "dc") as sandbox,
        with_tls(port_of(sandbox), authority) as secured,
        proxy(secured, asked) as port,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority / "ca.pem"))
        _, done = extracted(f"https://{HOST}", tmp_path)
    assert done.issue_count == 7
    assert set(asked) == {("CONNECT", f"{HOST}:443")}


def test_an_authority_nobody_named_is_refused_with_the_variable_to_set(monkeypatch, authority):
    with (
        start(small_site(), "dc") as sandbox,
        with_tls(port_of(sandbox), authority) as secured,
        proxy(secured, []) as port,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
        with pytest.raises(UnreachableError, match="REQUESTS_CA_BUNDLE"):
            connect(Connection(f"https://{HOST}", None, TOKEN), patient_gate())
