"""The Configuration Manager cloud management gateway from Python.

Connect to a site, read and write its WMI objects, or use the verbs of the trade:

    >>> site = cmgateway.connect("sqlite:lab.db")
    >>> plan = site.gateway("GraniteFalls.contoso.com").sub_ca.add("subca1.cer")

Every call that waits releases the GIL and ends with KeyboardInterrupt at Ctrl-C.
"""

from . import cert, errors, wmi
from ._native import (
    AdminServiceServer,
    BoundMethod,
    ClassDefinition,
    DateTime,
    Gateway,
    Instance,
    ObjectPath,
    PlanStep,
    PropertyDefinition,
    Rows,
    Site,
    SubCa,
    SubCaPlan,
    ThumbprintList,
    Watch,
    __version__,
    connect,
    create_site,
)
from .errors import Error

__all__ = [
    "AdminServiceServer",
    "BoundMethod",
    "ClassDefinition",
    "DateTime",
    "Error",
    "Gateway",
    "Instance",
    "ObjectPath",
    "PlanStep",
    "PropertyDefinition",
    "Rows",
    "Site",
    "SubCa",
    "SubCaPlan",
    "ThumbprintList",
    "Watch",
    "__version__",
    "cert",
    "connect",
    "create_site",
    "errors",
    "wmi",
]
