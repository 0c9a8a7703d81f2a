"""The Configuration Manager cloud management gateway from Python.

Connect to a site, read and write its WMI objects, or use the verbs of the trade:

    >>> site = cmgateway.connect("sqlite:lab.db")
    >>> plan = site.gateway("GraniteFalls.contoso.com").sub_ca.add("subca1.cer")

Every call that waits releases the GIL and ends with KeyboardInterrupt at Ctrl-C.
"""

from . import azure, cert, errors, wmi
from ._native import (
    AdminServiceServer,
    BoundMethod,
    ClassDefinition,
    ConnectionPointService,
    DateTime,
    Finding,
    Gateway,
    Instance,
    InstanceService,
    Locator,
    ObjectPath,
    PlanStep,
    PropertyDefinition,
    Rows,
    ServerCertificateReport,
    Site,
    SiteDifference,
    SubCa,
    SubCaPlan,
    ThumbprintList,
    Watch,
    __version__,
    check_cname,
    check_name_prefix,
    check_renewal,
    check_server_certificate,
    connect,
    create_site,
    deployment_name,
    diff,
    service_name,
    start_connection_point,
    start_instance,
)
from .errors import Error

__all__ = [
    "AdminServiceServer",
    "BoundMethod",
    "ClassDefinition",
    "ConnectionPointService",
    "DateTime",
    "Error",
    "Finding",
    "Gateway",
    "Instance",
    "InstanceService",
    "Locator",
    "ObjectPath",
    "PlanStep",
    "PropertyDefinition",
    "Rows",
    "ServerCertificateReport",
    "Site",
    "SiteDifference",
    "SubCa",
    "SubCaPlan",
    "ThumbprintList",
    "Watch",
    "__version__",
    "azure",
    "cert",
    "check_cname",
    "check_name_prefix",
    "check_renewal",
    "check_server_certificate",
    "connect",
    "create_site",
    "deployment_name",
    "diff",
    "errors",
    "service_name",
    "start_connection_point",
    "start_instance",
    "wmi",
]
