"""The same calls for asyncio: `await` in front of each that waits, `async with` and `async for` around the rest.

    >>> import asyncio
    >>> from cmgateway import aio
    >>> async def names():
    ...     async with await aio.connect("sqlite:lab.db") as site:
    ...         return [row.ServiceCName async for row in await site.query("SELECT * FROM SMS_AzureService")]
    >>> asyncio.run(names())
    ['GraniteFalls.contoso.com']

Each call runs on a thread of this module while the event loop goes on. A task that is cancelled ends its call: what it
waited for is dropped within a tenth of a second, and the task is over when the thread is. Arguments, results and
errors are those of the same name in `cmgateway`. `run` does it for any other call of the package.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Generic, Optional, TypeVar, Union

from . import (
    AdminServiceServer,
    Cloud,
    ConnectionPointRoles,
    ConnectionPointService,
    Gateway,
    GatewayPlan,
    GatewaySpec,
    Instance,
    InstanceService,
    Monitor,
    Notices,
    ObjectPath,
    Rows,
    Site,
    SitePlan,
    SiteRoles,
    SiteSwitches,
    SubCa,
    Watch,
)
from . import connect as _connect
from . import create_site as _create_site
from . import plan_offline as _plan_offline
from . import start_connection_point as _start_connection_point
from . import start_instance as _start_instance
from ._native import CancelToken
from .azure import KeyVault, Operation, ResourceManager, ServiceManagement

__all__ = [
    "AsyncAdminServiceServer",
    "AsyncCloud",
    "AsyncConnectionPointRoles",
    "AsyncConnectionPointService",
    "AsyncGateway",
    "AsyncInstanceService",
    "AsyncKeyVault",
    "AsyncMonitor",
    "AsyncNotices",
    "AsyncOperation",
    "AsyncResourceManager",
    "AsyncRows",
    "AsyncServiceManagement",
    "AsyncSite",
    "AsyncSitePlan",
    "AsyncSiteRoles",
    "AsyncSiteSwitches",
    "AsyncSubCa",
    "AsyncWatch",
    "connect",
    "create_site",
    "plan_offline",
    "run",
    "start_connection_point",
    "start_instance",
]

_S = TypeVar("_S")
_T = TypeVar("_T")

# Threads that wait at a time; further calls wait for one of them.
_THREADS_MAX = 64
# Rows that one trip to a thread brings.
_ROWS_PER_TRIP = 64

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec, Self
elif sys.version_info >= (3, 10):
    from typing import ParamSpec
else:
    # Only type checkers need more.
    ParamSpec = TypeVar

_P = ParamSpec("_P")


class _Waits(Generic[_P, _T]):
    """A method that waits, as a coroutine function; its arguments are those of the method."""

    def __init__(self, call: Callable[..., Any], wrap: Callable[[Any], Any]) -> None:
        self._call, self._wrap, self.__doc__ = call, wrap, call.__doc__

    def __get__(
        self, twin: Optional[_Twin[Any]], owner: Optional[type] = None
    ) -> Callable[_P, Coroutine[Any, Any, _T]]:
        if twin is None:
            return self  # type: ignore[return-value]

        @functools.wraps(self._call)
        async def call(*args: Any, **named: Any) -> Any:
            return self._wrap(await run(self._call, twin._sync, *args, **named))

        return call


def _same(result: Any) -> Any:
    return result


def _waits(call: Callable[Concatenate[Any, _P], _T]) -> _Waits[_P, _T]:
    return _Waits(call, _same)


def _gives(call: Callable[Concatenate[Any, _P], _S], wrap: Callable[[_S], _T]) -> _Waits[_P, _T]:
    return _Waits(call, wrap)


_pool: Optional[ThreadPoolExecutor] = None


def _threads() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(_THREADS_MAX, thread_name_prefix="cmgateway-aio")
    return _pool


def _forget_threads() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    # The threads of a process do not come along when it forks.
    os.register_at_fork(after_in_child=_forget_threads)


async def run(function: Callable[_P, _T], /, *args: _P.args, **named: _P.kwargs) -> _T:
    """Calls a function that waits in this package, on another thread; cancelling the task ends the call.

    Example:
        >>> import asyncio
        >>> from cmgateway import aio
        >>> instance = site.query("SELECT * FROM SMS_AzureService").first()
        >>> asyncio.run(aio.run(instance.load_))
    """
    token = CancelToken()
    call = functools.partial(token.run, function, *args, **named)
    future = asyncio.get_running_loop().run_in_executor(_threads(), call)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        token.cancel()
        # The objects of the call are free again, and nothing of it goes on, when the task is told so.
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()
        raise


class _Twin(Generic[_S]):
    """What an asynchronous object has in common with the others: the object that it stands for."""

    def __init__(self, sync: _S) -> None:
        self._sync = sync

    def __repr__(self) -> str:
        return f"<async {repr(self._sync).strip('<>')}>"


class AsyncRows(_Twin[Rows]):
    """The rows of a query as they come; `async for` reads them."""

    all = _waits(Rows.all)
    first = _waits(Rows.first)
    close = _waits(Rows.close)

    async def __aiter__(self) -> AsyncIterator[Instance]:
        while True:
            rows = await run(list, itertools.islice(self._sync, _ROWS_PER_TRIP))
            for row in rows:
                yield row
            if len(rows) < _ROWS_PER_TRIP:
                return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class AsyncWatch(_Twin[Watch]):
    """The events of a query as they come; `async for` waits for them until its timeout, if it has one."""

    next = _waits(Watch.next)

    async def __aiter__(self) -> AsyncIterator[Instance]:
        while True:
            event = await run(next, self._sync, None)
            if event is None:
                return
            yield event


class AsyncSubCa(_Twin[SubCa]):
    """The sub-CA thumbprints of one gateway."""

    list = _waits(SubCa.list)
    plan = _waits(SubCa.plan)
    apply = _waits(SubCa.apply)
    set = _waits(SubCa.set)
    sync = _waits(SubCa.sync)
    add = _waits(SubCa.add)
    plan_sync = _waits(SubCa.plan_sync)
    remove = _waits(SubCa.remove)


class AsyncSitePlan(_Twin[SitePlan]):
    """What a change of a site would do."""

    @property
    def title(self) -> str:
        """What the plan is for."""
        return self._sync.title

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What happens to each setting."""
        return self._sync.steps

    @property
    def warnings(self) -> list[str]:
        """What the administrator should know."""
        return self._sync.warnings

    @property
    def is_change(self) -> bool:
        """False where the site is as wanted already."""
        return self._sync.is_change

    def to_json(self) -> str:
        """The plan as JSON text."""
        return self._sync.to_json()

    async def apply(self, site: AsyncSite) -> None:
        """Does what the plan says at a site, then reads each item back and compares."""
        await run(self._sync.apply, site._sync)

    def __str__(self) -> str:
        return str(self._sync)


class AsyncSiteSwitches(_Twin[SiteSwitches]):
    """The switches of a site."""

    read = _waits(SiteSwitches.read)
    plan = _gives(SiteSwitches.plan, AsyncSitePlan)
    set = _gives(SiteSwitches.set, AsyncSitePlan)


class AsyncSiteRoles(_Twin[SiteRoles]):
    """The roles of a site."""

    list = _waits(SiteRoles.list)
    plan = _gives(SiteRoles.plan, AsyncSitePlan)
    set = _gives(SiteRoles.set, AsyncSitePlan)


class AsyncConnectionPointRoles(_Twin[ConnectionPointRoles]):
    """The connection points of a site."""

    list = _waits(ConnectionPointRoles.list)
    plan = _gives(ConnectionPointRoles.plan, AsyncSitePlan)
    add = _gives(ConnectionPointRoles.add, AsyncSitePlan)
    change = _gives(ConnectionPointRoles.change, AsyncSitePlan)
    remove = _gives(ConnectionPointRoles.remove, AsyncSitePlan)
    advice = _waits(ConnectionPointRoles.advice)


class AsyncMonitor(_Twin[Monitor]):
    """What watches over a gateway: its traffic, its thresholds, its alerts."""

    alerts = _waits(Monitor.alerts)
    check = _waits(Monitor.check)
    history = _waits(Monitor.history)
    record = _waits(Monitor.record)
    traffic = _waits(Monitor.traffic)


class AsyncNotices(_Twin[Notices]):
    """What was told so far: `AsyncNotices(cmgateway.Notices())`. A function that is told runs on another thread."""

    tell = _waits(Notices.tell)

    def to_json(self) -> str:
        """All of it as JSON text."""
        return self._sync.to_json()


class AsyncGateway(_Twin[Gateway]):
    """One cloud management gateway of a site."""

    analyze = _waits(Gateway.analyze)
    instance = _waits(Gateway.instance)
    required_ports = _waits(Gateway.required_ports)
    state = _waits(Gateway.state)

    @property
    def service_name(self) -> str:
        """Its service name."""
        return self._sync.service_name

    @property
    def path(self) -> ObjectPath:
        """The path of its `SMS_AzureService` instance."""
        return self._sync.path

    @property
    def monitor(self) -> AsyncMonitor:
        """What watches over its traffic and its alerts."""
        return AsyncMonitor(self._sync.monitor)

    @property
    def sub_ca(self) -> AsyncSubCa:
        """Its sub-CA thumbprints."""
        return AsyncSubCa(self._sync.sub_ca)


class AsyncAdminServiceServer(_Twin[AdminServiceServer]):
    """A site that is served over HTTPS."""

    stop = _waits(AdminServiceServer.stop)

    @property
    def url(self) -> str:
        """Where it is served."""
        return self._sync.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.stop()


class AsyncInstanceService(_Twin[InstanceService]):
    """A running instance of a gateway, started from a settings file."""

    reload = _waits(InstanceService.reload)
    status = _waits(InstanceService.status)
    stop = _waits(InstanceService.stop)

    @property
    def addresses(self) -> list[str]:
        """Where clients connect, with the ports that were taken."""
        return self._sync.addresses

    @property
    def admin_address(self) -> Optional[str]:
        """Where metrics and health are asked for, with the port that was taken; nothing without `admin_listen`."""
        return self._sync.admin_address

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.stop()


class AsyncConnectionPointService(_Twin[ConnectionPointService]):
    """A running connection point, started from a settings file."""

    health = _waits(ConnectionPointService.health)
    ready = _waits(ConnectionPointService.ready)
    reload = _waits(ConnectionPointService.reload)
    status = _waits(ConnectionPointService.status)
    stop = _waits(ConnectionPointService.stop)

    @property
    def dashboard_url(self) -> Optional[str]:
        """Where the dashboard is served; None where the settings have none."""
        return self._sync.dashboard_url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.stop()


class AsyncOperation(_Twin[Operation]):
    """An operation of the Resource Manager that may still be running."""

    poll = _waits(Operation.poll)
    finish = _waits(Operation.finish)
    to_json = Operation.to_json

    @property
    def is_over(self) -> bool:
        """True where nothing is left to be polled."""
        return self._sync.is_over

    @property
    def first_body(self) -> Any:
        """The body of the answer that began it."""
        return self._sync.first_body


class AsyncResourceManager(_Twin[ResourceManager]):
    """The Azure Resource Manager of one subscription."""

    get = _waits(ResourceManager.get)
    exists = _waits(ResourceManager.exists)
    list = _waits(ResourceManager.list)
    call = _waits(ResourceManager.call)
    begin = _gives(ResourceManager.begin, AsyncOperation)
    put = _waits(ResourceManager.put)
    patch = _waits(ResourceManager.patch)
    post = _waits(ResourceManager.post)
    delete = _waits(ResourceManager.delete)
    provider_state = _waits(ResourceManager.provider_state)
    register_provider = _waits(ResourceManager.register_provider)
    is_dns_label_free = _waits(ResourceManager.is_dns_label_free)
    name_objection = _waits(ResourceManager.name_objection)

    @property
    def subscription_id(self) -> str:
        """The subscription."""
        return self._sync.subscription_id

    def group_path(self, group: str) -> str:
        """The path of a resource group."""
        return self._sync.group_path(group)

    def resource_path(self, group: str, resource_type: str, name: str) -> str:
        """The path of a resource in a group."""
        return self._sync.resource_path(group, resource_type, name)

    def resume(self, text: str) -> AsyncOperation:
        """Takes up an operation that was stored with `to_json`."""
        return AsyncOperation(self._sync.resume(text))


class AsyncKeyVault(_Twin[KeyVault]):
    """The certificates and secrets of one Key Vault."""

    import_certificate = _waits(KeyVault.import_certificate)
    certificate = _waits(KeyVault.certificate)
    delete_certificate = _waits(KeyVault.delete_certificate)
    is_certificate_recoverable = _waits(KeyVault.is_certificate_recoverable)
    purge_certificate = _waits(KeyVault.purge_certificate)
    set_secret = _waits(KeyVault.set_secret)
    call = _waits(KeyVault.call)

    @property
    def url(self) -> str:
        """Its address."""
        return self._sync.url


class AsyncServiceManagement(_Twin[ServiceManagement]):
    """The classic Service Management API of one subscription."""

    call = _waits(ServiceManagement.call)
    finish = _waits(ServiceManagement.finish)
    is_over = _waits(ServiceManagement.is_over)
    subscription = _waits(ServiceManagement.subscription)
    locations = _waits(ServiceManagement.locations)
    management_certificates = _waits(ServiceManagement.management_certificates)
    add_management_certificate = _waits(ServiceManagement.add_management_certificate)
    delete_management_certificate = _waits(ServiceManagement.delete_management_certificate)
    name_availability = _waits(ServiceManagement.name_availability)
    hosted_services = _waits(ServiceManagement.hosted_services)
    hosted_service = _waits(ServiceManagement.hosted_service)
    create_hosted_service = _waits(ServiceManagement.create_hosted_service)
    update_hosted_service = _waits(ServiceManagement.update_hosted_service)
    delete_hosted_service = _waits(ServiceManagement.delete_hosted_service)
    service_certificates = _waits(ServiceManagement.service_certificates)
    service_certificate = _waits(ServiceManagement.service_certificate)
    add_service_pfx = _waits(ServiceManagement.add_service_pfx)
    add_service_certificate = _waits(ServiceManagement.add_service_certificate)
    delete_service_certificate = _waits(ServiceManagement.delete_service_certificate)
    deployment = _waits(ServiceManagement.deployment)
    create_deployment = _waits(ServiceManagement.create_deployment)
    change_configuration = _waits(ServiceManagement.change_configuration)
    update_deployment_status = _waits(ServiceManagement.update_deployment_status)
    upgrade_deployment = _waits(ServiceManagement.upgrade_deployment)
    delete_role_instances = _waits(ServiceManagement.delete_role_instances)
    delete_deployment = _waits(ServiceManagement.delete_deployment)

    @property
    def subscription_id(self) -> str:
        """The subscription."""
        return self._sync.subscription_id


def _gateways(gateways: list[Gateway]) -> list[AsyncGateway]:
    return [AsyncGateway(gateway) for gateway in gateways]


class AsyncSite(_Twin[Site]):
    """A connection to a Configuration Manager site."""

    call = _waits(Site.call)
    class_definition = _waits(Site.class_definition)
    classes = _waits(Site.classes)
    close = _waits(Site.close)
    code = _waits(Site.code)
    compile_mof = _waits(Site.compile_mof)
    compile_mof_file = _waits(Site.compile_mof_file)
    define_class = _waits(Site.define_class)
    delete = _waits(Site.delete)
    gateway = _gives(Site.gateway, AsyncGateway)
    gateways = _gives(Site.gateways, _gateways)
    get = _waits(Site.get)
    identify = _waits(Site.identify)
    new = _waits(Site.new)
    on_method = _waits(Site.on_method)
    put = _waits(Site.put)
    query = _gives(Site.query, AsyncRows)
    serve = _gives(Site.serve, AsyncAdminServiceServer)
    snapshot = _waits(Site.snapshot)
    watch = _gives(Site.watch, AsyncWatch)

    @property
    def address(self) -> str:
        """The address, without secrets."""
        return self._sync.address

    @property
    def switches(self) -> AsyncSiteSwitches:
        """The switches of the site."""
        return AsyncSiteSwitches(self._sync.switches)

    @property
    def roles(self) -> AsyncSiteRoles:
        """The roles of the site."""
        return AsyncSiteRoles(self._sync.roles)

    @property
    def connection_points(self) -> AsyncConnectionPointRoles:
        """The connection points of the site."""
        return AsyncConnectionPointRoles(self._sync.connection_points)

    def context(self, **values: Any) -> AsyncSite:
        """The same site with context values, which go with every call."""
        return AsyncSite(self._sync.context(**values))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()


class AsyncCloud(_Twin[Cloud]):
    """Where the instances of gateways run: a cloud of `cmgateway.local_cloud` and its kin, for asyncio.

    Example:
        >>> import asyncio
        >>> from cmgateway import aio
        >>> cloud = aio.AsyncCloud(cmgateway.local_cloud(folder="gateways", ports="free"))
        >>> async def instances():
        ...     async with await aio.connect("sqlite:lab.db") as site:
        ...         try:
        ...             return await cloud.instances(site, "GraniteFalls.contoso.com")
        ...         except cmgateway.Error as error:
        ...             return error.kind
        >>> asyncio.run(instances())
        'not_found'
    """

    @property
    def name(self) -> str:
        """What it is called in plans."""
        return self._sync.name

    async def plan(self, spec: GatewaySpec, *, site: Optional[Union[Site, AsyncSite]] = None) -> GatewayPlan:
        """Says what creating or changing the gateway would do; nothing is changed."""
        return await run(self._sync.plan, spec, site=None if site is None else _sync_site(site))

    async def apply(
        self,
        site: Union[Site, AsyncSite],
        plan: GatewayPlan,
        *,
        progress: Optional[Callable[[dict[str, Any]], Any]] = None,
    ) -> AsyncGateway:
        """Does what a plan says, keeps the gateway in the site, and reads back.

        `progress` is called on another thread.
        """
        return AsyncGateway(await run(self._sync.apply, _sync_site(site), plan, progress=progress))

    async def start(
        self,
        site: Union[Site, AsyncSite],
        service_name: str,
        *,
        progress: Optional[Callable[[dict[str, Any]], Any]] = None,
    ) -> None:
        """Starts the instances of a gateway that was stopped."""
        await run(self._sync.start, _sync_site(site), service_name, progress=progress)

    async def stop(
        self,
        site: Union[Site, AsyncSite],
        service_name: str,
        *,
        progress: Optional[Callable[[dict[str, Any]], Any]] = None,
    ) -> None:
        """Stops the instances of a gateway; it can be started again."""
        await run(self._sync.stop, _sync_site(site), service_name, progress=progress)

    async def delete(
        self,
        site: Union[Site, AsyncSite],
        service_name: str,
        *,
        progress: Optional[Callable[[dict[str, Any]], Any]] = None,
    ) -> None:
        """Deletes a gateway, then its row in the site."""
        await run(self._sync.delete, _sync_site(site), service_name, progress=progress)

    async def instances(self, site: Union[Site, AsyncSite], service_name: str) -> list[dict[str, Any]]:
        """What the cloud tells of the instances of a gateway."""
        return await run(self._sync.instances, _sync_site(site), service_name)


def _sync_site(site: Union[Site, AsyncSite]) -> Site:
    return site._sync if isinstance(site, AsyncSite) else site


async def plan_offline(spec: GatewaySpec) -> GatewayPlan:
    """Says what creating the gateway in an empty subscription would do, as `cmgateway.plan_offline` does.

    Example:
        >>> import asyncio
        >>> from cmgateway import aio
        >>> spec = cmgateway.GatewaySpec(service_cert_path="none.pfx")
        >>> try:
        ...     asyncio.run(aio.plan_offline(spec))
        ... except cmgateway.Error as error:
        ...     print(error.kind)
        config
    """
    return await run(_plan_offline, spec)


async def connect(address: str, /, **options: Any) -> AsyncSite:
    """Connects to a site; the arguments are those of `cmgateway.connect`.

    Example:
        >>> import asyncio
        >>> from cmgateway import aio
        >>> asyncio.run(aio.connect("sqlite:lab.db"))
        <async site sqlite:lab.db>
    """
    return AsyncSite(await run(_connect, address, **options))


async def create_site(file: Union[str, os.PathLike[str]], code: str) -> AsyncSite:
    """Makes a new site file, as `cmgateway.create_site` does.

    Example:
        >>> import asyncio
        >>> from cmgateway import aio
        >>> site = asyncio.run(aio.create_site("other.db", "GF2"))
        >>> asyncio.run(site.code())
        'GF2'
    """
    return AsyncSite(await run(_create_site, file, code))


async def start_instance(file: Union[str, os.PathLike[str]]) -> AsyncInstanceService:
    """Starts an instance of a gateway, as `cmgateway.start_instance` does.

    Example:
        >>> import asyncio
        >>> from cmgateway import aio
        >>> async def count():
        ...     async with await aio.start_instance("instance.toml") as instance:
        ...         return (await instance.status())["requests"]
        >>> asyncio.run(count())
        0
    """
    return AsyncInstanceService(await run(_start_instance, file))


async def start_connection_point(file: Union[str, os.PathLike[str]]) -> AsyncConnectionPointService:
    """Starts a connection point, as `cmgateway.start_connection_point` does.

    Example:
        >>> import asyncio
        >>> from cmgateway import aio
        >>> async def name():
        ...     async with await aio.start_connection_point("connection_point.toml") as point:
        ...         return (await point.status())["name"]
        >>> asyncio.run(name())
        'CP1'
    """
    return AsyncConnectionPointService(await run(_start_connection_point, file))
