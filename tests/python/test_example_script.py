"""examples/python/update_subca_thumbprints.py behaves as the VBScript did, and better with options."""

import json
import os
import subprocess
import sys

import pytest
from conftest import NAME, ROOT, A, B, environment, put_gateway

SCRIPT = ROOT / "examples" / "python" / "update_subca_thumbprints.py"
QUERY = "SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = "
USAGE = "Usage: update_subca_thumbprints.py <ServiceCName> <SubCA cert thumbprints, separated by ;>\n"


def cases():
    """The cases of the table that both scripts must pass: a list of key and text for each."""
    table = (ROOT / "tests" / "parity" / "script_calls.txt").read_text(encoding="utf-8")
    for block in table.split("\n\n"):
        lines = [line.partition(" ") for line in block.splitlines() if not line.startswith("#")]
        if lines:
            yield [(key, text) for key, _, text in lines]


CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[case[0][1] for case in CASES])
def test_a_call_does_what_the_table_says(case, site, certificates, pki, python, tmp_path):
    put_gateway(site, stored=A)
    texts = {
        "name": NAME,
        "site": site.address,
        "a": A,
        "b": B,
        "c": str(pki.sub_cas[0].certificate.thumbprint),
        "cer": str(certificates / "subca1.cer"),
        "script": SCRIPT.name,
    }

    def all_of(key):
        return [text.format(**texts) for name, text in case if name == key]

    command = [python, SCRIPT, *all_of("word")]
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert (str(done.returncode), done.stdout.splitlines()) == (*all_of("exit"), all_of("line")), done.stderr
    assert all(error in done.stderr for error in all_of("error")), done.stderr
    assert bool(done.stderr) == bool(all_of("error"))
    assert stored(site) == (all_of("after") or [A])[0]


def test_a_site_file_takes_no_token_from_the_environment(site, python):
    put_gateway(site, stored=A)
    more = {"CMGATEWAY_TOKEN": "x", "CMGATEWAY_CA_FILE": "none.cer", "CMGATEWAY_SITE": site.address}
    done = subprocess.run(
        [python, SCRIPT, NAME, "--list"],
        capture_output=True,
        encoding="utf-8",
        env=environment(**more),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, A + "\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there, every argument is text")
def test_bytes_that_are_no_text_are_refused_in_one_line(site, python):
    command = [python, SCRIPT, "--site", site.address, b"gw\xff.contoso.com", "--list"]
    done = subprocess.run(command, capture_output=True, env=environment(), timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1


def test_a_console_without_the_character_shows_its_number(site, python):
    put_gateway(site, "\u2603.contoso.com", stored=A)
    command = [python, SCRIPT, "--site", site.address, "\u2603.contoso.com", B]
    more = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
    done = subprocess.run(
        command, capture_output=True, encoding="ascii", env=environment(**more), timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "'\\u2603.contoso.com'" in done.stdout
    assert stored(site) == B


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
def test_a_reader_that_has_gone_is_no_error_to_show(site, python):
    put_gateway(site, stored=A)
    reader, writer = os.pipe()
    os.close(reader)
    command = [python, SCRIPT, "--site", site.address, NAME, "--list"]
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, env=environment(), timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.fixture
def run(python, site):
    def run(*arguments, address=site.address):
        more = {} if address is None else {"CMGATEWAY_SITE": address}
        command = [python, SCRIPT, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", env=environment(**more), timeout=60, check=False
        )

    return run


def stored(site):
    return site.get("SMS_AzureService.AzureServiceID=1").SubCACertThumbprint


def test_called_as_the_vbscript_it_says_what_the_vbscript_said(site, run):
    put_gateway(site)
    done = run(NAME, f"{A};{B}")
    assert done.stdout.splitlines() == [
        "Searching for SMS Provider for local site...",
        "SiteCode = GF1",
        f"Run WQL query: {QUERY}'{NAME}'",
        f"Update [SubCACertThumbprint] to {A};{B}",
        "[SubCACertThumbprint] is updated successfully.",
    ]
    assert (done.returncode, done.stderr) == (0, "")
    assert stored(site) == f"{A};{B}"


def test_the_list_is_written_as_it_stands(site, run):
    put_gateway(site)
    done = run(NAME, "not checked; as before")
    assert done.returncode == 0
    assert "warning: item 1 of 2 is no thumbprint" in done.stderr
    assert stored(site) == "not checked; as before"


@pytest.mark.parametrize("arguments", [(), (NAME,), (NAME, A, "--add", B)])
def test_usage(run, arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, USAGE)


@pytest.mark.parametrize("name", ["nowhere.contoso.com", "x' OR ServiceType<>'", 'a"b', "☃"])
def test_no_such_gateway(site, run, name):
    put_gateway(site, "other.contoso.com", stored=A)
    done = run(name, B)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "Failed to get Azure_Service instance."
    assert stored(site) == A


def test_no_sms_provider(site, run):
    for location in site.query("SELECT * FROM SMS_ProviderLocation").all():
        site.delete(location)
    done = run(NAME, A)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "Failed to locate SMS provider.")


def test_two_gateways_of_one_name_are_left_alone(site, run):
    put_gateway(site, stored=A)
    put_gateway(site, NAME.upper(), stored=A)
    for arguments in [(NAME, B), (NAME, "--add", B)]:
        done = run(*arguments)
        assert done.returncode == 1
        assert "2 gateways" in done.stderr
    assert stored(site) == A


def test_a_plan_changes_nothing(site, run, certificates):
    put_gateway(site, stored=A)
    done = run(NAME, "--add", certificates / "subca1.cer", "--plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 to add, 0 to remove, 1 kept" in done.stdout
    assert stored(site) == A
    assert run(NAME, f"{A};{B}", "--plan").returncode == 0
    assert stored(site) == A


def test_add_remove_set_and_from_cert(site, run, certificates, pki):
    put_gateway(site)
    one, two = (str(issued.certificate.thumbprint) for issued in pki.sub_cas)
    for arguments, after in [
        (("--add", certificates / "subca1.cer", A), f"{one};{A}"),
        (("--remove", A), one),
        (("--from-cert", certificates / "subca1.cer", certificates / "subca2.cer"), f"{one};{two}"),
        (("--set", B), B),
        (("--set",), ""),
    ]:
        done = run(NAME, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
        assert stored(site) == after


def test_json_is_the_plan(site, run, certificates):
    put_gateway(site)
    done = run(NAME, "--from-cert", certificates / "subca2.cer", "--json", "--plan")
    plan = json.loads(done.stdout)
    assert (plan["service_name"], plan["steps"][0]["action"]) == (NAME, "add")
    assert stored(site) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [("server.pem", "not the certificate of a CA"), ("server.key", "could not"), ("none.cer", "none.cer")],
)
def test_what_is_no_sub_ca_is_refused(site, run, certificates, wrong, says):
    put_gateway(site, stored=A)
    done = run(NAME, "--add", certificates / wrong)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert stored(site) == A


def test_a_site_that_cannot_be_opened(run):
    for address in ("sqlite:none.db", "http://cm1/AdminService", "winrm://cm1"):
        done = run(NAME, A, address=address)
        assert done.returncode == 1
        assert done.stderr.startswith("could not")
        assert done.stderr.count("\n") == 1
    assert run(NAME, A, address=None).returncode == 1
