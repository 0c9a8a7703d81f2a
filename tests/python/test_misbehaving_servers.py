"""A script writer's site server misbehaves: each time a clear error of the right kind, and no traceback from inside."""

import os
import subprocess
import time

import pytest
from conftest import ROOT

import cmgateway
from cmgateway import errors

TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
PROGRAM = TARGET / "debug" / ("misbehaving-servers.exe" if os.name == "nt" else "misbehaving-servers")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    if not PROGRAM.is_file():
        pytest.skip("the servers are not built: cargo build -p cmgateway-tests --bin misbehaving-servers")
    ca_file = tmp_path_factory.mktemp("servers") / "ca.pem"
    with subprocess.Popen([PROGRAM, ca_file], stdout=subprocess.PIPE, encoding="ascii") as process:
        found = {}
        for line in process.stdout:
            if line.strip() == "ready":
                break
            name, url, token, kind = line.rstrip("\n").split("\t")
            found[name] = (url, token, kind, ca_file)
        yield found
        process.kill()


NAMES = (
    "status-400 status-401 status-403 status-404 status-409 status-500 status-503 web-page no-json half-a-body "
    "redirect silence wrong-name untrusted-issuer expired-certificate nobody-there"
).split()


def test_the_list_is_whole(cases):
    assert sorted(cases) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_reading(cases, name):
    url, token, kind, ca_file = cases[name]
    site = cmgateway.connect(url, token=token, ca_file=ca_file, timeout=0.5)
    begun = time.monotonic()
    with pytest.raises(errors.Error) as raised:
        site.gateway("GraniteFalls.contoso.com").sub_ca.list()
    assert raised.value.kind == kind, str(raised.value)
    assert str(raised.value).startswith("could not ")
    assert "\n" not in str(raised.value)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("name", ["status-403", "status-500", "half-a-body", "silence", "wrong-name"])
def test_writing(cases, name):
    url, token, kind, ca_file = cases[name]
    site = cmgateway.connect(url, token=token, ca_file=ca_file, timeout=0.5)
    service = site.new("SMS_AzureService", ServiceCName="GraniteFalls.contoso.com")
    with pytest.raises(errors.Error) as raised:
        site.put(service)
    assert raised.value.kind == kind, str(raised.value)
    assert service.path_ is None, "nothing was stored, so nothing may look stored"


def test_a_secret_is_never_in_the_message(cases):
    url, _, _, ca_file = cases["status-500"]
    with pytest.raises(errors.Error) as raised:
        cmgateway.connect(url, token="status-500", ca_file=ca_file).query("SELECT * FROM SMS_Site").all()
    error = raised.value
    assert "status-500" not in f"{error} {error!r} {error.context}"
