"""All eight steps in one script: it is run twice, and the second run changes nothing."""

import os
import subprocess

import pytest
from conftest import ROOT, environment

import cmgateway

NAME = "granitefalls.contoso.com"
SCRIPT = ROOT / "examples" / "python" / "setup_gateway.py"
CLASSES = ["SMS_SCI_Component", "SMS_SCI_SysResUse", "SMS_AzureService"]


@pytest.fixture
def program():
    name = os.environ.get("CMGATEWAY_PROGRAM") or ROOT / "target" / "debug" / "cmgateway"
    if not os.path.isfile(name):
        pytest.skip("the program cmgateway is not built")
    return str(name)


def test_eight_steps_twice(tmp_path, python, program):
    folder = tmp_path / "lab"

    def run(*more):
        command = [python, str(SCRIPT), "--folder", str(folder), "--program", program, *more]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=180, env=environment(), check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        first = run()
        for step in range(1, 9):
            assert f"\nStep {step}: " in first
        assert "5 plans changed something" in first
        asked = "the management point was asked for /SMS_MP/.sms_aut?mplist"
        assert "200 from localhost:" in first
        assert first.count(asked) == 2
        assert "currently_intranet, since a management point answers" in first
        assert "always_internet, since ClientAlwaysOnInternet is set" in first
        assert "/CCM_Proxy_MutualAuth/72057594037937981: " + asked in first
        before = cmgateway.connect(f"sqlite:{folder / 'site.db'}")
        before.snapshot(tmp_path / "before.db", CLASSES)
        second = run()
        assert "0 plans changed something" in second
        assert second.count("nothing to do") == 6
        assert second.count(asked) == 2
        difference = cmgateway.diff(cmgateway.connect(f"sqlite:{tmp_path / 'before.db'}"), before, CLASSES)
        assert difference.objects == [], str(difference)
        role = before.roles.list("management_point")[0]
        assert role["gateway_traffic"]
        assert (
            before.switches.read()["text"]
            == "HTTPS or HTTP, PKI when available, CRL not checked, Enhanced HTTP"
        )
    finally:
        run("--delete")
    assert cmgateway.connect(f"sqlite:{folder / 'site.db'}").gateways() == []
