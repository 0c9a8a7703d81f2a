"""The calls for asyncio: several at a time, cancelled ones end, and the event loop goes on meanwhile."""

import asyncio
import doctest
import time

import pytest
from test_documentation import documented

import cmgateway
from cmgateway import aio, errors


def test_a_site_is_read_and_written(tmp_path):
    async def work():
        async with await aio.create_site(tmp_path / "site.db", "GF1") as site:
            assert await site.code() == "GF1"
            for number in range(200):
                properties = {"ServiceCName": f"gw{number}", "ServiceType": "CloudProxyService"}
                service = await site.new("SMS_AzureService", **properties)
                await site.put(service, "create_only")
            gateway = await site.gateway("gw7")
            plan = await gateway.sub_ca.add("8824022CB382CADD9E19290449B893A839140962")
            assert plan.is_change
            assert len(await gateway.sub_ca.list()) == 1
            rows = await site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName <> ?", "gw0")
            assert len([row.ServiceCName async for row in rows]) == 199
            counts = await asyncio.gather(*(count(site) for _ in range(20)))
            assert counts == [200] * 20
            assert [each.service_name for each in await site.gateways()][:1] == ["gw0"]
            with pytest.raises(errors.NotFoundError):
                await site.gateway("gw4711")
            return repr(site)

    async def count(site):
        async with await site.query("SELECT ServiceCName FROM SMS_AzureService") as rows:
            return len(await rows.all())

    assert asyncio.run(work()) == f"<async site sqlite:{tmp_path / 'site.db'}>"


def test_a_cancelled_task_ends_its_call(point_file, instance):
    instance.stop()

    async def work():
        async with await aio.start_connection_point(point_file) as point:
            waiting = asyncio.create_task(point.ready(timeout=600))
            ticks = 0
            while ticks < 20:
                await asyncio.sleep(0.01)
                ticks += 1
            assert not waiting.done()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(point.ready(timeout=600), 0.2)
            # Nothing waits in it any more, so it can be stopped.
            assert (await point.status())["name"] == "CP1"

    started = time.monotonic()
    asyncio.run(work())
    assert time.monotonic() - started < 60


def test_events_are_waited_for(tmp_path):
    site = cmgateway.create_site(tmp_path / "site.db", "GF1")

    async def work():
        twin = aio.AsyncSite(site)
        watch = await twin.watch(
            "SELECT * FROM __InstanceCreationEvent WITHIN 0.1 WHERE TargetInstance ISA 'SMS_AzureService'",
            timeout=20,
        )
        first = asyncio.create_task(watch.next())
        await asyncio.sleep(0.3)
        await twin.put(await twin.new("SMS_AzureService", ServiceCName="gw1"))
        event = await first
        assert event.TargetInstance.ServiceCName == "gw1"

    asyncio.run(work())


@pytest.mark.parametrize(
    "name",
    [
        "Site",
        "Rows",
        "SubCa",
        "Gateway",
        "Monitor",
        "Watch",
        "InstanceService",
        "ConnectionPointService",
        "SitePlan",
        "SiteSwitches",
        "SiteRoles",
        "ConnectionPointRoles",
        "Cloud",
        "azure.KeyVault",
        "azure.Operation",
        "azure.ResourceManager",
        "azure.ServiceManagement",
    ],
)
def test_every_call_has_its_twin(name):
    module, _, name = name.rpartition(".")
    twin = getattr(aio, f"Async{name}")
    for member in dir(getattr(cmgateway.azure if module else cmgateway, name)):
        if not member.startswith("_"):
            assert hasattr(twin, member), f"{name}.{member} has no twin in aio"
            assert getattr(twin, member).__doc__


@pytest.mark.parametrize(
    ("name", "text"),
    [("module", aio.__doc__), *(item for item in documented("aio.py") if ">>>" in (item[1] or ""))],
)
def test_examples_run(lab, name, text):
    names = {"cmgateway": cmgateway, "site": cmgateway.connect("sqlite:lab.db")}
    test = doctest.DocTestParser().get_doctest(text, names, name, None, None)
    said = []
    assert not doctest.DocTestRunner().run(test, out=said.append).failed, "".join(said)
