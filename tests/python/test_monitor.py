"""Traffic, thresholds, alerts and expiry from Python."""

import datetime

import pytest
from conftest import CONNECTION_POINT, NAME, put_gateway

import cmgateway
from cmgateway import errors

START = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
GIGABYTE = 1 << 30


@pytest.fixture
def monitor(site):
    put_gateway(site)
    row = site.gateway(NAME).instance()
    row.TrafficOutInGB = 100
    row.TrafficOutStopService = True
    row.put_()
    return site.gateway(NAME).monitor


def test_alerts_are_raised_once_and_recover(monitor, site):
    assert monitor.history(at=START) == []
    sample = monitor.record("0", 60 * GIGABYTE, at=START)
    assert (sample["bytes_out"], sample["time"]) == (60 * GIGABYTE, "2026-03-01T00:00:00Z")
    assert monitor.traffic(at=START)["level"] == "warning"
    report = monitor.check(at=START)
    assert report["raised"] == [f"$Outbound traffic of {NAME}: warning"]
    assert monitor.check(at=START)["raised"] == []
    monitor.record("0", 95 * GIGABYTE, at=START + datetime.timedelta(hours=1))
    report = monitor.check(at=START + datetime.timedelta(hours=1))
    assert report["has_stopped"]
    assert report["traffic"]["percent"] == 95
    assert site.gateway(NAME).instance().State == 6
    later = monitor.check(at=START + datetime.timedelta(days=15))
    assert len(later["recovered"]) == 2
    assert [alert["is_active"] for alert in monitor.alerts()] == [False, False]
    assert repr(monitor) == f"<monitor of {NAME}>"


def test_wrong_use_is_told(monitor):
    with pytest.raises(errors.ConfigError, match="source: it is empty"):
        monitor.record("", 1)
    with pytest.raises(errors.ConfigError, match="no time zone"):
        monitor.check(at=datetime.datetime(2026, 1, 1))
    with pytest.raises(TypeError, match="secrets is a dict"):
        cmgateway.expiry_warnings(secrets=["x"])
    with pytest.raises(TypeError, match="has no argument days"):
        cmgateway.expiry_warnings(days=3)


def test_what_ends_soon_is_warned_about(certificates, pki):
    now = datetime.datetime.now(datetime.timezone.utc)
    (certificates / "point.toml").write_text(CONNECTION_POINT, encoding="utf-8")
    assert cmgateway.expiry_warnings(connection_point_file=certificates / "point.toml", at=now) == []
    soon = pki.server.certificate.not_after - datetime.timedelta(days=5, hours=1)
    warnings = cmgateway.expiry_warnings(
        connection_point_file=certificates / "point.toml",
        certificates=[pki.server.certificate],
        secrets={"server app": soon - datetime.timedelta(hours=1)},
        at=soon,
    )
    assert (warnings[0]["what"], warnings[0]["name"], warnings[0]["days_left"]) == (
        "secret",
        "server app",
        -1,
    )
    assert {warning["what"] for warning in warnings} >= {"certificate", "connection point certificate"}
    assert all(warning["level"] == "critical" for warning in warnings)
