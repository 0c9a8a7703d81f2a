"""An instance and a connection point run from Python; requests go through both to a server of Python's own."""

import asyncio
import threading
import time
import urllib.request

import pytest
from conftest import ROLE, TARGET

import cmgateway
from cmgateway import aio, errors


def test_a_request_goes_through_and_is_counted(point_file, instance, ask):
    with cmgateway.start_connection_point(point_file) as point:
        point.ready(timeout=20)
        status, text = ask(TARGET)
        assert (status, text.lower()) == (200, "you asked for /sms_mp/hello")
        # One connection is enough to be ready; the second follows.
        until = time.monotonic() + 20
        while not point.status()["instances"][0]["connections"] == instance.status()["tunnels"] >= 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        front, back = instance.status(), point.status()
        assert front["connection_points"] == ["CP1"]
        assert front["requests"] == 1
        assert front["handshakes"] == 1
        assert front["configuration"] == back["configuration"] == back["instances"][0]["configuration"] > 0
        assert back["instances"][0]["addresses"] == instance.addresses
        assert back["instances"][0]["connections"] == front["tunnels"] >= 2
        (traffic,) = back["traffic"]
        assert (traffic["role"], traffic["requests"], traffic["failures"]) == (ROLE, 1, 0)
        assert traffic["bytes_out"] == len(text)
    assert ask(TARGET)[0] == 503


def test_metrics_are_where_the_instance_says(instance):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{instance.admin_address}/metrics", timeout=20) as answer:
        assert b"cmgateway_open_connections 0" in answer.read()


def test_a_broken_reload_keeps_the_old_settings_and_tells_why(point_file, instance, ask, certificates):
    with cmgateway.start_connection_point(point_file) as point:
        point.ready(timeout=20)
        good = point_file.read_text(encoding="utf-8")
        point_file.write_text(good.replace("[[mapping]]", "surprise = 1\n[[mapping]]"), encoding="utf-8")
        with pytest.raises(errors.ConfigError, match=r"point\.toml:13: unknown field `surprise`"):
            point.reload()
        assert ask(TARGET)[0] == 200

        point_file.write_text(good.replace(str(ROLE), "17"), encoding="utf-8")
        point.reload()
        until = time.monotonic() + 10
        while ask(TARGET.replace(str(ROLE), "17"))[0] != 200:
            assert time.monotonic() < until, point.status()
            time.sleep(0.05)
        assert ask(TARGET)[0] == 404

        (certificates / "server.pem").write_text("nonsense", encoding="utf-8")
        with pytest.raises(errors.CertificateError):
            instance.reload()
        assert ask(TARGET.replace(str(ROLE), "17"))[0] == 200


def test_a_body_above_the_limit_of_its_mapping_is_refused(point_file, ask):
    with point_file.open("a", encoding="utf-8") as file:
        file.write("request_body_bytes_max = 4\n")
    with cmgateway.start_connection_point(point_file) as point:
        point.ready(timeout=20)
        # As large as it may be: the server inside answers, and knows no POST.
        assert ask(TARGET, b"four")[0] == 501
        assert ask(TARGET, b"five!") == (413, "CMGService_Content_Too_Large")
        assert ask(TARGET, iter([b"in ", b"chunks"])) == (413, "CMGService_Content_Too_Large")


def test_a_stop_waits_for_open_requests_as_long_as_the_settings_say(point_file, instance, ask, certificates):
    file = certificates / "instance.toml"
    good = file.read_text(encoding="utf-8")
    file.write_text("drain_seconds = 86401\n" + good, encoding="utf-8")
    with pytest.raises(errors.ConfigError, match="drain_seconds"):
        instance.reload()
    file.write_text("drain_seconds = 1\n" + good, encoding="utf-8")
    instance.reload()
    with cmgateway.start_connection_point(point_file) as point:
        point.ready(timeout=20)
        broken = []

        def hold():
            try:
                ask(TARGET.replace("hello", "hold"))
            except OSError as error:
                broken.append(error)

        held = threading.Thread(target=hold)
        held.start()
        until = time.monotonic() + 10
        while instance.status()["open_requests"] == 0:
            assert time.monotonic() < until
            time.sleep(0.01)
        started = time.monotonic()
        instance.stop()
        assert 0.9 < time.monotonic() - started < 10
        held.join()
        assert len(broken) == 1


def test_what_is_stopped_says_so(point_file, instance):
    point = cmgateway.start_connection_point(point_file)
    assert repr(point) == "<connection point CP1>"
    assert repr(instance) == f"<instance at {instance.addresses[0]}>"
    for service in (point, instance):
        service.stop()
        service.stop()
        assert repr(service).endswith(", stopped>")
        for call in (service.status, service.reload):
            with pytest.raises(errors.StoppedError, match="it was stopped"):
                call()


def test_threads_that_wait_do_not_hold_each_other_up(point_file, instance):
    instance.stop()
    point = cmgateway.start_connection_point(point_file)
    raised = []

    def wait():
        try:
            point.ready(timeout=2)
        except errors.TimedOutError as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    started = time.monotonic()
    thread.start()
    time.sleep(0.5)
    assert point.status()["instances"][0]["connections"] == 0
    with pytest.raises(errors.ConflictError, match="another thread waits"):
        point.stop()
    assert time.monotonic() - started < 2
    thread.join()
    assert len(raised) == 1
    point.stop()


def test_wrong_files_are_told(tmp_path, point_file):
    with pytest.raises(errors.NotFoundError):
        cmgateway.start_instance(tmp_path / "none.toml")
    with pytest.raises(errors.ConfigError, match=r"point\.toml:5: unknown field `gateway`"):
        cmgateway.start_instance(point_file)
    with pytest.raises(errors.NotFoundError):
        cmgateway.start_connection_point(tmp_path / "none.toml")
    with cmgateway.start_connection_point(point_file) as point, pytest.raises(errors.ConfigError):
        point.ready(timeout=-1)


def test_the_health_is_one_report_with_asyncio_too(point_file, instance):
    async def health():
        async with await aio.start_connection_point(point_file) as point:
            await point.ready(timeout=20)
            assert point.dashboard_url is None
            return await point.health()

    told = asyncio.run(health())
    assert (told["level"], told["conditions"], told["failures"]) == ("normal", [], [])
    assert told["connection_points"] == ["CP1"]
    assert told["instances"][0]["counts"]["requests"] == 0
    assert {item["what"] for item in told["expiring"]} == {"root", "sub-CA", "connection point certificate"}
    assert (told["state"], told["traffic"], told["days"]) == (None, None, [])
