"""The native part of the package, and its reference manual.

In the examples, `site` is `cmgateway.connect("sqlite:lab.db")`: a site with the code GF1, one gateway,
GraniteFalls.contoso.com, and one management point, MP1.contoso.com. The certificates of a `DevelopmentPki` lie beside
it, and `instance.toml` and
`connection_point.toml`, settings of a gateway on this machine.

Wherever a call is said to raise one of `cmgateway.errors`, others of them may come from the connection:
`UnavailableError`, `TimedOutError`, `AuthError`, `ProtocolError`.
"""

import builtins
import datetime
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NoReturn, Optional, TypeVar, Union, final

from typing_extensions import Self, TypeAlias

__all__ = [
    "AdminServiceServer",
    "AnalysisReport",
    "Authority",
    "BoundMethod",
    "CancelToken",
    "Certificate",
    "CertificateExtension",
    "CertificateRequest",
    "CertificateTemplate",
    "Chain",
    "CheckResult",
    "ClassDefinition",
    "Cloud",
    "ConnectionPointRoles",
    "ConnectionPointService",
    "Credential",
    "Crl",
    "DateTime",
    "DevelopmentPki",
    "FetchedChain",
    "Finding",
    "Gateway",
    "GatewayPlan",
    "GatewaySpec",
    "Instance",
    "InstanceService",
    "IssuedCertificate",
    "IssuerDownload",
    "KeyVault",
    "Locator",
    "Mail",
    "ManagementCertificate",
    "MissingIssuer",
    "Monitor",
    "NameConstraints",
    "Notices",
    "ObjectPath",
    "Operation",
    "Pfx",
    "PfxCertificate",
    "PfxKey",
    "PfxKeyPair",
    "PfxMac",
    "PlanStep",
    "PrivateKey",
    "PropertyDefinition",
    "ReferenceClient",
    "RequestOrigin",
    "RequiredPorts",
    "ResourceManager",
    "Revocation",
    "Rows",
    "ServerCertificateReport",
    "ServiceManagement",
    "Site",
    "SiteDifference",
    "SitePlan",
    "SiteRoles",
    "SiteSwitches",
    "SubCa",
    "SubCaPlan",
    "Thumbprint",
    "ThumbprintList",
    "VerifiedChain",
    "Verifier",
    "Watch",
    "Webhook",
    "__version__",
    "_main",
    "access_token",
    "always_on_internet_here",
    "analyze",
    "azure_cli",
    "build_chain",
    "certreq_inf",
    "check_cname",
    "check_name_prefix",
    "check_renewal",
    "check_server_certificate",
    "checks_page",
    "classic_cloud",
    "client_certificate",
    "client_secret",
    "connect",
    "create_csr",
    "create_site",
    "decide_location",
    "deployment_name",
    "diff",
    "expiry_warnings",
    "fetch_issuers",
    "format_query",
    "generate_key",
    "group_policy_preferences",
    "like_literal",
    "load_cer",
    "load_crl",
    "load_csr",
    "load_p7b",
    "load_pfx",
    "load_private_key",
    "local_cloud",
    "managed_identity",
    "plan_offline",
    "quote",
    "registry_file",
    "resource_manager_cloud",
    "service_name",
    "set_always_on_internet_here",
    "site_cloud",
    "start_connection_point",
    "start_instance",
    "write_p7b",
    "write_pfx",
]

_T = TypeVar("_T")
_Path: TypeAlias = Union[str, os.PathLike[str]]
_Auth: TypeAlias = Literal["negotiate", "kerberos", "ntlm", "basic", "certificate"]
_File: TypeAlias = Union[bytes, bytearray, _Path]
_KeyKind: TypeAlias = Literal["ec_p256", "ec_p384", "rsa_2048", "rsa_3072", "rsa_4096"]
_Source: TypeAlias = Union[
    Certificate, IssuedCertificate, Thumbprint, str, bytes, bytearray, os.PathLike[str]
]
_Sources: TypeAlias = Union[_Source, Iterable[_Source]]

__version__: str

def _main(arguments: Sequence[str]) -> int:
    """Runs the program with these arguments, its own name first, and returns its exit code."""

def connect(
    url: str,
    *,
    token: Optional[str] = None,
    auth: Optional[_Auth] = None,
    user: Optional[str] = None,
    password: Optional[str] = None,
    realm: Optional[str] = None,
    keytab_file: Optional[_Path] = None,
    kdc: Optional[str] = None,
    certificate_file: Optional[_Path] = None,
    key_file: Optional[_Path] = None,
    ca_file: Optional[_Path] = None,
    danger_unencrypted: bool = False,
    timeout: Optional[float] = None,
) -> Site:
    """Connects to the site at an address: `sqlite:FILE`, `https://HOST/AdminService` or `winrm://HOST/NAMESPACE`.

    The same script then works on a copy and on the real site. An embedded site is opened at once; an AdminService
    or a WinRM service is first asked with the first call.

    `winrm://HOST/root/sms/site_GF1` is WS-Management on port 5985, sealed by Kerberos or NTLM; `winrms://…` is it over
    TLS on port 5986. `http(s)://HOST:PORT/wsman/root/sms/site_GF1` is the same.

    Args:
        url: The address.
        token: The bearer token of an AdminService. It is shown nowhere.
        auth: How the user is proved: `"negotiate"` (Kerberos, else NTLM; what a user without `auth` means),
            `"kerberos"`, `"ntlm"`, `"basic"` or `"certificate"`.
        user: `DOMAIN\\user`, `user@suffix`, or the bare name with a `realm`.
        password: The user's password. It is shown nowhere.
        realm: The Kerberos realm, or the domain, of a bare user name.
        keytab_file: A keytab with the user's Kerberos keys, in place of a password.
        kdc: Host, and port where it is not 88, of the KDC, in place of the one that `krb5.conf` or the domain names.
        certificate_file: The client's certificate, then its intermediates, PEM.
        key_file: The private key of the client's certificate, PEM.
        ca_file: Certificates (PEM or DER) that the AdminService's certificate must chain to, in place of the
            system's roots.
        danger_unencrypted: True lets a password travel in clear, with `auth="basic"` and a `winrm:` address of
            another machine.
        timeout: Longest wait for one answer, in seconds; 60 where it is not given.

    Raises:
        ConfigError: The address or an option cannot be, or options do not go together.
        NotFoundError: There is no such site file.
        UnsupportedError: This version has no such way to a site.

    Example:
        >>> cmgateway.connect("sqlite:lab.db").code()
        'GF1'
    """

def create_site(file: _Path, code: str) -> Site:
    """Makes a new site file with the classes this library works with and the site's own instances.

    It is for rehearsals, tests, and a gateway without Configuration Manager.

    Args:
        file: The file, which must not exist; `sqlite:` in front of it is passed over.
        code: The site code: three letters or digits.

    Raises:
        ConflictError: The file exists.
        NotFoundError: There is no such folder.
        ConfigError: The code is none.

    Example:
        >>> cmgateway.create_site("other.db", "gf2").code()
        'GF2'
    """

@final
class Site:
    """A connection to a Configuration Manager site; clones share it.

    Any number of threads may use one `Site`. After a fork it raises `StoppedError`: connect again in the child.

    Example:
        >>> site = cmgateway.connect("sqlite:lab.db")
        >>> for service in site.query("SELECT * FROM SMS_AzureService"):
        ...     print(service.ServiceCName)
        GraniteFalls.contoso.com
    """

    @property
    def address(self) -> str:
        """The address, without secrets.

        Example:
            >>> site.address
            'sqlite:lab.db'
        """

    def code(self) -> str:
        """The code of the site, from `SMS_ProviderLocation` where `ProviderForLocalSite` is true.

        Raises:
            NotFoundError: No provider says that it serves the local site.
            ConflictError: Two sites say they are the local one.

        Example:
            >>> site.code()
            'GF1'
        """

    def query(self, wql: str, /, *args: Any, **named: Any) -> Rows:
        """Runs a WQL query with values for its placeholders and gives the rows as they are read.

        A value never becomes query text: a quote in it cannot change what the query means.

        Args:
            wql: The query, with `?` or `:name` where values go.
            args: Values for `?`, in order.
            named: Values for `:name`.

        Raises:
            ConfigError: The text is no WQL (the message says line and column), or values are missing or left over.
            NotFoundError: The site has no such class.
            UnsupportedError: The way to this site cannot express the query.

        Example:
            >>> rows = site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", "granitefalls.contoso.com")
            >>> [row.ServiceType for row in rows]
            ['CloudProxyService']
            >>> site.query("SELECT * FROM SMS_AzureService WHERE ServiceCName = :name", name="x' OR 1=1").all()
            []
        """

    def watch(self, wql: str, /, *args: Any, timeout: Optional[float] = None, **named: Any) -> Watch:
        """Runs an event query: looks at the class every `WITHIN` seconds and gives what happened.

        Of `__InstanceCreationEvent`, `__InstanceModificationEvent`, `__InstanceDeletionEvent` or
        `__InstanceOperationEvent`, with `TargetInstance ISA "Class"` in the condition. Iterating gives the events, and
        ends where none comes within `timeout` seconds.

        Raises:
            ConfigError: the text is no such query.

        Example:
            >>> query = "SELECT * FROM __InstanceCreationEvent WITHIN 0.1 WHERE TargetInstance ISA 'SMS_Alert'"
            >>> watch = site.watch(query, timeout=5)
            >>> path = site.new("SMS_Alert", Name="traffic").put_()
            >>> for event in watch:
            ...     print(event.TargetInstance.Name)
            ...     break
            traffic
        """

    def get(self, path: Union[str, ObjectPath], /) -> Instance:
        """Reads one instance by its path, with its lazy properties.

        Raises:
            ConfigError: The text is no path.
            NotFoundError: There is no such instance.

        Example:
            >>> site.get("SMS_AzureService.AzureServiceID=1").ServiceCName
            'GraniteFalls.contoso.com'
        """

    def new(self, class_name: str, /, **properties: Any) -> Instance:
        """A new, empty instance of a class; it is in the site once it is put.

        Args:
            class_name: The class.
            properties: Properties to begin with.

        Raises:
            ConfigError: A name cannot be one, or a value is none of WMI's.

        Example:
            >>> site.new("SMS_AzureService", Name="Second").Name
            'Second'
        """

    def put(
        self,
        instance: Instance,
        mode: Literal["create_or_update", "update_only", "create_only"] = "create_or_update",
    ) -> ObjectPath:
        """Writes an instance and gives its path, which holds a key that the site made.

        Of an instance that the site has, only the properties set since it was read are written.

        Args:
            instance: What to write; afterwards it knows its path.
            mode: Whether the put may create, may change, or both.

        Raises:
            ConfigError: A value does not fit its property.
            ConflictError: The instance exists, and the mode is `create_only`.
            NotFoundError: It does not exist, and the mode is `update_only`; or the site has no such class.

        Example:
            >>> service = site.get("SMS_AzureService.AzureServiceID=1")
            >>> service.Description = "Gateway of the south"
            >>> print(site.put(service))
            SMS_AzureService.AzureServiceID=1
        """

    def delete(self, target: Union[str, ObjectPath, Instance], /) -> None:
        """Deletes one instance by its path.

        Raises:
            ConfigError: The text is no path, or the instance has none.
            NotFoundError: There is no such instance.

        Example:
            >>> site.delete(site.put(site.new("SMS_AzureService", Name="Third")))
        """

    def class_definition(self, name: str, /) -> ClassDefinition:
        """The definition of a class as the provider knows it.

        Raises:
            NotFoundError: The site does not have it.

        Example:
            >>> site.class_definition("SMS_AzureService").keys
            ['AzureServiceID']
        """

    def define_class(self, name: str, properties: Mapping[str, str], keys: Sequence[str]) -> None:
        """Adds a class; it needs at least one key property.

        Only an embedded site can do this.

        Args:
            name: The name of the class.
            properties: Property to type, as MOF writes it: `string`, `uint32[]`.
            keys: Which of the properties make up the key.

        Raises:
            ConflictError: The site has the class.
            ConfigError: The definition breaks a rule, which is named.
            UnsupportedError: The site is no embedded one.

        Example:
            >>> site.define_class("Lab_Host", {"Name": "string", "Ports": "uint16[]"}, keys=["Name"])
            >>> print(site.put(site.new("Lab_Host", Name="a", Ports=[80, 443])))
            Lab_Host.Name="a"
        """

    def classes(self) -> list[ClassDefinition]:
        """The definitions of all classes, in the order of their names.

        Raises:
            UnsupportedError: the transport cannot list them.

        Example:
            >>> "SMS_Site" in [known.name for known in site.classes()]
            True
        """

    def compile_mof(self, text: str, /) -> None:
        """Compiles a MOF text: adds its classes and puts its instances, whole or not at all.

        A class that the site has gets what the text has beyond it; an instance that exists is changed.

        Raises:
            ConfigError: the text is not MOF, or contradicts a class; with line and column.
            UnsupportedError: the site is not an embedded one.

        Example:
            >>> site.compile_mof('class Rack { [key] string Row; }; instance of Rack { Row = "A"; };')
            >>> site.query("SELECT * FROM Rack").first().Row
            'A'
        """

    def compile_mof_file(self, file: Union[str, os.PathLike[str]], /) -> None:
        """Compiles a MOF file, in UTF-8 or UTF-16, as `compile_mof` does a text.

        Raises:
            NotFoundError: there is no such file; those of `Site.compile_mof`.

        Example:
            >>> with open("rack.mof", "w") as file:
            ...     _ = file.write("class Rack { [key] string Row; };")
            >>> site.compile_mof_file("rack.mof")
        """

    def call(
        self, target: Union[str, ObjectPath, Instance], method: str, /, *args: Any, **named: Any
    ) -> Instance:
        """Calls a method and gives what came out: out-parameters as properties, and `ReturnValue`.

        The target is the path of an instance, or of a class for a static method. Values by position go in the
        declared order, as in VBScript; by name is safer. A method that fails may come back with another
        `ReturnValue` than 0.

        Raises:
            ConfigError: the input does not fit; NotFoundError: no such class, method or instance;
            UnsupportedError: the transport cannot call, or nobody supplied the method to an embedded site.

        Example:
            >>> site.on_method("SMS_AzureService", "Start", lambda path, inputs: inputs.AzureServiceID)
            >>> site.call("SMS_AzureService", "Start", AzureServiceID=7).ReturnValue
            7
        """

    def on_method(
        self, class_name: str, method: str, handler: Callable[[ObjectPath, Instance], Any], /
    ) -> None:
        """Supplies a method: calls of it run the handler, on the thread that waits for the call.

        The handler gets the path and the input, and gives a dict of out-parameters, or a `ReturnValue`, or None. It
        belongs to this connection, not to the file. What it raises, the call raises.

        Example:
            >>> site.on_method("SMS_SiteControlFile", "GetSessionHandle", lambda path, inputs: {"SessionHandle": "1"})
            >>> site.call("SMS_SiteControlFile", "GetSessionHandle").SessionHandle
            '1'
        """

    def context(self, **values: Any) -> Site:
        """The same connection with values that go with every call of it, over those that go already.

        In a `with` block it ends without closing the connection. None takes a value away.

        Raises:
            UnsupportedError: the transport cannot send them.

        Example:
            >>> with site.context(SessionHandle="{1}", ApplicationName="rollout") as session:
            ...     session.code()
            'GF1'
        """

    def snapshot(
        self,
        file: _Path,
        classes: Optional[Sequence[str]] = None,
        *,
        lazy: bool = False,
        progress: Optional[Callable[[str, int, int, int], Optional[bool]]] = None,
    ) -> dict[str, Any]:
        """Copies classes and instances into a new site file, on which scripts are rehearsed.

        The file can be connected to once it is whole. After a break the same call goes on where it was.

        Args:
            file: The file, which must not exist, unless it is a broken snapshot of this site.
            classes: The classes, each with those derived from it; every class that the site can list where it is not
                given.
            lazy: True to read lazy properties too, which costs one more question for each instance that has them.
            progress: Called with the class, its number, how many classes there are, and how many instances of it are
                copied; False from it stops the work with `StoppedError`.

        Returns:
            `classes` and `instances`, how many were copied, and `skipped`, the classes that the site cannot enumerate.

        Raises:
            ConflictError: The file exists.
            NotFoundError: The site does not have a class.
            StoppedError: `progress` returned False.

        Example:
            >>> site.snapshot("copy.db", ["SMS_Site"])
            {'classes': 1, 'instances': 1, 'skipped': {}}
            >>> cmgateway.connect("sqlite:copy.db").code()
            'GF1'
        """

    def gateway(self, service_name: str) -> Gateway:
        """Finds the gateway of this service name; case does not matter.

        Args:
            service_name: The common name of the gateway's server certificate (`ServiceCName`).

        Raises:
            NotFoundError: The site has none; the message names those it has.
            ConflictError: The site has two.
            ConfigError: The name is empty or has control characters.

        Example:
            >>> site.gateway("granitefalls.CONTOSO.com").service_name
            'GraniteFalls.contoso.com'
        """

    def gateways(self) -> list[Gateway]:
        """All gateways of the site, in the order of their service names.

        Example:
            >>> [gateway.service_name for gateway in site.gateways()]
            ['GraniteFalls.contoso.com']
        """

    @property
    def switches(self) -> SiteSwitches:
        """The switches of the site."""

    @property
    def roles(self) -> SiteRoles:
        """The roles of the site."""

    @property
    def connection_points(self) -> ConnectionPointRoles:
        """The connection points of the site."""

    def serve(
        self,
        address: str = "127.0.0.1:0",
        *,
        certificate_file: _Path,
        key_file: _Path,
        token: str,
    ) -> AdminServiceServer:
        """Serves an embedded site as an AdminService over HTTPS.

        Scripts written for a real AdminService can be rehearsed this way. It listens when this returns.

        Args:
            address: IP address and port to listen on; port 0 takes a free one.
            certificate_file: The server's certificate, then its intermediates, PEM.
            key_file: The private key of the certificate, PEM, not encrypted.
            token: What a client must send as bearer token.

        Raises:
            CertificateError: The certificate or the key cannot be used.
            NotFoundError: There is no such file.
            ConfigError: The address cannot be one, or the token is empty or has blanks.
            UnavailableError: The address cannot be listened on.
            UnsupportedError: The site is no embedded one.

        Example:
            >>> with site.serve(certificate_file="server.pem", key_file="server.key", token="secret") as server:
            ...     cmgateway.connect(server.url, token="secret", ca_file="root.cer").code()
            'GF1'
        """

    def identify(self) -> dict[str, str]:
        """What a WS-Management service says of itself: its protocol, its maker and its version.

        Windows answers it to anybody, so it tells whether a service is there before a user is let in.

        Returns:
            `protocol_version`, `product_vendor` and `product_version`.

        Raises:
            UnsupportedError: The site is reached in another way.

        Example:
            >>> site.identify()
            Traceback (most recent call last):
            cmgateway.errors.UnsupportedError: could not identify the service: only WS-Management has this question
        """

    def close(self) -> None:
        """Closes the connection, for every clone of it; later calls fail.

        Calls that run in other threads and open rows end by themselves. The file of an embedded site can then be
        moved and deleted, on Windows too. As a context manager the site is closed at the end of the block.

        Example:
            >>> with cmgateway.connect("sqlite:lab.db") as lab:
            ...     lab.code()
            'GF1'
            >>> lab.close()
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...

@final
class Locator:
    """What connects to WMI on any machine, as `SWbemLocator` does.

    With `rehearse="sqlite:FILE"` an embedded site stands for every machine: names of servers are read and lead nowhere
    else, so that a script with a moniker of the real server cannot reach it. Otherwise a server is reached by WinRM,
    sealed on port 5985, or with `tls=True` on port 5986; the other options are those of `connect`. This machine (`.`)
    is reached by COM, on Windows only. Impersonation levels, privileges and the locale are checked and have
    no effect.

    Example:
        >>> locator = cmgateway.Locator(rehearse="sqlite:lab.db")
        >>> sms = locator.connect_server("cm1", r"root\\sms")
        >>> for location in sms.query("SELECT * FROM SMS_ProviderLocation WHERE ProviderForLocalSite = true"):
        ...     site = locator.connect_server(location.Machine, r"root\\sms\\site_" + location.SiteCode)
        >>> site.code()
        'GF1'
    """

    def __new__(
        cls,
        *,
        rehearse: Optional[str] = None,
        tls: bool = False,
        auth: Optional[_Auth] = None,
        user: Optional[str] = None,
        password: Optional[str] = None,
        realm: Optional[str] = None,
        keytab_file: Optional[_Path] = None,
        kdc: Optional[str] = None,
        certificate_file: Optional[_Path] = None,
        key_file: Optional[_Path] = None,
        ca_file: Optional[_Path] = None,
        danger_unencrypted: bool = False,
        timeout: Optional[float] = None,
    ) -> Self: ...
    def connect_server(
        self,
        server: str = ".",
        namespace: str = "root\\cimv2",
        user: Optional[str] = None,
        password: Optional[str] = None,
        locale: Optional[str] = None,
        authority: Optional[str] = None,
        security_flags: int = 0,
    ) -> Site:
        """Connects to a namespace of a machine, as `SWbemLocator.ConnectServer` does.

        Args:
            server: The machine; empty and `.` are this one.
            namespace: With `\\` or `/`.
            user: `DOMAIN\\user` or `user@suffix`; not for this machine.
            password: The user's password.
            locale: `MS_409`; its form is checked, and it has no effect.
            authority: `kerberos:PRINCIPAL` or `ntlmdomain:DOMAIN`.
            security_flags: 0, or 128 to give up after two minutes at most.

        Raises:
            ConfigError: Arguments cannot be, such as a user for this machine (`WBEM_E_LOCAL_CREDENTIALS`).
            NotFoundError: The embedded site does not have the namespace.
            UnsupportedError: This machine, without a rehearsal.

        Example:
            >>> locator = cmgateway.Locator(rehearse="sqlite:lab.db")
            >>> locator.connect_server("cm1", "root/sms/site_GF1").code()
            'GF1'
        """

    def get_object(self, moniker: str, /) -> Site:
        """Connects to what a moniker names: the namespace of a machine.

        Raises:
            ConfigError: The text is no moniker, or it names an object, which `Site.get` reads.

        Example:
            >>> locator = cmgateway.Locator(rehearse="sqlite:lab.db")
            >>> locator.get_object(r"winmgmts:{impersonationLevel=impersonate}!\\\\cm1\\root\\sms").code()
            'GF1'
        """

    def site(
        self,
        server: str = ".",
        *,
        user: Optional[str] = None,
        password: Optional[str] = None,
        stay: bool = False,
    ) -> Site:
        """Finds the provider of a machine's site and connects to its namespace.

        It asks `root\\sms` for the provider of the local site and goes to the machine that stands there, as the
        samples of the SDK do; with `stay=True` it goes to the machine that was asked, as older scripts do.

        Example:
            >>> cmgateway.Locator(rehearse="sqlite:lab.db").site("cm1").code()
            'GF1'
        """

def diff(
    first: Site,
    second: Site,
    classes: Optional[Sequence[str]] = None,
    *,
    lazy: bool = False,
    ignored: Optional[Sequence[str]] = None,
) -> SiteDifference:
    """Compares two sites: what is added in the second one, removed, or changed, object by object.

    Objects are the same where class and key are. Those of one class in the first site are held in memory.

    Args:
        first: A site, such as the copy from before.
        second: The other one.
        classes: The classes, each with those derived from it; every class that both can list where it is not given.
        lazy: True to compare lazy properties too.
        ignored: Properties that are not compared.

    Example:
        >>> report = site.snapshot("before.db", ["SMS_Alert"])
        >>> path = site.new("SMS_Alert", Name="a").put_()
        >>> print(cmgateway.diff(cmgateway.connect("sqlite:before.db"), site, ["SMS_Alert"]))
        added    SMS_Alert.ID=1
        1 added, 0 removed, 0 changed
    """

@final
class SiteDifference:
    """What differs between two sites; printed it is a table.

    Example:
        >>> len(cmgateway.diff(site, site))
        0
    """

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects that differ, each a dict with `difference`, `path` and `properties`.

        Of a changed object `properties` has `before` and `after` of each property that changed.

        Example:
            >>> cmgateway.diff(site, site).objects
            []
        """

    @property
    def compared(self) -> int:
        """How many instances were looked at, in both sites together.

        Example:
            >>> cmgateway.diff(site, site, ["SMS_Site"]).compared
            2
        """

    def to_json(self) -> str:
        """The differences as JSON: a list of objects with `difference`, `path` and `properties`.

        Example:
            >>> cmgateway.diff(site, site).to_json()
            '[]'
        """

    def __len__(self) -> int: ...

@final
class AdminServiceServer:
    """A running AdminService that serves an embedded site.

    As a context manager it stops at the end of the block.

    Example:
        >>> server = site.serve(certificate_file="server.pem", key_file="server.key", token="secret")
        >>> server.url.startswith("https://127.0.0.1:")
        True
        >>> server.stop()
    """

    @property
    def url(self) -> str:
        """The base URL, as `connect` takes it."""

    def stop(self) -> None:
        """Stops accepting, lets open requests end for a limited time, and closes.

        A second call does nothing.

        Example:
            >>> site.serve(certificate_file="server.pem", key_file="server.key", token="secret").stop()
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...

def start_instance(file: _Path) -> InstanceService:
    """Starts an instance of a gateway from its settings file, TOML.

    It listens when this returns; until a connection point brings a configuration it trusts nobody. It runs beside the
    script until it is stopped, dropped, or the script ends. `examples/gateway/instance.toml` shows every setting.

    Args:
        file: The settings file; relative paths in it begin at its folder.

    Raises:
        NotFoundError: There is no such file, or one that it names is missing.
        ConfigError: A setting is wrong; the message has its line.
        CertificateError: The certificate or the key cannot be used.
        UnavailableError: An address is taken.

    Example:
        >>> with cmgateway.start_instance("instance.toml") as instance:
        ...     instance.status()["tunnels"]
        0
    """

def start_connection_point(file: _Path) -> ConnectionPointService:
    """Starts a connection point from its settings file, TOML.

    It returns at once; instances that cannot be reached are dialled again and again. It runs beside the script until it
    is stopped, dropped, or the script ends. `examples/gateway/connection_point.toml` shows every setting. With a
    `[site]` it follows the sub-CAs that the site lists; that was tried with sites of this package only, not with a live
    site server.

    Args:
        file: The settings file; relative paths in it begin at its folder.

    Raises:
        NotFoundError: There is no such file, or one that it names is missing.
        ConfigError: A setting is wrong; the message has its line.
        CertificateError: A certificate or a key cannot be used.

    Example:
        >>> with cmgateway.start_connection_point("connection_point.toml") as point:
        ...     point.status()["name"]
        'CP1'
    """

@final
class InstanceService:
    """A running instance of a gateway, started from a settings file.

    As a context manager it stops at the end of the block; without `stop` its sockets close when it is dropped.

    Example:
        >>> with cmgateway.start_instance("instance.toml") as instance:
        ...     print(instance)
        <instance at 127.0.0.1:...>
        >>> instance
        <instance at 127.0.0.1:..., stopped>
    """

    @property
    def addresses(self) -> list[str]:
        """Where clients connect, with the ports that were taken."""

    @property
    def admin_address(self) -> Optional[str]:
        """Where metrics and health are asked for, with the port that was taken; nothing without `admin_listen`.

        Example:
            >>> with cmgateway.start_instance("instance.toml") as instance:
            ...     instance.admin_address
            '127.0.0.1:...'
        """

    def status(self) -> dict[str, Any]:
        """What the instance is doing.

        `number`, `configuration` (the version in force, 0 for none), `connection_points` (names), `tunnels`,
        `connections` and `open_requests` of this moment; `requests`, `handshakes` and `refused_certificates` (reason
        to number) since it started.

        Raises:
            StoppedError: It was stopped.

        Example:
            >>> with cmgateway.start_instance("instance.toml") as instance:
            ...     instance.status()["connection_points"]
            []
        """

    def reload(self) -> None:
        """Reads the settings file, certificate and key again; connections that are open stay.

        Number, addresses and limits change with a restart only. Where it raises, the old settings stay in force.

        Raises:
            ConfigError: A setting is wrong, or cannot change while it runs.
            CertificateError: The certificate or the key cannot be used.
            NotFoundError: A file is missing.
            StoppedError: It was stopped.

        Example:
            >>> with cmgateway.start_instance("instance.toml") as instance:
            ...     instance.reload()
        """

    def stop(self) -> None:
        """Stops accepting, lets open requests end for a limited time, and closes.

        The time is `drain_seconds` of the settings. A second call does nothing.

        Raises:
            ConflictError: Another thread waits in a call of it.

        Example:
            >>> cmgateway.start_instance("instance.toml").stop()
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...

@final
class ConnectionPointService:
    """A running connection point, started from a settings file.

    As a context manager it stops at the end of the block; without `stop` its connections close when it is dropped.

    Example:
        >>> with cmgateway.start_connection_point("connection_point.toml") as point:
        ...     point
        <connection point CP1>
    """

    def status(self) -> dict[str, Any]:
        """What the connection point is doing.

        `name`, `configuration` (the version that it carries), and two lists of dicts. `instances`: `addresses`,
        `number`, `connections`, `configuration` (the version that it goes by, 0 for none), `refused` and `last_error`
        (text or None). `traffic`, one for each endpoint that was asked for: `role`, `endpoint`, `requests`, `failures`,
        `cancelled`, `bytes_in`, `bytes_out`.

        Raises:
            StoppedError: It was stopped.

        Example:
            >>> with cmgateway.start_connection_point("connection_point.toml") as point:
            ...     [instance["addresses"] for instance in point.status()["instances"]]
            [['localhost:1']]
        """

    def health(self) -> dict[str, Any]:
        """All that the connection point knows of its gateway at this moment; nothing is changed.

        `service_name`, `at`, `level` (`normal`, `warning`, `critical`), `state` (as `Gateway.state`, None without a
        site), `is_stopped`, `connection_points` (names of those that are connected), `instances` (as in `status`, with
        `counts`: what each has counted since it started, as of its last report), `cloud_instances`, `endpoints`,
        `refusals` (counts by reason), `traffic` and `alerts` (as of `Monitor`), `days` (14, each with `day`, `bytes`
        and `bytes_so_far`), `expiring` (as `expiry_warnings`, also what does not end soon), `conditions` (what
        `Notices.tell` takes) and `failures` (what could not be looked at).

        Where the settings have a `[monitor]`, traffic and alerts are written, the threshold is enforced and notices are
        told without a call.

        Raises:
            StoppedError: It was stopped.

        Example:
            >>> with cmgateway.start_connection_point("connection_point.toml") as point:
            ...     health = point.health()
            >>> health["connection_points"], [instance["addresses"] for instance in health["instances"]]
            ([], [['localhost:1']])
        """

    @property
    def dashboard_url(self) -> Optional[str]:
        """Where the dashboard is served, with the port that was taken; nothing where the settings have none.

        Raises:
            StoppedError: It was stopped.
        """

    def ready(self, *, timeout: float = 30.0) -> None:
        """Waits until every instance is connected and goes by the configuration of this moment.

        Args:
            timeout: Seconds.

        Raises:
            TimedOutError: An instance is not ready; the message has its state.
            ConfigError: The timeout is negative or no number.
            StoppedError: It was stopped.

        Example:
            >>> with cmgateway.start_connection_point("connection_point.toml") as point:
            ...     try:
            ...         point.ready(timeout=0.1)  # there is no instance at this address
            ...     except cmgateway.errors.TimedOutError:
            ...         print("not yet")
            not yet
        """

    def reload(self) -> None:
        """Reads the settings file again: mappings, trust, tokens, certificates; connections that are open stay.

        Name, instances and site cannot change while it runs. Where it raises, the old settings stay in force.

        Raises:
            ConfigError: A setting is wrong, or cannot change while it runs.
            CertificateError: A certificate or a key cannot be used.
            NotFoundError: A file is missing.
            StoppedError: It was stopped.

        Example:
            >>> with cmgateway.start_connection_point("connection_point.toml") as point:
            ...     point.reload()
        """

    def stop(self) -> None:
        """Asks the instances for no more requests, lets open ones end for a limited time, and closes.

        The time is `drain_seconds` of the settings. A second call does nothing.

        Raises:
            ConflictError: Another thread waits in a call of it.

        Example:
            >>> cmgateway.start_connection_point("connection_point.toml").stop()
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...

@final
class CancelToken:
    """Ends a call that waits on another thread.

    `cmgateway.aio` is made with it.

    Example:
        >>> token = cmgateway._native.CancelToken()
        >>> token.run(site.code)
        'GF1'
        >>> token.cancel()
        >>> token.run(site.code)
        Traceback (most recent call last):
        ...
        cmgateway.errors.StoppedError: could not wait: the call was cancelled
    """

    def __new__(cls) -> Self: ...
    def cancel(self) -> None:
        """Ends what `run` waits for, now and later, with StoppedError."""

    def run(self, function: Callable[..., _T], /, *args: Any, **named: Any) -> _T:
        """Calls a function on this thread; what it waits for in this library ends when the token is cancelled."""

@final
class Rows:
    """The rows of a query, read as they are asked for.

    Iterating keeps memory flat, however many rows there are. Rows can be read once. A query that is not read to its
    end stays open in the site until it is closed; as a context manager it is closed at the end of the block.

    Example:
        >>> rows = site.query("SELECT * FROM SMS_AzureService")
        >>> next(rows).AzureServiceID, rows.all()
        (1, [])
    """

    def __iter__(self) -> Self: ...
    def __next__(self) -> Instance: ...
    def all(self) -> list[Instance]:
        """The rows that are left, all at once.

        Example:
            >>> len(site.query("SELECT * FROM SMS_AzureService").all())
            1
        """

    def first(self) -> Optional[Instance]:
        """The next row, or None; the rows after it are given up.

        Example:
            >>> site.query("SELECT * FROM SMS_AzureService WHERE AzureServiceID = 99").first() is None
            True
        """

    def close(self) -> None:
        """Ends the query; the rows must not be used after it.

        Rows that are closed have no more rows. A second call does nothing.

        Example:
            >>> with site.query("SELECT * FROM SMS_AzureService") as rows:
            ...     for row in rows:
            ...         break
            >>> rows.all()
            []
        """

    def __enter__(self) -> Self: ...
    def __exit__(self, *_exception: object) -> None: ...

@final
class Instance:
    """An instance of a class, with the properties it came with and those set since.

    Properties are attributes and items alike, without case: `service.Region`, `service["region"]`. Setting one is
    local until the instance is put. Iterating gives the names. Names that end in an underscore are ours, so that a
    WMI property of any name can be reached; no property of such a name is made. A property that the instance does
    not have raises `AttributeError` or `KeyError`; one without a value is None.

    Values: None, bool, int (up to 2^64-1), float, str, `DateTime` (an aware `datetime.datetime` is taken too),
    `ObjectPath`, `Instance` (an embedded object), and lists of these. What is assigned is copied. A list or an
    embedded object that is read is live: what is changed inside of it is written with the next put. A method of the
    class is an attribute too: `instance.Close("done")`.

    Example:
        >>> service = site.new("SMS_AzureService", ServiceCName="gw.contoso.com")
        >>> service.servicecname, service["SERVICECNAME"], "Region" in service
        ('gw.contoso.com', 'gw.contoso.com', False)
    """

    @property
    def class_(self) -> str:
        """The name of its class.

        Example:
            >>> site.new("SMS_AzureService").class_
            'SMS_AzureService'
        """

    @property
    def path_(self) -> Optional[ObjectPath]:
        """Its path in the site; None until it was put or where the query left out a key.

        Example:
            >>> site.new("SMS_AzureService").path_ is None
            True
        """

    @property
    def properties_(self) -> dict[str, Any]:
        """A copy of its properties, name to value, in their order.

        Example:
            >>> site.new("SMS_AzureService", Name="a").properties_
            {'Name': 'a'}
        """

    def array_(self, name: str) -> list[Any]:
        """The live list of an array property; a null one is taken for empty.

        A list that stays empty leaves null as it was.

        Raises:
            ConfigError: the property is no array, or lazy and not loaded yet.

        Example:
            >>> item = site.new("SMS_SCI_Component", ItemName="A|B", ItemType="Component", SiteCode="GF1", FileType=2)
            >>> item.array_("Props").append(site.new("SMS_EmbeddedProperty", PropertyName="X", Value=1))
            >>> for prop in item.array_("Props"):
            ...     prop.Value = 2
            >>> site.get(item.put_()).Props[0].Value
            2
        """

    def put_(self, mode: str = "create_or_update") -> ObjectPath:
        """Writes the instance to its site and gives its path, which holds a key that the site made.

        Raises:
            ConfigError: the instance was made without a site; those of `Site.put`.

        Example:
            >>> str(site.new("SMS_Alert", Name="a").put_())
            'SMS_Alert.ID=1'
        """

    def load_(self) -> None:
        """Reads the instance again, with its lazy properties; what was set since stays.

        Example:
            >>> path = site.new("SMS_Collection", CollectionID="GF100001", CollectionRules=[]).put_()
            >>> collection = site.query("SELECT * FROM SMS_Collection").first()
            >>> collection.CollectionRules is None
            True
            >>> collection.load_()
            >>> collection.CollectionRules
            []
        """

    def delete_(self) -> None:
        """Deletes the instance in its site.

        Example:
            >>> alert = site.new("SMS_Alert", Name="a")
            >>> path = alert.put_()
            >>> alert.delete_()
        """

    def associators_(
        self,
        *,
        assoc_class: Optional[str] = None,
        result_class: Optional[str] = None,
        result_role: Optional[str] = None,
        role: Optional[str] = None,
        required_qualifier: Optional[str] = None,
        required_assoc_qualifier: Optional[str] = None,
        class_defs_only: bool = False,
        keys_only: bool = False,
        schema_only: bool = False,
    ) -> Rows:
        """The objects at the other ends of its associations, as `ASSOCIATORS OF` gives them.

        Associations are classes with the qualifier `association`; an SMS Provider has few, a site of your own may.

        Raises:
            UnsupportedError: an AdminService has no such query.

        Example:
            >>> site.compile_mof('''class Rack { [key] string Row; }; class Box { [key] uint32 Number; };
            ...     [association] class Holds { [key] Rack ref Where; [key] Box ref What; };
            ...     instance of Rack { Row = "A"; }; instance of Box { Number = 7; };
            ...     instance of Holds { Where = "Rack.Row='A'"; What = "Box.Number=7"; };''')
            >>> rack = site.get("Rack.Row='A'")
            >>> [str(box.path_) for box in rack.associators_(result_class="Box")]
            ['Box.Number=7']
        """

    def references_(
        self,
        *,
        result_class: Optional[str] = None,
        role: Optional[str] = None,
        required_qualifier: Optional[str] = None,
        class_defs_only: bool = False,
        keys_only: bool = False,
        schema_only: bool = False,
    ) -> Rows:
        """Its associations themselves, as `REFERENCES OF` gives them.

        Example:
            >>> path = site.new("SMS_Alert", Name="a").put_()
            >>> site.get("SMS_Alert.ID=1").references_().all()
            []
        """

    def clone_(self) -> Instance:
        """A copy that is changed by itself.

        Example:
            >>> site.new("SMS_Alert", Name="a").clone_().Name
            'a'
        """

    def mof_(self) -> str:
        """The instance as MOF text.

        Example:
            >>> print(site.new("SMS_MachineVariable", Name="a").mof_().expandtabs(4), end="")
            instance of SMS_MachineVariable
            {
                Name = "a";
            };
        """

    def xml_(self) -> str:
        """The instance as XML text, in WMI's form of the CIM DTD 2.0.

        Raises:
            ConfigError: A text has a character that XML cannot hold.

        Example:
            >>> print(site.new("SMS_MachineVariable", Name="a").xml_().expandtabs(4), end="")
            <INSTANCE CLASSNAME="SMS_MachineVariable">
                <PROPERTY NAME="Name" TYPE="string"><VALUE>a</VALUE></PROPERTY>
            </INSTANCE>
        """

    def call_(self, method: str, /, *args: Any, **named: Any) -> Instance:
        """Calls a method of the instance and gives what came out.

        `instance.Method(...)` and `instance.Method_(...)` do the same; the second asks nobody whether there is one.

        Example:
            >>> site.on_method("SMS_Alert", "Close", lambda path, inputs: 0)
            >>> alert = site.new("SMS_Alert", Name="a")
            >>> path = alert.put_()
            >>> alert.call_("Close", Comments="done").ReturnValue
            0
        """

    def __getattribute__(self, name: str, /) -> Any: ...
    def __setattr__(self, name: str, value: Any, /) -> None: ...
    def __getitem__(self, key: str, /) -> Any: ...
    def __setitem__(self, key: str, value: Any, /) -> None: ...
    def __delattr__(self, name: str, /) -> NoReturn: ...
    def __delitem__(self, key: str, /) -> NoReturn: ...
    def __contains__(self, key: str, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __dir__(self) -> list[str]: ...

@final
class BoundMethod:
    """A method of an instance, to be called.

    Values by position go in the declared order, as in VBScript; what comes out is an `Instance` of `__PARAMETERS`.

    Example:
        >>> site.on_method("SMS_Alert", "Close", lambda path, inputs: 0 if inputs.Comments == "done" else 1)
        >>> alert = site.new("SMS_Alert", Name="a")
        >>> path = alert.put_()
        >>> alert.Close("done").ReturnValue, alert.Close_(Comments="no").ReturnValue
        (0, 1)
    """

    def __call__(self, *args: Any, **named: Any) -> Instance: ...

@final
class ObjectPath:
    """The path of an object in WMI: server, namespace, class and keys.

    Two paths are equal whatever the case of names and the order of keys.

    Raises:
        ConfigError: The text is no path.

    Example:
        >>> path = cmgateway.ObjectPath(r"\\\\cm1\\root\\sms\\site_GF1:SMS_Site.SiteCode='GF1'")
        >>> path.class_name, path.keys
        ('SMS_Site', {'SiteCode': 'GF1'})
    """

    def __new__(cls, text: str, /) -> Self: ...
    @property
    def server(self) -> Optional[str]:
        """The host, without backslashes; None where the path does not say."""

    @property
    def namespace(self) -> Optional[str]:
        """The namespace, with backslashes; None where the path does not say."""

    @property
    def class_name(self) -> str:
        """The name of the class."""

    @property
    def keys(self) -> dict[Optional[str], Union[str, int, bool]]:
        """The keys, name to value; the name is None where the path leaves it out.

        Example:
            >>> cmgateway.ObjectPath("SMS_AzureService.AzureServiceID=1").keys
            {'AzureServiceID': 1}
        """

    def __getnewargs__(self) -> tuple[str]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class DateTime:
    """A DMTF date and time, or an interval, kept in its 25 characters.

    What a site holds stays as it is, unknown fields (`*`) and offset included; two are equal where their texts are.
    Points in time are in the order of time, intervals in that of length; nothing else has an order.

    Raises:
        ConfigError: The text is no DMTF date and time, or one that no calendar has.

    Example:
        >>> cmgateway.DateTime("20240131120000.000000+060").to_datetime().isoformat()
        '2024-01-31T12:00:00+01:00'
    """

    def __new__(cls, text: str, /) -> Self: ...
    @property
    def is_interval(self) -> bool:
        """True for an interval (`ddddddddHHMMSS.mmmmmm:000`), which is no point in time."""

    def to_datetime(self) -> Optional[datetime.datetime]:
        """The point in time; None for an interval and where fields are `*`.

        Example:
            >>> cmgateway.DateTime("00000001000000.000000:000").to_datetime() is None
            True
        """

    def __getnewargs__(self) -> tuple[str]: ...
    def __lt__(self, other: DateTime, /) -> bool: ...
    def __le__(self, other: DateTime, /) -> bool: ...
    def __gt__(self, other: DateTime, /) -> bool: ...
    def __ge__(self, other: DateTime, /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Watch:
    """A running event query.

    Example:
        >>> query = "SELECT * FROM __InstanceDeletionEvent WITHIN 0.1 WHERE TargetInstance ISA 'SMS_Alert'"
        >>> site.watch(query).next(timeout=0.2) is None
        True
    """

    def next(self, timeout: Optional[float] = None) -> Optional[Instance]:
        """The next event; None where none comes within the time.

        Example:
            >>> query = "SELECT * FROM __InstanceDeletionEvent WITHIN 0.1 WHERE TargetInstance ISA 'SMS_Alert'"
            >>> site.watch(query).next(timeout=0.2) is None
            True
        """

    def __iter__(self) -> Self: ...
    def __next__(self) -> Instance: ...

@final
class ClassDefinition:
    """The definition of a class: its name and its properties.

    Example:
        >>> definition = site.class_definition("sms_azureservice")
        >>> definition.name, definition.properties[0].name, definition.properties[0].type
        ('SMS_AzureService', 'AzureServiceID', 'uint32')
    """

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def keys(self) -> list[str]:
        """The names of the properties that make up the key, in the order of the definition."""

    @property
    def properties(self) -> list[PropertyDefinition]:
        """Its properties, in the order of the definition."""

    @property
    def derivation(self) -> list[str]:
        """The classes it is derived from, the nearest first."""

    @property
    def methods(self) -> list[str]:
        """The names of its methods, inherited ones first."""

    @property
    def qualifiers(self) -> dict[str, Any]:
        """Its qualifiers, name to value.

        Example:
            >>> site.class_definition("SMS_Resource").qualifiers
            {'abstract': True}
        """

    def inputs(self, method: str) -> list[PropertyDefinition]:
        """The parameters that go into a method, in the declared order.

        Example:
            >>> [each.name for each in site.class_definition("SMS_Collection").inputs("AddMembershipRule")]
            ['collectionRule']
        """

    def outputs(self, method: str) -> list[PropertyDefinition]:
        """The parameters that come out of a method, without the return value.

        Example:
            >>> [each.name for each in site.class_definition("SMS_Collection").outputs("AddMembershipRule")]
            ['QueryID']
        """

    def mof(self) -> str:
        """The MOF text of the class: what it declares itself, not what it inherits.

        Example:
            >>> print(site.class_definition("SMS_CollectionRuleDirect").mof().expandtabs(4), end="")
            class SMS_CollectionRuleDirect : SMS_CollectionRule
            {
                string ResourceClassName;
                uint32 ResourceID;
            };
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class PropertyDefinition:
    """One property of a class.

    Example:
        >>> [each.name for each in site.class_definition("SMS_AzureService").properties if each.is_key]
        ['AzureServiceID']
    """

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def type(self) -> str:
        """Its type as MOF writes it, without the array mark."""

    @property
    def qualifiers(self) -> dict[str, Any]:
        """Its qualifiers, name to value.

        Example:
            >>> site.class_definition("SMS_Collection").properties[1].qualifiers
            {'lazy': True}
        """

    @property
    def is_lazy(self) -> bool:
        """True where queries leave the property out and only a read of the one instance brings it."""

    @property
    def is_array(self) -> bool:
        """True where the type is an array."""

    @property
    def is_key(self) -> bool:
        """True where the property is part of the key."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Gateway:
    """A cloud management gateway, found in its site by its service name.

    Example:
        >>> site.gateway("GraniteFalls.contoso.com").sub_ca.add("subca1.cer").is_change
        True
    """

    @property
    def service_name(self) -> str:
        """The service name, in the site's spelling."""

    @property
    def path(self) -> ObjectPath:
        """The path of its `SMS_AzureService` instance."""

    @property
    def sub_ca(self) -> SubCa:
        """The list of its sub-CA thumbprints."""

    @property
    def monitor(self) -> Monitor:
        """What watches over its traffic and its alerts."""

    def analyze(
        self,
        *,
        connection_point_file: Optional[_Path] = None,
        addresses: Optional[Iterable[str]] = None,
        deployment_name: Optional[str] = None,
        name_server: Optional[str] = None,
        ca_file: Optional[_Path] = None,
        server_certificate: Optional[Certificate] = None,
        admin_addresses: Optional[Iterable[str]] = None,
        roots: Iterable[Certificate] = (),
        sub_cas: Iterable[Certificate] = (),
        crls: Iterable[Crl] = (),
        certificate_file: Optional[_Path] = None,
        key_file: Optional[_Path] = None,
        token: Optional[str] = None,
        roles: Optional[Iterable[int]] = None,
        asks_inside: bool = False,
        at: Optional[datetime.datetime] = None,
        warn_days: int = 30,
        timeout: Optional[datetime.timedelta] = None,
    ) -> AnalysisReport:
        """Looks for what is wrong with this gateway, as its site knows it.

        The arguments are those of `analyze`.

        Example:
            >>> gateway = site.gateway("GraniteFalls.contoso.com")
            >>> gateway.analyze(addresses=["127.0.0.1:9"]).result("site_gateway").outcome
            'passed'
        """

    def instance(self) -> Instance:
        """Its `SMS_AzureService` instance as it is now.

        Raises:
            NotFoundError: The gateway is gone.
            ConflictError: There is another of its name now.

        Example:
            >>> site.gateway("GraniteFalls.contoso.com").instance().ServiceType
            'CloudProxyService'
        """

    def state(self) -> Optional[dict[str, Any]]:
        """Its state, as the site tells it now; None where the site tells none.

        Has `code`, `name` (`Ready`, `Provisioning`, `Starting`, `Stopping`, `Stopped`, `Deleting`, or the code that
        nobody has explained) and `is_confirmed`: Microsoft's page gives no values; 0, 4 and 6 come from two scripts
        that know nothing of each other, 1, 5 and 99 from one.
        """

    def required_ports(self) -> RequiredPorts:
        """Lists the ports that the gateway, its connection points and its clients need open.

        Number of instances, deployment model and names come from the site's row of the gateway, the servers inside from
        its roles that take gateway traffic.

        Raises:
            NotFoundError: The gateway is gone.

        Example:
            >>> rows = site.gateway("GraniteFalls.contoso.com").required_ports().rows
            >>> [(row["from"], row["first_port"]) for row in rows]
            [('connection_point', 10140), ('connection_point', 443), ('client', 443)]
        """

@final
class RequiredPorts:
    """The connections that a gateway needs, each with who opens it, to where, and on which TCP ports.

    All connections start inside or at the client: no port is opened from the Internet to the site. It prints as a
    table.

    Example:
        >>> print(str(site.gateway("GraniteFalls.contoso.com").required_ports()).splitlines()[0])
        Ports of gateway GraniteFalls.contoso.com
    """

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The connections.

        Each is a dict with `from` (`connection_point`, `service_connection_point`, `client`), `to`, `protocol`,
        `first_port`, `last_port`, `to_gateway` and `purpose`.
        """

    @property
    def notes(self) -> list[str]:
        """What else devices on the way must let through."""

    def to_json(self) -> str:
        """The rows as JSON text, indented by two blanks.

        Example:
            >>> import json
            >>> len(json.loads(site.gateway("GraniteFalls.contoso.com").required_ports().to_json())["rows"])
            3
        """

    def to_security_group(self) -> str:
        """The inbound rules of the gateway's network security group, as the JSON array `securityRules` of a template.

        Example:
            >>> import json
            >>> rules = json.loads(site.gateway("GraniteFalls.contoso.com").required_ports().to_security_group())
            >>> [rule["name"] for rule in rules]
            ['cmg-connection-points-10140', 'cmg-connection-points-443', 'cmg-clients-443']
        """

    def to_nftables(self) -> str:
        """An nftables chain for what goes out of the site; jump to it, and fill its address sets.

        `nft` takes no names of changing addresses, so each destination is an empty set with the name beside it.

        Example:
            >>> "tcp dport 10140 accept" in site.gateway("GraniteFalls.contoso.com").required_ports().to_nftables()
            True
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class SitePlan:
    """What a change of the site control file would do, to be read before it is applied.

    Site switches, roles and connection points make plans of this one shape. It prints as a table.

    Example:
        >>> print(site.switches.plan(check_crl=False))
        Plan for switches of site GF1
          keep    https_only                      no
          keep    use_pki_client_certificate      no
          change  check_crl                       yes → no
          keep    enhanced_http                   no
          change  IISSSLState                     224 (0xE0) → 192 (0xC0)
          warning: HTTP site systems without Enhanced HTTP are not supported since version 2403
          warning: the site has no component SMS_SITE_COMPONENT_MANAGER; it is added
          0 to add, 2 to change, 0 to remove, 3 kept
    """

    @property
    def title(self) -> str:
        """What the plan is for, such as `switches of site GF1`."""

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What happens to each setting, also to those that stay.

        Each step is a dict with `action` (`keep`, `add`, `change` or `remove`), `item`, `setting`, `before` and
        `after`.
        """

    @property
    def warnings(self) -> list[str]:
        """What the administrator should know."""

    @property
    def is_change(self) -> bool:
        """False where the site is as wanted already; applying such a plan writes nothing."""

    def apply(self, site: Site) -> None:
        """Does what the plan says at a site, then reads each item back and compares.

        Only the properties that change are written, and only where they still are what the plan was made for. What is
        done
        already is not done again, so it is safe to apply twice. Not tried against a live SMS Provider.

        Raises:
            ConflictError: A property or an item is no longer what the plan was made for; make a new plan.
            ProtocolError: The site reads back something else.

        Example:
            >>> site.switches.plan(check_crl=False).apply(site)
            >>> site.switches.read()["check_crl"]
            False
        """

    def to_json(self) -> str:
        """The plan as JSON text, indented by two blanks, with the names of the fields as here.

        Example:
            >>> import json
            >>> sorted(json.loads(site.switches.plan(check_crl=False).to_json()))
            ['steps', 'title', 'warnings']
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class SiteSwitches:
    """The switches of a site: PKI client certificates, CRL checks, HTTPS only, Enhanced HTTP, and their neighbours.

    They lie in `IISSSLState` and properties beside it. No page of Microsoft's tells its bits; they are what public
    tools
    read. Unknown bits stay.

    Example:
        >>> site.switches.set(use_pki_client_certificate=True, check_crl=False).is_change
        True
        >>> site.switches.read()["text"]
        'HTTPS or HTTP, PKI when available, CRL not checked'
    """

    def read(self) -> dict[str, Any]:
        """Reads the switches from the site.

        Gives `https_only`, `use_pki_client_certificate`, `check_crl`, `enhanced_http`, the number that holds them
        (`iis_ssl_state`, in words `text`) and its `unknown_bits`; `certificate_store`,
        `certificate_selection_criteria`,
        `select_first_certificate`, `enforce_message_signing`, `enforce_enhanced_hash` (None where the site says
        nothing);
        `site_code` and `item`.

        Raises:
            NotFoundError: The site has no item that holds them.

        Example:
            >>> site.switches.read()["iis_ssl_state"]
            224
        """

    def plan(
        self,
        *,
        https_only: Optional[bool] = None,
        use_pki_client_certificate: Optional[bool] = None,
        check_crl: Optional[bool] = None,
        enhanced_http: Optional[bool] = None,
        certificate_store: Optional[str] = None,
        certificate_selection_criteria: Optional[str] = None,
        select_first_certificate: Optional[bool] = None,
        enforce_message_signing: Optional[bool] = None,
        enforce_enhanced_hash: Optional[bool] = None,
    ) -> SitePlan:
        """Says what a change would do; nothing is changed.

        What is None stays. An embedded site that lacks the item gets one.

        Raises:
            ConfigError: A switch is unknown or no bool, none is given, or two contradict each other.

        Example:
            >>> plan = site.switches.plan(https_only=True)
            >>> [(step["before"], step["after"]) for step in plan.steps if step["setting"] == "IISSSLState"]
            [('224 (0xE0)', '63 (0x3F)')]
        """

    def set(
        self,
        *,
        https_only: Optional[bool] = None,
        use_pki_client_certificate: Optional[bool] = None,
        check_crl: Optional[bool] = None,
        enhanced_http: Optional[bool] = None,
        certificate_store: Optional[str] = None,
        certificate_selection_criteria: Optional[str] = None,
        select_first_certificate: Optional[bool] = None,
        enforce_message_signing: Optional[bool] = None,
        enforce_enhanced_hash: Optional[bool] = None,
    ) -> SitePlan:
        """Makes the switches so.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `SitePlan.apply` do.

        Example:
            >>> site.switches.set(enhanced_http=True).is_change
            True
        """

@final
class SiteRoles:
    """The management, software update and distribution points of a site, and what of them concerns a gateway.

    The dependency rules are checked before anything is written; an error names the rule, also as its context `rule`.

    Example:
        >>> site.roles.list("distribution_point")
        []
    """

    def list(self, kind: Optional[str] = None) -> builtins.list[dict[str, Any]]:
        """Lists the roles of one kind, or of all three, with their servers.

        Args:
            kind: `management_point`, `software_update_point` or `distribution_point`.

        Each is a dict with `kind`, `server`, `site_code`, `https`, `gateway_traffic`, `client_connections` (`intranet`,
        `internet`, `internet_and_intranet`; None for a distribution point), `port` and `path`.

        Example:
            >>> [(role["server"], role["gateway_traffic"]) for role in site.roles.list("management_point")]
            [('MP1.contoso.com', False)]
        """

    def plan(
        self,
        kind: str,
        server: str,
        *,
        https: Optional[bool] = None,
        gateway_traffic: Optional[bool] = None,
        client_connections: Optional[Literal["intranet", "internet", "internet_and_intranet"]] = None,
    ) -> SitePlan:
        """Says what changing the role of a server would do; nothing is changed.

        Where gateway traffic is switched on and nothing is said of the clients, those of the Internet come in addition.

        Raises:
            ConfigError: The change would break a rule, which the context `rule` names.
            UnsupportedError: Gateway traffic of a distribution point; the message says why the set-up page names it.
            NotFoundError: The server does not have the role; the message names those that have.

        Example:
            >>> plan = site.roles.plan("management_point", "MP1.contoso.com", https=True, gateway_traffic=True)
            >>> [(step["setting"], step["after"]) for step in plan.steps]
            [('https', 'yes'), ('gateway_traffic', 'yes'), ('client_connections', 'internet_and_intranet')]
        """

    def set(
        self,
        kind: str,
        server: str,
        *,
        https: Optional[bool] = None,
        gateway_traffic: Optional[bool] = None,
        client_connections: Optional[Literal["intranet", "internet", "internet_and_intranet"]] = None,
    ) -> SitePlan:
        """Makes the role of a server so.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `SitePlan.apply` do.

        Example:
            >>> site.roles.set("management_point", "MP1.contoso.com", https=True).is_change
            True
        """

@final
class ConnectionPointRoles:
    """The connection points of a site: servers with the role `SMS Cloud Proxy Connector`.

    Not tried against a live SMS Provider: whether it takes a new role by a put, and under which property the gateway's
    name stands, is not confirmed.

    Example:
        >>> site.connection_points.add("CP1.contoso.com", gateway="GraniteFalls.contoso.com").is_change
        True
    """

    def list(self) -> builtins.list[dict[str, Any]]:
        """Lists the servers that have the role, with their gateways and internet proxies.

        Each is a dict with `server`, `site_code`, `gateway` (None where the item names none that the site has),
        `internet_proxy` (a dict with `server`, `port` and `user`, or None) and `path`.

        Example:
            >>> site.connection_points.list()
            []
        """

    def plan(
        self,
        change: Literal["add", "change", "remove"],
        server: str,
        *,
        gateway: Optional[str] = None,
        internet_proxy: Union[str, dict[str, Any], Literal[False], None] = None,
    ) -> SitePlan:
        """Says what adding, changing or removing the role on a server would do; nothing is changed.

        Args:
            change: What to do.
            server: The server's full name.
            gateway: The service name of the gateway it belongs to; a new one needs it.
            internet_proxy: `host:port`, or a dict with `server`, `port` and `user`; False switches it off.

        Raises:
            ConfigError: A new one names no gateway, or a value cannot be.
            ConflictError: The one to add belongs to another gateway.
            NotFoundError: The site lacks the gateway, or the server the role to change.

        Example:
            >>> plan = site.connection_points.plan("add", "CP1.contoso.com", gateway="GraniteFalls.contoso.com")
            >>> [step["setting"] for step in plan.steps]
            ['role', 'gateway', 'role', 'internet_proxy']
        """

    def add(
        self,
        server: str,
        *,
        gateway: Optional[str] = None,
        internet_proxy: Union[str, dict[str, Any], Literal[False], None] = None,
    ) -> SitePlan:
        """Gives a server the role.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `SitePlan.apply` do.

        Example:
            >>> point = {"gateway": "GraniteFalls.contoso.com", "internet_proxy": "proxy.contoso.com:8080"}
            >>> site.connection_points.add("CP1.contoso.com", **point).is_change
            True
        """

    def change(
        self,
        server: str,
        *,
        gateway: Optional[str] = None,
        internet_proxy: Union[str, dict[str, Any], Literal[False], None] = None,
    ) -> SitePlan:
        """Changes the gateway or the internet proxy of a connection point.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `SitePlan.apply` do.
        """

    def remove(self, server: str) -> SitePlan:
        """Takes the role from a server; its other roles and its internet proxy stay.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `SitePlan.apply` do.

        Example:
            >>> site.connection_points.remove("CP1.contoso.com").is_change
            False
        """

    def advice(self, service_name: str) -> dict[str, Any]:
        """Advises how many connection points a gateway needs.

        One for every 4 instances, and two at least, so that one may fail. Gives `instances`, `for_load`, `recommended`,
        `existing` and `missing`.

        Raises:
            NotFoundError: The site has no such gateway.

        Example:
            >>> site.connection_points.advice("GraniteFalls.contoso.com")["missing"]
            2
        """

def decide_location(
    *,
    always_on_internet: bool = False,
    domain_controller_answers: bool = False,
    management_point_answers: bool = False,
) -> dict[str, str]:
    """Decides where a client is: what it was told counts, then whether a domain controller or management point answers.

    Gives `location` (`currently_intranet`, `currently_internet`, `always_internet`) and `reason`.

    Example:
        >>> cmgateway.decide_location(domain_controller_answers=True)["location"]
        'currently_intranet'
    """

def registry_file(always: bool = True) -> str:
    """The text of a `.reg` file that makes a client always use the gateway, or decide by itself again.

    Windows reads it with `reg import FILE`; the agent (`ccmexec`) is restarted then.

    Example:
        >>> cmgateway.registry_file().splitlines()[-1]
        '"ClientAlwaysOnInternet"=dword:00000001'
    """

def group_policy_preferences(always: bool = True) -> str:
    """The `Registry.xml` of Group Policy Preferences that does the same to all computers of a policy.

    It belongs in `Machine\\Preferences\\Registry` of the policy's folder. Not tried with a domain.

    Example:
        >>> "ClientAlwaysOnInternet" in cmgateway.group_policy_preferences()
        True
    """

def always_on_internet_here() -> bool:
    """Whether this computer is to consider itself on the Internet wherever it is; false where nothing is said.

    Compiled only: no Windows was at hand.

    Raises:
        UnsupportedError: This is no Windows.

    Example:
        >>> try:
        ...     is_set = cmgateway.always_on_internet_here()
        ... except cmgateway.errors.UnsupportedError:
        ...     is_set = False
        >>> is_set
        False
    """

def set_always_on_internet_here(always: bool) -> None:
    """Makes this computer always use the gateway, or decide by itself again; the agent is to be restarted then.

    Compiled only: no Windows was at hand.

    Raises:
        AuthError: The registry may not be written.
        UnsupportedError: This is no Windows.

    Example:
        >>> try:
        ...     cmgateway.set_always_on_internet_here(cmgateway.always_on_internet_here())
        ... except cmgateway.errors.UnsupportedError:
        ...     pass
    """

@final
class ReferenceClient:
    """A client that gets files from a management point: directly on the intranet, through the gateway on the Internet.

    It decides where it is with the first request, then every 24 hours, when it is told of a change of the network,
    and when
    nobody of its candidates can be reached any more. For tests of gateways and for scripts; it is no agent, and the
    private
    protocol of Microsoft's is not spoken.

    Args:
        site: Where the candidates come from; else they are given.
        candidates: Hosts of management points inside, and `<service name>/CCM_Proxy_MutualAuth/<id>` for the gateway.
        service_name: With a site: the gateway's.
        published: With a site: the ids of published roles by their servers.
        domain: The domain whose controllers are looked for.
        management_points: The management points inside that are asked, over HTTPS.
        trusted_roots: A file with whom servers must chain to; the system's roots where it is None.
        certificate_file: The client's certificate and its intermediates, PEM.
        key_file: Its key, PEM.
        name_server: The name server to ask, as an address.
        timeout: The longest wait for each answer of a probe, in seconds; 5 where it is None. A file has ten minutes.
        refresh_interval: How often it decides anew at the latest, in seconds; 24 hours where it is None.
        always_on_internet: True where it is to use the gateway wherever it is.

    Raises:
        ConfigError: An option is unknown or does not go with another.

    Example:
        >>> client = cmgateway.ReferenceClient(
        ...     candidates=["GraniteFalls.contoso.com/CCM_Proxy_MutualAuth/72057594037937981"],
        ...     management_points=["MP1.contoso.com"],
        ...     always_on_internet=True,
        ... )
        >>> client.location()["location"]
        'always_internet'
        >>> client.candidates()[0]["type"]
        'Internet'
    """

    def __new__(
        cls,
        site: Optional[Site] = None,
        *,
        candidates: Optional[Sequence[str]] = None,
        service_name: Optional[str] = None,
        published: Optional[Mapping[str, int]] = None,
        domain: Optional[str] = None,
        management_points: Optional[Sequence[str]] = None,
        trusted_roots: Optional[_Path] = None,
        certificate_file: Optional[_Path] = None,
        key_file: Optional[_Path] = None,
        name_server: Optional[str] = None,
        timeout: Optional[float] = None,
        refresh_interval: Optional[float] = None,
        always_on_internet: bool = False,
    ) -> Self: ...
    def probe(self) -> dict[str, Any]:
        """Asks whether a domain controller and a management point answer, whatever was decided.

        Gives `domain_controller` and `management_point`, each with `answered` (a host or None) and `failures`.
        """

    def location(self) -> dict[str, str]:
        """Where the client is; decided anew where that is due.

        Gives `location` and `reason`, as `decide_location`.
        """

    def candidates(self) -> list[dict[str, Any]]:
        """The management points that the client may talk to; read anew where that is due.

        Each has what `SMS_ActiveMPCandidate` shows: `mp`, `type` (`Assigned`, `Internet`), `index`, `version`,
        `capabilities`; and `https`.
        """

    def network_changed(self) -> None:
        """Tells the client that the network has changed: the next request decides anew."""

    def refresh(self) -> dict[str, str]:
        """Asks at once where the client is and whom it may talk to, as restarting the agent does."""

    def get(self, path: str) -> dict[str, Any]:
        """Gets a file from a management point; where none can be reached, the client looks once more where it is.

        Gives `status` (any is an answer), `body` (bytes), `mp` (who gave it) and `location`.

        Raises:
            NotFoundError: The list has nobody for this location.
            UnavailableError: Nobody of it can be reached.
        """

@final
class SubCa:
    """The list of a gateway's sub-CA thumbprints.

    Sub-CAs are given as `Certificate` or `IssuedCertificate`, as file (a path), as content of a file (bytes), as
    `Thumbprint` or as text (a thumbprint, thumbprints separated by `;`, else the name of a file), one or several.
    Certificates and files are better than bare thumbprints: that each is a CA and in date can then be checked.

    Example:
        >>> sub_ca = site.gateway("GraniteFalls.contoso.com").sub_ca
        >>> plan = sub_ca.plan("add", ["subca1.cer", "subca2.cer"])
        >>> len(sub_ca.apply(plan))
        2
    """

    def list(self) -> ThumbprintList:
        """Reads the list from the site.

        Raises:
            NotFoundError: The gateway is gone.

        Example:
            >>> len(site.gateway("GraniteFalls.contoso.com").sub_ca.list())
            0
        """

    def plan(self, kind: Literal["set", "add", "remove"], sources: _Sources) -> SubCaPlan:
        """Says what a change would do; nothing is changed.

        Args:
            kind: Whether the list becomes exactly these, gains them, or loses them.
            sources: The sub-CAs.

        Raises:
            CertificateError: A certificate is that of no CA, has expired, or cannot be read.
            ConfigError: A thumbprint has a mistake, or nothing is given to add or to remove.
            NotFoundError: There is no such file, or the gateway is gone.

        Example:
            >>> plan = site.gateway("GraniteFalls.contoso.com").sub_ca.plan("add", "subca1.cer")
            >>> [(step.action, step.subject) for step in plan.steps]
            [('add', 'CN=Contoso Issuing CA 1,O=Contoso')]
        """

    def apply(self, plan: SubCaPlan) -> ThumbprintList:
        """Does what a plan says, then reads the list back and compares.

        A plan without a change writes nothing, so it is safe to apply one twice.

        Raises:
            ConflictError: The list is no longer the one the plan was made for; make a new plan.
            ProtocolError: The site reads back another list.

        Example:
            >>> sub_ca = site.gateway("GraniteFalls.contoso.com").sub_ca
            >>> len(sub_ca.apply(sub_ca.plan("add", "subca1.cer")))
            1
        """

    def set(self, sources: _Sources) -> SubCaPlan:
        """Makes the list exactly these.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `apply` do.

        Example:
            >>> site.gateway("GraniteFalls.contoso.com").sub_ca.set([]).after
            ''
        """

    def add(self, sources: _Sources) -> SubCaPlan:
        """Adds these to the list.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `apply` do.

        Example:
            >>> print(site.gateway("GraniteFalls.contoso.com").sub_ca.add("8824022CB382CADD9E19290449B893A839140962"))
            Sub-CA thumbprints of GraniteFalls.contoso.com (SMS_AzureService.AzureServiceID=1)
              add     8824022CB382CADD9E19290449B893A839140962
              1 to add, 0 to remove, 0 kept
        """

    def remove(self, sources: _Sources) -> SubCaPlan:
        """Removes these from the list.

        Returns:
            What was done.

        Raises:
            Error: As `plan` and `apply` do; that one is not in the list is only a warning.

        Example:
            >>> sub_ca = site.gateway("GraniteFalls.contoso.com").sub_ca
            >>> sub_ca.remove("8824022CB382CADD9E19290449B893A839140962").warnings
            ['8824022CB382CADD9E19290449B893A839140962 is not in the list']
        """

    def plan_sync(self, sources: _Sources, classic: ServiceManagement) -> dict[str, Any]:
        """Says what making the cloud service and the site agree on these sub-CAs would do; nothing is changed.

        The cloud service is that of the classic API, by the gateway's `Name`. Gives `cloud_service`, `uploads` and
        `kept` (thumbprints), `site` (the plan for the list), `is_change`, `text`.

        Raises:
            ConfigError: A thumbprint without its certificate, which the cloud service does not have.
            CertificateError: One is no CA, has expired, or cannot be read.
        """

    def sync(self, sources: _Sources, classic: ServiceManagement) -> dict[str, Any]:
        """Uploads sub-CAs to the cloud service, writes their thumbprints to the site, and checks that all agree.

        The site's list becomes exactly these. Safe to call twice; where it stops half-way, the next call goes on. The
        classic API was switched off: checked against scripted answers only. Gives what was done, as `plan_sync`.

        Raises:
            ConflictError: The cloud service and the site do not agree afterwards.
        """

@final
class SubCaPlan:
    """What a change of a gateway's sub-CA thumbprints would do, to be read before it is applied.

    It prints as a table.

    Example:
        >>> plan = site.gateway("GraniteFalls.contoso.com").sub_ca.plan("set", [])
        >>> plan.is_change, plan.before, plan.after
        (False, None, '')
    """

    @property
    def service_name(self) -> str:
        """The gateway's service name."""

    @property
    def path(self) -> str:
        """The path of its instance."""

    @property
    def before(self) -> Optional[str]:
        """The text of the property as it is; None where it is null."""

    @property
    def after(self) -> str:
        """The text of the property as it would be."""

    @property
    def steps(self) -> list[PlanStep]:
        """What happens to each thumbprint, and to what stands in the list and is none."""

    @property
    def warnings(self) -> list[str]:
        """What the administrator should know."""

    @property
    def is_change(self) -> bool:
        """False where the site is as wanted already; applying such a plan writes nothing."""

    def to_json(self) -> str:
        """The plan as JSON text, indented by two blanks, with the names of the fields as here.

        Example:
            >>> import json
            >>> plan = site.gateway("GraniteFalls.contoso.com").sub_ca.plan("set", [])
            >>> json.loads(plan.to_json())["service_name"]
            'GraniteFalls.contoso.com'
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class PlanStep:
    """One line of a plan.

    Example:
        >>> plan = site.gateway("GraniteFalls.contoso.com").sub_ca.plan("add", "subca2.cer")
        >>> plan.steps[0].subject
        'CN=Contoso Issuing CA 2,O=Contoso'
    """

    @property
    def action(self) -> Literal["keep", "add", "remove"]:
        """What happens: `keep`, `add` or `remove`."""

    @property
    def thumbprint(self) -> str:
        """To which thumbprint, or to what stands in the list and is none."""

    @property
    def subject(self) -> Optional[str]:
        """The subject of its certificate, where one was given."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class ThumbprintList:
    """The sub-CA thumbprints of a gateway, in the site's order: `AAAA…;BBBB…`.

    Example:
        >>> sub_ca = site.gateway("GraniteFalls.contoso.com").sub_ca
        >>> plan = sub_ca.set("8824022CB382CADD9E19290449B893A839140962")
        >>> "88 24 02 2c b3 82 ca dd 9e 19 29 04 49 b8 93 a8 39 14 09 62" in sub_ca.list()
        True
    """

    @property
    def others(self) -> list[str]:
        """What stands in the list and is no thumbprint, in order."""

    def __iter__(self) -> Iterator[Thumbprint]: ...
    def __getitem__(self, index: int, /) -> Thumbprint: ...
    def __len__(self) -> int: ...
    def __contains__(self, key: Union[Thumbprint, str], /) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Thumbprint:
    """The SHA-1 thumbprint of a certificate, as Windows shows it.

    It is a name, not a proof: SHA-1 can be forged, so trust is never built on it.

    Example:
        >>> print(cmgateway.cert.Thumbprint.from_hex("88:24:02:2c:b3:82:ca:dd:9e:19:29:04:49:b8:93:a8:39:14:09:62"))
        8824022CB382CADD9E19290449B893A839140962
    """

    @staticmethod
    def from_hex(text: str, /) -> Thumbprint:
        """Reads a thumbprint as people paste it: blanks, colons, lower case, the invisible U+200E.

        Raises:
            ConfigError: The text is none; the message says what is wrong with it.

        Example:
            >>> from cmgateway.cert import Thumbprint
            >>> Thumbprint.from_hex("8824022cb382cadd9e19290449b893a839140962")
            Thumbprint.from_hex('8824022CB382CADD9E19290449B893A839140962')
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def load_cer(source: _File, /) -> list[Certificate]:
    """Reads every certificate of a CER file: DER or PEM, one or many.

    Args:
        source: The content of the file as bytes, or the file (text or a path).

    Raises:
        CertificateError: There is no certificate in it, or one of them is broken.
        NotFoundError: There is no such file.

    Example:
        >>> cmgateway.cert.load_cer("subca1.cer")[0].subject
        'CN=Contoso Issuing CA 1,O=Contoso'
    """

@final
class Certificate:
    """An X.509 certificate, read and checked for its structure, not for trust.

    Each property is read from the certificate when it is asked for.

    Example:
        >>> certificate = cmgateway.cert.load_cer("subca1.cer")[0]
        >>> certificate.is_ca, certificate.is_expired(), certificate.common_name
        (True, False, 'Contoso Issuing CA 1')
    """

    @property
    def subject(self) -> str:
        """The subject, most specific part first, as RFC 4514 writes it."""

    @property
    def issuer(self) -> str:
        """The issuer, written as the subject is."""

    @property
    def common_name(self) -> Optional[str]:
        """The common name of the subject, where it has one."""

    @property
    def serial_number(self) -> str:
        """The serial number in hexadecimal."""

    @property
    def not_before(self) -> datetime.datetime:
        """The first moment of validity, in UTC."""

    @property
    def not_after(self) -> datetime.datetime:
        """The last moment of validity, in UTC."""

    def is_valid_at(self, at: Optional[datetime.datetime] = None) -> bool:
        """True where the certificate is valid at this moment, or now.

        Raises:
            ConfigError: The moment has no time zone.

        Example:
            >>> cmgateway.cert.load_cer("subca1.cer")[0].is_valid_at()
            True
        """

    def is_expired(self, at: Optional[datetime.datetime] = None) -> bool:
        """True where the certificate has expired at this moment, or now.

        Raises:
            ConfigError: The moment has no time zone.

        Example:
            >>> cmgateway.cert.load_cer("subca1.cer")[0].is_expired()
            False
        """

    def days_left(self, at: Optional[datetime.datetime] = None) -> int:
        """Whole days from a moment until it expires; negative after it has.

        Raises:
            ConfigError: The moment has no time zone.

        Example:
            >>> cmgateway.cert.load_cer("subca1.cer")[0].days_left() in (364, 365)
            True
        """

    @property
    def key_algorithm(self) -> str:
        """The algorithm of the public key."""

    @property
    def key_size_bits(self) -> Optional[int]:
        """The size of the public key in bits, where the algorithm is a known one."""

    @property
    def key_usage(self) -> Optional[list[str]]:
        """The names of the key's usages; None where the certificate does not restrict them."""

    @property
    def extended_key_usage(self) -> list[str]:
        """The names of the extended usages, or their object identifiers."""

    @property
    def subject_alternative_names(self) -> list[str]:
        """The further names of the subject, such as `dns:gw.contoso.com`."""

    @property
    def is_ca(self) -> bool:
        """True where it is the certificate of a CA."""

    @property
    def is_self_issued(self) -> bool:
        """True where issuer and subject are the same, as in a root."""

    @property
    def signature_algorithm(self) -> str:
        """The algorithm it is signed with."""

    @property
    def thumbprint(self) -> Thumbprint:
        """The SHA-1 thumbprint, by which a site knows the certificate."""

    @property
    def sha256_thumbprint(self) -> str:
        """The SHA-256 thumbprint in hexadecimal."""

    @property
    def windows_subject(self) -> str:
        """The subject as Windows prints it, such as `CN=gw.contoso.com, O="Contoso, Ltd."`."""

    @property
    def windows_issuer(self) -> str:
        """The issuer, written as `windows_subject` is."""

    @property
    def path_length(self) -> Optional[int]:
        """How many authorities may follow below this one, where the certificate limits it."""

    @property
    def subject_key_id(self) -> Optional[str]:
        """The identifier of its key in upper-case hex, by which its children name it."""

    @property
    def authority_key_id(self) -> Optional[str]:
        """The identifier of the issuer's key in upper-case hex."""

    @property
    def ca_issuer_urls(self) -> list[str]:
        """Where it says that the certificate of its issuer can be fetched (AIA); nothing is fetched by reading it."""

    @property
    def ocsp_urls(self) -> list[str]:
        """Where it says that its status can be asked for (OCSP)."""

    @property
    def crl_urls(self) -> list[str]:
        """Where it says that the revocation lists of its issuer are (CDP)."""

    @property
    def delta_crl_urls(self) -> list[str]:
        """Where it says that the delta revocation lists of its issuer are."""

    @property
    def policies(self) -> list[str]:
        """The object identifiers of the policies that it was issued under."""

    @property
    def name_constraints(self) -> Optional[NameConstraints]:
        """The names that this authority may and may not certify, where it is constrained."""

    @property
    def template(self) -> Optional[CertificateTemplate]:
        """The AD CS template that it was issued from, where it says."""

    @property
    def extensions(self) -> list[CertificateExtension]:
        """Every extension as it is encoded, in the order of the certificate."""

    def to_pem(self) -> str:
        """The certificate as PEM text.

        Example:
            >>> cmgateway.cert.load_cer("root.cer")[0].to_pem().splitlines()[0]
            '-----BEGIN CERTIFICATE-----'
        """

    @property
    def der(self) -> bytes:
        """The certificate itself, DER."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class DevelopmentPki:
    """A small enterprise PKI for rehearsals: a root, sub-CAs, a server and a client certificate.

    Args:
        organization: The organisation in every name; Contoso where it is not given.
        sub_cas: How many issuing authorities there are under the root; 2 where it is not given.
        server_names: DNS names and IP addresses of the server; those of this machine's loopback where not given.
        key: The kind of every key; `ec_p256` where it is not given.
        not_before: The first moment of validity, with a time zone; now where it is not given.
        days: Days of validity, the same for every certificate; 365 where it is not given.
        client_name: Common name of the client; client1.contoso.com where it is not given.

    Raises:
        ConfigError: An option is out of range, a kind of key is none, or a name cannot stand in a certificate.

    Example:
        >>> pki = cmgateway.cert.DevelopmentPki(organization="Fabrikam", sub_cas=1)
        >>> pki.root.certificate.subject
        'CN=Fabrikam Root CA,O=Fabrikam'
    """

    def __new__(
        cls,
        organization: Optional[str] = None,
        sub_cas: Optional[int] = None,
        server_names: Optional[Sequence[str]] = None,
        *,
        key: Optional[_KeyKind] = None,
        not_before: Optional[datetime.datetime] = None,
        days: Optional[int] = None,
        client_name: Optional[str] = None,
    ) -> Self: ...
    @property
    def root(self) -> IssuedCertificate:
        """The root: what instances and the site must trust."""

    @property
    def sub_cas(self) -> list[IssuedCertificate]:
        """The issuing authorities; their thumbprints go to the site."""

    @property
    def server(self) -> IssuedCertificate:
        """The gateway's certificate, for `serverAuth`."""

    @property
    def client(self) -> IssuedCertificate:
        """A client's certificate, for `clientAuth`."""

    def write_to(self, folder: _Path, /) -> list[os.PathLike[str]]:
        """Writes certificates and keys as files into a folder and gives their paths.

        `root.cer`, `subca1.cer`… (DER), `server.pem`, `client.pem` (chains), `server.key`, `client.key` (for the
        owner only).

        Raises:
            ConflictError: One of the files exists.

        Example:
            >>> [file.name for file in cmgateway.cert.DevelopmentPki(sub_cas=1).write_to("pki")][:2]
            ['root.cer', 'subca1.cer']
        """

@final
class IssuedCertificate:
    """A certificate with its private key and the certificates above it.

    Example:
        >>> cmgateway.cert.DevelopmentPki().client.certificate.extended_key_usage
        ['clientAuth']
    """

    @property
    def certificate(self) -> Certificate:
        """The certificate."""

    @property
    def private_key(self) -> PrivateKey:
        """The private key."""

    @property
    def chain(self) -> list[Certificate]:
        """The certificate itself, then each one above it, up to the root."""

    def to_pfx(self, *, password: str, profile: Literal["modern", "windows-2016"] = "modern") -> bytes:
        """The certificate, its key and its chain as one PFX, which the gateway's wizard takes.

        Raises:
            ConfigError: The password is empty or too long.

        Example:
            >>> from cmgateway.cert import DevelopmentPki, load_pfx
            >>> load_pfx(DevelopmentPki().server.to_pfx(password="correct horse"), "correct horse")
            <PFX with 1 key pairs, 2 further certificates, 0 further keys>
        """

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM text."""

    @property
    def chain_pem(self) -> str:
        """What a TLS peer sends: the chain as PEM text without the root, which the other side must have."""

    @property
    def private_key_pem(self) -> str:
        """The private key as PEM text (PKCS #8)."""

def load_pfx(source: _File, /, password: Optional[str] = None) -> Pfx:
    """Reads a PKCS #12 file (RFC 7292) as Windows, OpenSSL, Java, Firefox, macOS and .NET write it.

    A key is put together with the certificate of its public key. No password and the empty one open the same files,
    since nobody can know which of them a file was closed with.

    Args:
        source: The content of the file as bytes, or the file (text or a path).
        password: The password. It is shown nowhere.

    Raises:
        AuthError: The password is wrong, or there is none and the file needs one; `context["reason"]` is
            `wrong_password` or `password_needed`.
        CertificateError: The file cannot be read; `context["reason"]` is `damaged`, `unsupported_algorithm` or
            `over_limit`.
        NotFoundError: There is no such file.

    Example:
        >>> from cmgateway.cert import PfxKeyPair, load_cer, load_pfx, load_private_key, write_pfx
        >>> server, sub_ca = load_cer("server.pem")
        >>> pair = PfxKeyPair(server, load_private_key("server.key"))
        >>> pfx = load_pfx(write_pfx([pair], [sub_ca], password="correct horse"), "correct horse")
        >>> len(pfx.key_pairs), len(pfx.certificates)
        (1, 1)
    """

def write_pfx(
    key_pairs: Iterable[PfxKeyPair],
    certificates: Iterable[Certificate] = (),
    *,
    password: str,
    profile: Literal["modern", "windows-2016"] = "modern",
) -> bytes:
    """Writes a PKCS #12 file (RFC 7292) with keys, their certificates and further certificates, such as the chain.

    Args:
        key_pairs: The keys with their certificates.
        certificates: Certificates without a key here.
        password: The password, which is not empty. It is shown nowhere.
        profile: `modern` is AES-256 with a SHA-256 MAC, for Windows Server 2019 and later, OpenSSL and Java;
            `windows-2016` is triple DES with a SHA-1 MAC, which Windows Server 2016 reads too.

    Raises:
        ConfigError: There is nothing to write, the password is empty or too long, or a certificate is not for its key.

    Example:
        >>> from cmgateway.cert import PfxKeyPair, load_cer, load_private_key, write_pfx
        >>> pair = PfxKeyPair(load_cer("server.pem")[0], load_private_key("server.key"), "gateway")
        >>> pfx = write_pfx([pair], password="correct horse", profile="windows-2016")
        >>> cmgateway.cert.load_pfx(pfx, "correct horse").key_pairs[0].friendly_name
        'gateway'
    """

@final
class Pfx:
    """What a PFX holds, after its password was found right.

    Example:
        >>> from cmgateway.cert import load_cer, load_pfx, write_pfx
        >>> load_pfx(write_pfx([], load_cer("root.cer"), password="correct horse"), "correct horse")
        <PFX with 0 key pairs, 1 further certificates, 0 further keys>
    """

    @property
    def key_pairs(self) -> list[PfxKeyPair]:
        """Keys with their certificates, in the order of the keys."""

    @property
    def certificates(self) -> list[PfxCertificate]:
        """The other certificates, such as the chain, in the order of the file."""

    @property
    def keys(self) -> list[PfxKey]:
        """Keys without a certificate."""

    @property
    def skipped(self) -> list[str]:
        """What else is in it and was not read, by its name, such as `CRL`."""

    @property
    def mac(self) -> Optional[PfxMac]:
        """How its integrity is protected; None where it is not.

        Nothing vouches then for parts without encryption.
        """

    @property
    def password_form(self) -> Optional[Literal["text", "empty", "null"]]:
        """The form of the password that was right: `text`, `empty` or `null`; None where nothing asked for one."""

@final
class PfxKeyPair:
    """A certificate with its private key, as a PFX holds them.

    Args:
        certificate: The certificate.
        private_key: Its key; `write_pfx` refuses another one.
        friendly_name: The name that a user sees for it.

    Example:
        >>> from cmgateway.cert import PfxKeyPair, load_cer, load_private_key
        >>> PfxKeyPair(load_cer("server.pem")[0], load_private_key("server.key"), "gateway").friendly_name
        'gateway'
    """

    def __new__(
        cls, certificate: Certificate, private_key: PrivateKey, friendly_name: Optional[str] = None
    ) -> Self: ...
    @property
    def certificate(self) -> Certificate:
        """The certificate; its public key belongs to the private key."""

    @property
    def private_key(self) -> PrivateKey:
        """The private key."""

    @property
    def friendly_name(self) -> Optional[str]:
        """The name that a user sees for it, of the key or else of the certificate."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class PfxCertificate:
    """A certificate of a PFX that has no private key there.

    Example:
        >>> from cmgateway.cert import load_cer, load_pfx, write_pfx
        >>> pfx = load_pfx(write_pfx([], load_cer("root.cer"), password="correct horse"), "correct horse")
        >>> pfx.certificates[0].certificate.common_name
        'Contoso Root CA'
    """

    @property
    def certificate(self) -> Certificate:
        """The certificate."""

    @property
    def friendly_name(self) -> Optional[str]:
        """The name that a user sees for it."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class PfxKey:
    """A private key of a PFX that has no certificate there.

    Example:
        >>> from cmgateway.cert import load_cer, load_pfx, write_pfx
        >>> load_pfx(write_pfx([], load_cer("root.cer"), password="correct horse"), "correct horse").keys
        []
    """

    @property
    def private_key(self) -> PrivateKey:
        """The private key."""

    @property
    def friendly_name(self) -> Optional[str]:
        """The name that a user sees for it."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class PfxMac:
    """How the integrity of a PFX is protected.

    Example:
        >>> from cmgateway.cert import load_cer, load_pfx, write_pfx
        >>> load_pfx(write_pfx([], load_cer("root.cer"), password="correct horse"), "correct horse").mac
        <MAC SHA-256 with 100000 iterations>
    """

    @property
    def algorithm(self) -> str:
        """The algorithm, such as `SHA-1` (RFC 7292) or `PBMAC1 SHA-256` (RFC 9579)."""

    @property
    def iterations(self) -> int:
        """Rounds of its key derivation."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def load_p7b(source: _File, /) -> list[Certificate]:
    """Reads every certificate of a PKCS #7 message (RFC 2315, RFC 5652), in the order of the file.

    Signatures in the message are not checked: the certificates are a set that nobody vouches for.

    Args:
        source: The content of the file as bytes, or the file (text or a path).

    Raises:
        CertificateError: It is no such message, or holds no certificate or a broken one; `context["reason"]` is
            `damaged`, `unsupported_algorithm` or `over_limit`.
        NotFoundError: There is no such file.

    Example:
        >>> from cmgateway.cert import load_cer, load_p7b, write_p7b
        >>> load_p7b(write_p7b(load_cer("server.pem"))) == load_cer("server.pem")
        True
    """

def write_p7b(certificates: Iterable[Certificate], /) -> bytes:
    """Writes certificates as PKCS #7 (.p7b), DER, in the order given.

    Raises:
        ConfigError: There is no certificate, or there are too many.

    Example:
        >>> from cmgateway.cert import load_cer, write_p7b
        >>> write_p7b(load_cer("root.cer"))[:1]
        b'0'
    """

def load_private_key(source: _File, /, password: Optional[str] = None) -> PrivateKey:
    """Reads the one private key of a file: PKCS #8 (plain or encrypted), PKCS #1 or SEC 1, as DER or PEM.

    Args:
        source: The content of the file as bytes, or the file (text or a path).
        password: Used where the key is encrypted, and not looked at where it is not. It is shown nowhere.

    Raises:
        AuthError: The password is wrong, or there is none and the key needs one; `context["reason"]` is
            `wrong_password` or `password_needed`.
        CertificateError: The file cannot be read; `context["reason"]` is `damaged`, `unsupported_algorithm` or
            `over_limit`.
        NotFoundError: There is no such file.

    Example:
        >>> key = cmgateway.cert.load_private_key("server.key")
        >>> key.matches(cmgateway.cert.load_cer("server.pem")[0])
        True
    """

@final
class PrivateKey:
    """A private key: checked when it is read, wiped when the last clone goes, never shown.

    What `to_pem` and `to_der` give is copied into Python's memory, where nobody wipes it.

    Example:
        >>> key = cmgateway.cert.load_private_key("server.key")
        >>> key.kind, key.size_bits == cmgateway.cert.load_cer("server.pem")[0].key_size_bits
        ('ec', True)
    """

    @property
    def kind(self) -> Literal["rsa", "ec", "ed25519", "other"]:
        """The family of the key: `rsa`, `ec`, `ed25519` or `other`."""

    @property
    def algorithm(self) -> str:
        """The kind of key in the words of `Certificate.key_algorithm`."""

    @property
    def size_bits(self) -> Optional[int]:
        """The size in bits, where the kind of key is known."""

    def matches(self, certificate: Certificate, /) -> bool:
        """True where the certificate is for this key, which is told by the public key and nothing else.

        Of a key whose public half cannot be found (kind `other`) it is never true.

        Example:
            >>> key = cmgateway.cert.load_private_key("server.key")
            >>> key.matches(cmgateway.cert.load_cer("root.cer")[0])
            False
        """

    def matches_request(self, request: CertificateRequest, /) -> bool:
        """True where the request was made for this key, told as `matches` does.

        Example:
            >>> from cmgateway.cert import create_csr, load_private_key
            >>> key = load_private_key("server.key")
            >>> key.matches_request(create_csr(key, "CN=gw.contoso.com"))
            True
        """

    def to_pem(self) -> str:
        """The key as PEM text, PKCS #8 (RFC 5958) without encryption.

        Example:
            >>> cmgateway.cert.load_private_key("server.key").to_pem().splitlines()[0]
            '-----BEGIN PRIVATE KEY-----'
        """

    def to_der(self) -> bytes:
        """The key as DER, PKCS #8 (RFC 5958) without encryption.

        Example:
            >>> key = cmgateway.cert.load_private_key("server.key")
            >>> cmgateway.cert.load_private_key(key.to_der()) == key
            True
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def generate_key(kind: _KeyKind = "rsa_2048") -> PrivateKey:
    """Makes a new private key.

    Raises:
        ConfigError: There is no such kind.

    Example:
        >>> cmgateway.cert.generate_key("ec_p384").algorithm
        'EC P-384'
    """

@final
class CertificateTemplate:
    """An AD CS certificate template, by its name (version 1 templates) or its object identifier (version 2 and later).

    `str(template)` is a text that every argument `template` takes.

    Args:
        text: A name, or an object identifier with its versions behind it: `1.3.6.1.4.1.311.21.8.1 100.4`.

    Raises:
        ConfigError: The text is empty, or its versions are not of that form.

    Example:
        >>> template = cmgateway.cert.CertificateTemplate("1.3.6.1.4.1.311.21.8.1 100.4")
        >>> template.oid, template.major_version, template.minor_version
        ('1.3.6.1.4.1.311.21.8.1', 100, 4)
    """

    def __new__(cls, text: str, /) -> Self: ...
    @property
    def name(self) -> Optional[str]:
        """The name of the template, without blanks as AD CS keeps it."""

    @property
    def oid(self) -> Optional[str]:
        """The object identifier of the template."""

    @property
    def major_version(self) -> Optional[int]:
        """The major version."""

    @property
    def minor_version(self) -> Optional[int]:
        """The minor version."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class CertificateExtension:
    """An extension of a certificate or a request as it is encoded, for what has no accessor of its own.

    Example:
        >>> extensions = cmgateway.cert.load_cer("root.cer")[0].extensions
        >>> [extension.value.hex() for extension in extensions if extension.oid == "2.5.29.19"]
        ['30030101ff']
    """

    @property
    def oid(self) -> str:
        """The object identifier, such as `2.5.29.19`."""

    @property
    def critical(self) -> bool:
        """True where who does not know it must refuse the certificate."""

    @property
    def value(self) -> bytes:
        """The value, DER."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class NameConstraints:
    """The names that an authority may and may not certify (RFC 5280, 4.2.1.10), each as `dns:contoso.com`.

    Example:
        >>> root = cmgateway.cert.Authority.root("CN=Root", permitted_names=["contoso.com", "ip:10.0.0.0/8"])
        >>> root.certificate.name_constraints.permitted
        ['dns:contoso.com', 'ip:10.0.0.0/8']
    """

    @property
    def permitted(self) -> list[str]:
        """Of a kind that is here, only names below one of these are allowed."""

    @property
    def excluded(self) -> list[str]:
        """No name below one of these is allowed."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def load_csr(source: _File, /) -> CertificateRequest:
    """Reads the one certificate request of a file: PKCS #10 as DER, PEM or base64 alone.

    `openssl req`, `certreq -new` and the MMC are all read, text in UTF-16 too. Whether the requester has the key is
    checked by `verify_signature`.

    Args:
        source: The content of the file as bytes, or the file (text or a path).

    Raises:
        CertificateError: There is no request or more than one, it is broken (the text says which part), or it is a
            CMC message.
        NotFoundError: There is no such file.

    Example:
        >>> from cmgateway.cert import create_csr, generate_key, load_csr
        >>> request = create_csr(generate_key("ec_p256"), "CN=gw.contoso.com")
        >>> load_csr(request.to_pem().encode()) == request
        True
    """

def create_csr(
    private_key: PrivateKey,
    subject: str,
    *,
    names: Sequence[str] = (),
    extended_key_usage: Optional[Sequence[str]] = None,
    key_usage: Sequence[str] = ("digitalSignature", "keyEncipherment"),
    template: Optional[str] = None,
) -> CertificateRequest:
    """Makes a request for a key and signs it with the key (SHA-256; SHA-384 for P-384).

    Args:
        private_key: The key that the certificate is to be for.
        subject: The name of the owner, as RFC 4514 or Windows writes it; empty where there are `names`.
        names: DNS names and IP addresses; others with their kind in front, such as `email:a@contoso.com`.
        extended_key_usage: What the certificate is for, by name or object identifier; `serverAuth` where not given.
        key_usage: What the key is for, in the words of RFC 5280; none leaves it to the authority.
        template: The AD CS template to ask for, as `CertificateTemplate` takes it.

    Raises:
        ConfigError: It names nobody, or a text is not what it should be.

    Example:
        >>> from cmgateway.cert import create_csr, generate_key
        >>> create_csr(generate_key(), "CN=gw.contoso.com", names=["gw.contoso.com"], template="WebServer").template
        <certificate template WebServer>
    """

def certreq_inf(
    subject: str,
    *,
    names: Sequence[str] = (),
    extended_key_usage: Optional[Sequence[str]] = None,
    key_usage: Sequence[str] = ("digitalSignature", "keyEncipherment"),
    template: Optional[str] = None,
    key: _KeyKind = "rsa_2048",
    exportable: bool = True,
    machine: bool = True,
    friendly_name: Optional[str] = None,
) -> str:
    """Writes the INF text for `certreq -new` of Windows, so that the key is made there and stays there.

    Save it as UTF-16 where it has letters beyond ASCII. No Windows was at hand to run it.

    Args:
        subject: The name of the owner; this and the next four as `create_csr` takes them.
        names: Further names.
        extended_key_usage: What the certificate is for.
        key_usage: What the key is for.
        template: The AD CS template to ask for.
        key: The kind of key.
        exportable: True where the key can be exported; the gateway's must be.
        machine: True for a key of the machine, false for one of the user.
        friendly_name: The name that Windows shows for the certificate.

    Raises:
        ConfigError: It names nobody, or a text cannot stand in an INF.

    Example:
        >>> text = cmgateway.cert.certreq_inf("CN=gw.contoso.com", template="WebServer")
        >>> "Exportable = TRUE" in text
        True
    """

@final
class CertificateRequest:
    """A certificate request (PKCS #10), read and checked for its structure.

    It says what the requester wants; an authority decides what it gets.

    Example:
        >>> from cmgateway.cert import create_csr, generate_key
        >>> request = create_csr(generate_key("ec_p256"), "CN=gw.contoso.com,O=Contoso", names=["gw.contoso.com"])
        >>> request.subject, request.subject_alternative_names, request.extended_key_usage
        ('CN=gw.contoso.com,O=Contoso', ['dns:gw.contoso.com'], ['serverAuth'])
    """

    @property
    def subject(self) -> str:
        """The name that is asked for after RFC 4514, most specific part first; empty where there is none."""

    @property
    def windows_subject(self) -> str:
        """The name that is asked for as Windows prints it."""

    @property
    def common_name(self) -> Optional[str]:
        """The common name of the subject, where it has one."""

    @property
    def key_algorithm(self) -> str:
        """The kind of its key, such as `RSA` or `EC P-256`."""

    @property
    def key_size_bits(self) -> Optional[int]:
        """The size of its key in bits, where the kind of key is known."""

    @property
    def signature_algorithm(self) -> str:
        """The algorithm of the signature, such as `sha256WithRSAEncryption`."""

    @property
    def subject_alternative_names(self) -> list[str]:
        """Further names that are asked for, such as `dns:gw.contoso.com`."""

    @property
    def key_usage(self) -> Optional[list[str]]:
        """What the key is to be used for; None where the request does not say."""

    @property
    def extended_key_usage(self) -> list[str]:
        """The purposes that are asked for, by name or object identifier."""

    @property
    def is_ca(self) -> bool:
        """True where it asks for the certificate of an authority."""

    @property
    def template(self) -> Optional[CertificateTemplate]:
        """The AD CS template that is asked for, by extension or by `certreq -attrib`."""

    @property
    def origin(self) -> RequestOrigin:
        """Who made the request and with what, as Windows says; nothing of it is proven."""

    @property
    def extensions(self) -> list[CertificateExtension]:
        """Every extension that is asked for as it is encoded, in the order of the request."""

    @property
    def attributes(self) -> list[str]:
        """The object identifier of every attribute, in the order of the request."""

    @property
    def der(self) -> bytes:
        """The request itself, DER."""

    def to_pem(self) -> str:
        """The request as PEM text, which an authority's web page and `certreq -submit` take."""

    def verify_signature(self) -> None:
        """Checks that who made the request has its private key.

        SHA-1 and small keys are taken: what an authority signs does not rest on this signature.

        Raises:
            CertificateError: The signature was not made with the key of the request.
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class RequestOrigin:
    """Who made a request and with what, as Windows writes it into the request.

    The requester says so and nobody has checked it.

    Example:
        >>> from cmgateway.cert import create_csr, generate_key
        >>> create_csr(generate_key("ec_p256"), "CN=gw.contoso.com").origin.machine is None
        True
    """

    @property
    def os_version(self) -> Optional[str]:
        """The version of Windows, such as `10.0.17763.2`."""

    @property
    def machine(self) -> Optional[str]:
        """The name of the machine."""

    @property
    def user(self) -> Optional[str]:
        """The account that made it."""

    @property
    def process(self) -> Optional[str]:
        """The program, such as `certreq.exe`."""

    @property
    def provider(self) -> Optional[str]:
        """The provider that holds the key."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Authority:
    """A certification authority: it issues certificates, signs requests, revokes, and makes revocation lists.

    Its key is in this process's memory. What it issues is checked against its own chain before it is given out.

    Example:
        >>> from cmgateway.cert import Authority
        >>> root = Authority.root("CN=Root,O=Contoso")
        >>> issuing = root.sub_ca("CN=Issuing CA,O=Contoso", path_length=0, days=1825)
        >>> server = issuing.issue_server(["gw.contoso.com"])
        >>> [certificate.common_name for certificate in server.chain]
        ['gw.contoso.com', 'Issuing CA', 'Root']
    """

    @staticmethod
    def root(
        subject: str,
        *,
        key: _KeyKind = "rsa_2048",
        not_before: Optional[datetime.datetime] = None,
        days: Optional[int] = None,
        path_length: Optional[int] = None,
        permitted_names: Sequence[str] = (),
        excluded_names: Sequence[str] = (),
        extended_key_usage: Sequence[str] = (),
        crl_urls: Sequence[str] = (),
        delta_crl_urls: Sequence[str] = (),
        ca_issuer_urls: Sequence[str] = (),
        ocsp_urls: Sequence[str] = (),
    ) -> Authority:
        """Makes a root, with a new key.

        Args:
            subject: Its name, as RFC 4514 or Windows writes it.
            key: The kind of its key.
            not_before: The first moment of validity, with a time zone; now where it is not given.
            days: Days of validity; where it is not given ten years, of a sub-CA no longer than the authority above it.
            path_length: How many authorities may follow below it; any number where it is not given.
            permitted_names: What it may certify: `contoso.com`, `ip:10.0.0.0/8`, `email:`, `uri:`, `directory_name:`.
            excluded_names: What it may not certify.
            extended_key_usage: The purposes that it may issue for; every one where there is none.
            crl_urls: Where its revocation lists will be; this and the next three go into what it issues.
            delta_crl_urls: Where its delta revocation lists will be.
            ca_issuer_urls: Where its own certificate will be.
            ocsp_urls: Where its OCSP service will be.

        Raises:
            ConfigError: An option is out of range, or a text is not what it should be.
        """

    @staticmethod
    def load(
        certificate: Certificate,
        private_key: PrivateKey,
        above: Optional[Iterable[Certificate]] = None,
        *,
        crl_urls: Sequence[str] = (),
        delta_crl_urls: Sequence[str] = (),
        ca_issuer_urls: Sequence[str] = (),
        ocsp_urls: Sequence[str] = (),
    ) -> Authority:
        """An authority that exists already, from its certificate, its key and the certificates above it in any order.

        What it has revoked so far is not in them: `continue_from` takes it from its last list.

        Raises:
            ConfigError: The key is another one, or the certificate is none of an authority or its key may not sign.
        """

    def sub_ca(
        self,
        subject: str,
        *,
        key: _KeyKind = "rsa_2048",
        not_before: Optional[datetime.datetime] = None,
        days: Optional[int] = None,
        path_length: Optional[int] = None,
        permitted_names: Sequence[str] = (),
        excluded_names: Sequence[str] = (),
        extended_key_usage: Sequence[str] = (),
        crl_urls: Sequence[str] = (),
        delta_crl_urls: Sequence[str] = (),
        ca_issuer_urls: Sequence[str] = (),
        ocsp_urls: Sequence[str] = (),
    ) -> Authority:
        """Makes an authority below this one, with a new key.

        The arguments are those of `root`.

        Raises:
            ConfigError: This authority may have none below it, or would end before it.
        """

    def issue_server(
        self,
        names: Union[str, Sequence[str]],
        *,
        subject: Optional[str] = None,
        key: _KeyKind = "rsa_2048",
        not_before: Optional[datetime.datetime] = None,
        days: int = 365,
        template: Optional[str] = None,
    ) -> IssuedCertificate:
        """Issues a certificate for a TLS server, such as the gateway, with a new key.

        Args:
            names: DNS names and IP addresses; the first one becomes the common name where there is no `subject`.
            subject: The name of the owner.
            key: The kind of key.
            not_before: The first moment of validity, with a time zone; now where it is not given.
            days: Days of validity.
            template: The AD CS template that the certificate is to name, for rehearsals.

        Raises:
            ConfigError: It has no DNS name or IP address, or the authority's own certificate does not allow it: names
                outside of its constraints, a validity beyond its own.
        """

    def issue_client(
        self,
        names: Union[str, Sequence[str]],
        *,
        subject: Optional[str] = None,
        key: _KeyKind = "rsa_2048",
        not_before: Optional[datetime.datetime] = None,
        days: int = 365,
        template: Optional[str] = None,
    ) -> IssuedCertificate:
        """Issues a certificate for a TLS client, such as a managed computer, with a new key.

        The arguments are those of `issue_server`; a client needs a subject or a name of any kind.

        Raises:
            ConfigError: As `issue_server` says.
        """

    def sign(
        self,
        request: CertificateRequest,
        *,
        not_before: Optional[datetime.datetime] = None,
        days: int = 365,
        subject: Optional[str] = None,
        names: Optional[Sequence[str]] = None,
        extended_key_usage: Optional[Sequence[str]] = None,
        unknown_extensions: Literal["refuse", "keep"] = "refuse",
        authority: bool = False,
        path_length: Optional[int] = None,
    ) -> Certificate:
        """Signs a request: checks that the requester has the key, and issues what it asks for where that is allowed.

        Args:
            request: The request; names, key usage, purposes and template are taken from it.
            not_before: The first moment of validity, with a time zone; now where it is not given.
            days: Days of validity.
            subject: The name of the owner, in place of that of the request.
            names: Further names, in place of those of the request.
            extended_key_usage: The purposes, in place of those of the request; needed where it has none.
            unknown_extensions: `keep` takes extensions over that the library does not know, save critical ones.
            authority: Signs a request for the certificate of an authority.
            path_length: How many authorities may follow below that one.

        Raises:
            CertificateError: The signature of the request is wrong.
            ConfigError: It asks for what is not allowed (the text names the extension), has a weak key, or the
                authority's chain does not allow it.
        """

    def revoke(
        self,
        certificate: Certificate,
        reason: str = "unspecified",
        *,
        date: Optional[datetime.datetime] = None,
    ) -> None:
        """Revokes a certificate that this authority issued; it stands in every list from now on.

        Safe to run twice: the first date and reason stay. One on hold may be revoked for good.

        Args:
            certificate: The certificate.
            reason: In the words of RFC 5280, such as `keyCompromise`, `superseded` or `certificateHold`.
            date: When, with a time zone; now where it is not given.

        Raises:
            ConfigError: Another authority issued it, or there is no such reason.
            ConflictError: It is revoked for another reason.
        """

    def release(self, certificate: Certificate, /) -> None:
        """Ends the hold of a certificate; one that is not revoked is left as it is.

        Raises:
            ConflictError: It is revoked for good.
        """

    def continue_from(self, crl: Crl, /) -> None:
        """Takes over the entries and the number of a list of this authority, so that the next list has the next one.

        Raises:
            CertificateError: This authority did not sign the list.
            ConfigError: It is a delta list, or of another authority.
        """

    def crl(
        self,
        *,
        this_update: Optional[datetime.datetime] = None,
        valid_for: Optional[datetime.timedelta] = None,
        delta: bool = False,
        distribution_point: Sequence[str] = (),
    ) -> Crl:
        """Makes the next revocation list, complete or delta, with the next number.

        Args:
            this_update: When it is made, with a time zone; now where it is not given.
            valid_for: How long it counts; a week where it is not given.
            delta: Makes a list of what changed since the last complete one.
            distribution_point: Addresses for a critical issuing distribution point.

        Raises:
            ConfigError: The authority's key may not sign lists, or there is no complete list yet.

        Example:
            >>> root = cmgateway.cert.Authority.root("CN=Root")
            >>> client = root.issue_client("client1.contoso.com")
            >>> root.revoke(client.certificate, "superseded")
            >>> root.crl().revocation(client.certificate).reason
            'superseded'
        """

    @property
    def certificate(self) -> Certificate:
        """Its certificate."""

    @property
    def private_key(self) -> PrivateKey:
        """Its private key."""

    @property
    def chain(self) -> list[Certificate]:
        """Its certificate, then each one above it, as far as they are known."""

def fetch_issuers(
    leaf: Certificate,
    others: Optional[Iterable[Certificate]] = None,
    *,
    timeout: Optional[datetime.timedelta] = None,
) -> FetchedChain:
    """Completes the chain of a certificate by downloading what is missing from where its certificates say (AIA).

    This is the only call that follows such an address, and only `http:` ones. Redirects are not followed. What is
    fetched is used only where its key signed the certificate below it; nothing becomes trusted by it. An address in a
    stranger's certificate may point anywhere, also into your own network.

    Args:
        leaf: The certificate.
        others: Certificates that are known already, in any order.
        timeout: The longest time for all downloads together; 30 seconds where it is not given.

    Example:
        >>> from cmgateway.cert import fetch_issuers, load_cer
        >>> fetched = fetch_issuers(load_cer("subca1.cer")[0], load_cer("root.cer"))
        >>> fetched.chain.is_complete, fetched.downloads
        (True, [])
    """

@final
class FetchedChain:
    """A chain after its missing issuers were fetched, as far as they could be.

    Example:
        >>> from cmgateway.cert import fetch_issuers, load_cer
        >>> fetch_issuers(load_cer("root.cer")[0])
        <fetched chain of 1 certificates>
    """

    @property
    def chain(self) -> Chain:
        """The chain; complete where its root was found."""

    @property
    def downloads(self) -> list[IssuerDownload]:
        """What was tried, in its order."""

@final
class IssuerDownload:
    """One certificate file that was fetched or could not be.

    Example:
        >>> from cmgateway.cert import Authority, fetch_issuers
        >>> root = Authority.root("CN=Root", ca_issuer_urls=["ldap:///CN=Root"])
        >>> fetch_issuers(root.issue_client("client1.contoso.com").certificate).downloads[0].error
        'only http: addresses are followed, not ldap:'
    """

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def error(self) -> Optional[str]:
        """Why it could not be used; None where it was."""

@final
class Finding:
    """One thing that is wrong or doubtful about a certificate or a name; prints as `error key_size: …`.

    Example:
        >>> cmgateway.check_name_prefix("granite-falls")
        [<warning name_hyphen>]
    """

    @property
    def severity(self) -> str:
        """How much it counts: `error` or `warning`."""

    @property
    def rule(self) -> str:
        """The rule in one word, for scripts, such as `key_size`."""

    @property
    def text(self) -> str:
        """The whole of it for a person."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class ServerCertificateReport:
    """What a check of a server certificate found, all at once.

    Example:
        >>> certificate = cmgateway.cert.load_cer("server.pem")[0]
        >>> [finding.rule for finding in cmgateway.check_server_certificate(certificate).findings]
        ['key_kind', 'service_name']
    """

    @property
    def findings(self) -> list[Finding]:
        """What is wrong or doubtful, errors and warnings."""

    @property
    def service_name(self) -> Optional[str]:
        """The service name, where there is one."""

    @property
    def days_left(self) -> int:
        """Whole days until it expires; negative after it has."""

    @property
    def is_good(self) -> bool:
        """True where nothing is an error; warnings may be there."""

    @property
    def needs_cname(self) -> bool:
        """True where the service name needs a CNAME that leads to the deployment name."""

def check_server_certificate(
    certificate: Union[Certificate, Pfx],
    *,
    at: Optional[datetime.datetime] = None,
    cloud: Literal["public", "government"] = "public",
    service_name: Optional[str] = None,
    warn_days: int = 30,
) -> ServerCertificateReport:
    """Checks a certificate against the rules for a gateway's server certificate and tells every finding.

    Of a PFX, its password, its key and its chain are checked too. Trust is not asked here; `Verifier` does that.

    Args:
        certificate: A certificate, or the PFX that the gateway's wizard is given.
        at: The moment for which to check, with a time zone; now where it is not given.
        cloud: The cloud that the gateway is to run in.
        service_name: The service name, where the certificate has several or a wildcard.
        warn_days: A certificate with fewer days left is told.

    Example:
        >>> from cmgateway.cert import Authority
        >>> server = Authority.root("CN=Root").issue_server("granitefalls.contoso.com")
        >>> cmgateway.check_server_certificate(server.certificate).is_good
        True
    """

def check_renewal(
    old: Certificate, new: Certificate, *, at: Optional[datetime.datetime] = None
) -> list[Finding]:
    """Tells what stands against putting a new server certificate in the place of the old one.

    Configuration Manager compares the common names with case: the same letters in another case are refused.

    Example:
        >>> certificate = cmgateway.cert.load_cer("server.pem")[0]
        >>> cmgateway.check_renewal(certificate, certificate)
        [<warning same_certificate>]
    """

def check_name_prefix(prefix: str, /) -> list[Finding]:
    """Checks the first label of a service name, which becomes the name in Azure, against every published rule.

    What all of Microsoft's pages forbid is an error, what one of them forbids is a warning that says which.

    Example:
        >>> cmgateway.check_name_prefix("granitefalls")
        []
    """

def service_name(certificate: Certificate, wanted: Optional[str] = None) -> str:
    """The service name that a certificate gives: its common name, or its first DNS name where that is none.

    Args:
        certificate: The server certificate.
        wanted: Which of several names, or what takes the place of a wildcard: the whole name or its first label.

    Raises:
        CertificateError: It has no host name, has a wildcard and nothing is wanted, or is not for what is wanted.

    Example:
        >>> from cmgateway.cert import Authority
        >>> server = Authority.root("CN=Root").issue_server("*.contoso.com")
        >>> cmgateway.service_name(server.certificate, "granitefalls")
        'granitefalls.contoso.com'
    """

def deployment_name(
    service_name: str,
    *,
    cloud: Literal["public", "government"] = "public",
    model: Literal["classic", "scale_set"] = "scale_set",
    region: Optional[str] = None,
) -> str:
    """The deployment name of a service name in a cloud; the region is written as Azure shows it or names it.

    Raises:
        ConfigError: A public scale set has no region, another one has one, or a text is not what it should be.

    Example:
        >>> cmgateway.deployment_name("GraniteFalls.contoso.com", region="West US")
        'granitefalls.westus.cloudapp.azure.com'
    """

@final
class CheckResult:
    """How one check ended.

    Example:
        >>> report = cmgateway.analyze("gw.contoso.com", addresses=["127.0.0.1:9"])
        >>> report.result("tls_handshake")
        <skipped tls_handshake>
    """

    @property
    def id(self) -> str:
        """The name of the check."""

    @property
    def area(self) -> str:
        """What it is about."""

    @property
    def proves(self) -> str:
        """What holds where it passes."""

    @property
    def outcome(self) -> str:
        """How it ended: `passed`, `warning`, `failed` or `skipped`."""

    @property
    def finding(self) -> str:
        """What was found, or why it was skipped."""

    @property
    def evidence(self) -> list[str]:
        """What was seen, a line each."""

    @property
    def cause(self) -> Optional[str]:
        """What is usually behind it, where it failed or warns."""

    @property
    def remedy(self) -> Optional[str]:
        """What to do, where it failed or warns."""

    @property
    def blocked_by(self) -> Optional[str]:
        """The failed check that it could not be judged after."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class AnalysisReport:
    """What the analyzer found, check by check; prints as a table.

    Example:
        >>> report = cmgateway.analyze("gw.contoso.com", addresses=["127.0.0.1:9"])
        >>> report.first_cause
        <failed port_clients>
    """

    @property
    def service_name(self) -> str:
        """The gateway."""

    @property
    def results(self) -> list[CheckResult]:
        """Every check, in the order in which they were made."""

    @property
    def is_healthy(self) -> bool:
        """True where nothing failed; warnings and skipped checks may be there."""

    @property
    def first_cause(self) -> Optional[CheckResult]:
        """The first check that failed, which is the cause to look at."""

    @property
    def summary(self) -> str:
        """One sentence about all of it."""

    def result(self, id: str, /) -> Optional[CheckResult]:
        """The result of the check of this name."""

    def to_json(self) -> str:
        """The report as JSON text, indented by two blanks."""

    def to_html(self) -> str:
        """The report as one HTML page without scripts or outside references."""

def analyze(
    service_name: str,
    *,
    site: Optional[Site] = None,
    connection_point_file: Optional[_Path] = None,
    addresses: Optional[Iterable[str]] = None,
    deployment_name: Optional[str] = None,
    name_server: Optional[str] = None,
    ca_file: Optional[_Path] = None,
    server_certificate: Optional[Certificate] = None,
    admin_addresses: Optional[Iterable[str]] = None,
    roots: Iterable[Certificate] = (),
    sub_cas: Iterable[Certificate] = (),
    crls: Iterable[Crl] = (),
    certificate_file: Optional[_Path] = None,
    key_file: Optional[_Path] = None,
    token: Optional[str] = None,
    roles: Optional[Iterable[int]] = None,
    asks_inside: bool = False,
    at: Optional[datetime.datetime] = None,
    warn_days: int = 30,
    timeout: Optional[datetime.timedelta] = None,
) -> AnalysisReport:
    """Looks for what is wrong with a gateway: every check in the order of cause and effect.

    It changes nothing. The first check that failed is the cause to look at; what could only be judged after it is
    skipped. What a check needs and was not given skips it too; `checks_page` describes all of them. Against a live
    gateway of Microsoft nothing of it was tried.

    Args:
        service_name: What clients call the gateway.
        site: The site that the gateway belongs to.
        connection_point_file: The settings of a connection point: they tell instances, trust and mappings.
        addresses: Where clients connect, `host:port`, one for each instance; the service name's port 443 where none
            is given.
        deployment_name: The name in Azure that the service name must lead to.
        name_server: The name server to ask, such as `192.0.2.1`; those of this machine where it is not given.
        ca_file: Who certifies the gateway, PEM; the system's roots where it is not given.
        server_certificate: The certificate that the gateway is meant to show.
        admin_addresses: Where instances tell metrics and health, `host:port`.
        roots: Trusted roots of clients, in place of those of the connection point.
        sub_cas: The sub-CAs that were uploaded, in place of those of the connection point.
        crls: The revocation lists that the gateway goes by, in place of those of the connection point.
        certificate_file: A client's certificate, PEM.
        key_file: Its key, PEM, not encrypted.
        token: A client's bearer token.
        roles: The numbers of roles that must be published.
        asks_inside: Asks the servers inside too: for the connection point's own machine.
        at: What this machine's clock says, with a time zone; the system is asked where it is not given.
        warn_days: Certificates with fewer days left are warned about.
        timeout: The longest wait of one step; five seconds where it is not given.

    Raises:
        ConfigError: The service name is empty, or one of the settings cannot be read.

    Example:
        >>> report = cmgateway.analyze("gw.contoso.com", addresses=["127.0.0.1:9"])
        >>> print(report.first_cause.finding)
        127.0.0.1:9 takes no connection: ...
    """

def checks_page() -> str:
    """The page that describes every check, as Markdown; `core/CHECKS.md` is this text.

    Example:
        >>> print(cmgateway.checks_page().splitlines()[0])
        # The checks of the analyzer
    """

@final
class Monitor:
    """What watches over a gateway: its traffic, its thresholds, its alerts.

    The history is kept in an embedded site, in a class of our own (`CMGateway_TrafficSample`). A real site counts
    itself and takes no class of ours: `record` and `check` are refused there.

    Example:
        >>> monitor = site.gateway("GraniteFalls.contoso.com").monitor
        >>> monitor.record("instance 0", 6000 << 30)["bytes_out"] == 6000 << 30
        True
        >>> monitor.check()["raised"]
        ['$Outbound traffic of GraniteFalls.contoso.com: warning']
    """

    def record(
        self, source: str, bytes_out_total: int, *, at: Optional[datetime.datetime] = None
    ) -> dict[str, Any]:
        """Writes down how much went out since the last sample of this source, such as an instance.

        Args:
            source: What counts.
            bytes_out_total: What it has counted since it started; less than before where it has started again.
            at: When, with a time zone; now where it is not given.

        Raises:
            UnsupportedError: The site is no embedded one.
        """

    def history(self, *, at: Optional[datetime.datetime] = None) -> list[dict[str, Any]]:
        """The samples of the last 14 days, the oldest first."""

    def traffic(self, *, at: Optional[datetime.datetime] = None) -> dict[str, Any]:
        """The outbound traffic of 14 days against the thresholds of the gateway.

        It is the sum of the history where there is one, else what the site itself says (`TrafficOutUsage`). A gigabyte
        is 2^30 bytes.
        """

    def check(self, *, at: Optional[datetime.datetime] = None) -> dict[str, Any]:
        """Judges the traffic: writes `TrafficOutUsage` and alerts, and stops the gateway where its threshold says so.

        Meant to be called every six minutes, as the product does; safe to call twice. A stopped gateway has `State` 6
        in its row; whoever runs the instances goes by that.

        Raises:
            UnsupportedError: The site is no embedded one: there the product does all of this itself.
        """

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts of the gateway that the site has."""

@final
class Webhook:
    """Where notices go as JSON, and how they are signed.

    The body is `{"notices": [...]}`. Two headers prove where it comes from: `CMGateway-Time`, Unix seconds, and
    `CMGateway-Signature`, `sha256=` and the HMAC-SHA256 (RFC 2104) in hex over the time, a full stop and the body. A
    receiver computes it anew, compares in constant time, and refuses what is older than some minutes.

    Args:
        url: An `https:` address, or an `http:` one of this machine.
        secret: What the receiver knows as well.
        ca_file: A file with whom the receiver must chain to; the system's roots where it is None.
        timeout: The longest wait for its answer; a minute where it is None.

    Raises:
        ConfigError: The address is another one, or the secret is empty.

    Example:
        >>> cmgateway.Webhook("https://hooks.contoso.com/cmg", "s3cret")
        <webhook https://hooks.contoso.com (8c3874d9)>
    """

    def __new__(
        cls,
        url: str,
        secret: str,
        *,
        ca_file: Optional[_Path] = None,
        timeout: Optional[datetime.timedelta] = None,
    ) -> Self: ...

@final
class Mail:
    """A mail server that takes notices, and the people they are for.

    One mail has all notices of a look. It is marked as sent by a program (`Auto-Submitted`, RFC 3834). A server that
    refuses one recipient gets no mail at all, so that the next look tells everybody again.

    Args:
        server: `host` or `host:port`.
        sender: Whom the mails come from, `name@domain` or `Name <name@domain>`.
        recipients: Whom they are for.
        security: `"starttls"` (port 587), `"tls"` from the first byte (465), or `"local"`: in clear, to a server on
            this machine only (25).
        user: Who signs in (`AUTH PLAIN`, else `AUTH LOGIN`); nobody where it is None.
        password: The user's.
        ca_file: A file with whom the server must chain to; the system's roots where it is None.
        timeout: The longest wait for all of a mail; a minute where it is None.

    Raises:
        ConfigError: An address is none or is there twice, or a setting does not go with another.

    Example:
        >>> cmgateway.Mail("smtp.contoso.com", "Gateway <cmg@contoso.com>", ["admins@contoso.com"])
        <mail through smtp.contoso.com>
    """

    def __new__(
        cls,
        server: str,
        sender: str,
        recipients: Iterable[str],
        *,
        security: Literal["starttls", "tls", "local"] = "starttls",
        user: Optional[str] = None,
        password: Optional[str] = None,
        ca_file: Optional[_Path] = None,
        timeout: Optional[datetime.timedelta] = None,
    ) -> Self: ...

@final
class Notices:
    """What was told so far, so that each change is told once.

    Each recipient has notices of its own, so that one that cannot be reached is told later and the others are not told
    twice. They are kept between runs as JSON.

    Example:
        >>> notices = cmgateway.Notices()
        >>> full = [{"id": "disk", "level": "warning", "text": "it is nearly full"}]
        >>> for notice in notices.tell(print, conditions=full):
        ...     kept = notices.to_json()
        [{'id': 'disk', 'level': 'warning', 'text': 'it is nearly full', 'is_recovery': False, 'at': ...}]
        >>> notices = cmgateway.Notices.from_json(kept)
        >>> notices.tell(print, conditions=full)
        []
        >>> notices.tell(lambda notices: None)[0]["text"]
        'disk: it is over'
    """

    def __new__(cls) -> Self: ...
    @staticmethod
    def from_json(text: str, /) -> Notices:
        """Reads what was kept as JSON.

        Raises:
            ConfigError: It is none.
        """

    def to_json(self) -> str:
        """All of it as JSON text."""

    def tell(
        self,
        to: Union[Webhook, Mail, Callable[[list[dict[str, Any]]], object]],
        *,
        report: Optional[Mapping[str, Any]] = None,
        warnings: Optional[Sequence[Mapping[str, Any]]] = None,
        analysis: Optional[AnalysisReport] = None,
        conditions: Optional[Sequence[Mapping[str, Any]]] = None,
        at: Optional[datetime.datetime] = None,
    ) -> list[dict[str, Any]]:
        """Tells a recipient what has changed, and keeps that as told once it was taken; what was told.

        Give everything that holds at this moment: what was told before and is not among it is told as over. A notice
        has `id`, `level` (`normal`, `warning`, `critical`), `text`, `is_recovery` and `at`.

        Args:
            to: Who is told. A function is called with the notices, on this thread, where there are any; what it raises
                comes out, and the next call tells it again.
            report: What `Monitor.check` returned.
            warnings: What `expiry_warnings` returned.
            analysis: What `analyze` returned; its first cause counts.
            conditions: Those of your own, each with `id`, `level` and `text`.
            at: When, with a time zone; now where it is not given.

        Raises:
            ConfigError: Something given is not in its form, or the mail server refuses an address.
            UnavailableError: The recipient does not take it now.
            ConflictError: Another thread, or the function itself, is in a call of these notices.
        """

def expiry_warnings(
    *,
    connection_point_file: Optional[_Path] = None,
    certificates: Iterable[Certificate] = (),
    crls: Iterable[Crl] = (),
    secrets: Optional[Mapping[str, datetime.datetime]] = None,
    at: Optional[datetime.datetime] = None,
    critical_days: int = 7,
    warning_days: int = 30,
) -> list[dict[str, Any]]:
    """Warns about what ends soon: certificates, revocation lists and secrets, the first to end first.

    The product has no such warning. Revocation lists are critical on their last day and warned about on the one before.

    Args:
        connection_point_file: The settings of a connection point: roots, sub-CAs, lists, its own certificates.
        certificates: Further ones, such as the server certificate.
        crls: Further revocation lists.
        secrets: Names with the moment at which they end, such as client secrets.
        at: The moment to count from, with a time zone; now where it is not given.
        critical_days: What ends within so many days is critical.
        warning_days: What ends within so many days is warned about.

    Example:
        >>> import datetime
        >>> end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3, hours=1)
        >>> cmgateway.expiry_warnings(secrets={"server app": end})[0]["level"]
        'critical'
    """

def check_cname(
    service_name: str,
    deployment_name: str,
    *,
    name_server: Optional[str] = None,
    timeout: Optional[datetime.timedelta] = None,
) -> list[str]:
    """Checks that DNS leads from the service name to the deployment name, and gives the names on the way.

    Within a company the name may lead elsewhere than on the Internet: ask a public name server for what clients see.

    Args:
        service_name: What clients call.
        deployment_name: Where it is to lead.
        name_server: The address of the name server to ask, such as `192.0.2.1` or `192.0.2.1:5353`; those of this
            machine where it is not given.
        timeout: The longest wait for one answer; five seconds where it is not given.

    Raises:
        NotFoundError: There is no such name, or it has no CNAME record.
        ConflictError: It leads elsewhere; `context["target"]` says where.
        TimedOutError: No name server answers.

    Example:
        >>> name = "granitefalls.westus.cloudapp.azure.com"
        >>> cmgateway.check_cname(name, name)
        ['granitefalls.westus.cloudapp.azure.com']
    """

def load_crl(source: _File, /) -> list[Crl]:
    """Reads every revocation list of a file: DER or PEM, one or many.

    Args:
        source: The content of the file as bytes, or the file (text or a path).

    Raises:
        CertificateError: There is no list in it, or one of them is broken.
        NotFoundError: There is no such file.

    Example:
        >>> try:
        ...     cmgateway.cert.load_crl("root.cer")
        ... except cmgateway.errors.CertificateError as error:
        ...     print(error.operation)
        load revocation lists from root.cer
    """

@final
class Crl:
    """A certificate revocation list, read and checked for its structure; its signature is checked by the verifier.

    Its length is the number of listed certificates.

    Example:
        >>> def is_revoked(crl: cmgateway.cert.Crl, certificate: cmgateway.cert.Certificate) -> bool:
        ...     return crl.revocation(certificate) is not None
    """

    @property
    def der(self) -> bytes:
        """The list itself, DER."""

    @property
    def issuer(self) -> str:
        """The name of the authority that signed the list, after RFC 4514."""

    @property
    def number(self) -> Optional[str]:
        """The number of the list in upper-case hex, where it has one (RFC 5280, 5.2.3)."""

    @property
    def is_delta(self) -> bool:
        """True for a list that only holds what changed since a complete one (RFC 5280, 5.2.4)."""

    @property
    def this_update(self) -> datetime.datetime:
        """When the list was made."""

    @property
    def next_update(self) -> Optional[datetime.datetime]:
        """When the next one will be there at the latest; after that, this one no longer counts."""

    def revocation(self, certificate: Certificate, /) -> Optional[Revocation]:
        """What the list says about a certificate, by its issuer and serial number.

        None means that it is not listed, which says something only of a list that speaks about the certificate, is
        current and is signed by the right authority: that is what `Verifier` finds out.

        Example:
            >>> def why(crl: cmgateway.cert.Crl, certificate: cmgateway.cert.Certificate) -> str:
            ...     found = crl.revocation(certificate)
            ...     return found.reason if found else "not listed"
        """

    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Revocation:
    """What a revocation list says about one certificate.

    Example:
        >>> def since(revocation: cmgateway.cert.Revocation) -> str:
        ...     return f"{revocation.date:%Y-%m-%d}: {revocation.reason}"
    """

    @property
    def reason(
        self,
    ) -> Literal[
        "unspecified",
        "keyCompromise",
        "cACompromise",
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "removeFromCRL",
        "privilegeWithdrawn",
        "aACompromise",
    ]:
        """Why it was revoked, in the word of RFC 5280, such as `keyCompromise`."""

    @property
    def date(self) -> datetime.datetime:
        """When the authority revoked it."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def build_chain(leaf: Certificate, others: Iterable[Certificate]) -> Chain:
    """Puts the chain of a certificate together from certificates in any order.

    Links are proven by their signatures; nothing is said about trust, dates or purpose, for which there is `Verifier`.
    Where no root is among the certificates, the longest chain is given, and what is missing above it.

    Example:
        >>> from cmgateway.cert import build_chain, load_cer
        >>> server, *others = load_cer("server.pem")
        >>> build_chain(server, others).missing.subject
        'CN=Contoso Root CA,O=Contoso'
    """

@final
class Chain:
    """The chain of a certificate as far as it could be put together.

    Example:
        >>> from cmgateway.cert import build_chain, load_cer
        >>> chain = build_chain(load_cer("subca1.cer")[0], load_cer("root.cer"))
        >>> chain.is_complete, chain.root.common_name
        (True, 'Contoso Root CA')
    """

    @property
    def certificates(self) -> list[Certificate]:
        """The certificate, its issuer, and so on up; complete where the last one issued itself."""

    @property
    def is_complete(self) -> bool:
        """True where the last certificate is a root."""

    @property
    def missing(self) -> Optional[MissingIssuer]:
        """What is missing above the last certificate; None where the chain is complete."""

    @property
    def root(self) -> Optional[Certificate]:
        """The root, where the chain is complete."""

    @property
    def intermediates(self) -> list[Certificate]:
        """What lies between the certificate and the root, the certificate's issuer first."""

    def authorities_pem(self) -> str:
        """Every certificate above the first one as PEM text, root first: what the gateway is given as trusted.

        Example:
            >>> from cmgateway.cert import build_chain, load_cer
            >>> chain = build_chain(load_cer("subca1.cer")[0], load_cer("root.cer"))
            >>> load_cer(chain.authorities_pem().encode()) == load_cer("root.cer")
            True
        """

@final
class MissingIssuer:
    """A certificate that a chain lacks, as far as its child tells.

    Example:
        >>> from cmgateway.cert import build_chain, load_cer
        >>> build_chain(load_cer("subca1.cer")[0], []).missing
        <missing issuer CN=Contoso Root CA,O=Contoso>
    """

    @property
    def subject(self) -> str:
        """The name of the missing certificate's owner, after RFC 4514."""

    @property
    def key_id(self) -> Optional[str]:
        """The identifier of its key in upper-case hex, where the child says."""

    @property
    def urls(self) -> list[str]:
        """Where the child says that it can be fetched; `fetch_issuers` does it."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Verifier:
    """Decides whether certificates are trusted, after RFC 5280 section 6.

    Made once and asked often; it reads no network.

    Args:
        roots: The anchors of trust; name and key count, the own signature is never checked.
        intermediates: Certificates that may help to find a path; they are not trusted.
        crls: Revocation lists, complete and delta.
        at: The moment for which to verify, with a time zone; that of each call where it is not given.
        purpose: What the leaf is to be used for; `any` does not look at extended key usage.
        profile: `enterprise` is RFC 5280 section 6; `strict` also asks what browsers ask of public authorities.
        revocation: Whose revocation is checked; where it is, a certificate without a list that says "good" is refused.
        policies: The policies that are accepted, as object identifiers; none accepts every one.
        require_explicit_policy: Asks for a policy that holds for the whole path.
        inhibit_policy_mapping: Takes no notice of policy mappings.
        inhibit_any_policy: Takes anyPolicy for no policy.
        anchor_expiry: The dates of an anchor count too; None is True in the strict profile.
        anchor_constraints: The constraints, key usage and policies of an anchor count too (RFC 5937); None is True in
            the strict profile.
        partial_chain: Trusts certificates of `roots` that are no roots, such as a single issuing authority; None is
            True in the strict profile.
        extended_key_usage: Further purposes that the whole chain must allow, as object identifiers.
        key_usage: What the leaf's key must be allowed to do, such as `digitalSignature`; a leaf that does not say
            allows everything.
        max_intermediates: The most certificates between leaf and anchor.
        danger_allow_sha1: Accepts signatures with SHA-1 below the anchor, which can be forged.
        danger_allow_small_rsa: Accepts RSA keys below 2048 bits, which can be broken.
        danger_allow_dsa: Accepts DSA, with SHA-1 too: withdrawn, and left in archives only.
        danger_common_name_fallback: Takes the common name for a host name where there is no alternative name of that
            kind.
        danger_accept_missing_crl: Takes a certificate for good where no usable revocation list speaks about it.

    Raises:
        ConfigError: A policy or an extended key usage is no object identifier, a key usage is none, a word is not one
            of those above, or the moment has no time zone.

    Example:
        >>> from cmgateway.cert import Verifier, load_cer
        >>> server, *others = load_cer("server.pem")
        >>> Verifier(load_cer("root.cer"), intermediates=others).verify(server, "localhost").root.common_name
        'Contoso Root CA'
    """

    def __new__(
        cls,
        roots: Iterable[Certificate],
        *,
        intermediates: Iterable[Certificate] = (),
        crls: Iterable[Crl] = (),
        at: Optional[datetime.datetime] = None,
        purpose: Literal[
            "server_auth",
            "client_auth",
            "email_protection",
            "code_signing",
            "time_stamping",
            "ocsp_signing",
            "any",
        ] = "server_auth",
        profile: Literal["enterprise", "strict"] = "enterprise",
        revocation: Literal["off", "leaf", "chain"] = "off",
        policies: Iterable[str] = (),
        require_explicit_policy: bool = False,
        inhibit_policy_mapping: bool = False,
        inhibit_any_policy: bool = False,
        anchor_expiry: Optional[bool] = None,
        anchor_constraints: Optional[bool] = None,
        partial_chain: Optional[bool] = None,
        extended_key_usage: Iterable[str] = (),
        key_usage: Iterable[str] = (),
        max_intermediates: Optional[int] = None,
        danger_allow_sha1: bool = False,
        danger_allow_small_rsa: bool = False,
        danger_allow_dsa: bool = False,
        danger_common_name_fallback: bool = False,
        danger_accept_missing_crl: bool = False,
    ) -> Self:
        """Takes the options."""

    def verify(
        self,
        leaf: Certificate,
        name: Optional[str] = None,
        *,
        intermediates: Optional[Iterable[Certificate]] = None,
        at: Optional[datetime.datetime] = None,
    ) -> VerifiedChain:
        """Verifies a certificate, and that it is for the given name: a DNS name, an IP address or a mail address.

        `intermediates` are what the peer sent along, besides those of the verifier; `at` is another moment than its.

        Raises:
            CertificateError: It is refused. `context` says why: `reason` (one word), `depth` (0 is the leaf),
                `certificate` and `thumbprint` of the one at fault, `chain`, and `missing` where an issuer is.
            ConfigError: The name is neither a DNS name nor an address of either kind.

        Example:
            >>> from cmgateway.cert import Verifier, load_cer
            >>> try:
            ...     Verifier(load_cer("root.cer")).verify(load_cer("server.pem")[0])
            ... except cmgateway.errors.CertificateError as error:
            ...     print(error.context["reason"], error.context["missing"])
            unknown_issuer CN=Contoso Issuing CA 1,O=Contoso
        """

@final
class VerifiedChain:
    """A chain that was accepted: the leaf, every intermediate, the anchor.

    Example:
        >>> from cmgateway.cert import Verifier, load_cer
        >>> chain = Verifier(load_cer("root.cer"), purpose="any").verify(load_cer("subca1.cer")[0])
        >>> chain.intermediates, chain.policies
        ([], [])
    """

    @property
    def certificates(self) -> list[Certificate]:
        """Every certificate, leaf first, anchor last."""

    @property
    def root(self) -> Optional[Certificate]:
        """The anchor."""

    @property
    def intermediates(self) -> list[Certificate]:
        """What lies between the leaf and the anchor, the leaf's issuer first."""

    @property
    def policies(self) -> list[str]:
        """The policies that hold for the whole chain and were accepted, as object identifiers (RFC 5280, 6.1.5)."""

    def authorities_pem(self) -> str:
        """The root and every intermediate as PEM text, root first, as the console of Configuration Manager takes them.

        Example:
            >>> from cmgateway.cert import Verifier, load_cer
            >>> server, *others = load_cer("server.pem")
            >>> chain = Verifier(load_cer("root.cer"), intermediates=others).verify(server)
            >>> len(load_cer(chain.authorities_pem().encode()))
            2
        """

def format_query(wql: str, /, *args: Any, **named: Any) -> str:
    """Fills the placeholders of a WQL text and gives it back in canonical form.

    For logs, and for tools that take WQL only as text, such as collection rules.

    Raises:
        ConfigError: The text is no WQL, or values are missing or left over.

    Example:
        >>> cmgateway.wmi.format_query("select * from SMS_Site where SiteCode=?", "GF1")
        'SELECT * FROM SMS_Site WHERE SiteCode = "GF1"'
    """

def quote(text: str, /) -> str:
    """A text as a WQL string literal, in double quotes.

    Raises:
        ConfigError: The text has a character that no literal can hold.

    Example:
        >>> print(cmgateway.wmi.quote("O'Brien"))
        "O'Brien"
    """

def like_literal(text: str, /) -> str:
    """A text with its `LIKE` wildcards bracketed, so that it matches only itself.

    Example:
        >>> cmgateway.wmi.like_literal("100%")
        '100[%]'
    """

@final
class Credential:
    """How Azure knows us.

    Made by `access_token`, `client_secret`, `client_certificate`, `managed_identity` and `azure_cli`. It prints its
    kind and never a secret.

    Example:
        >>> cmgateway.azure.client_secret("contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555", "s3cret")
        <credential: a client secret>
    """

def access_token(token: str) -> Credential:
    """A token that somebody else got; it is not renewed.

    Example:
        >>> cmgateway.azure.access_token("eyJ")
        <credential: a token>
    """

def client_secret(tenant_id: str, client_id: str, secret: str) -> Credential:
    """An application of Entra with its secret.

    Args:
        tenant_id: The tenant's id or domain.
        client_id: The application's id.
        secret: Its secret; it is wiped from memory with the credential.

    Example:
        >>> credential = cmgateway.azure.client_secret("contoso.com", "11111111-2222-3333-4444-555555555555", "s3cret")
    """

def client_certificate(
    tenant_id: str,
    client_id: str,
    certificate: Certificate,
    private_key: PrivateKey,
    *,
    chain: Optional[Iterable[Certificate]] = None,
) -> Credential:
    """An application of Entra with a certificate: a signed assertion (PS256) stands for the secret.

    Args:
        private_key: Its RSA key.
        chain: The certificate and its issuers, leaf first, for applications that trust by subject and issuer.

    Example:
        >>> made = cmgateway.azure.ManagementCertificate.make()
        >>> cmgateway.azure.client_certificate("contoso.com", "app", made.certificate, made.private_key)
        <credential: a client certificate>
    """

def managed_identity(*, client_id: Optional[str] = None) -> Credential:
    """The identity of the virtual machine that this runs on.

    Args:
        client_id: Of a user-assigned identity.

    Example:
        >>> cmgateway.azure.managed_identity()
        <credential: a managed identity>
    """

def azure_cli(*, tenant_id: Optional[str] = None) -> Credential:
    """Whoever signed in with `az login`.

    Example:
        >>> cmgateway.azure.azure_cli()
        <credential: az login>
    """

@final
class ResourceManager:
    """The Azure Resource Manager of one subscription.

    Refused requests are sent again after Azure's rules (429 and its Retry-After, 5xx, dependencies that are not
    there yet), operations are polled in all three ways, and every error names Azure's code and the request id.
    Checked against recorded exchanges and a simulator; it has not met a live subscription from this project.

    Args:
        subscription_id: A GUID.
        credential: Who we are.
        options: The names of `AzureOptions`: `environment` (`AzurePublicCloud`, `AzureUSGovernmentCloud`),
            `resource_manager_url`, `service_management_url`, `authority_url`, `key_vault_url` (`{vault}` in it
            becomes the vault's name) and `metadata_url` in place of the cloud's own, `ca_file` or `ca_pem` (the
            only issuers trusted then), `timeout`, `tries`, `pause`, `pause_max`, `retry_after_max`,
            `request_deadline`, `poll_pause`, `operation_deadline`, times in seconds.

    Example:
        >>> credential = cmgateway.azure.access_token("eyJ")
        >>> manager = cmgateway.azure.ResourceManager(
        ...     "00000000-0000-0000-0000-000000000001", credential, resource_manager_url="https://localhost:8443"
        ... )
        >>> manager.resource_path("rg1", "Microsoft.Network/virtualNetworks", "v1").partition("/resourceGroups/")[2]
        'rg1/providers/Microsoft.Network/virtualNetworks/v1'
    """

    def __new__(cls, subscription_id: str, credential: Credential, **options: Any) -> Self:
        """Checks the options and builds the client; connects to nothing yet."""

    @property
    def subscription_id(self) -> str:
        """The subscription."""

    def group_path(self, group: str) -> str:
        """The path of a resource group."""

    def resource_path(self, group: str, resource_type: str, name: str) -> str:
        """The path of a resource, which is its id."""

    def get(self, path: str, api_version: str = "") -> Any:
        """Reads what is at a path; None where there is nothing.

        Without `api_version` the path must have one in its query.

        Raises:
            AuthError: The token is refused, or what it stands for may not do this.
        """

    def exists(self, path: str, api_version: str = "") -> bool:
        """True where something is at a path (HEAD)."""

    def list(self, path: str, api_version: str = "") -> list[Any]:
        """Reads a list, with every page that follows.

        Raises:
            NotFoundError: The path leads nowhere.
        """

    def call(
        self,
        method: str,
        path: str,
        api_version: str = "",
        body: Union[Mapping[str, Any], Sequence[Any], str, bytes, None] = None,
    ) -> dict[str, Any]:
        """Sends any request once answered well, without waiting for what it may have begun.

        Gives `status`, `headers` (names in lower case) and `body`. A POST is sent again only where Azure did
        nothing.

        Raises:
            ConfigError: Azure refuses the request or the body.
            AuthError: The token is refused, or what it stands for may not do this.
            ConflictError: Azure's state does not allow it, or an operation failed.
        """

    def begin(
        self,
        method: str,
        path: str,
        api_version: str = "",
        body: Union[Mapping[str, Any], Sequence[Any], str, bytes, None] = None,
        *,
        if_match: Optional[str] = None,
    ) -> Operation:
        """Sends a change and gives the operation that it began, which may be over at once.

        Raises:
            ConfigError: Azure refuses the request or the body.
            AuthError: The token is refused, or what it stands for may not do this.
            ConflictError: Azure's state does not allow it, or an operation failed.
        """

    def resume(self, text: str) -> Operation:
        """Takes up an operation that was stored with `to_json`.

        Raises:
            ConfigError: It is no stored operation.
        """

    def put(
        self, path: str, api_version: str, body: Union[Mapping[str, Any], Sequence[Any], str, bytes]
    ) -> Any:
        """Creates or replaces a resource and waits until that is done.

        Gives the resource as it is then.

        Raises:
            ConfigError: Azure refuses the request or the body.
            AuthError: The token is refused, or what it stands for may not do this.
            ConflictError: Azure's state does not allow it, or an operation failed.
            TimedOutError: It still runs after `operation_deadline`.
        """

    def patch(
        self, path: str, api_version: str, body: Union[Mapping[str, Any], Sequence[Any], str, bytes]
    ) -> Any:
        """Changes the named members of a resource and waits until that is done.

        Raises:
            ConfigError: Azure refuses the request or the body.
            AuthError: The token is refused, or what it stands for may not do this.
            ConflictError: Azure's state does not allow it, or an operation failed.
        """

    def post(
        self,
        path: str,
        api_version: str = "",
        body: Union[Mapping[str, Any], Sequence[Any], str, bytes, None] = None,
    ) -> Any:
        """Calls an action of a resource and waits until that is done.

        Raises:
            ConfigError: Azure refuses the request or the body.
            AuthError: The token is refused, or what it stands for may not do this.
            ConflictError: Azure's state does not allow it, or an operation failed.
        """

    def delete(self, path: str, api_version: str = "") -> None:
        """Deletes a resource and waits until it is gone; what is not there is gone.

        Raises:
            ConflictError: Azure's state does not allow it, or an operation failed.
        """

    def provider_state(self, namespace: str) -> str:
        """The state of a resource provider in the subscription, such as `Registered`."""

    def register_provider(self, namespace: str) -> None:
        """Registers a resource provider and waits until it is registered."""

    def is_dns_label_free(self, region: str, label: str) -> bool:
        """True where the DNS label is free in the region."""

    def name_objection(self, resource_type: str, api_version: str, name: str) -> Optional[str]:
        """Why a name cannot be given to a new storage account or vault; None where it can."""

@final
class Operation:
    """An operation of the Resource Manager that may still be running.

    Stored as JSON text, it can be taken up by another process.

    Example:
        >>> manager = cmgateway.azure.ResourceManager(
        ...     "00000000-0000-0000-0000-000000000001", cmgateway.azure.access_token("eyJ")
        ... )
        >>> operation = manager.resume(
        ...     '{"operation": "put vnet", "method": "PUT", "url": "https://management.azure.com/x", "ask": "resource"}'
        ... )
        >>> operation.is_over
        False
    """

    @property
    def is_over(self) -> bool:
        """True where nothing is left to be polled."""

    @property
    def first_body(self) -> Any:
        """The body of the answer that began it."""

    def poll(self) -> bool:
        """Asks once how an operation goes; true where it is over.

        Raises:
            ConflictError: It failed, with Azure's reason.
        """

    def finish(self) -> Any:
        """Polls an operation until it is over; gives the resource, or the result of a POST, or None after a DELETE.

        Raises:
            ConflictError: It failed, with Azure's reason.
            TimedOutError: It still runs after `operation_deadline`; it can be asked again.
        """

    def to_json(self) -> str:
        """The operation as JSON text, to be stored and taken up by another process; it holds no secret."""

@final
class KeyVault:
    """A Key Vault, by its name.

    Checked against recorded exchanges; it has not met a live vault from this project.

    Args:
        vault: Its name, 3 to 24 letters, digits and hyphens.
        credential: Who we are.
        options: The names of `AzureOptions`: `environment` (`AzurePublicCloud`, `AzureUSGovernmentCloud`),
            `resource_manager_url`, `service_management_url`, `authority_url`, `key_vault_url` (`{vault}` in it
            becomes the vault's name) and `metadata_url` in place of the cloud's own, `ca_file` or `ca_pem` (the
            only issuers trusted then), `timeout`, `tries`, `pause`, `pause_max`, `retry_after_max`,
            `request_deadline`, `poll_pause`, `operation_deadline`, times in seconds.

    Example:
        >>> vault = cmgateway.azure.KeyVault("granitefalls", cmgateway.azure.access_token("eyJ"))
        >>> vault.url
        'https://granitefalls.vault.azure.net'
    """

    def __new__(cls, vault: str, credential: Credential, **options: Any) -> Self:
        """Checks the name and builds the client; connects to nothing yet."""

    @property
    def url(self) -> str:
        """The vault's address."""

    def import_certificate(
        self, name: str, pfx: bytes, *, password: Optional[str] = None, key_size_bits: int = 2048
    ) -> dict[str, Any]:
        """Imports a certificate with its key from a PFX; one of the same name gets a new version.

        Gives `id`, `secret_id` (what a scale set takes), `thumbprint` and `der` (base64).

        Raises:
            ConflictError: A deleted certificate of this name can still be recovered.
            AuthError: The vault does not let us.
            ConfigError: It refuses the PFX.
        """

    def certificate(self, name: str) -> Optional[dict[str, Any]]:
        """The newest version of a certificate; None where there is none."""

    def delete_certificate(self, name: str) -> bool:
        """Deletes a certificate; it can be recovered until it is purged. False where there was none."""

    def is_certificate_recoverable(self, name: str) -> bool:
        """True where a deleted certificate of this name can be recovered."""

    def purge_certificate(self, name: str) -> bool:
        """Purges a deleted certificate for ever. False where there was none."""

    def set_secret(self, name: str, value: str, *, content_type: str = "text/plain") -> str:
        """Stores a secret, such as a certificate without key, and gives its address with version."""

    def call(
        self, method: str, path: str, body: Union[Mapping[str, Any], Sequence[Any], str, bytes, None] = None
    ) -> dict[str, Any]:
        """Sends any request of the vault, such as `GET /certificates`; `api-version` is added where the path has none.

        Gives `status`, `headers` (names in lower case) and `body`.

        Raises:
            NotFoundError: There is no such thing.
            AuthError: The vault does not let us.
        """

@final
class ManagementCertificate:
    """A certificate with its key that a subscription knows.

    Example:
        >>> made = cmgateway.azure.ManagementCertificate.make("CMG management", days=90)
        >>> made.certificate.subject
        'CN=CMG management'
    """

    def __new__(cls, certificate: Certificate, private_key: PrivateKey) -> Self:
        """Takes a certificate with its key, as a PFX holds them."""

    @staticmethod
    def make(common_name: str = "CMG management", *, days: int = 365) -> ManagementCertificate:
        """Makes one: self-signed, RSA with 2048 bits, SHA-256, as the portal wanted them.

        Raises:
            ConfigError: A name or a number of days that cannot be.
        """

    @property
    def certificate(self) -> Certificate:
        """The certificate."""

    @property
    def private_key(self) -> PrivateKey:
        """Its private key."""

@final
class ServiceManagement:
    """The classic Service Management API of one subscription.

    It was switched off on 2024-08-31, so it never met this library: it is checked against recorded exchanges. Calls
    that begin something give the request id of their operation, which `finish` waits for. Where another operation
    holds a deployment, that one is waited for.

    Args:
        subscription_id: A GUID.
        certificate: A management certificate; it or `credential` is needed.
        credential: Whose token is sent in place of a certificate.
        options: The names of `AzureOptions`: `environment` (`AzurePublicCloud`, `AzureUSGovernmentCloud`),
            `resource_manager_url`, `service_management_url`, `authority_url`, `key_vault_url` (`{vault}` in it
            becomes the vault's name) and `metadata_url` in place of the cloud's own, `ca_file` or `ca_pem` (the
            only issuers trusted then), `timeout`, `tries`, `pause`, `pause_max`, `retry_after_max`,
            `request_deadline`, `poll_pause`, `operation_deadline`, times in seconds.

    Example:
        >>> certificate = cmgateway.azure.ManagementCertificate.make()
        >>> classic = cmgateway.azure.ServiceManagement(
        ...     "00000000-0000-0000-0000-000000000001", certificate=certificate
        ... )
        >>> classic
        <classic API of subscription 00000000-0000-0000-0000-000000000001>
    """

    def __new__(
        cls,
        subscription_id: str,
        *,
        certificate: Optional[ManagementCertificate] = None,
        credential: Optional[Credential] = None,
        **options: Any,
    ) -> Self:
        """Checks the options and builds the client that shows a management certificate; connects to nothing yet."""

    @property
    def subscription_id(self) -> str:
        """The subscription."""

    def call(self, method: str, path: str, body: Optional[str] = None) -> dict[str, Any]:
        """Sends a call that has no function of its own; the path begins behind the subscription id.

        Gives `status`, `operation` (with `request_id`) and `body`, XML or nothing.
        """

    def finish(self, request_id: str) -> None:
        """Waits until an operation is over.

        Raises:
            ConflictError: It failed, with the service's reason.
            TimedOutError: It still runs after `operation_deadline`; it can be asked again.
        """

    def is_over(self, request_id: str) -> bool:
        """Asks once whether an operation is over."""

    def subscription(self) -> dict[str, Any]:
        """What the service tells about the subscription."""

    def locations(self) -> list[dict[str, Any]]:
        """The regions that there are."""

    def management_certificates(self) -> list[dict[str, Any]]:
        """The management certificates that the subscription knows."""

    def add_management_certificate(self, certificate: Certificate) -> None:
        """Adds a management certificate; its key stays here."""

    def delete_management_certificate(self, thumbprint: Union[Thumbprint, str]) -> bool:
        """Deletes a management certificate. False where there was none."""

    def name_availability(self, name: str) -> dict[str, Any]:
        """Whether a name for a cloud service is free.

        `is_available` and `reason`.
        """

    def hosted_services(self) -> list[dict[str, Any]]:
        """The cloud services of the subscription."""

    def hosted_service(self, name: str) -> Optional[dict[str, Any]]:
        """A cloud service with its deployments; None where there is none."""

    def create_hosted_service(
        self,
        name: str,
        *,
        label: str,
        location: str,
        description: Optional[str] = None,
        extended_properties: Optional[Sequence[tuple[str, str]]] = None,
    ) -> None:
        """Creates a cloud service in a region, such as `West US`; it is there at once."""

    def update_hosted_service(
        self,
        name: str,
        *,
        label: str,
        description: Optional[str] = None,
        extended_properties: Optional[Sequence[tuple[str, str]]] = None,
    ) -> None:
        """Changes what a cloud service is called and described as."""

    def delete_hosted_service(self, name: str) -> bool:
        """Deletes a cloud service that has no deployment. False where there was none."""

    def service_certificates(self, service: str) -> list[dict[str, Any]]:
        """The certificates of a cloud service."""

    def service_certificate(
        self, service: str, thumbprint: Union[Thumbprint, str]
    ) -> Optional[dict[str, Any]]:
        """One certificate of a cloud service; None where it is not there."""

    def add_service_pfx(self, service: str, pfx: bytes, *, password: str) -> str:
        """Uploads a PFX to a cloud service; it must be one of the old profile (triple DES), AES is refused there."""

    def add_service_certificate(self, service: str, certificate: Certificate) -> str:
        """Uploads a certificate without key, such as a sub-CA's, to a cloud service."""

    def delete_service_certificate(self, service: str, thumbprint: Union[Thumbprint, str]) -> str:
        """Deletes a certificate of a cloud service."""

    def deployment(self, service: str, at: str = "Production") -> Optional[dict[str, Any]]:
        """A deployment; None where there is none.

        `is_ready` is true where it runs and every instance is `ReadyRole`.
        """

    def create_deployment(
        self,
        service: str,
        at: str = "Production",
        *,
        name: str,
        package_url: str,
        label: str,
        configuration: str,
        start: bool = True,
        extended_properties: Optional[Sequence[tuple[str, str]]] = None,
    ) -> str:
        """Begins a deployment in a slot.

        Raises:
            ConflictError: The slot is occupied.
        """

    def change_configuration(
        self,
        service: str,
        at: str = "Production",
        *,
        configuration: str,
        extended_properties: Optional[Sequence[tuple[str, str]]] = None,
    ) -> str:
        """Begins to give a deployment another configuration: instances, settings, certificates."""

    def update_deployment_status(
        self, service: str, at: str = "Production", *, status: Literal["Running", "Suspended"]
    ) -> str:
        """Begins to start or to suspend a deployment."""

    def upgrade_deployment(
        self,
        service: str,
        at: str = "Production",
        *,
        package_url: str,
        label: str,
        configuration: str,
        mode: Literal["Auto", "Manual", "Simultaneous"] = "Auto",
        force: bool = False,
    ) -> str:
        """Begins to upgrade a deployment."""

    def delete_role_instances(self, service: str, at: str = "Production", *, names: list[str]) -> str:
        """Begins to delete instances of a deployment by their names, such as `ProxyService_IN_1`."""

    def delete_deployment(self, service: str, at: str = "Production") -> str:
        """Begins to delete a deployment."""

@final
class GatewaySpec:
    """What a gateway shall be, with the names of `New-CMCloudManagementGateway` as `snake_case`.

    `service_cert_path` and `service_cert_password` (a PFX) are needed; `service_name` is proposed from the
    certificate. Azure needs `subscription_id`, `region` and `ssh_public_key`, every cloud `connection_point_cert`
    (files with the certificates of the connection points). Others: `description`, `environment_setting`,
    `tenant_id`, `server_app_client_id`, `group_name`, `is_using_existing_group`, `vm_instance_count` (1 to 16),
    `vmss_vm_size` (`B2s`, `A2_v2`, `A4_v2`), `ca_root_cert` and `sub_ca_cert` (files),
    `check_client_cert_revocation`, `enforce_protocol`, `enable_cloud_dp_function`, `enable_traffic_out`,
    `traffic_out_gb`, `traffic_warning_pct`, `traffic_critical_pct`, `traffic_out_stop_service`,
    `enable_storage_quota`, `storage_quota_gb`, `storage_warning_pct`, `storage_critical_pct`,
    `instance_program_url`, `instance_program_sha256`.

    Raises:
        ConfigError: Every field that is unknown, missing, of another type or breaks a rule, all at once; `context`
            names the fields.

    Example:
        >>> spec = cmgateway.GatewaySpec(service_cert_path="server.pfx", region="WestUS2", vm_instance_count=2)
        >>> spec.fields()["vmss_vm_size"]
        'A2_v2'
        >>> cmgateway.GatewaySpec(vm_instance_count=17)
        Traceback (most recent call last):
        cmgateway.errors.ConfigError: could not read the gateway's spec: service_cert_path is missing; ...
    """

    def __new__(cls, **fields: Any) -> Self: ...
    @staticmethod
    def from_json(value: Union[Mapping[str, Any], str, bytes]) -> GatewaySpec:
        """Reads a spec from JSON or what became of TOML, a dict or a table; every mistake is told at once."""

    @staticmethod
    def from_toml(text: str) -> GatewaySpec:
        """Reads a spec from TOML text."""

    @staticmethod
    def load(file: Union[str, os.PathLike[str]]) -> GatewaySpec:
        """Reads a spec from a file, TOML or JSON by its ending; files that it names lie beside it.

        Raises:
            NotFoundError: There is no such file.
        """

    def fields(self) -> dict[str, Any]:
        """The fields by their names, without the password."""

    def replace(self, **fields: Any) -> GatewaySpec:
        """The same spec with these fields changed; every mistake is told at once."""

    def check(self, *, at: Optional[datetime.datetime] = None) -> dict[str, Any]:
        """Reads the certificates that the spec names and checks what can only be said with them.

        Gives what follows: `service_name` (proposed from the certificate where the spec has none), `name` (that of
        everything in the cloud), `group_name`, `regional_name`, `thumbprint`, `not_after` (Unix seconds).

        Raises:
            ConfigError: Every rule that is broken: files that cannot be read, names, expiry, key size, purpose.
        """

@final
class Cloud:
    """Where the instances of gateways run.

    Made by `local_cloud`, `resource_manager_cloud`, `classic_cloud` and `site_cloud`; a plan changes nothing, and each
    change is read back and safe to make twice. What waits tells its `progress` as it comes, and at least once a
    second: False ends any wait within that time, and what was begun goes on by itself.

    Example:
        >>> cmgateway.local_cloud(folder="gateways").name
        'this machine'
    """

    @property
    def name(self) -> str:
        """What it is called in plans."""

    def plan(self, spec: GatewaySpec, *, site: Optional[Site] = None) -> GatewayPlan:
        """Says what creating or changing the gateway would do; nothing is changed.

        Args:
            site: Says also what would change in the gateway's row in this site, which holds what no cloud does: roots,
                thresholds, switches.

        Raises:
            ConfigError: Every rule of the spec that is broken.
            NotFoundError: The program `cmgateway` is nowhere (this machine).
        """

    def apply(
        self, site: Site, plan: GatewayPlan, *, progress: Optional[Callable[[dict[str, Any]], Any]] = None
    ) -> Gateway:
        """Does what a plan says, keeps the gateway in the site, and reads back.

        Where it is is written into the site after each step, so that a run that was killed is taken up by the next
        one; nothing is made twice and nothing rolled back. On this machine every instance answers over HTTPS when
        it returns.

        Args:
            progress: Called with `step`, `steps`, `kind`, `name`, `phase`, `detail` and `text`; False stops, and
                applying again goes on. `phase` is `looking`, `making`, `waiting`, `kept` or `done`; `detail` says how
                what is waited for is, such as the states of the instances.

        Raises:
            UnsupportedError: The site is not embedded; on a real one ConfigMgr makes gateways.
            StoppedError: `progress` said so.
            ConflictError: Something is not as wanted after it was made.
        """

    def start(
        self, site: Site, service_name: str, *, progress: Optional[Callable[[dict[str, Any]], Any]] = None
    ) -> None:
        """Starts the instances of a gateway that was stopped.

        Args:
            progress: As for `apply`.

        Raises:
            StoppedError: `progress` said so.
            NotFoundError: The site or the cloud has no such gateway.
        """

    def stop(
        self, site: Site, service_name: str, *, progress: Optional[Callable[[dict[str, Any]], Any]] = None
    ) -> None:
        """Stops the instances of a gateway; it can be started again.

        Args:
            progress: As for `apply`.

        Raises:
            StoppedError: `progress` said so.
            NotFoundError: The site or the cloud has no such gateway.
        """

    def delete(
        self, site: Site, service_name: str, *, progress: Optional[Callable[[dict[str, Any]], Any]] = None
    ) -> None:
        """Deletes a gateway, then its row in the site.

        Args:
            progress: As for `apply`.

        Raises:
            StoppedError: `progress` said so.
            NotFoundError: The site has no such gateway.
        """

    def instances(self, site: Site, service_name: str) -> list[dict[str, Any]]:
        """What the cloud tells of the instances of a gateway.

        Each has `name`, `state`, `is_ready`, `address` (clients), `tunnel_address`, `process` and `restarts` (this
        machine).
        """

def local_cloud(
    *,
    folder: Union[str, os.PathLike[str], None] = None,
    program: Union[str, os.PathLike[str], None] = None,
    address: str = "127.0.0.1",
    ports: Literal["microsoft", "free"] = "microsoft",
) -> Cloud:
    """This machine as the place where gateways run: each instance is a process, kept running by a supervisor.

    The supervisor outlives the script, starts instances again that end by themselves (after 0.5 s, doubling to 30
    s), and is found again through the gateway's folder.

    Args:
        folder: Where gateways are kept; the user's own place for such state where it is not given.
        program: The program `cmgateway`; else `CMGATEWAY_PROGRAM`, beside the running program, or in `PATH`.
        address: Where instances listen.
        ports: `microsoft`: tunnels at 10140 and up, clients at 443, with several instances at 10124 and up; `free`:
            free ones, kept for an instance's life.

    Example:
        >>> cmgateway.local_cloud(folder="gateways", ports="free")
        <cloud: this machine>
    """

def resource_manager_cloud(subscription_id: str, credential: Credential, **options: Any) -> Cloud:
    """A subscription of the Azure Resource Manager as the place where gateways run: on machines of a scale set.

    Not tried against a live subscription: checked against recorded exchanges and a simulator made after them. The
    options are those of `azure.ResourceManager`.

    Example:
        >>> token = cmgateway.azure.access_token("eyJ")
        >>> cmgateway.resource_manager_cloud("00000000-0000-0000-0000-000000000001", token)
        <cloud: Azure Resource Manager>
    """

def classic_cloud(
    subscription_id: str,
    *,
    package_url: str,
    certificate: Optional[ManagementCertificate] = None,
    credential: Optional[Credential] = None,
    configuration: Optional[str] = None,
    role: str = "ProxyService",
    certificate_name: Optional[str] = None,
    **options: Any,
) -> Cloud:
    """A subscription of the classic API as the place where gateways run: role instances of a cloud service.

    The gateway of 2016 ran there. The service was switched off on 2024-08-31, so this never met it: it is checked
    against recorded exchanges and a simulator made after them. The options are those of `azure.ServiceManagement`.

    Args:
        package_url: Where the service fetches the package (.cspkg) from, `https:`: a blob of the same subscription,
            or one with a shared access signature. The package is Microsoft's; whoever calls brings it along.
        certificate: The management certificate that every call shows.
        credential: Beside a certificate, uploads it where the subscription does not know it yet; alone, makes every
            call with its tokens.
        configuration: The text of the service configuration (.cscfg) that came with the package; its settings stay.
        role: The role whose instances serve, as the package names it.
        certificate_name: The name that the package gives to the server certificate; not needed where the
            configuration has only one.

    Raises:
        ConfigError: Neither certificate nor credential, or a package or an address that cannot be.

    Example:
        >>> certificate = cmgateway.azure.ManagementCertificate.make("CMG management")
        >>> cmgateway.classic_cloud(
        ...     "00000000-0000-0000-0000-000000000001",
        ...     certificate=certificate,
        ...     package_url="https://gfstore.blob.core.windows.net/packages/cmg.cspkg?sig=...",
        ...     certificate_name="ServerCertificate",
        ... )
        <cloud: Azure classic>
    """

def site_cloud(
    site: Site,
    *,
    properties: Optional[dict[str, Union[str, int, bool]]] = None,
    poll: Optional[float] = None,
    timeout: Optional[float] = None,
) -> Cloud:
    """A site's own Configuration Manager as what makes gateways: it is told by rows and tasks, and watched.

    `SMS_AzureService` says what the gateway shall be, an `SMS_AzureServicesTask` has it made, changed or deleted;
    `Start` and `Stop` are methods of the first. It goes over every transport. Tried on embedded sites and a served
    AdminService, never on a live site: in which form it wants the certificate's key is not documented.

    Args:
        properties: Properties of `SMS_AzureService` beyond what a spec says, such as `AADApplicationId`.
        poll: Seconds between two looks; 10.
        timeout: Seconds that the site is given; 3600.

    Raises:
        ConfigError: A time that cannot be.

    Example:
        >>> cmgateway.site_cloud(site, timeout=1800)
        <cloud: Configuration Manager>
    """

def plan_offline(spec: GatewaySpec) -> GatewayPlan:
    """Says what creating the gateway in an empty subscription would do; asks nobody.

    Raises:
        ConfigError: Every rule of the spec that is broken.

    Example:
        >>> spec = cmgateway.GatewaySpec(service_cert_path="none.pfx", service_cert_password="secret")
        >>> cmgateway.plan_offline(spec)
        Traceback (most recent call last):
        cmgateway.errors.ConfigError: could not read the gateway's spec: service_cert_path cannot be read: ...
    """

@final
class GatewayPlan:
    """What creating or changing a gateway would do, to be read before it is applied.

    It prints as a table and serialises to JSON, without secrets.

    Example:
        >>> spec = cmgateway.GatewaySpec(service_cert_path="none.pfx")
        >>> cmgateway.local_cloud(folder="gateways", program="cmgateway").plan(spec)
        Traceback (most recent call last):
        cmgateway.errors.NotFoundError: could not find the program cmgateway: the option program names cmgateway, ...
    """

    @property
    def service_name(self) -> str:
        """The gateway's service name."""

    @property
    def cloud(self) -> str:
        """Where its instances will run."""

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The resources, in the order in which they are made."""

    @property
    def warnings(self) -> list[str]:
        """What the administrator should know."""

    @property
    def is_change(self) -> bool:
        """False where everything is as wanted already."""

    def to_json(self) -> str:
        """The plan as JSON text, indented by two blanks, with the names of the fields as here."""
