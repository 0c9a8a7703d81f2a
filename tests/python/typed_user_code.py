"""What users write, checked by mypy --strict and pyright's strict mode against the package's stubs; nothing runs it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Optional

import cmgateway
from cmgateway import aio, cert, errors, wmi


def services(address: str, token: Optional[str] = None) -> List[str]:
    """Rows are iterated, their properties are of any type."""
    with cmgateway.connect(address, token=token, timeout=30) as site:
        rows = site.query("SELECT * FROM SMS_AzureService WHERE ServiceType = ?", "CloudProxyService")
        return [str(row.ServiceCName) for row in rows]


def add_sub_cas(site: cmgateway.Site, name: str, files: List[Path]) -> str:
    """Plans are objects with a text."""
    sub_ca = site.gateway(name).sub_ca
    plan = sub_ca.plan("add", files)
    if plan.is_change:
        sub_ca.apply(plan)
    return str(plan)


def put(site: cmgateway.Site) -> wmi.ObjectPath:
    """Properties are set as attributes."""
    instance = site.new("SMS_AzureService", ServiceCName="gw.contoso.com")
    instance.SubCACertThumbprint = "8824022CB382CADD9E19290449B893A839140962"
    return site.put(instance, "create_only")


def remedy(error: errors.Error) -> str:
    """Errors have a kind, a fault, and what WMI said."""
    if isinstance(error, errors.NotFoundError) and error.wbem is not None:
        return f"{error.wbem.name}: {error.cause}"
    return error.kind


def days_left(file: Path) -> int:
    """Dates of certificates are those of Python."""
    certificate = cert.load_cer(file)[0]
    return (certificate.not_after - datetime.now(timezone.utc)).days


def report(name: str) -> Dict[str, Any]:
    """The analyzer's report, by check."""
    found = cmgateway.analyze(name, warn_days=20)
    return {result.id: result.outcome for result in found.results}


async def names(address: str) -> List[str]:
    """The same with asyncio."""
    async with await aio.connect(address) as site:
        return [str(row.ServiceCName) async for row in await site.query("SELECT * FROM SMS_AzureService")]
