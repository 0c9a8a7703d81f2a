"""What a gateway shall be, the plan, and gateways that are made on this machine by the real program."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, environment

import cmgateway
from cmgateway import errors

NAME = "granitefalls.contoso.com"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
SCRIPT = ROOT / "examples" / "python" / "create_gateway.py"


@pytest.fixture(scope="session")
def made():
    """RSA keys take their time: one set for all."""
    return cmgateway.cert.DevelopmentPki(sub_cas=1, server_names=[NAME, "localhost"], key="rsa_2048")


@pytest.fixture
def spec(made, tmp_path):
    made.write_to(tmp_path)
    (tmp_path / "server.pfx").write_bytes(made.server.to_pfx(password="secret"))
    return cmgateway.GatewaySpec(
        service_cert_path=tmp_path / "server.pfx",
        service_cert_password="secret",
        ca_root_cert=[tmp_path / "root.cer"],
        sub_ca_cert=[tmp_path / "subca1.cer"],
        connection_point_cert=[tmp_path / "client.pem"],
        vm_instance_count=2,
        subscription_id=SUBSCRIPTION,
        region="WestUS2",
        ssh_public_key="ssh-rsa AAAA",
    )


@pytest.fixture(scope="session")
def program():
    name = os.environ.get("CMGATEWAY_PROGRAM") or ROOT / "target" / "debug" / "cmgateway"
    if not os.path.isfile(name):
        pytest.skip("the program cmgateway is not built")
    return name


@pytest.fixture
def cloud(program, tmp_path):
    return cmgateway.local_cloud(folder=tmp_path / "gateways", program=program, ports="free")


def test_every_mistake_is_told_at_once():
    with pytest.raises(errors.ConfigError) as raised:
        cmgateway.GatewaySpec(vm_instance_count=17, region="West/US", misspelt=1, enforce_protocol="yes")
    for part in (
        "service_cert_path is missing",
        "vm_instance_count must be from 1 to 16",
        "region must be letters and digits",
        "misspelt is not a field",
        "enforce_protocol must be true or false",
    ):
        assert part in raised.value.cause


def test_a_spec_is_read_changed_and_shown_without_its_password(spec, tmp_path):
    fields = spec.fields()
    assert "secret" not in str(fields) + repr(spec)
    assert fields["ca_root_cert"] == [str(tmp_path / "root.cer")]
    assert spec.check()["service_name"] == NAME
    assert spec.check()["regional_name"] == "granitefalls.westus2.cloudapp.azure.com"
    more = spec.replace(vm_instance_count=4)
    assert (more.fields()["vm_instance_count"], fields["vm_instance_count"]) == (4, 2)
    assert more.check()["name"] == "granitefalls"
    (tmp_path / "gateway.toml").write_text(
        'service_cert_path = "server.pfx"\nservice_cert_password = "secret"\n', encoding="utf-8"
    )
    assert cmgateway.GatewaySpec.load(tmp_path / "gateway.toml").check()["service_name"] == NAME
    same = cmgateway.GatewaySpec.from_json({"service_cert_path": tmp_path / "server.pfx"})
    assert same.fields() == cmgateway.GatewaySpec(service_cert_path=tmp_path / "server.pfx").fields()
    with pytest.raises(errors.ConfigError, match="service_cert_password is missing"):
        same.check()


def test_a_plan_for_azure_needs_no_network(spec):
    plan = cmgateway.plan_offline(spec)
    assert plan.is_change
    assert plan.cloud == "Azure Resource Manager"
    kinds = [step["kind"] for step in plan.steps]
    assert kinds[5:9] == ["resource group", "managed identity", "security group", "virtual network"]
    assert {step["action"] for step in plan.steps} == {"create", "change"}
    assert any("CNAME" in warning for warning in plan.warnings)
    assert "secret" not in str(plan) + plan.to_json()
    with pytest.raises(errors.ConfigError, match=r"subscription_id is missing; region is missing"):
        cmgateway.plan_offline(spec.replace(subscription_id=None, region=None))


def test_a_gateway_lives_on_this_machine(spec, cloud, site):
    plan = cloud.plan(spec)
    with pytest.raises(errors.StoppedError, match="apply again"):
        cloud.apply(site, plan, progress=lambda now: now["phase"] != "making")
    with pytest.raises(ZeroDivisionError):
        cloud.apply(site, plan, progress=lambda now: 1 / 0)
    seen = []
    gateway = cloud.apply(site, plan, progress=seen.append)
    assert gateway.service_name == NAME
    assert seen[-1]["step"] == seen[-1]["steps"] == len(plan.steps)
    assert not cloud.plan(spec).is_change
    assert gateway.instance().State == 0
    first, second = cloud.instances(site, NAME)
    assert first["is_ready"]
    assert second["is_ready"]

    os.kill(second["process"], signal.SIGKILL)
    until = time.monotonic() + 20
    while (again := cloud.instances(site, NAME)[1])["process"] in (None, second["process"]) or not again[
        "is_ready"
    ]:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert (again["restarts"], again["address"]) == (1, second["address"])

    warned = spec.replace(enable_traffic_out=True, traffic_warning_pct=40)
    assert not cloud.plan(warned).is_change
    step = cloud.plan(warned, site=site).steps[-1]
    assert (step["kind"], step["action"]) == ("row in the site", "change")
    assert "TrafficWarningThreshold: 50 → 40" in step["changes"]

    plan = cloud.plan(spec.replace(vm_instance_count=1))
    assert [step["action"] for step in plan.steps] == ["keep", "keep", "keep", "change", "delete"]
    cloud.apply(site, plan)
    cloud.stop(site, NAME)
    assert gateway.instance().State == 6
    heard = []
    cloud.start(site, NAME, progress=heard.append)
    assert heard[-1]["phase"] == "done"
    assert heard[-1]["detail"] == "instance 0 running"
    assert heard[-1]["text"] == f"[1/1] gateway {NAME}: done (instance 0 running)"
    with pytest.raises(errors.StoppedError, match="stop it again"):
        cloud.stop(site, NAME, progress=lambda now: False)
    with pytest.raises(ZeroDivisionError):
        cloud.stop(site, NAME, progress=lambda now: 1 / 0)
    cloud.delete(site, NAME)
    with pytest.raises(errors.NotFoundError):
        cloud.instances(site, NAME)


def test_the_command_that_pip_installs_keeps_a_gateway_running(spec, site, tmp_path):
    command = Path(sys.executable).with_name("cmgateway.exe" if os.name == "nt" else "cmgateway")
    if not command.is_file():
        pytest.skip("the package is not installed into this environment")
    cloud = cmgateway.local_cloud(folder=tmp_path / "gateways", program=command, ports="free")
    spec = spec.replace(vm_instance_count=1)
    cloud.apply(site, cloud.plan(spec))
    try:
        assert [instance["is_ready"] for instance in cloud.instances(site, NAME)] == [True]
    finally:
        cloud.delete(site, NAME)


def test_the_gateway_outlives_its_script(spec, cloud, site, python, tmp_path, program):
    script = (
        "import cmgateway, sys\n"
        "site = cmgateway.connect(sys.argv[1])\n"
        "spec = cmgateway.GatewaySpec.load('gateway.toml')\n"
        "cloud = cmgateway.local_cloud(folder='gateways', program=sys.argv[2], ports='free')\n"
        "cloud.apply(site, cloud.plan(spec))\n"
    )
    (tmp_path / "gateway.toml").write_text(
        'service_cert_path = "server.pfx"\nservice_cert_password = "secret"\nca_root_cert = ["root.cer"]\n'
        'connection_point_cert = ["client.pem"]\n',
        encoding="utf-8",
    )
    command = [python, "-c", script, site.address, program]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60, env=environment())
    (instance,) = cloud.instances(site, NAME)
    assert instance["is_ready"]
    cloud.delete(site, NAME)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--instances", "2"], "is deleted"),
        (["--cloud", "azure"], "scale set"),
        (["--cloud", "site"], "CreateDeployment"),
    ],
)
def test_the_example_goes_from_certificates_to_a_request_and_back(options, said, python, program):
    command = [python, SCRIPT, "--program", program, *options]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert f"service name, from the certificate: {NAME}" in done.stdout
    if options[0] == "--instances":
        answers = re.findall(
            r"instance (\d) at 127\.0\.0\.1:\d+: 200, the management point was asked for", done.stdout
        )
        assert answers == ["0", "1"]


def test_wrong_options_are_told(tmp_path):
    with pytest.raises(errors.ConfigError, match="no IP address"):
        cmgateway.local_cloud(address="here")
    with pytest.raises(errors.ConfigError, match="ports is microsoft or free"):
        cmgateway.local_cloud(ports="any")


def test_the_classic_api_as_a_cloud(spec):
    certificate = cmgateway.azure.ManagementCertificate.make()
    given = {
        "certificate": certificate,
        "package_url": "https://gfstore.blob.core.windows.net/p/cmg.cspkg?sig=x",
    }
    unreachable = {"service_management_url": "https://localhost:1", "tries": 1}
    cloud = cmgateway.classic_cloud(SUBSCRIPTION, certificate_name="SSL", **given, **unreachable)
    assert cloud.name == "Azure classic"
    with pytest.raises(errors.UnavailableError):
        cloud.plan(spec)
    with pytest.raises(errors.ConfigError, match="certificate_name is missing"):
        cmgateway.classic_cloud(SUBSCRIPTION, **given)
    with pytest.raises(errors.ConfigError, match="certificate or credential"):
        cmgateway.classic_cloud(SUBSCRIPTION, package_url=given["package_url"], certificate_name="SSL")
    role = "<Role name='ProxyService'><Instances count='1'/></Role>"
    given["configuration"] = f"<ServiceConfiguration>{role}</ServiceConfiguration>"
    with pytest.raises(errors.ConfigError, match="no role Other"):
        cmgateway.classic_cloud(SUBSCRIPTION, role="Other", **given)
    with pytest.raises(TypeError, match="has no argument package"):
        cmgateway.classic_cloud(SUBSCRIPTION, package="x", **given)


def test_the_sites_own_way(spec, tmp_path):
    site = cmgateway.create_site(tmp_path / "own.db", "GF1")
    cloud = cmgateway.site_cloud(site, poll=0.01, timeout=0.1, properties={"AADApplicationId": 1})
    plan = cloud.plan(spec)
    assert [step["name"] for step in plan.steps] == [NAME, "CreateDeployment", "Ready"]
    heard = []
    with pytest.raises(errors.TimedOutError, match="task Created"):
        cloud.apply(site, plan, progress=heard.append)
    assert len(heard) > 3
    assert heard[-1]["phase"] == "waiting"
    gateway = site.gateway(NAME)
    assert gateway.state() is None
    row = gateway.instance()
    assert row.AADApplicationId == 1
    row.State = 7
    site.put(row)
    assert gateway.state() == {"code": 7, "name": "state 7 (not known)", "is_confirmed": False}
    with pytest.raises(errors.ConfigError, match="poll must be seconds above 0"):
        cmgateway.site_cloud(site, poll=0)
