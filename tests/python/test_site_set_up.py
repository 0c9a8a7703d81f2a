"""Steps 5 to 7 of the set-up from Python: switches of the site, connection points, roles."""

import asyncio
import json

import pytest
from conftest import MANAGEMENT_POINT, NAME, put_gateway

from cmgateway import aio
from cmgateway.errors import ConfigError, ConflictError, NotFoundError, UnsupportedError

DISTRIBUTION_POINT = r"""
instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "DP1";
    NetworkOSPath = "\\\\DP1.contoso.com"; RoleName = "SMS Distribution Point"; SslState = 1; };
"""


@pytest.fixture
def full(site):
    put_gateway(site)
    site.compile_mof(MANAGEMENT_POINT + DISTRIBUTION_POINT)
    return site


def test_switches_are_planned_set_and_read_back(full):
    plan = full.switches.plan(use_pki_client_certificate=True, check_crl=False)
    assert plan.is_change
    assert plan.title == "switches of site GF1"
    changed = {
        step["setting"]: (step["before"], step["after"]) for step in plan.steps if step["action"] == "change"
    }
    assert changed["use_pki_client_certificate"] == ("no", "yes")
    assert changed["IISSSLState"] == ("224 (0xE0)", "448 (0x1C0)")
    assert json.loads(plan.to_json())["steps"] == plan.steps
    assert full.switches.read()["iis_ssl_state"] == 224
    plan.apply(full)
    plan.apply(full)
    assert full.switches.read()["iis_ssl_state"] == 448
    again = full.switches.set(use_pki_client_certificate=True, check_crl=False, https_only=None)
    assert not again.is_change
    assert "nothing to do" in str(again)
    assert repr(again).startswith("<plan for switches of site GF1: nothing to do")
    old = full.switches.plan(check_crl=True)
    full.switches.set(enhanced_http=True)
    with pytest.raises(ConflictError):
        old.apply(full)


def test_wrong_switches_are_named(full):
    with pytest.raises(ConfigError, match="crl is not a field of the site's switches"):
        full.switches.plan(crl=True)
    with pytest.raises(ConfigError, match="check_crl must be true or false"):
        full.switches.set(check_crl="no")
    with pytest.raises(ConfigError, match="no switch is given"):
        full.switches.plan()


def test_connection_points_come_and_go(full):
    points = full.connection_points
    plan = points.plan("add", "CP1.contoso.com", gateway=NAME, internet_proxy="proxy:8080")
    assert points.list() == []
    plan.apply(full)
    (point,) = points.list()
    assert (point["server"], point["gateway"]) == ("CP1.contoso.com", NAME)
    assert point["internet_proxy"] == {"server": "proxy", "port": 8080, "user": None}
    assert not points.add("CP1.contoso.com", gateway=NAME).is_change
    points.change("CP1.contoso.com", internet_proxy=False)
    assert points.list()[0]["internet_proxy"] is None
    assert points.advice(NAME) == {
        "instances": 1,
        "for_load": 1,
        "recommended": 2,
        "existing": 1,
        "missing": 1,
    }
    assert points.remove("CP1.contoso.com").is_change
    with pytest.raises(NotFoundError):
        points.change("CP1.contoso.com", internet_proxy=False)
    with pytest.raises(ConfigError, match="is not add, change or remove"):
        points.plan("put", "CP1.contoso.com")


def test_roles_take_gateway_traffic_by_the_rules(full):
    roles = full.roles
    with pytest.raises(ConfigError, match="gateway_needs_https") as refused:
        roles.set("management_point", "MP1.contoso.com", gateway_traffic=True)
    assert refused.value.context["rule"] == "gateway_needs_https"
    with pytest.raises(UnsupportedError, match="Technical Preview 1606"):
        roles.plan("distribution_point", "DP1.contoso.com", gateway_traffic=True)
    assert roles.set("management_point", "MP1.contoso.com", https=True, gateway_traffic=True).is_change
    (role,) = roles.list("management_point")
    assert (role["https"], role["gateway_traffic"], role["port"]) == (True, True, 443)
    assert role["client_connections"] == "internet_and_intranet"
    assert len(roles.list()) == 2
    with pytest.raises(ConfigError, match="must be one of"):
        roles.list("pull_point")


def test_the_ports_for_the_firewall_team(full):
    service = full.gateway(NAME).instance()
    service.NumberOfInstances, service.DeploymentModel = 4, 1
    service.Name, service.Fqdn = "granitefalls", "granitefalls.westus2.cloudapp.azure.com"
    service.put_()
    full.roles.set("management_point", "MP1.contoso.com", https=True, gateway_traffic=True)
    ports = full.gateway(NAME).required_ports()
    first = ports.rows[0]
    assert (first["from"], first["first_port"], first["last_port"]) == ("connection_point", 10124, 10127)
    inside = [row for row in ports.rows if row["to"] == "MP1.contoso.com"]
    assert [(row["protocol"], row["first_port"]) for row in inside] == [("HTTPS", 443)]
    assert "granitefalls.vault.azure.net" in str(ports)
    assert json.loads(ports.to_json())["rows"] == ports.rows
    rules = json.loads(ports.to_security_group())
    assert [rule["properties"]["destinationPortRange"] for rule in rules] == ["10124-10127", "443"]
    assert "tcp dport 10124-10127 accept" in ports.to_nftables()
    assert ports == full.gateway(NAME).required_ports()


def test_the_same_with_asyncio(full):
    async def work():
        site = await aio.connect(full.address)
        plan = await site.switches.plan(check_crl=False)
        await plan.apply(site)
        assert "2 to change" in str(plan)
        await site.roles.set("management_point", "MP1.contoso.com", https=True)
        await site.connection_points.add("CP1.contoso.com", gateway=NAME)
        return await site.roles.list("management_point"), await site.switches.read()

    (role,), state = asyncio.run(work())
    assert role["https"]
    assert state["iis_ssl_state"] == 192
