"""Databases that are backed up, and such that backups are restored into; systems that are told by webhooks."""

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cogniflow.db.server import Addresses
from cogniflow.exchange import backups
from cogniflow.exchange.receiver import tls
from tests.exchange.receiver import Receiver
from tests.web.conftest import Api


@pytest.fixture
def demo(copies, demo_template) -> Addresses:
    """The demonstration, to read only."""
    return Addresses(copies.owner(demo_template), copies.app(demo_template), copies.server)


@pytest.fixture
def empty(copies) -> Iterator[Addresses]:
    """A database with nothing in it, dropped after the test."""
    name = f"e_{secrets.token_hex(6)}"
    copies.create(name)
    yield Addresses(copies.owner(name), copies.app(name), copies.server)
    copies.drop(name)


@pytest.fixture
def backup(demo: Addresses, tmp_path: Path) -> Path:
    """A backup of the demonstration."""
    file = tmp_path / "company.backup"
    backups.back_up(demo, file)
    return file


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Makes other systems."""
    made: list[Receiver] = []

    def receiver(*given: Any) -> Receiver:
        made.append(Receiver(*given))
        return made[-1]
    yield receiver
    for each in made:
        each.close()


@pytest.fixture
def certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SSLContext]:
    """TLS of a server at 127.0.0.1, whom this machine believes to be that."""
    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), dt.datetime.now(dt.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1))
            .add_extension(here, critical=True).sign(key, SHA256()))
    file, kept = tmp_path / "certificate.pem", tmp_path / "both.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    kept.write_bytes(file.read_bytes() + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    tls.cache_clear()
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(kept)
    yield context
    tls.cache_clear()


@pytest.fixture
def receiver(receive) -> Receiver:
    """One other system."""
    return receive()


@pytest.fixture
def psql(database_url: str) -> Iterator[psycopg.Connection]:
    """Somebody who writes past us."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def api(app, token) -> Api:
    """REST with an administrator's token."""
    return Api(app.test_client(), token)


def one(url: str, query: str) -> Any:
    """The only value that a query answers."""
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]
