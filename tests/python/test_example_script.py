"""examples/python/update_subca_thumbprints.py behaves as the VBScript did, and better with options."""

import json
import subprocess

import pytest
from conftest import NAME, ROOT, A, B, environment, put_gateway

SCRIPT = ROOT / "examples" / "python" / "update_subca_thumbprints.py"
QUERY = "SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = "
USAGE = "Usage: update_subca_thumbprints.py <ServiceCName> <SubCA cert thumbprints, separated by ;>\n"


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
    assert run(NAME, "not checked; as before").returncode == 0
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
