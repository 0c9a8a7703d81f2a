---@meta

---The Configuration Manager cloud management gateway (CMG) for Lua scripts.
---
---What can be expected to fail returns `nil, err`; wrong use (a bad argument, an unknown option) raises, and so does
---reading a field that an object of this library does not have. An instance has the fields of its class.
---
---```lua
---local cmgateway = require "cmgateway"
---local site = assert(cmgateway.connect("sqlite:site.db"))
---for row in assert(site:query("SELECT * FROM SMS_AzureService")):each() do
---    print(row.ServiceCName)
---end
---```
---@class cmgateway
---@field azure cmgateway.azure Azure's management services.
---@field cert cmgateway.cert Certificates, their keys and chains, and thumbprints.
---@field wmi cmgateway.wmi Values and query texts, without a site.
---@field null cmgateway.null A null that a table can hold, since nil cannot stand in one.
---@field version string The version of this library.
local cmgateway = {}

---A null: assign it to make a property null; `properties_` holds it where a property is null.
---@class cmgateway.null

---What a WMI property holds, as Lua has it.
---
---An integer that this Lua cannot hold exactly (from 2^63 up; under Lua 5.1 and LuaJIT from 2^53 up) is text of
---its digits, which the site takes back as the same number. An array is a table with the keys 1 to n.
---@alias cmgateway.Value boolean|integer|number|string|table|cmgateway.DateTime|cmgateway.ObjectPath|cmgateway.Instance|cmgateway.null

---What went wrong.
---@alias cmgateway.ErrorKind
---| "config" # The caller's input is wrong: a setting, an argument, a query text.
---| "certificate" # A certificate cannot be read, is not what was asked for, or is not trusted.
---| "auth" # The other side does not accept who we are or does not allow what we ask.
---| "not_found" # The thing asked for does not exist.
---| "conflict" # The thing exists already, exists twice, or was changed by somebody else.
---| "unavailable" # The other side (or the disk) cannot serve us now.
---| "timed_out" # No answer came within the time allowed.
---| "protocol" # The other side answered something that is not the protocol.
---| "unsupported" # The transport or the server cannot do this.
---| "stopped" # The work was stopped: cancelled, closed, interrupted.
---| "internal" # A defect of this library.

---What WMI said went wrong: its number, and the provider's own status where it gave one.
---@class cmgateway.WbemError
---@field code integer The number, as C writes it.
---@field signed_code integer The number as VBScript's `Err.Number` shows it.
---@field name string The name without `WBEM_E_`; empty for a number that is not documented.
---@field extended cmgateway.Instance? The provider's status object.

---The second value of a call that failed; `tostring(err)` is its message.
---
---```lua
---local site, err = cmgateway.connect("sqlite:site.db")
---if not site and err.kind == "not_found" then print("there is no such file") end
---```
---@class cmgateway.Error
---@field kind cmgateway.ErrorKind What went wrong.
---@field message string One line: `could not <verb> <thing>: <cause>`.
---@field operation string What was being done, as `<verb> <thing>`.
---@field cause string The cause alone, without `could not …`.
---@field fault "caller"|"peer"|"network"|"us" Who has to do something about it.
---@field retry_after number? Seconds until the same call may succeed: 0 is at once, nil is never.
---@field wbem cmgateway.WbemError? What WMI itself said, where the error comes from WMI or stands for one of it.
---@field context table<string, string> Names and values that help to find the cause, such as line and column.

---@class cmgateway.ConnectOptions
---@field token string? The bearer token of an AdminService.
---@field auth "negotiate"|"kerberos"|"ntlm"|"basic"|"certificate"|nil How the user is proved; a user alone means "negotiate".
---@field user string? `DOMAIN\user`, `user@suffix`, or the bare name with a realm.
---@field password string? The user's password.
---@field realm string? The Kerberos realm, or the domain, of a bare user name.
---@field keytab_file string? A keytab with the user's Kerberos keys, in place of a password.
---@field kdc string? Host, and port where it is not 88, of the KDC.
---@field certificate_file string? The client's certificate, then its intermediates, PEM.
---@field key_file string? The private key of the client's certificate, PEM.
---@field ca_file string? Certificates that an AdminService's must chain to, in place of the system's roots.
---@field danger_unencrypted boolean? True lets a password travel in clear, with `auth = "basic"` and a `winrm:` address.
---@field timeout number? Longest wait for one answer, in seconds.

---Connects to the site at an address: `sqlite:FILE`, `https://HOST/AdminService` or `winrm://HOST/NAMESPACE`.
---
---An embedded site is opened at once. An AdminService or a WinRM service is first asked with the first call.
---`winrm://HOST/root/sms/site_GF1` is WS-Management on port 5985, sealed by Kerberos or NTLM; `winrms://` is it over TLS
---on port 5986; `http(s)://HOST:PORT/wsman/root/sms/site_GF1` is the same.
---Errors: `config`, `not_found`, `auth`, `unavailable`, `unsupported`.
---
---```lua
---local site = assert(cmgateway.connect("https://cm1.contoso.com/AdminService", { token = token, timeout = 30 }))
---```
---@param url string
---@param options cmgateway.ConnectOptions?
---@return cmgateway.Site? site
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.connect(url, options) end

---@class cmgateway.LocatorOptions: cmgateway.ConnectOptions
---@field rehearse string? `sqlite:FILE`: this embedded site stands for every machine.
---@field tls boolean? True for WinRM over TLS on port 5986.

---@class cmgateway.ConnectServerOptions
---@field user string? `DOMAIN\user` or `user@suffix`; not for this machine.
---@field password string? The user's password.
---@field locale string? `MS_409`; its form is checked, and it has no effect.
---@field authority string? `kerberos:PRINCIPAL` or `ntlmdomain:DOMAIN`.
---@field security_flags integer? 0, or 128 to give up after two minutes at most.

---What connects to WMI on any machine, as `SWbemLocator` does.
---
---With `rehearse` an embedded site stands for every machine: names of servers are read and lead nowhere else.
---Otherwise a server is reached by WinRM, sealed on port 5985. This machine (`.`) is reached by COM,
---on Windows only. Impersonation levels, privileges and the locale are checked and have no effect.
---@class cmgateway.Locator
local Locator = {}

---Makes a locator; its options hold for every machine.
---
---```lua
---local locator = assert(cmgateway.locator({ rehearse = "sqlite:site.db" }))
---```
---@param options cmgateway.LocatorOptions?
---@return cmgateway.Locator? locator
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.locator(options) end

---Connects to a namespace of a machine, as `SWbemLocator.ConnectServer` does.
---
---Errors: `config`, `not_found` where an embedded site does not have the namespace, `unsupported` for this machine
---without a rehearsal; those of `connect`.
---
---```lua
---local sms = assert(locator:connect_server("cm1", "root/sms"))
---```
---@param server string?
---@param namespace string?
---@param options cmgateway.ConnectServerOptions?
---@return cmgateway.Site? site
---@return cmgateway.Error? err
---@nodiscard
function Locator:connect_server(server, namespace, options) end

---Connects to what a moniker names: the namespace of a machine.
---
---Errors: `config` where the text is no moniker, or names an object, which `Site:get` reads.
---
---```lua
---local sms = assert(locator:get_object([[winmgmts:{impersonationLevel=impersonate}!\\cm1\root\sms]]))
---```
---@param moniker string
---@return cmgateway.Site? site
---@return cmgateway.Error? err
---@nodiscard
function Locator:get_object(moniker) end

---Finds the provider of a machine's site and connects to its namespace.
---
---With `stay` it goes to the machine that was asked, as older scripts do.
---
---```lua
---local site = assert(locator:site("cm1"))
---```
---@param server string?
---@param options { user: string?, password: string?, stay: boolean? }?
---@return cmgateway.Site? site
---@return cmgateway.Error? err
---@nodiscard
function Locator:site(server, options) end

---@class cmgateway.DiffOptions
---@field classes string[]? The classes, each with those derived from it; every class that both can list without it.
---@field lazy boolean? True to compare lazy properties too.
---@field ignored string[]? Properties that are not compared.

---What differs between two sites; printed it is a table.
---@class cmgateway.SiteDifference
---@field objects { difference: "added"|"removed"|"changed", path: string, properties: table }[] The objects that differ, each a table with `difference`, `path` and `properties`; of a changed one each property has `before` and `after`.
---@field compared integer How many instances were looked at, in both sites together.
local SiteDifference = {}

---The differences as JSON: a list of objects with `difference`, `path` and `properties`.
---@return string json
---@nodiscard
function SiteDifference:to_json() end

---Compares two sites: what is added in the second one, removed, or changed, object by object.
---
---Objects are the same where class and key are. Errors: `config`, `not_found`; those of the transports.
---
---```lua
---print(assert(cmgateway.diff(before, site, { classes = { "SMS_Alert" } })))
---```
---@param first cmgateway.Site
---@param second cmgateway.Site
---@param options cmgateway.DiffOptions?
---@return cmgateway.SiteDifference? difference
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.diff(first, second, options) end

---@class cmgateway.SnapshotOptions
---@field classes string[]? The classes, each with those derived from it; every class that the site lists without it.
---@field lazy boolean? True to read lazy properties too.
---@field progress (fun(class: string, number: integer, count: integer, instances: integer): boolean?)? False stops the work.

---Makes a new site file with the classes this library works with and the site's own instances.
---
---The file must not exist. Errors: `conflict` where it does; `config`, `not_found`, `auth`, `unavailable`.
---
---```lua
---local site = assert(cmgateway.create_site("site.db", "GF1"))
---```
---@param file string
---@param code string The three characters of the site code.
---@return cmgateway.Site? site
---@return cmgateway.Error? err
function cmgateway.create_site(file, code) end

---A connection to a Configuration Manager site; clones share it.
---
---The same calls work on a site file and over HTTPS: what a script does on a copy it does on the real site.
---@class cmgateway.Site
---@field address string The address, without secrets.
---@field switches cmgateway.SiteSwitches The switches of the site.
---@field roles cmgateway.SiteRoles The roles of the site.
---@field connection_points cmgateway.ConnectionPointRoles The connection points of the site.
local Site = {}

---The code of the site, from `SMS_ProviderLocation` where `ProviderForLocalSite` is true.
---
---Errors: `not_found`, `conflict`, those of the transport.
---
---```lua
---print("SiteCode = " .. assert(site:code()))
---```
---@return string? code
---@return cmgateway.Error? err
---@nodiscard
function Site:code() end

---Runs a WQL query with values for its placeholders and gives the rows as they are read.
---
---A value never becomes query text, so no value can change the query.
---Errors: `config` for a text that is not WQL, with `err.context.line` and `err.context.column`; `not_found`;
---`unsupported`; those of the transport.
---
---```lua
---local rows = assert(site:query("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", { name }))
---```
---@param wql string
---@param values cmgateway.Value[]|table<string, cmgateway.Value>? An array for `?`, a map for `:name`.
---@return cmgateway.Rows? rows
---@return cmgateway.Error? err
---@nodiscard
function Site:query(wql, values) end

---Reads one instance by its path, with its lazy properties.
---
---Errors: `not_found`, `config` for a text that is no path, those of the transport.
---
---```lua
---local service = assert(site:get("SMS_AzureService.AzureServiceID=1"))
---```
---@param path cmgateway.ObjectPath|string
---@return cmgateway.Instance? instance
---@return cmgateway.Error? err
---@nodiscard
function Site:get(path) end

---A new, empty instance of a class; it is in the site once it is put.
---
---The properties, where given, are set in the order of their names. Errors: `config`.
---
---```lua
---local service = assert(site:new("SMS_AzureService", { ServiceCName = "gw.contoso.com" }))
---```
---@param class string
---@param properties table<string, cmgateway.Value>?
---@return cmgateway.Instance? instance
---@return cmgateway.Error? err
---@nodiscard
function Site:new(class, properties) end

---Writes an instance and gives its path, which holds a key that the site made.
---
---Errors: `config` for a value that does not fit; `conflict`, `not_found` after the mode; those of the transport.
---After `timed_out` or `protocol` the put may have been done.
---
---```lua
---service.Description = "moved"
---assert(site:put(service, "update_only"))
---```
---@param instance cmgateway.Instance
---@param mode "create_or_update"|"update_only"|"create_only"? The first where nothing is said.
---@return cmgateway.ObjectPath? path
---@return cmgateway.Error? err
function Site:put(instance, mode) end

---Deletes one instance by its path.
---
---Errors: `not_found`, `config` for an instance without a path, those of the transport.
---
---```lua
---assert(site:delete(service))
---```
---@param what cmgateway.ObjectPath|string|cmgateway.Instance
---@return true? done
---@return cmgateway.Error? err
function Site:delete(what) end

---@class cmgateway.PropertyDefinition
---@field name string
---@field type string The MOF name, such as `uint32`.
---@field is_array boolean
---@field is_key boolean
---@field is_lazy boolean True where queries leave it out and only a read of the one instance brings it.
---@field qualifiers table<string, cmgateway.Value> Its qualifiers, name to value.

---@class cmgateway.ClassDefinition
---@field name string
---@field keys string[] The names of the key properties.
---@field properties cmgateway.PropertyDefinition[] In the order of the definition.
---@field derivation string[] The classes it is derived from, the nearest first.
---@field methods string[] The names of its methods, inherited ones first.
---@field qualifiers table<string, cmgateway.Value> Its qualifiers, name to value.
---@field inputs table<string, cmgateway.PropertyDefinition[]> The parameters that go into each method, in the declared order.
---@field outputs table<string, cmgateway.PropertyDefinition[]> The parameters that come out of each method, without the return value.
---@field mof string The MOF text of the class: what it declares itself, not what it inherits.

---The definition of a class as the provider knows it.
---
---Errors: `not_found`, those of the transport.
---
---```lua
---print(table.concat(assert(site:class_definition("SMS_AzureService")).keys, ", "))
---```
---@param name string
---@return cmgateway.ClassDefinition? class
---@return cmgateway.Error? err
---@nodiscard
function Site:class_definition(name) end

---@class cmgateway.DefineClassOptions
---@field keys string[] The names of the key properties, in order.

---Adds a class; it needs at least one key property.
---
---Only a site file can do this. Errors: `conflict` where the site has the class; `config`; `unsupported`.
---
---```lua
---assert(site:define_class("Rack", { Row = "string", Units = "uint32[]" }, { keys = { "Row" } }))
---```
---@param name string
---@param properties table<string, string> From names to types, such as `"string"` or `"uint32[]"`.
---@param options cmgateway.DefineClassOptions
---@return true? done
---@return cmgateway.Error? err
function Site:define_class(name, properties, options) end

---A running event query.
---@class cmgateway.Watch
local Watch = {}

---The next event; None where none comes within the time.
---
---Without a time it waits until there is one.
---@param timeout number? Seconds.
---@return cmgateway.Instance? event
---@return cmgateway.Error? err
function Watch:next(timeout) end

---Runs an event query: looks at the class every `WITHIN` seconds and gives what happened.
---
---Of `__InstanceCreationEvent`, `__InstanceModificationEvent`, `__InstanceDeletionEvent` or
---`__InstanceOperationEvent`, with `TargetInstance ISA "Class"` in the condition. Errors: `config`.
---
---```lua
---local watch = assert(site:watch("SELECT * FROM __InstanceCreationEvent WITHIN 60 WHERE TargetInstance ISA ?", {
---    "SMS_Alert",
---}))
---local event = watch:next(300)
---```
---
---A loop over the watch takes one event after the other; it ends where none comes within `timeout` seconds:
---
---```lua
---for event in site:watch(query, nil, { timeout = 300 }) do print(event.TargetInstance.Name) end
---```
---@param wql string
---@param values table?
---@param options { timeout: number? }?
---@return cmgateway.Watch? watch
---@return cmgateway.Error? err
---@nodiscard
function Site:watch(wql, values, options) end

---The definitions of all classes, in the order of their names.
---
---Errors: `unsupported` where the transport cannot list them; those of the transport.
---@return cmgateway.ClassDefinition[]? classes
---@return cmgateway.Error? err
---@nodiscard
function Site:classes() end

---Compiles a MOF text: adds its classes and puts its instances, whole or not at all.
---
---A class that the site has gets what the text has beyond it; an instance that exists is changed. Only a site file
---can do this. Errors: `config` with line and column, `conflict`, `not_found`, `unsupported`.
---
---```lua
---assert(site:compile_mof('class Rack { [key] string Row; }; instance of Rack { Row = "A"; };'))
---```
---@param text string
---@return true? done
---@return cmgateway.Error? err
function Site:compile_mof(text) end

---Compiles a MOF file, in UTF-8 or UTF-16, as `compile_mof` does a text.
---
---Errors: those of `compile_mof`; `not_found`, `auth`, `unavailable` where the file cannot be read.
---@param file string
---@return true? done
---@return cmgateway.Error? err
function Site:compile_mof_file(file) end

---Calls a method and gives what came out: out-parameters as properties, and `ReturnValue`.
---
---The target is the path of an instance, or of a class for a static method. One table with names gives values by
---name, which is the safe way; anything else goes by position, in the declared order as in VBScript. A method that
---fails may come back with another `ReturnValue` than 0. Errors: `config`, `not_found`, `unsupported`.
---
---```lua
---local out = assert(site:call("SMS_AzureService", "Start", { AzureServiceID = 7 }))
---print(out.ReturnValue)
---```
---@param target cmgateway.ObjectPath|string|cmgateway.Instance
---@param method string
---@param ... cmgateway.Value
---@return cmgateway.Instance? out
---@return cmgateway.Error? err
function Site:call(target, method, ...) end

---Supplies a method: calls of it run the handler, on the thread that waits for the call.
---
---The handler gets the path and the input, and gives a table of out-parameters, or a `ReturnValue`, or nothing. It
---belongs to this connection and this Lua state, not to the file. Errors: `not_found`, `unsupported`.
---
---```lua
---assert(site:on_method("SMS_AzureService", "Start", function(path, input) return 0 end))
---```
---@param class_name string
---@param method string
---@param handler fun(path: cmgateway.ObjectPath, input: cmgateway.Instance): any
---@return true? done
---@return cmgateway.Error? err
function Site:on_method(class_name, method, handler) end

---The same connection with values that go with every call of it, over those that go already.
---
---`cmgateway.null` takes a value away. As a `<close>` variable it ends without closing the connection. Errors:
---`unsupported` where the transport cannot send them.
---
---```lua
---local session = assert(site:context({ SessionHandle = handle, ApplicationName = "rollout" }))
---```
---@param values table<string, cmgateway.Value>
---@return cmgateway.Site? site
---@return cmgateway.Error? err
---@nodiscard
function Site:context(values) end

---Copies classes and instances into a new site file, on which scripts are rehearsed.
---
---The file can be connected to once it is whole. After a break the same call goes on where it was. The report has
---`classes` and `instances`, how many were copied, and `skipped`, the classes that the site cannot enumerate.
---Errors: `conflict` where the file exists, `not_found` for a class, `stopped`.
---
---```lua
---local report = assert(site:snapshot("copy.db", { classes = { "SMS_Site" } }))
---```
---@param file string
---@param options cmgateway.SnapshotOptions?
---@return { classes: integer, instances: integer, skipped: table<string, string> }? report
---@return cmgateway.Error? err
function Site:snapshot(file, options) end

---Finds the gateway of this service name; case does not matter.
---
---Errors: `not_found` with the names the site has; `conflict` where it has two; those of the transport.
---
---```lua
---local gateway = assert(site:gateway("GraniteFalls.contoso.com"))
---```
---@param service_name string
---@return cmgateway.Gateway? gateway
---@return cmgateway.Error? err
---@nodiscard
function Site:gateway(service_name) end

---All gateways of the site, in the order of their service names.
---
---Errors: those of the transport.
---
---```lua
---for _, gateway in ipairs(assert(site:gateways())) do print(gateway.service_name) end
---```
---@return cmgateway.Gateway[]? gateways
---@return cmgateway.Error? err
---@nodiscard
function Site:gateways() end

---@class cmgateway.ServeOptions
---@field address string? IP address and port; `127.0.0.1:0` where nothing is said, and a free port is taken.
---@field certificate_file string The server's certificate and those between it and the root, PEM.
---@field key_file string The private key, PEM.
---@field token string What a client must send.

---Serves an embedded site as an AdminService over HTTPS.
---
---It runs beside the script until it is stopped, collected, or the script ends.
---Errors: `certificate`, `not_found`, `config`, `unavailable`, `unsupported`.
---
---```lua
---local server = assert(site:serve({ certificate_file = "server.pem", key_file = "server.key", token = token }))
---```
---@param options cmgateway.ServeOptions
---@return cmgateway.AdminServiceServer? server
---@return cmgateway.Error? err
---@nodiscard
function Site:serve(options) end

---@class cmgateway.ServiceIdentity
---@field protocol_version string The protocol, as its namespace.
---@field product_vendor string Who made the service.
---@field product_version string Its version.

---What a WS-Management service says of itself: its protocol, its maker and its version.
---
---Windows answers it to anybody, so it tells whether a service is there before a user is let in.
---Errors: `unsupported` where the site is reached in another way; those of the connection.
---
---```lua
---print(assert(site:identify()).product_vendor)
---```
---@return cmgateway.ServiceIdentity? identity
---@return cmgateway.Error? err
---@nodiscard
function Site:identify() end

---Closes the connection, for every clone of it; later calls fail.
---
---They fail with an error of kind `stopped`; a second `close` does nothing. The file of an embedded site is then
---free: it can be moved and deleted, on Windows too. In Lua 5.4 a site may stand in a `<close>` variable.
---
---```lua
---site:close()
---```
---@return true? done
---@return cmgateway.Error? err
function Site:close() end

---A running AdminService that serves an embedded site.
---
---In Lua 5.4 it may stand in a `<close>` variable.
---@class cmgateway.AdminServiceServer
---@field url string The base URL, as `connect` takes it.
local AdminServiceServer = {}

---Stops accepting, lets open requests end for a limited time, and closes.
---
---A second call does nothing.
---
---```lua
---server:stop()
---```
---@return true? done
---@return cmgateway.Error? err
function AdminServiceServer:stop() end

---Starts an instance of a gateway from its settings file, TOML.
---
---It listens when this returns; until a connection point brings a configuration it trusts nobody. It runs beside the
---script until it is stopped, collected, or the script ends. `examples/gateway/instance.toml` shows every setting.
---Errors: `not_found`, `config` with file and line, `certificate`, `unavailable`.
---
---```lua
---local instance = assert(cmgateway.start_instance("instance.toml"))
---print(instance.addresses[1])
---```
---@param file string Relative paths in it begin at its folder.
---@return cmgateway.InstanceService? instance
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.start_instance(file) end

---Starts a connection point from its settings file, TOML.
---
---It returns at once; instances that cannot be reached are dialled again and again. It runs beside the script until it
---is stopped, collected, or the script ends. `examples/gateway/connection_point.toml` shows every setting. With a
---`[site]` it follows the sub-CAs that the site lists; that was tried with sites of this library only.
---Errors: `not_found`, `config` with file and line, `certificate`; those of the site.
---
---```lua
---local point = assert(cmgateway.start_connection_point("connection_point.toml"))
---assert(point:ready({ timeout = 20 }))
---```
---@param file string Relative paths in it begin at its folder.
---@return cmgateway.ConnectionPointService? point
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.start_connection_point(file) end

---A running instance of a gateway, started from a settings file.
---
---In Lua 5.4 it may stand in a `<close>` variable.
---@class cmgateway.InstanceService
---@field addresses string[] Where clients connect, with the ports that were taken.
---@field admin_address string? Where metrics and health are asked for, with the port that was taken; nothing without `admin_listen`.
local InstanceService = {}

---@class cmgateway.InstanceServiceStatus
---@field number integer Its number.
---@field configuration integer The version of the configuration in force; 0 for none.
---@field connection_points string[] The connection points that are connected.
---@field tunnels integer Connections of their tunnels.
---@field connections integer Connections of clients.
---@field open_requests integer Requests that are being served.
---@field requests integer Requests answered since it started.
---@field handshakes integer Handshakes of clients that succeeded since it started.
---@field refused_certificates table<string, integer> Client certificates refused since it started, by reason.

---What the instance is doing.
---
---Errors: `stopped`.
---
---```lua
---print(assert(instance:status()).requests)
---```
---@return cmgateway.InstanceServiceStatus? status
---@return cmgateway.Error? err
---@nodiscard
function InstanceService:status() end

---Reads the settings file, certificate and key again; connections that are open stay.
---
---Number, addresses and limits change with a restart only. Where it fails, the old settings stay in force.
---Errors: `config`, `certificate`, `not_found`, `stopped`.
---
---```lua
---assert(instance:reload())
---```
---@return true? done
---@return cmgateway.Error? err
function InstanceService:reload() end

---Stops accepting, lets open requests end for a limited time, and closes.
---
---The time is `drain_seconds` of the settings. A second call does nothing.
---
---```lua
---instance:stop()
---```
---@return true? done
---@return cmgateway.Error? err
function InstanceService:stop() end

---A running connection point, started from a settings file.
---
---In Lua 5.4 it may stand in a `<close>` variable.
---@class cmgateway.ConnectionPointService
local ConnectionPointService = {}

---@class cmgateway.ConnectionPointStatus
---@field name string Its name.
---@field configuration integer The version of the configuration that it carries.
---@field instances cmgateway.InstanceLinkStatus[] The instances.
---@field traffic cmgateway.EndpointTraffic[] What went through since it started, for each endpoint asked for.

---@class cmgateway.InstanceLinkStatus
---@field addresses string[] The addresses it is dialled at.
---@field number integer? The number that it says it has.
---@field connections integer Connections that are open.
---@field configuration integer The version of the configuration that it goes by; 0 for none.
---@field refused string? Why it did not take the last configuration.
---@field last_error string? Why the last attempt to connect failed, or the last connection ended.

---@class cmgateway.EndpointTraffic
---@field role integer|string The number of the role; its digits where Lua cannot hold it.
---@field endpoint string The endpoint as it is published.
---@field requests integer Requests.
---@field failures integer Requests that got no answer from inside.
---@field cancelled integer Requests whose client went away first.
---@field bytes_in integer Bytes of request bodies.
---@field bytes_out integer Bytes of answer bodies.

---What the connection point is doing.
---
---Errors: `stopped`.
---
---```lua
---for _, instance in ipairs(assert(point:status()).instances) do print(instance.last_error) end
---```
---@return cmgateway.ConnectionPointStatus? status
---@return cmgateway.Error? err
---@nodiscard
function ConnectionPointService:status() end

---@class cmgateway.ReadyOptions
---@field timeout number? Seconds; 30 where nothing is said.

---All that the connection point knows of its gateway at this moment; nothing is changed.
---
---The table has `service_name`, `at`, `level` (`normal`, `warning`, `critical`), `state`, `is_stopped`, `connection_points`
---(names of those that are connected), `instances` (as in `status`, with `counts`), `cloud_instances`, `endpoints`, `refusals`
---(counts by reason), `traffic`, `alerts`, `days` (14, each with `day`, `bytes` and `bytes_so_far`), `expiring`, `conditions`
---(what `Notices:tell` takes) and `failures`. Where the settings have a `[monitor]`, traffic and alerts are written, the
---threshold is enforced and notices are told without a call.
---@return table? health
---@return cmgateway.Error? err
---@nodiscard
function ConnectionPointService:health() end

---Where the dashboard is served, with the port that was taken; nothing where the settings have none.
---@return string? url
---@return cmgateway.Error? err
---@nodiscard
function ConnectionPointService:dashboard_url() end

---Waits until every instance is connected and goes by the configuration of this moment.
---
---Errors: `timed_out` with the state of an instance that is not ready, `config`, `stopped`.
---
---```lua
---assert(point:ready({ timeout = 20 }))
---```
---@param options cmgateway.ReadyOptions?
---@return true? done
---@return cmgateway.Error? err
function ConnectionPointService:ready(options) end

---Reads the settings file again: mappings, trust, tokens, certificates; connections that are open stay.
---
---Name, instances and site cannot change while it runs. Where it fails, the old settings stay in force.
---Errors: `config`, `certificate`, `not_found`, `stopped`.
---
---```lua
---assert(point:reload())
---```
---@return true? done
---@return cmgateway.Error? err
function ConnectionPointService:reload() end

---Asks the instances for no more requests, lets open ones end for a limited time, and closes.
---
---The time is `drain_seconds` of the settings. A second call does nothing.
---
---```lua
---point:stop()
---```
---@return true? done
---@return cmgateway.Error? err
function ConnectionPointService:stop() end

---The rows of a query, read as they are asked for.
---
---They keep the query open in the site until they are read to the end, closed, or collected.
---@class cmgateway.Rows
local Rows = {}

---The next row; nil at the end, `nil, err` after a failure, which ends the rows.
---@return cmgateway.Instance? row
---@return cmgateway.Error? err
function Rows:next() end

---A function for `for … in`, which raises `err` where reading fails, as `io.lines` does.
---
---In Lua 5.4 the rows end with the loop. Lua 5.1 and LuaJIT do not tell when a loop is left early: call `close`
---then, or leave it to the collector, which runs when the site has no query to spare. A second loop over rows that
---were read to their end has none.
---
---```lua
---for row in assert(site:query(wql)):each() do print(row.ServiceCName) end
---```
---@return fun(): cmgateway.Instance?
---@nodiscard
function Rows:each() end

---The rows that are left, all at once.
---
---Errors: those of the transport.
---
---```lua
---local services = assert(assert(site:query(wql)):all())
---```
---@return cmgateway.Instance[]? rows
---@return cmgateway.Error? err
---@nodiscard
function Rows:all() end

---The next row, and no other; nil where there is none.
---@return cmgateway.Instance? row
---@return cmgateway.Error? err
---@nodiscard
function Rows:first() end

---Ends the query; the rows must not be used after it.
function Rows:close() end

---An instance of a class, with the properties it came with and those set since.
---
---Properties are fields, whatever the case: `service.SubCACertThumbprint`. A property that is null reads as nil, as
---one that is missing does; `properties_` tells them apart. Assigning is local until the instance is put; assign
---`cmgateway.null` for null (nil raises, since it is mostly a slip). A bad value raises an `err` of kind `config`.
---
---```lua
---service.Description = "moved"
---assert(site:put(service))
---```
---@class cmgateway.Instance
---@field class_ string The name of its class.
---@field path_ cmgateway.ObjectPath? Its path; nil until it was put or where the query left out a key.
---@field properties_ table<string, cmgateway.Value> A copy of all properties, a null as `cmgateway.null`.
---@field names_ string[] The names of all properties, in order.
---@field [string] cmgateway.Value?
local Instance = {}

---Reads the instance again, with its lazy properties; what was set since stays.
---@return true? done
---@return cmgateway.Error? err
function Instance:load_() end

---The objects at the other ends of its associations, as `ASSOCIATORS OF` gives them.
---
---Options: `assoc_class`, `result_class`, `result_role`, `role`, `required_qualifier`, `required_assoc_qualifier`,
---`class_defs_only`, `keys_only`, `schema_only`. Errors: `unsupported` on an AdminService.
---
---```lua
---for box in assert(site:get("Rack.Row='A'")):associators_({ result_class = "Box" }):each() do print(box) end
---```
---@param conditions table?
---@return cmgateway.Rows? rows
---@return cmgateway.Error? err
---@nodiscard
function Instance:associators_(conditions) end

---Its associations themselves, as `REFERENCES OF` gives them.
---
---Options: `result_class`, `role`, `required_qualifier`, `class_defs_only`, `keys_only`, `schema_only`.
---@param conditions table?
---@return cmgateway.Rows? rows
---@return cmgateway.Error? err
---@nodiscard
function Instance:references_(conditions) end

---The live list of an array property; a null one is taken for empty.
---
---A list that stays empty leaves null as it was. Errors: `config` where the property is no array, or lazy and not
---loaded yet.
---
---```lua
---table.insert(item:array_("Props"), assert(site:new("SMS_EmbeddedProperty", { PropertyName = "X", Value = 1 })))
---assert(item:put_())
---```
---@param name string
---@return table? list
---@return cmgateway.Error? err
function Instance:array_(name) end

---Writes the instance to its site and gives its path, which holds a key that the site made.
---@param mode string?
---@return cmgateway.ObjectPath? path
---@return cmgateway.Error? err
function Instance:put_(mode) end

---Deletes the instance in its site.
---@return true? done
---@return cmgateway.Error? err
function Instance:delete_() end

---A copy that is changed by itself.
---@return cmgateway.Instance? copy
---@return cmgateway.Error? err
function Instance:clone_() end

---The instance as MOF text.
---@return string? text
---@return cmgateway.Error? err
function Instance:mof_() end

---The instance as XML text, in WMI's form of the CIM DTD 2.0.
---
---Errors: `config` where a text has a character that XML cannot hold.
---@return string? xml
---@return cmgateway.Error? err
---@nodiscard
function Instance:xml_() end

---Calls a method of the instance and gives what came out.
---
---`instance:Method(...)` and `instance:Method_(...)` do the same; the second asks nobody whether there is one.
---@param method string
---@param ... cmgateway.Value
---@return cmgateway.Instance? out
---@return cmgateway.Error? err
function Instance:call_(method, ...) end

---The path of an object in WMI: server, namespace, class and keys.
---
---`tostring(path)` is its text; two paths are equal whatever the case of their names.
---@class cmgateway.ObjectPath
---@field class_name string
---@field server string? The host, without backslashes.
---@field namespace string? The namespace, with backslashes.
---@field keys table<string|integer, cmgateway.Value> The keys by name; one without a name has the number 1.

---A DMTF date and time, or an interval, kept in its 25 characters.
---
---`tostring(datetime)` gives them.
---@class cmgateway.DateTime
---@field unix integer? Seconds since 1970 in UTC; nil for an interval and where parts are left open.
---@field is_interval boolean

---A cloud management gateway, found in its site by its service name.
---@class cmgateway.Gateway
---@field service_name string The service name, in the site's spelling.
---@field path cmgateway.ObjectPath The path of its `SMS_AzureService` instance.
---@field sub_ca cmgateway.SubCa The list of its sub-CA thumbprints.
---@field monitor cmgateway.Monitor What watches over its traffic and its alerts.
local Gateway = {}

---Looks for what is wrong with this gateway, as its site knows it.
---@param options cmgateway.GatewayAnalyzeOptions?
---@return cmgateway.AnalysisReport? report
---@return cmgateway.Error? err
---@nodiscard
function Gateway:analyze(options) end

---Its `SMS_AzureService` instance as it is now.
---@return cmgateway.Instance? instance
---@return cmgateway.Error? err
---@nodiscard
function Gateway:instance() end

---Its state, as the site tells it now; None where the site tells none.
---
---Has `code`, `name` (`Ready`, `Provisioning`, `Starting`, `Stopping`, `Stopped`, `Deleting`, or the code that nobody has
---explained) and `is_confirmed`: Microsoft's page gives no values; 0, 4 and 6 come from two scripts that know nothing of
---each other, 1, 5 and 99 from one.
---@return { code: integer, name: string, is_confirmed: boolean }? state
---@return cmgateway.Error? err
---@nodiscard
function Gateway:state() end

---Lists the ports that the gateway, its connection points and its clients need open.
---
---Number of instances, deployment model and names come from the site's row of the gateway, the servers inside from its
---roles that take gateway traffic.
---
---```lua
---print(assert(gateway:required_ports()))
---```
---@return cmgateway.RequiredPorts? ports
---@return cmgateway.Error? err
---@nodiscard
function Gateway:required_ports() end

---The connections that a gateway needs, each with who opens it, to where, and on which TCP ports.
---
---All connections start inside or at the client: no port is opened from the Internet to the site. `tostring(ports)` is a
---table to read. Each row has `from` (`connection_point`, `service_connection_point`, `client`), `to`, `protocol`,
---`first_port`, `last_port`, `to_gateway` and `purpose`.
---@class cmgateway.RequiredPorts
---@field rows table[] The connections.
---@field notes string[] What else devices on the way must let through.
local RequiredPorts = {}

---The rows as JSON text, indented by two blanks.
---@return string json
---@nodiscard
function RequiredPorts:to_json() end

---The inbound rules of the gateway's network security group, as the JSON array `securityRules` of a template.
---@return string json
---@nodiscard
function RequiredPorts:to_security_group() end

---An nftables chain for what goes out of the site; jump to it, and fill its address sets.
---
---`nft` takes no names of changing addresses, so each destination is an empty set with the name beside it.
---@return string text
---@nodiscard
function RequiredPorts:to_nftables() end

---@class cmgateway.SiteStep
---@field action "keep"|"add"|"change"|"remove"
---@field item string The item of the site control file.
---@field setting string The setting, by the name that scripts use.
---@field before string? As it is, in words; nil where it is not there.
---@field after string? As it would be; nil where it would not be there.

---What a change of the site control file would do, to be read before it is applied.
---
---Site switches, roles and connection points make plans of this one shape. `tostring(plan)` is a table to read.
---@class cmgateway.SitePlan
---@field title string What the plan is for, such as `switches of site GF1`.
---@field steps cmgateway.SiteStep[] What happens to each setting, also to those that stay.
---@field warnings string[] What the administrator should know.
---@field is_change boolean False where the site is as wanted already; applying such a plan writes nothing.
local SitePlan = {}

---Does what the plan says at a site, then reads each item back and compares.
---
---It is safe to apply a plan twice. Errors: `conflict` where a property or an item is no longer what the plan was made for;
---`protocol` where the site reads back something else. Not tried against a live SMS Provider.
---
---```lua
---assert(assert(site.switches:plan({ check_crl = false })):apply(site))
---```
---@param site cmgateway.Site
---@return true? done
---@return cmgateway.Error? err
function SitePlan:apply(site) end

---The plan as JSON text, indented by two blanks, with the names of the fields as here.
---@return string json
---@nodiscard
function SitePlan:to_json() end

---@class cmgateway.SwitchChanges
---@field https_only boolean? Clients must use HTTPS.
---@field use_pki_client_certificate boolean? A client's PKI certificate is used when it has one.
---@field check_crl boolean? Clients check the certificate revocation list of site systems.
---@field enhanced_http boolean? The site makes certificates for HTTP site systems.
---@field certificate_store string? The store that clients look in for their certificate.
---@field certificate_selection_criteria string? What a client's certificate must look like.
---@field select_first_certificate boolean? Of several certificates the one valid longest is taken.
---@field enforce_message_signing boolean? Clients must sign their messages.
---@field enforce_enhanced_hash boolean? Signatures must be made with SHA-256.

---The switches of a site: PKI client certificates, CRL checks, HTTPS only, Enhanced HTTP, and their neighbours.
---
---They lie in `IISSSLState` and properties beside it. No page of Microsoft's tells its bits; they are what public tools
---read. Unknown bits stay.
---@class cmgateway.SiteSwitches
local SiteSwitches = {}

---Reads the switches from the site.
---
---Gives the switches by their names, the number that holds the first four (`iis_ssl_state`, in words `text`) and its
---`unknown_bits`, `site_code` and `item`. Errors: `not_found` where the site has no item that holds them.
---
---```lua
---print(assert(site.switches:read()).text)
---```
---@return table? state
---@return cmgateway.Error? err
---@nodiscard
function SiteSwitches:read() end

---Says what a change would do; nothing is changed.
---
---An embedded site that lacks the item gets one. Errors: `config` for switches that are unknown or contradict each other.
---@param switches cmgateway.SwitchChanges
---@return cmgateway.SitePlan? plan
---@return cmgateway.Error? err
---@nodiscard
function SiteSwitches:plan(switches) end

---Makes the switches so.
---
---Errors: those of `plan` and `SitePlan:apply`.
---
---```lua
---print(assert(site.switches:set({ use_pki_client_certificate = true, check_crl = false })))
---```
---@param switches cmgateway.SwitchChanges
---@return cmgateway.SitePlan? plan What was done.
---@return cmgateway.Error? err
function SiteSwitches:set(switches) end

---@alias cmgateway.RoleKind "management_point"|"software_update_point"|"distribution_point"

---@class cmgateway.RoleChanges
---@field https boolean? Clients reach it over HTTPS.
---@field gateway_traffic boolean? It takes traffic of a cloud management gateway.
---@field client_connections ("intranet"|"internet"|"internet_and_intranet")? Where its clients are.

---The management, software update and distribution points of a site, and what of them concerns a gateway.
---
---The dependency rules are checked before anything is written; an error names the rule, also as its context `rule`.
---@class cmgateway.SiteRoles
local SiteRoles = {}

---Lists the roles of one kind, or of all three, with their servers.
---
---Each is a table with `kind`, `server`, `site_code`, `https`, `gateway_traffic`, `client_connections`, `port` and `path`.
---
---```lua
---for _, role in ipairs(assert(site.roles:list("management_point"))) do print(role.server, role.gateway_traffic) end
---```
---@param kind cmgateway.RoleKind?
---@return table[]? roles
---@return cmgateway.Error? err
---@nodiscard
function SiteRoles:list(kind) end

---Says what changing the role of a server would do; nothing is changed.
---
---Errors: `config` with the rule that the change would break; `unsupported` for gateway traffic of a distribution point;
---`not_found` where the server does not have the role.
---@param kind cmgateway.RoleKind
---@param server string
---@param changes cmgateway.RoleChanges
---@return cmgateway.SitePlan? plan
---@return cmgateway.Error? err
---@nodiscard
function SiteRoles:plan(kind, server, changes) end

---Makes the role of a server so.
---
---Errors: those of `plan` and `SitePlan:apply`.
---
---```lua
---assert(site.roles:set("management_point", "MP1.contoso.com", { https = true, gateway_traffic = true }))
---```
---@param kind cmgateway.RoleKind
---@param server string
---@param changes cmgateway.RoleChanges
---@return cmgateway.SitePlan? plan What was done.
---@return cmgateway.Error? err
function SiteRoles:set(kind, server, changes) end

---@class cmgateway.ConnectionPointSettings
---@field gateway string? The service name of the gateway it belongs to; a new one needs it.
---@field internet_proxy (string|table|false)? `host:port`, or a table with `server`, `port`, `user`; false switches it off.

---The connection points of a site: servers with the role `SMS Cloud Proxy Connector`.
---
---Not tried against a live SMS Provider: whether it takes a new role by a put, and under which property the gateway's name
---stands, is not confirmed.
---@class cmgateway.ConnectionPointRoles
local ConnectionPointRoles = {}

---Lists the servers that have the role, with their gateways and internet proxies.
---
---Each is a table with `server`, `site_code`, `gateway`, `internet_proxy` (`server`, `port`, `user`) and `path`.
---@return table[]? points
---@return cmgateway.Error? err
---@nodiscard
function ConnectionPointRoles:list() end

---Says what adding, changing or removing the role on a server would do; nothing is changed.
---
---Errors: `config` where a new one names no gateway; `conflict` where it belongs to another gateway; `not_found` where the
---site lacks the gateway, or the server the role to change.
---@param change "add"|"change"|"remove"
---@param server string
---@param settings cmgateway.ConnectionPointSettings?
---@return cmgateway.SitePlan? plan
---@return cmgateway.Error? err
---@nodiscard
function ConnectionPointRoles:plan(change, server, settings) end

---Gives a server the role.
---
---Errors: those of `plan` and `SitePlan:apply`.
---
---```lua
---assert(site.connection_points:add("CP1.contoso.com", { gateway = "GraniteFalls.contoso.com" }))
---```
---@param server string
---@param settings cmgateway.ConnectionPointSettings
---@return cmgateway.SitePlan? plan What was done.
---@return cmgateway.Error? err
function ConnectionPointRoles:add(server, settings) end

---Changes the gateway or the internet proxy of a connection point.
---
---Errors: those of `plan` and `SitePlan:apply`.
---@param server string
---@param settings cmgateway.ConnectionPointSettings
---@return cmgateway.SitePlan? plan What was done.
---@return cmgateway.Error? err
function ConnectionPointRoles:change(server, settings) end

---Takes the role from a server; its other roles and its internet proxy stay.
---
---Errors: those of `plan` and `SitePlan:apply`.
---@param server string
---@return cmgateway.SitePlan? plan What was done.
---@return cmgateway.Error? err
function ConnectionPointRoles:remove(server) end

---Advises how many connection points a gateway needs.
---
---Gives `instances`, `for_load`, `recommended`, `existing` and `missing`. Errors: `not_found` for an unknown gateway.
---@param service_name string
---@return table? advice
---@return cmgateway.Error? err
---@nodiscard
function ConnectionPointRoles:advice(service_name) end

---Decides where a client is: what it was told counts, then whether a domain controller or management point answers.
---
---Gives `location` (`currently_intranet`, `currently_internet`, `always_internet`) and `reason`.
---
---```lua
---print(cmgateway.decide_location({ domain_controller_answers = true }).location)
---```
---@param given { always_on_internet: boolean?, domain_controller_answers: boolean?, management_point_answers: boolean? }
---@return { location: string, reason: string }
---@nodiscard
function cmgateway.decide_location(given) end

---The text of a `.reg` file that makes a client always use the gateway, or decide by itself again.
---
---Windows reads it with `reg import FILE`; the agent (`ccmexec`) is restarted then.
---@param always boolean? True where nothing is said.
---@return string text
---@nodiscard
function cmgateway.registry_file(always) end

---The `Registry.xml` of Group Policy Preferences that does the same to all computers of a policy.
---
---It belongs in `Machine\Preferences\Registry` of the policy's folder. Not tried with a domain.
---@param always boolean? True where nothing is said.
---@return string text
---@nodiscard
function cmgateway.group_policy_preferences(always) end

---Whether this computer is to consider itself on the Internet wherever it is; false where nothing is said.
---
---Compiled only: no Windows was at hand. Errors: `unsupported` on other systems.
---@return boolean? is_set
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.always_on_internet_here() end

---Makes this computer always use the gateway, or decide by itself again; the agent is to be restarted then.
---
---Compiled only: no Windows was at hand. Errors: `auth` where the registry may not be written; `unsupported` elsewhere.
---@param always boolean
---@return true? done
---@return cmgateway.Error? err
function cmgateway.set_always_on_internet_here(always) end

---@class cmgateway.ReferenceClientOptions
---@field candidates string[]? Hosts inside, and `<service name>/CCM_Proxy_MutualAuth/<id>` for the gateway.
---@field service_name string? With a site: the gateway's.
---@field published table<string, integer|string>? With a site: the ids of published roles by their servers.
---@field domain string? The domain whose controllers are looked for.
---@field management_points string[]? The management points inside that are asked, over HTTPS.
---@field trusted_roots string? A file with whom servers must chain to.
---@field certificate_file string? The client's certificate and its intermediates, PEM.
---@field key_file string? Its key, PEM.
---@field name_server string? The name server to ask, as an address.
---@field timeout number? The longest wait for each answer of a probe, in seconds; 5 where nothing is said. A file has ten minutes.
---@field refresh_interval number? How often it decides anew at the latest, in seconds; 24 hours where nothing is said.
---@field always_on_internet boolean? True where it is to use the gateway wherever it is.

---A client that gets files from a management point: directly on the intranet, through the gateway on the Internet.
---
---It decides where it is with the first request, then every 24 hours, when it is told of a change of the network, and when
---nobody of its candidates can be reached any more. It is no agent, and the private protocol of Microsoft's is not spoken.
---@class cmgateway.ReferenceClient
local ReferenceClient = {}

---Reads the files of roots and of the client's certificate; asks nobody yet.
---
---Errors: `config` for an option that is unknown or does not go with another.
---
---```lua
---local client = assert(cmgateway.reference_client({
---    candidates = { "MP1.contoso.com", "GraniteFalls.contoso.com/CCM_Proxy_MutualAuth/72057594037937981" },
---    management_points = { "MP1.contoso.com" },
---}))
---```
---@param options cmgateway.ReferenceClientOptions
---@param site cmgateway.Site? Where the candidates come from; else they are given.
---@return cmgateway.ReferenceClient? client
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.reference_client(options, site) end

---Asks whether a domain controller and a management point answer, whatever was decided.
---
---Gives `domain_controller` and `management_point`, each with `answered` and `failures`.
---@return table? probe
---@return cmgateway.Error? err
---@nodiscard
function ReferenceClient:probe() end

---Where the client is; decided anew where that is due.
---@return { location: string, reason: string }? decision
---@return cmgateway.Error? err
---@nodiscard
function ReferenceClient:location() end

---The management points that the client may talk to; read anew where that is due.
---
---Each has what `SMS_ActiveMPCandidate` shows: `mp`, `type`, `index`, `version`, `capabilities`; and `https`.
---@return table[]? candidates
---@return cmgateway.Error? err
---@nodiscard
function ReferenceClient:candidates() end

---Tells the client that the network has changed: the next request decides anew.
---@return true? done
---@return cmgateway.Error? err
function ReferenceClient:network_changed() end

---Asks at once where the client is and whom it may talk to, as restarting the agent does.
---@return { location: string, reason: string }? decision
---@return cmgateway.Error? err
function ReferenceClient:refresh() end

---Gets a file from a management point; where none can be reached, the client looks once more where it is.
---
---Gives `status` (any is an answer), `body`, `mp` (who gave it) and `location`. Errors: `not_found` where the list has nobody
---for this location; `unavailable` where nobody of it can be reached.
---@param path string
---@return { status: integer, body: string, mp: string, location: string }? file
---@return cmgateway.Error? err
---@nodiscard
function ReferenceClient:get(path) end

---A sub-CA as a script names it: a certificate, a thumbprint, or text, which is a thumbprint or else a file.
---@alias cmgateway.SubCaSource cmgateway.cert.Certificate|cmgateway.cert.Thumbprint|string

---The list of a gateway's sub-CA thumbprints.
---
---Each change has a plan; `set`, `add` and `remove` are a plan and its application in one call.
---@class cmgateway.SubCa
local SubCa = {}

---Reads the list from the site.
---
---Errors: `not_found`, `conflict`, those of the transport.
---
---```lua
---print(assert(gateway.sub_ca:list()))
---```
---@return cmgateway.ThumbprintList? list
---@return cmgateway.Error? err
---@nodiscard
function SubCa:list() end

---Says what a change would do; nothing is changed.
---
---Errors: `certificate` for one that is no CA, has expired, or cannot be read; `config` where nothing is given;
---those of `list`.
---
---```lua
---print(assert(gateway.sub_ca:plan("add", { "subca1.cer", "subca2.cer" })))
---```
---@param kind "set"|"add"|"remove"
---@param sources cmgateway.SubCaSource|cmgateway.SubCaSource[]
---@return cmgateway.SubCaPlan? plan
---@return cmgateway.Error? err
---@nodiscard
function SubCa:plan(kind, sources) end

---Does what a plan says, then reads the list back and compares.
---
---It is safe to apply a plan twice. Errors: `conflict` where the list was changed since the plan was made;
---`protocol` where the site reads back another list; those of the transport.
---
---```lua
---assert(gateway.sub_ca:apply(plan))
---```
---@param plan cmgateway.SubCaPlan
---@return cmgateway.ThumbprintList? list
---@return cmgateway.Error? err
function SubCa:apply(plan) end

---Makes the list exactly these.
---
---Errors: those of `plan` and `apply`. An empty table empties the list.
---
---```lua
---print(assert(gateway.sub_ca:set({ "subca1.cer" })))
---```
---@param sources cmgateway.SubCaSource|cmgateway.SubCaSource[]
---@return cmgateway.SubCaPlan? plan What was done.
---@return cmgateway.Error? err
function SubCa:set(sources) end

---Adds these to the list.
---
---Errors: those of `plan` and `apply`.
---
---```lua
---print(assert(gateway.sub_ca:add("subca2.cer")))
---```
---@param sources cmgateway.SubCaSource|cmgateway.SubCaSource[]
---@return cmgateway.SubCaPlan? plan What was done.
---@return cmgateway.Error? err
function SubCa:add(sources) end

---Removes these from the list.
---
---Errors: those of `plan` and `apply`.
---
---```lua
---print(assert(gateway.sub_ca:remove("8824022CB382CADD9E19290449B893A839140962")))
---```
---@param sources cmgateway.SubCaSource|cmgateway.SubCaSource[]
---@return cmgateway.SubCaPlan? plan What was done.
---@return cmgateway.Error? err
function SubCa:remove(sources) end

---Says what making the cloud service and the site agree on these sub-CAs would do; nothing is changed.
---
---The cloud service is that of the classic API, by the gateway's `Name`. Gives `cloud_service`, `uploads` and `kept`
---(thumbprints), `site` (the plan for the list), `is_change`, `text`. Errors: those of `plan` and of the classic API.
---@param sources cmgateway.SubCaSource|cmgateway.SubCaSource[]
---@param classic cmgateway.azure.ServiceManagement
---@return table? plan
---@return cmgateway.Error? err
---@nodiscard
function SubCa:plan_sync(sources, classic) end

---Uploads sub-CAs to the cloud service, writes their thumbprints to the site, and checks that all agree.
---
---The site's list becomes exactly these. Safe to call twice. The classic API was switched off: checked against scripted
---answers only. Errors: those of `plan_sync` and `apply`; `conflict` where the two do not agree afterwards.
---@param sources cmgateway.SubCaSource|cmgateway.SubCaSource[]
---@param classic cmgateway.azure.ServiceManagement
---@return table? done What was done, as `plan_sync` has it.
---@return cmgateway.Error? err
function SubCa:sync(sources, classic) end

---@class cmgateway.PlanStep
---@field action "keep"|"add"|"remove"
---@field thumbprint string
---@field subject string? The subject of its certificate, where one was given.

---What a change of a gateway's sub-CA thumbprints would do, to be read before it is applied.
---
---`tostring(plan)` is a table to read.
---@class cmgateway.SubCaPlan
---@field service_name string
---@field path string
---@field before string? The text of the property as it is; nil where it is null.
---@field after string The text of the property as it would be.
---@field steps cmgateway.PlanStep[]
---@field warnings string[] What the administrator should know.
---@field is_change boolean False where the site is as wanted already.
local SubCaPlan = {}

---The plan as JSON text, indented by two blanks.
---@return string json
---@nodiscard
function SubCaPlan:to_json() end

---The sub-CA thumbprints of a gateway, in the site's order: `AAAA…;BBBB…`.
---
---`#list` counts them, `list[1]` is the first, `tostring(list)` is the text.
---@class cmgateway.ThumbprintList
---@field others string[] What stands in the list and is no thumbprint.
---@field [integer] cmgateway.cert.Thumbprint?
local ThumbprintList = {}

---A function for `for … in`.
---@return fun(): cmgateway.cert.Thumbprint?
---@nodiscard
function ThumbprintList:each() end

---True where the list has this thumbprint.
---@param thumbprint cmgateway.cert.Thumbprint|string
---@return boolean? has
---@return cmgateway.Error? err
---@nodiscard
function ThumbprintList:contains(thumbprint) end

---How one check ended.
---@class cmgateway.CheckResult
---@field id string The name of the check.
---@field area string What it is about.
---@field proves string What holds where it passes.
---@field outcome "passed"|"warning"|"failed"|"skipped" How it ended: `passed`, `warning`, `failed` or `skipped`.
---@field finding string What was found, or why it was skipped.
---@field evidence string[] What was seen, a line each.
---@field cause string? What is usually behind it, where it failed or warns.
---@field remedy string? What to do, where it failed or warns.
---@field blocked_by string? The failed check that it could not be judged after.

---What the analyzer found, check by check; prints as a table.
---@class cmgateway.AnalysisReport
---@field service_name string The gateway.
---@field results cmgateway.CheckResult[] Every check, in the order in which they were made.
---@field is_healthy boolean True where nothing failed; warnings and skipped checks may be there.
---@field first_cause cmgateway.CheckResult? The first check that failed, which is the cause to look at.
---@field summary string One sentence about all of it.
local AnalysisReport = {}

---The result of the check of this name.
---@param id string
---@return cmgateway.CheckResult? result
---@nodiscard
function AnalysisReport:result(id) end

---The report as JSON text, indented by two blanks.
---@return string json
---@nodiscard
function AnalysisReport:to_json() end

---The report as one HTML page without scripts or outside references.
---@return string html
---@nodiscard
function AnalysisReport:to_html() end

---@class cmgateway.GatewayAnalyzeOptions
---@field connection_point_file string? The settings of a connection point: they tell instances, trust and mappings.
---@field addresses string[]? Where clients connect, `host:port`, one for each instance; the service name's port 443 by default.
---@field deployment_name string? The name in Azure that the service name must lead to.
---@field name_server string? The name server to ask; those of this machine by default.
---@field ca_file string? Who certifies the gateway, PEM; the system's roots by default.
---@field server_certificate cmgateway.cert.Certificate? The certificate that the gateway is meant to show.
---@field admin_addresses string[]? Where instances tell metrics and health, `host:port`.
---@field roots cmgateway.cert.Certificate[]? Trusted roots of clients, in place of those of the connection point.
---@field sub_cas cmgateway.cert.Certificate[]? The sub-CAs that were uploaded, in place of those of the connection point.
---@field crls cmgateway.cert.Crl[]? The revocation lists that the gateway goes by, in place of those of the connection point.
---@field certificate_file string? A client's certificate, PEM.
---@field key_file string? Its key, PEM, not encrypted.
---@field token string? A client's bearer token.
---@field roles (integer|string)[]? The numbers of roles that must be published; texts where they do not fit into a number.
---@field asks_inside boolean? Asks the servers inside too: for the connection point's own machine.
---@field at integer? What this machine's clock says, Unix seconds; the system is asked by default.
---@field warn_days integer? Certificates with fewer days left are warned about; 30 by default.
---@field timeout number? The longest wait of one step, in seconds; 5 by default.

---@class cmgateway.AnalyzeOptions: cmgateway.GatewayAnalyzeOptions
---@field site cmgateway.Site? The site that the gateway belongs to.

---Looks for what is wrong with a gateway: every check in the order of cause and effect.
---
---It changes nothing. The first check that failed is the cause to look at; what could only be judged after it is skipped.
---What a check needs and was not given skips it too; `checks_page` describes all of them. Against a live gateway of
---Microsoft nothing of it was tried.
---
---Errors: `config` for an empty service name and for settings that cannot be read.
---
---```lua
---local report = assert(cmgateway.analyze("gw.contoso.com", { site = site }))
---if not report.is_healthy then print(report.first_cause.finding, report.first_cause.remedy) end
---```
---@param service_name string
---@param options cmgateway.AnalyzeOptions?
---@return cmgateway.AnalysisReport? report
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.analyze(service_name, options) end

---The page that describes every check, as Markdown; `core/CHECKS.md` is this text.
---@return string page
---@nodiscard
function cmgateway.checks_page() end

---How much went out of one source between two looks at it.
---@class cmgateway.TrafficSample
---@field source string What counted it.
---@field time string When, RFC 3339.
---@field bytes_out integer What went out since the sample before.
---@field bytes_out_total integer What the source had counted since it started.

---What watches over a gateway: its traffic, its thresholds, its alerts.
---
---The history is kept in an embedded site, in a class of our own (`CMGateway_TrafficSample`). A real site counts itself and
---takes no class of ours: `record` and `check` are refused there with `unsupported`.
---@class cmgateway.Monitor
local Monitor = {}

---Writes down how much went out since the last sample of this source, such as an instance.
---@param source string
---@param bytes_out_total integer What it has counted since it started; less than before where it has started again.
---@param options { at: integer? }? Unix seconds; now by default.
---@return cmgateway.TrafficSample? sample
---@return cmgateway.Error? err
function Monitor:record(source, bytes_out_total, options) end

---The samples of the last 14 days, the oldest first.
---@param options { at: integer? }?
---@return cmgateway.TrafficSample[]? samples
---@return cmgateway.Error? err
---@nodiscard
function Monitor:history(options) end

---The outbound traffic of 14 days against the thresholds of the gateway.
---
---It is the sum of the history where there is one, else what the site itself says (`TrafficOutUsage`). A gigabyte is 2^30
---bytes. The table has `bytes`, `gigabytes`, `percent`, `level`, `stops` and `thresholds`.
---@param options { at: integer? }?
---@return table? traffic
---@return cmgateway.Error? err
---@nodiscard
function Monitor:traffic(options) end

---Judges the traffic: writes `TrafficOutUsage` and alerts, and stops the gateway where its threshold says so.
---
---Meant to be called every six minutes, as the product does; safe to call twice. A stopped gateway has `State` 6 in its row;
---whoever runs the instances goes by that. The table has `traffic`, `alerts`, `raised`, `recovered` and `has_stopped`.
---@param options { at: integer? }?
---@return table? report
---@return cmgateway.Error? err
function Monitor:check(options) end

---The alerts of the gateway that the site has.
---@return table[]? alerts Each with `name`, `level`, `is_active`, `occurrences` and `cause`.
---@return cmgateway.Error? err
---@nodiscard
function Monitor:alerts() end

---@class cmgateway.WebhookOptions
---@field ca_file string? A file with whom the receiver must chain to; the system's roots by default.
---@field timeout number? The longest wait for its answer, in seconds; a minute by default.

---Where notices go as JSON, and how they are signed.
---
---The body is `{"notices":[…]}`. Two headers prove where it comes from: `CMGateway-Time`, Unix seconds, and
---`CMGateway-Signature`, `sha256=` and the HMAC-SHA256 (RFC 2104) in hex over the time, a full stop and the body. A receiver
---computes it anew, compares in constant time, and refuses what is older than some minutes.
---@class cmgateway.Webhook
local Webhook = {}

---A receiver of notices at an `https:` address, or at an `http:` one of this machine.
---@param url string
---@param secret string What the receiver knows as well.
---@param options cmgateway.WebhookOptions?
---@return cmgateway.Webhook? webhook
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.webhook(url, secret, options) end

---@class cmgateway.MailOptions
---@field security ("starttls"|"tls"|"local")? Port 587, port 465, or in clear to a server on this machine.
---@field user string? Who signs in (`AUTH PLAIN`, else `AUTH LOGIN`); nobody by default.
---@field password string? The user's.
---@field ca_file string? A file with whom the server must chain to; the system's roots by default.
---@field timeout number? The longest wait for all of a mail, in seconds; a minute by default.

---A mail server that takes notices, and the people they are for.
---
---One mail has all notices of a look. It is marked as sent by a program (`Auto-Submitted`, RFC 3834). A server that refuses
---one recipient gets no mail at all, so that the next look tells everybody again.
---@class cmgateway.Mail
local Mail = {}

---Notices as mails from `sender` to `recipients` through a server, `host` or `host:port`.
---@param server string
---@param sender string `name@domain` or `Name <name@domain>`.
---@param recipients string[]
---@param options cmgateway.MailOptions?
---@return cmgateway.Mail? mail
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.mail(server, sender, recipients, options) end

---What was told so far, so that each change is told once.
---
---Each recipient has notices of its own, so that one that cannot be reached is told later and the others are not told twice.
---@class cmgateway.Notices
local Notices = {}

---Reads what was kept as JSON.
---
---Without it nothing was told so far.
---
---```lua
---local notices = assert(cmgateway.notices())
---assert(notices:tell(print, { conditions = { { id = "disk", level = "warning", text = "it is nearly full" } } }))
---```
---@param json string?
---@return cmgateway.Notices? notices
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.notices(json) end

---All of it as JSON text.
---@return string json
---@nodiscard
function Notices:to_json() end

---@class cmgateway.Conditions
---@field report table? What `Monitor:check` returned.
---@field warnings table[]? What `expiry_warnings` returned.
---@field analysis cmgateway.AnalysisReport? Its first cause counts.
---@field conditions { id: string, level: string, text: string }[]? Those of your own.
---@field at integer? When, Unix seconds; now by default.

---Tells a recipient what has changed, and keeps that as told once it was taken; what was told.
---
---Give everything that holds at this moment: what was told before and is not among it is told as over. A function is called
---with the notices where there are any; what it raises is raised, what it returns as `nil, err` is returned, and the next call
---tells it again. A notice has `id`, `level` (`normal`, `warning`, `critical`), `text`, `is_recovery` and `at`.
---@param to cmgateway.Webhook|cmgateway.Mail|fun(notices: table[]): any, any
---@param conditions cmgateway.Conditions?
---@return table[]? notices
---@return any err
function Notices:tell(to, conditions) end

---@class cmgateway.ExpiryOptions
---@field connection_point_file string? The settings of a connection point: roots, sub-CAs, lists, its own certificates.
---@field certificates cmgateway.cert.Certificate[]? Further ones, such as the server certificate.
---@field crls cmgateway.cert.Crl[]? Further revocation lists.
---@field secrets table<string, integer>? Names with the Unix seconds at which they end.
---@field at integer? The moment to count from, Unix seconds; now by default.
---@field critical_days integer? What ends within so many days is critical; 7 by default.
---@field warning_days integer? What ends within so many days is warned about; 30 by default.

---Warns about what ends soon: certificates, revocation lists and secrets, the first to end first.
---
---The product has no such warning. Revocation lists are critical on their last day and warned about on the one before.
---Each warning has `what`, `name`, `end`, `level` and `days_left`.
---
---```lua
---for _, warning in ipairs(assert(cmgateway.expiry_warnings({ connection_point_file = "point.toml" }))) do
---    print(warning.level, warning.what, warning.name, warning.days_left)
---end
---```
---@param options cmgateway.ExpiryOptions?
---@return table[]? warnings
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.expiry_warnings(options) end

---One thing that is wrong or doubtful about a certificate or a name.
---@class cmgateway.Finding
---@field severity "error"|"warning"
---@field rule string The rule in one word, such as `key_size`.
---@field text string The whole of it for a person.

---What a check of a server certificate found, all at once.
---@class cmgateway.ServerCertificateReport
---@field findings cmgateway.Finding[]
---@field service_name string? Where there is one.
---@field days_left integer Negative after it has expired.
---@field is_good boolean True where nothing is an error.
---@field needs_cname boolean True where the service name needs a CNAME that leads to the deployment name.

---@class cmgateway.ServerCertificateOptions
---@field at integer? Unix seconds; now by default.
---@field cloud "public"|"government"? "public" by default.
---@field service_name string? Which of several names, or what takes the place of a wildcard.
---@field warn_days integer? A certificate with fewer days left is told; 30 by default.

---Checks a certificate against the rules for a gateway's server certificate and tells every finding.
---
---Of a PFX, its password, its key and its chain are checked too. Trust is not asked here.
---
---```lua
---for _, finding in ipairs(assert(cmgateway.check_server_certificate(certificate)).findings) do
---    print(finding.severity, finding.rule, finding.text)
---end
---```
---@param certificate cmgateway.cert.Certificate|cmgateway.cert.Pfx
---@param options cmgateway.ServerCertificateOptions?
---@return cmgateway.ServerCertificateReport? report
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.check_server_certificate(certificate, options) end

---Tells what stands against putting a new server certificate in the place of the old one.
---
---Configuration Manager compares the common names with case: the same letters in another case are refused.
---@param old cmgateway.cert.Certificate
---@param new cmgateway.cert.Certificate
---@param options { at: integer? }?
---@return cmgateway.Finding[]? findings
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.check_renewal(old, new, options) end

---Checks the first label of a service name, which becomes the name in Azure, against every published rule.
---
---What all of Microsoft's pages forbid is an error, what one of them forbids is a warning that says which.
---@param prefix string
---@return cmgateway.Finding[]? findings
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.check_name_prefix(prefix) end

---The service name that a certificate gives: its common name, or its first DNS name where that is none.
---
---Errors: `certificate` where it has no host name, has a wildcard and nothing is wanted, or is not for what is wanted.
---@param certificate cmgateway.cert.Certificate
---@param wanted string? Which of several names, or what takes the place of a wildcard.
---@return string? name
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.service_name(certificate, wanted) end

---@class cmgateway.DeploymentNameOptions
---@field cloud "public"|"government"? "public" by default.
---@field model "classic"|"scale_set"? "scale_set" by default.
---@field region string? Of a scale set in the public cloud, such as "West US".

---The deployment name of a service name in a cloud; the region is written as Azure shows it or names it.
---
---Errors: `config`.
---@param service_name string
---@param options cmgateway.DeploymentNameOptions?
---@return string? name
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.deployment_name(service_name, options) end

---@class cmgateway.CnameOptions
---@field name_server string? Such as "192.0.2.1" or "192.0.2.1:5353"; those of this machine by default.
---@field timeout number? The longest wait for one answer, seconds; 5 by default.

---Checks that DNS leads from the service name to the deployment name, and gives the names on the way.
---
---Errors: `not_found` where there is no such name or it has no CNAME record; `conflict` where it leads elsewhere
---(`err.context.target`); `timed_out`, `unavailable`.
---@param service_name string
---@param deployment_name string
---@param options cmgateway.CnameOptions?
---@return string[]? way
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.check_cname(service_name, deployment_name, options) end

---Values and query texts, without a site.
---@class cmgateway.wmi
local wmi = {}

---Reads the 25 characters of a date and time or an interval. Errors: `config`.
---@param text string
---@return cmgateway.DateTime? datetime
---@return cmgateway.Error? err
---@nodiscard
function wmi.datetime(text) end

---Reads the text of a path. Errors: `config`.
---@param text string
---@return cmgateway.ObjectPath? path
---@return cmgateway.Error? err
---@nodiscard
function wmi.path(text) end

---A new instance of a class, to be embedded in another one. Errors: `config`.
---@param class string
---@param properties table<string, cmgateway.Value>?
---@return cmgateway.Instance? instance
---@return cmgateway.Error? err
---@nodiscard
function wmi.instance(class, properties) end

---Fills the placeholders of a WQL text and gives it back in canonical form.
---
---Errors: `config`, with line and column.
---
---```lua
---print(assert(cmgateway.wmi.format_query("SELECT * FROM SMS_Site WHERE SiteCode = ?", { "GF1" })))
---```
---@param wql string
---@param values cmgateway.Value[]|table<string, cmgateway.Value>?
---@return string? wql
---@return cmgateway.Error? err
---@nodiscard
function wmi.format_query(wql, values) end

---A text as a WQL string literal, in double quotes.
---
---Placeholders are better wherever a query is run. Errors: `config` for a text that no literal can hold.
---
---```lua
---print(assert(cmgateway.wmi.quote('say "hi"')))
---```
---@param text string
---@return string? literal
---@return cmgateway.Error? err
---@nodiscard
function wmi.quote(text) end

---A text with its `LIKE` wildcards bracketed, so that it matches only itself.
---
---```lua
---site:query("SELECT * FROM SMS_Site WHERE SiteName LIKE ?", { cmgateway.wmi.like_literal("50%") .. "%" })
---```
---@param text string
---@return string pattern
---@nodiscard
function wmi.like_literal(text) end

---Certificates, their keys and chains, and thumbprints.
---@class cmgateway.cert
local cert = {}

---Reads every certificate of a CER file: DER or PEM, one or many.
---
---This takes the content; `load_cer_file` takes the file's name. Errors: `certificate`.
---
---```lua
---local certificate = assert(cmgateway.cert.load_cer(bytes))[1]
---```
---@param bytes string
---@return cmgateway.cert.Certificate[]? certificates
---@return cmgateway.Error? err
---@nodiscard
function cert.load_cer(bytes) end

---Reads every certificate of a CER file by the file's name. Errors: `not_found`, `auth`, `certificate`.
---@param file string
---@return cmgateway.cert.Certificate[]? certificates
---@return cmgateway.Error? err
---@nodiscard
function cert.load_cer_file(file) end

---Reads a thumbprint as people paste it: blanks, colons, lower case, the invisible U+200E.
---
---Errors: `config`.
---
---```lua
---print(assert(cmgateway.cert.thumbprint("88:24:02:2c b3 82 ca dd 9e 19 29 04 49 b8 93 a8 39 14 09 62")))
---```
---@param text string
---@return cmgateway.cert.Thumbprint? thumbprint
---@return cmgateway.Error? err
---@nodiscard
function cert.thumbprint(text) end

---@class cmgateway.cert.DevelopmentPkiOptions
---@field organization string? The organisation in every name.
---@field sub_cas integer? How many issuing authorities there are under the root.
---@field key "ec_p256"|"ec_p384"|"rsa_2048"|"rsa_3072"|"rsa_4096"|nil The kind of every key.
---@field not_before integer? The first second of validity, Unix time; now where nothing is said.
---@field days integer? Days of validity.
---@field server_names string[]? DNS names and IP addresses of the server.
---@field client_name string? Common name of the client.

---Makes a small enterprise PKI for rehearsals. Errors: `config`.
---@param options cmgateway.cert.DevelopmentPkiOptions?
---@return cmgateway.cert.DevelopmentPki? pki
---@return cmgateway.Error? err
---@nodiscard
function cert.development_pki(options) end

---Reads a PKCS #12 file (RFC 7292) as Windows, OpenSSL, Java, Firefox, macOS and .NET write it.
---
---Nil and the empty text open the same files; `pfx.password_form` and `pfx.mac` tell what was found.
---Errors: `auth` with `err.context.reason` `wrong_password` or `password_needed`; `certificate` with `damaged`,
---`unsupported_algorithm` or `over_limit`; `config` for a password that is not UTF-8.
---
---```lua
---local pfx = assert(cmgateway.cert.load_pfx(bytes, password))
---print(pfx.key_pairs[1].certificate)
---```
---@param bytes string
---@param password string?
---@return cmgateway.cert.Pfx? pfx
---@return cmgateway.Error? err
---@nodiscard
function cert.load_pfx(bytes, password) end

---Reads a PKCS #12 file by its name, as `load_pfx` does. Errors: `not_found`, `auth`, `certificate`.
---@param file string
---@param password string?
---@return cmgateway.cert.Pfx? pfx
---@return cmgateway.Error? err
---@nodiscard
function cert.load_pfx_file(file, password) end

---Reads every certificate of a PKCS #7 message (RFC 2315, RFC 5652), in the order of the file.
---
---Nobody has signed the set as a whole: what is there may be out of order. Errors: `certificate`.
---@param bytes string
---@return cmgateway.cert.Certificate[]? certificates
---@return cmgateway.Error? err
---@nodiscard
function cert.load_p7b(bytes) end

---Reads every certificate of a PKCS #7 message by the file's name, as `load_p7b` does. Errors: `not_found`, `auth`, `certificate`.
---@param file string
---@return cmgateway.cert.Certificate[]? certificates
---@return cmgateway.Error? err
---@nodiscard
function cert.load_p7b_file(file) end

---Reads the one private key of a file: PKCS #8 (plain or encrypted), PKCS #1 or SEC 1, as DER or PEM.
---
---The password is used where the key is encrypted and is not looked at where it is not.
---Errors: as those of `load_pfx`.
---@param bytes string
---@param password string?
---@return cmgateway.cert.PrivateKey? key
---@return cmgateway.Error? err
---@nodiscard
function cert.load_private_key(bytes, password) end

---Reads the one private key of a file by its name, as `load_private_key` does. Errors: `not_found`, `auth`, `certificate`.
---@param file string
---@param password string?
---@return cmgateway.cert.PrivateKey? key
---@return cmgateway.Error? err
---@nodiscard
function cert.load_private_key_file(file, password) end

---Reads every revocation list of a file: DER or PEM, one or many.
---
---Errors: `certificate`.
---@param bytes string
---@return cmgateway.cert.Crl[]? lists
---@return cmgateway.Error? err
---@nodiscard
function cert.load_crl(bytes) end

---Reads every revocation list of a file by its name, as `load_crl` does. Errors: `not_found`, `auth`, `certificate`.
---@param file string
---@return cmgateway.cert.Crl[]? lists
---@return cmgateway.Error? err
---@nodiscard
function cert.load_crl_file(file) end

---@alias cmgateway.cert.KeyKind "ec_p256"|"ec_p384"|"rsa_2048"|"rsa_3072"|"rsa_4096"

---Makes a new private key.
---
---Errors: `config` where there is no such kind.
---@param kind cmgateway.cert.KeyKind? "rsa_2048" by default.
---@return cmgateway.cert.PrivateKey? key
---@return cmgateway.Error? err
---@nodiscard
function cert.generate_key(kind) end

---Reads the one certificate request of a file: PKCS #10 as DER, PEM or base64 alone.
---
---This takes the content; `load_csr_file` takes the file's name. Errors: `certificate`.
---
---```lua
---local request = assert(cmgateway.cert.load_csr(bytes))
---assert(request:verify_signature())
---```
---@param bytes string
---@return cmgateway.cert.CertificateRequest? request
---@return cmgateway.Error? err
---@nodiscard
function cert.load_csr(bytes) end

---Reads the one certificate request of a file by its name, as `load_csr` does. Errors: `not_found`, `auth`, `certificate`.
---@param file string
---@return cmgateway.cert.CertificateRequest? request
---@return cmgateway.Error? err
---@nodiscard
function cert.load_csr_file(file) end

---What a request asks for.
---@class cmgateway.cert.RequestOptions
---@field subject string? The name of the owner, as RFC 4514 or Windows writes it.
---@field names string[]? DNS names and IP addresses; others with their kind in front, such as `email:a@contoso.com`.
---@field extended_key_usage string[]? What the certificate is for; { "serverAuth" } by default.
---@field key_usage string[]? What the key is for; { "digitalSignature", "keyEncipherment" } by default.
---@field template string? The AD CS template: a name, or an object identifier with its versions behind it.

---Makes a request for a key and signs it with the key (SHA-256; SHA-384 for P-384).
---
---Errors: `config` where it names nobody, or a text is not what it should be.
---
---```lua
---local key = assert(cmgateway.cert.generate_key())
---local request = assert(cmgateway.cert.create_csr(key, { subject = "CN=gw.contoso.com", template = "WebServer" }))
---```
---@param private_key cmgateway.cert.PrivateKey
---@param options cmgateway.cert.RequestOptions
---@return cmgateway.cert.CertificateRequest? request
---@return cmgateway.Error? err
---@nodiscard
function cert.create_csr(private_key, options) end

---@class cmgateway.cert.InfOptions: cmgateway.cert.RequestOptions
---@field key cmgateway.cert.KeyKind? "rsa_2048" by default.
---@field exportable boolean? True where the key can be exported, which it can by default; the gateway's must be.
---@field machine boolean? A key of the machine, which it is by default, and not of the user.
---@field friendly_name string? The name that Windows shows for the certificate.

---Writes the INF text for `certreq -new` of Windows, so that the key is made there and stays there.
---
---Errors: `config` where it names nobody, or a text cannot stand in an INF. No Windows was at hand to run it.
---@param options cmgateway.cert.InfOptions
---@return string? text
---@return cmgateway.Error? err
---@nodiscard
function cert.certreq_inf(options) end

---What a new authority is to be. The addresses go into what it issues.
---@class cmgateway.cert.AuthorityOptions
---@field subject string Its name, as RFC 4514 or Windows writes it.
---@field key cmgateway.cert.KeyKind? "rsa_2048" by default.
---@field not_before integer? Unix seconds; now by default.
---@field days integer? Days of validity; by default ten years, of a sub-CA no longer than the authority above it.
---@field path_length integer? How many authorities may follow below it; any number by default.
---@field permitted_names string[]? What it may certify: `contoso.com`, `ip:10.0.0.0/8`, `email:`, `uri:`…
---@field excluded_names string[]? What it may not certify.
---@field extended_key_usage string[]? The purposes that it may issue for; every one by default.
---@field crl_urls string[]? Where its revocation lists will be.
---@field delta_crl_urls string[]? Where its delta revocation lists will be.
---@field ca_issuer_urls string[]? Where its own certificate will be.
---@field ocsp_urls string[]? Where its OCSP service will be.

---Makes a root, with a new key.
---
---Errors: `config` where an option is out of range or a text is not what it should be.
---
---```lua
---local root = assert(cmgateway.cert.root_authority({ subject = "CN=Root,O=Contoso" }))
---local issuing = assert(root:sub_ca({ subject = "CN=Issuing CA,O=Contoso", path_length = 0, days = 1825 }))
---local server = assert(issuing:issue_server("gw.contoso.com"))
---```
---@param options cmgateway.cert.AuthorityOptions
---@return cmgateway.cert.Authority? authority
---@return cmgateway.Error? err
---@nodiscard
function cert.root_authority(options) end

---@class cmgateway.cert.LoadAuthorityOptions
---@field certificate cmgateway.cert.Certificate
---@field private_key cmgateway.cert.PrivateKey
---@field above cmgateway.cert.Certificate[]? The certificates above it.
---@field crl_urls string[]?
---@field delta_crl_urls string[]?
---@field ca_issuer_urls string[]?
---@field ocsp_urls string[]?

---An authority that exists already, from its certificate, its key and the certificates above it in any order.
---
---What it has revoked so far is not in them: `continue_from` takes it from its last list.
---Errors: `config` where the key is another one, or the certificate is none of an authority.
---@param options cmgateway.cert.LoadAuthorityOptions
---@return cmgateway.cert.Authority? authority
---@return cmgateway.Error? err
---@nodiscard
function cert.load_authority(options) end

---A pair of which a script gives the parts.
---@class cmgateway.cert.PfxKeyPairParts
---@field certificate cmgateway.cert.Certificate
---@field private_key cmgateway.cert.PrivateKey
---@field friendly_name string?

---@class cmgateway.cert.WritePfxOptions
---@field password string Not empty.
---@field profile "modern"|"windows-2016"? Who shall read it; Windows Server 2016 cannot read "modern", the default.

---Writes a PKCS #12 file (RFC 7292) with keys, their certificates and further certificates, such as the chain.
---
---Errors: `config` where there is nothing to write, the password is empty or too long, a certificate is not for its
---key, or there is too much.
---
---```lua
---local pair = { certificate = certificate, private_key = key }
---local bytes = assert(cmgateway.cert.write_pfx({ pair }, chain, { password = password, profile = "windows-2016" }))
---```
---@param key_pairs (cmgateway.cert.PfxKeyPair|cmgateway.cert.PfxKeyPairParts)[]
---@param certificates cmgateway.cert.Certificate[]
---@param options cmgateway.cert.WritePfxOptions
---@return string? bytes
---@return cmgateway.Error? err
---@nodiscard
function cert.write_pfx(key_pairs, certificates, options) end

---Writes certificates as PKCS #7 (.p7b), DER, in the order given.
---
---Errors: `config` where there is no certificate or there are too many.
---@param certificates cmgateway.cert.Certificate[]
---@return string? bytes
---@return cmgateway.Error? err
---@nodiscard
function cert.write_p7b(certificates) end

---Puts the chain of a certificate together from certificates in any order.
---
---Links are proven by their signatures; nothing is said about trust, dates or purpose, for which there is `verifier`.
---Where no root is among the certificates, the longest chain is given, and what is missing above it.
---
---```lua
---local chain = cmgateway.cert.build_chain(server, { root, sub_ca })
---print(chain.missing and chain.missing.subject)
---```
---@param leaf cmgateway.cert.Certificate
---@param others cmgateway.cert.Certificate[]
---@return cmgateway.cert.Chain chain
---@nodiscard
function cert.build_chain(leaf, others) end

---@class cmgateway.cert.IssuerDownload
---@field url string
---@field error string? Why it could not be used; nil where it was.

---@class cmgateway.cert.FetchedChain
---@field chain cmgateway.cert.Chain Complete where its root was found.
---@field downloads cmgateway.cert.IssuerDownload[] What was tried, in its order.

---Completes the chain of a certificate by downloading what is missing from where its certificates say (AIA).
---
---This is the only call that follows such an address, and only `http:` ones. Redirects are not followed. What is fetched
---is used only where its key signed the certificate below it; nothing becomes trusted by it. An address in a stranger's
---certificate may point anywhere, also into your own network.
---@param leaf cmgateway.cert.Certificate
---@param others cmgateway.cert.Certificate[]? What is known already.
---@param options { timeout: integer? }? Seconds for all downloads together; 30 by default.
---@return cmgateway.cert.FetchedChain? fetched
---@return cmgateway.Error? err
---@nodiscard
function cert.fetch_issuers(leaf, others, options) end

---What a verifier trusts and asks for. A flag is true or false and nothing else; false where it is not given, save where
---it is said to follow the profile: `strict` then means true.
---@class cmgateway.cert.VerifierOptions
---@field roots cmgateway.cert.Certificate[] The anchors of trust.
---@field intermediates cmgateway.cert.Certificate[]? Certificates that may help to find a path; they are not trusted.
---@field crls cmgateway.cert.Crl[]? Revocation lists, complete and delta.
---@field at integer? The moment for which to verify, Unix seconds; that of each call where nothing is said.
---@field purpose "server_auth"|"client_auth"|"email_protection"|"code_signing"|"time_stamping"|"ocsp_signing"|"any"? What the leaf is to be used for; "server_auth" by default.
---@field profile "enterprise"|"strict"? How much of the standards has to be kept; "enterprise" by default.
---@field revocation "off"|"leaf"|"chain"? Whose revocation is checked; "off" by default.
---@field policies string[]? The policies that are accepted, as object identifiers; every one where there is none.
---@field require_explicit_policy boolean? Asks for a policy that holds for the whole path.
---@field inhibit_policy_mapping boolean? Takes no notice of policy mappings.
---@field inhibit_any_policy boolean? Takes anyPolicy for no policy.
---@field anchor_expiry boolean? The dates of an anchor count; follows the profile.
---@field anchor_constraints boolean? Constraints, key usage and policies of an anchor count (RFC 5937); follows the profile.
---@field partial_chain boolean? Trusts certificates of `roots` that are no roots, such as a single issuing authority; follows the profile.
---@field extended_key_usage string[]? Further purposes that the whole chain must allow, as object identifiers.
---@field key_usage string[]? What the leaf's key must be allowed to do, such as "digitalSignature".
---@field max_intermediates integer? The most certificates between leaf and anchor.
---@field danger_allow_sha1 boolean? Accepts signatures with SHA-1 below the anchor, which can be forged.
---@field danger_allow_small_rsa boolean? Accepts RSA keys below 2048 bits, which can be broken.
---@field danger_allow_dsa boolean? Accepts DSA, with SHA-1 too: withdrawn, and left in archives only.
---@field danger_common_name_fallback boolean? Takes the common name where there is no alternative name.
---@field danger_accept_missing_crl boolean? Takes a certificate for good where no usable list speaks about it.

---Takes the options.
---
---Errors: `config` where a policy or an extended key usage is no object identifier, or a key usage is none.
---
---```lua
---local verifier = assert(cmgateway.cert.verifier({ roots = { root }, intermediates = { sub_ca } }))
---```
---@param options cmgateway.cert.VerifierOptions
---@return cmgateway.cert.Verifier? verifier
---@return cmgateway.Error? err
---@nodiscard
function cert.verifier(options) end

---An X.509 certificate, read and checked for its structure, not for trust.
---
---Two are equal where their bytes are.
---@class cmgateway.cert.Certificate
---@field subject string
---@field issuer string
---@field common_name string?
---@field serial_number string Hexadecimal.
---@field not_before integer Unix seconds.
---@field not_after integer Unix seconds.
---@field key_algorithm string
---@field key_size_bits integer?
---@field key_usage string[]? The names of RFC 5280, such as `keyCertSign`; nil where the certificate does not say.
---@field extended_key_usage string[]
---@field subject_alternative_names string[] Such as `dns:gw.contoso.com`.
---@field is_ca boolean
---@field is_self_issued boolean
---@field signature_algorithm string
---@field thumbprint cmgateway.cert.Thumbprint
---@field sha256_thumbprint string
---@field windows_subject string The subject as Windows prints it, such as `CN=gw.contoso.com, O="Contoso, Ltd."`.
---@field windows_issuer string The issuer, written as `windows_subject` is.
---@field path_length integer? How many authorities may follow below this one, where the certificate limits it.
---@field subject_key_id string? Hexadecimal.
---@field authority_key_id string? Hexadecimal.
---@field ca_issuer_urls string[] Where it says that the certificate of its issuer can be fetched (AIA); nothing is fetched by reading it.
---@field ocsp_urls string[] Where it says that its status can be asked for (OCSP).
---@field crl_urls string[] Where it says that the revocation lists of its issuer are (CDP).
---@field delta_crl_urls string[] Where it says that the delta revocation lists of its issuer are.
---@field policies string[] The object identifiers of the policies that it was issued under.
---@field name_constraints cmgateway.cert.NameConstraints? The names that this authority may and may not certify, where it is constrained.
---@field template cmgateway.cert.CertificateTemplate? The AD CS template that it was issued from, where it says.
---@field extensions cmgateway.cert.CertificateExtension[] Every extension as it is encoded, in the order of the certificate.
---@field der string The bytes.
local Certificate = {}

---The certificate as PEM text.
---@return string pem
---@nodiscard
function Certificate:to_pem() end

---True within the certificate's time. Errors: `config` for a time out of range.
---@param at integer? Unix seconds; now where nothing is said.
---@return boolean? valid
---@return cmgateway.Error? err
---@nodiscard
function Certificate:is_valid_at(at) end

---Whole days from a moment until it expires; negative after it has.
---@param at integer? Unix seconds; now where nothing is said.
---@return integer? days
---@return cmgateway.Error? err
---@nodiscard
function Certificate:days_left(at) end

---True after the certificate's time. Errors: `config` for a time out of range.
---@param at integer? Unix seconds; now where nothing is said.
---@return boolean? expired
---@return cmgateway.Error? err
---@nodiscard
function Certificate:is_expired(at) end

---The SHA-1 thumbprint of a certificate, as Windows shows it.
---
---`tostring(thumbprint)` is 40 hexadecimal digits in capitals.
---@class cmgateway.cert.Thumbprint

---A private key: checked when it is read, wiped when the last clone goes, never shown.
---
---Two are equal where their bytes are. `tostring(key)` is its algorithm; only `to_pem` gives the key out.
---@class cmgateway.cert.PrivateKey
---@field kind "rsa"|"ec"|"ed25519"|"other"
---@field algorithm string Such as `RSA` or `EC P-256`.
---@field size_bits integer? Where the kind of key is known.
local PrivateKey = {}

---True where the certificate is for this key, which is told by the public key and nothing else.
---@param certificate cmgateway.cert.Certificate
---@return boolean
---@nodiscard
function PrivateKey:matches(certificate) end

---True where the request was made for this key, told as `matches` does.
---@param request cmgateway.cert.CertificateRequest
---@return boolean
---@nodiscard
function PrivateKey:matches_request(request) end

---The key as PEM text, PKCS #8 without encryption.
---@return string
---@nodiscard
function PrivateKey:to_pem() end

---What a PFX holds, after its password was found right.
---@class cmgateway.cert.Pfx
---@field key_pairs cmgateway.cert.PfxKeyPair[] Keys with their certificates.
---@field certificates cmgateway.cert.PfxCertificate[] The other certificates, such as the chain, in the file's order.
---@field keys cmgateway.cert.PfxKey[] Keys without a certificate.
---@field skipped string[] What else is in it and was not read, by its name, such as `CRL`.
---@field mac cmgateway.cert.PfxMac? How its integrity is protected; nil where it is not.
---@field password_form "text"|"empty"|"null"? The form of the password that was right; nil where none was asked for.

---A certificate with its private key, as a PFX holds them.
---@class cmgateway.cert.PfxKeyPair
---@field certificate cmgateway.cert.Certificate
---@field private_key cmgateway.cert.PrivateKey
---@field friendly_name string? The name that a user sees for it.

---A certificate of a PFX that has no private key there.
---@class cmgateway.cert.PfxCertificate
---@field certificate cmgateway.cert.Certificate
---@field friendly_name string? The name that a user sees for it.

---A private key of a PFX that has no certificate there.
---@class cmgateway.cert.PfxKey
---@field private_key cmgateway.cert.PrivateKey
---@field friendly_name string? The name that a user sees for it.

---How the integrity of a PFX is protected.
---@class cmgateway.cert.PfxMac
---@field algorithm string Such as `SHA-1` or `PBMAC1 SHA-256`.
---@field iterations integer Rounds of its key derivation.

---A certificate revocation list, read and checked for its structure; its signature is checked by the verifier.
---
---`#list` is how many certificates are listed. Two are equal where their bytes are.
---@class cmgateway.cert.Crl
---@field issuer string
---@field number string? Hexadecimal.
---@field base_number string? The number of the complete list that a delta list builds on.
---@field is_delta boolean
---@field is_indirect boolean True for a list that may hold certificates of other authorities.
---@field this_update integer Unix seconds.
---@field next_update integer? Unix seconds.
---@field authority_key_id string? Hexadecimal.
---@field signature_algorithm string
---@field der string The bytes.
---@operator len: integer
local Crl = {}

---What a revocation list says about one certificate.
---@class cmgateway.cert.Revocation
---@field reason string In the words of RFC 5280, such as `keyCompromise`.
---@field date integer Unix seconds.

---What the list says about a certificate, by its issuer and serial number; nil where it is not listed.
---@param certificate cmgateway.cert.Certificate
---@return cmgateway.cert.Revocation? revocation
---@nodiscard
function Crl:revocation(certificate) end

---An AD CS certificate template, by its name (version 1 templates) or its object identifier (version 2 and later).
---@class cmgateway.cert.CertificateTemplate
---@field name string?
---@field oid string?
---@field major_version integer?
---@field minor_version integer?
---@field text string What every option `template` takes.

---An extension of a certificate or a request as it is encoded, for what has no accessor of its own.
---@class cmgateway.cert.CertificateExtension
---@field oid string
---@field critical boolean True where who does not know it must refuse the certificate.
---@field value string DER.

---The names that an authority may and may not certify (RFC 5280, 4.2.1.10), each as `dns:contoso.com`.
---@class cmgateway.cert.NameConstraints
---@field permitted string[] Of a kind that is here, only names below one of these are allowed.
---@field excluded string[] No name below one of these is allowed.

---Who made a request and with what, as Windows writes it into the request.
---
---The requester says so and nobody has checked it.
---@class cmgateway.cert.RequestOrigin
---@field os_version string?
---@field machine string?
---@field user string?
---@field process string?
---@field provider string? The provider that holds the key.

---A certificate request (PKCS #10), read and checked for its structure.
---
---It says what the requester wants; an authority decides what it gets.
---@class cmgateway.cert.CertificateRequest
---@field subject string After RFC 4514, most specific part first.
---@field windows_subject string The name that is asked for as Windows prints it.
---@field common_name string?
---@field key_algorithm string
---@field key_size_bits integer?
---@field signature_algorithm string
---@field subject_alternative_names string[]
---@field key_usage string[]? nil where the request does not say.
---@field extended_key_usage string[]
---@field is_ca boolean True where it asks for the certificate of an authority.
---@field template cmgateway.cert.CertificateTemplate? The AD CS template that is asked for.
---@field origin cmgateway.cert.RequestOrigin
---@field extensions cmgateway.cert.CertificateExtension[]
---@field attributes string[] The object identifier of every attribute.
---@field der string
local CertificateRequest = {}

---The request as PEM text, which an authority's web page and `certreq -submit` take.
---@return string pem
---@nodiscard
function CertificateRequest:to_pem() end

---Checks that who made the request has its private key.
---
---Errors: `certificate` where the signature was not made with the key of the request.
---@return true? checked
---@return cmgateway.Error? err
---@nodiscard
function CertificateRequest:verify_signature() end

---@class cmgateway.cert.IssueOptions
---@field subject string? The name of the owner; where it is nil, the first name becomes the common name.
---@field key cmgateway.cert.KeyKind? "rsa_2048" by default.
---@field not_before integer? Unix seconds; now by default.
---@field days integer? Days of validity; 365 by default.
---@field template string? The AD CS template that the certificate is to name, for rehearsals.

---@class cmgateway.cert.SignOptions
---@field not_before integer? Unix seconds; now by default.
---@field days integer? Days of validity; 365 by default.
---@field subject string? In place of that of the request.
---@field names string[]? In place of those of the request.
---@field extended_key_usage string[]? In place of those of the request; needed where it has none.
---@field unknown_extensions "refuse"|"keep"? What happens to extensions that the library does not know.
---@field authority boolean? Signs a request for the certificate of an authority.
---@field path_length integer? How many authorities may follow below that one.

---@class cmgateway.cert.RevokeOptions
---@field reason string? In the words of RFC 5280, such as "keyCompromise" or "certificateHold".
---@field date integer? Unix seconds; now by default.

---@class cmgateway.cert.CrlOptions
---@field this_update integer? Unix seconds; now by default.
---@field valid_seconds integer? How long it counts; a week by default.
---@field delta boolean? Makes a list of what changed since the last complete one.
---@field distribution_point string[]? Addresses for a critical issuing distribution point.

---A certification authority: it issues certificates, signs requests, revokes, and makes revocation lists.
---
---Its key is in this process's memory. What it issues is checked against its own chain before it is given out.
---@class cmgateway.cert.Authority
---@field certificate cmgateway.cert.Certificate
---@field private_key cmgateway.cert.PrivateKey
---@field chain cmgateway.cert.Certificate[] Its certificate, then each one above it.
local Authority = {}

---Makes an authority below this one, with a new key.
---
---Errors: `config` where this authority may have none below it or would end before it.
---@param options cmgateway.cert.AuthorityOptions
---@return cmgateway.cert.Authority? authority
---@return cmgateway.Error? err
---@nodiscard
function Authority:sub_ca(options) end

---Issues a certificate for a TLS server, such as the gateway, with a new key.
---
---Errors: `config` where it has no DNS name or IP address, or the authority's own certificate does not allow it.
---@param names string|string[]
---@param options cmgateway.cert.IssueOptions?
---@return cmgateway.cert.IssuedCertificate? issued
---@return cmgateway.Error? err
---@nodiscard
function Authority:issue_server(names, options) end

---Issues a certificate for a TLS client, such as a managed computer, with a new key.
---
---Errors: `config`.
---@param names string|string[]
---@param options cmgateway.cert.IssueOptions?
---@return cmgateway.cert.IssuedCertificate? issued
---@return cmgateway.Error? err
---@nodiscard
function Authority:issue_client(names, options) end

---Signs a request: checks that the requester has the key, and issues what it asks for where that is allowed.
---
---Errors: `certificate` where the signature of the request is wrong; `config` where it asks for what is not allowed (the
---text names the extension), has a weak key, or the authority's chain does not allow it.
---@param request cmgateway.cert.CertificateRequest
---@param options cmgateway.cert.SignOptions?
---@return cmgateway.cert.Certificate? certificate
---@return cmgateway.Error? err
---@nodiscard
function Authority:sign(request, options) end

---Revokes a certificate that this authority issued; it stands in every list from now on.
---
---Safe to run twice: the first date and reason stay. Errors: `config`, `conflict` where it is revoked for another reason.
---@param certificate cmgateway.cert.Certificate
---@param options cmgateway.cert.RevokeOptions?
---@return true? done
---@return cmgateway.Error? err
function Authority:revoke(certificate, options) end

---Ends the hold of a certificate; one that is not revoked is left as it is.
---
---Errors: `conflict` where it is revoked for good.
---@param certificate cmgateway.cert.Certificate
---@return true? done
---@return cmgateway.Error? err
function Authority:release(certificate) end

---Takes over the entries and the number of a list of this authority, so that the next list has the next one.
---
---Errors: `config`, and `certificate` where this authority did not sign it.
---@param list cmgateway.cert.Crl
---@return true? done
---@return cmgateway.Error? err
function Authority:continue_from(list) end

---Makes the next revocation list, complete or delta, with the next number.
---
---Errors: `config` where there is no complete list that a delta list could build on.
---@param options cmgateway.cert.CrlOptions?
---@return cmgateway.cert.Crl? list
---@return cmgateway.Error? err
---@nodiscard
function Authority:crl(options) end

---A certificate that a chain lacks, as far as its child tells.
---@class cmgateway.cert.MissingIssuer
---@field subject string
---@field key_id string? Hexadecimal.
---@field urls string[] Where the child says that it can be fetched; `fetch_issuers` does it.

---The chain of a certificate as far as it could be put together.
---@class cmgateway.cert.Chain
---@field certificates cmgateway.cert.Certificate[] The certificate, its issuer, and so on up.
---@field is_complete boolean True where the last certificate is a root.
---@field root cmgateway.cert.Certificate? The root, where the chain is complete.
---@field intermediates cmgateway.cert.Certificate[] What lies between the certificate and the root.
---@field missing cmgateway.cert.MissingIssuer? What is missing above the last certificate.
local Chain = {}

---Every certificate above the first one as PEM text, root first: what the gateway is given as trusted.
---@return string
---@nodiscard
function Chain:authorities_pem() end

---A chain that was accepted: the leaf, every intermediate, the anchor.
---@class cmgateway.cert.VerifiedChain
---@field certificates cmgateway.cert.Certificate[] Leaf first, anchor last.
---@field root cmgateway.cert.Certificate The anchor.
---@field intermediates cmgateway.cert.Certificate[] What lies between them, the leaf's issuer first.
---@field policies string[] The policies that hold for the whole chain and were accepted, as object identifiers.
local VerifiedChain = {}

---The root and every intermediate as PEM text, root first, as the console of Configuration Manager takes them.
---@return string
---@nodiscard
function VerifiedChain:authorities_pem() end

---Decides whether certificates are trusted, after RFC 5280 section 6.
---
---Made once and asked often: the roots and intermediates are indexed when it is made. It reads no network, and the
---clock only where the options do not say the time.
---@class cmgateway.cert.Verifier
local Verifier = {}

---Verifies a certificate, and that it is for the given name: a DNS name, an IP address or a mail address.
---
---Errors: `certificate` where it is refused, with `reason` (such as `unknown_issuer` or `name_mismatch`), `depth` (0
---is the leaf), `certificate`, `thumbprint` and `chain` (subjects, leaf first) in `err.context`, and `missing` where one is
---missing; `config` where the name is neither a DNS name nor an address of either kind.
---
---```lua
---local chain, err = verifier:verify(certificate, "gw.contoso.com")
---if not chain then print(err.context.reason, err.context.certificate) end
---```
---@param leaf cmgateway.cert.Certificate
---@param name string? Without it, no name is compared.
---@param options { intermediates: cmgateway.cert.Certificate[]?, at: integer? }? What the peer sent along, and another moment.
---@return cmgateway.cert.VerifiedChain? chain
---@return cmgateway.Error? err
---@nodiscard
function Verifier:verify(leaf, name, options) end

---One certificate of a rehearsal PKI, with its key.
---@class cmgateway.cert.IssuedCertificate
---@field certificate cmgateway.cert.Certificate
---@field certificate_pem string
---@field chain_pem string The certificate and those above it, without the root.
---@field private_key cmgateway.cert.PrivateKey
---@field chain cmgateway.cert.Certificate[] The certificate itself, then each one above it, up to the root.
---@field private_key_pem string The private key, not encrypted; for rehearsals only.
local IssuedCertificate = {}

---The certificate, its key and its chain as one PFX, which the gateway's wizard takes.
---
---Errors: `config` where the password is empty or too long.
---@param options cmgateway.cert.WritePfxOptions
---@return string? bytes
---@return cmgateway.Error? err
---@nodiscard
function IssuedCertificate:to_pfx(options) end

---A small enterprise PKI for rehearsals: a root, sub-CAs, a server and a client certificate.
---
---```lua
---local pki = assert(cmgateway.cert.development_pki({ sub_cas = 2 }))
---assert(pki:write_to("pki"))
---```
---@class cmgateway.cert.DevelopmentPki
---@field root cmgateway.cert.IssuedCertificate
---@field sub_cas cmgateway.cert.IssuedCertificate[]
---@field server cmgateway.cert.IssuedCertificate
---@field client cmgateway.cert.IssuedCertificate
local DevelopmentPki = {}

---Writes `root.cer`, `subca1.cer`…, and chain and key of the server and the client; gives the files' names.
---
---Errors: `conflict` where one exists; `auth`, `unavailable`.
---@param folder string
---@return string[]? files
---@return cmgateway.Error? err
function DevelopmentPki:write_to(folder) end

---Azure's management services: the Resource Manager, Key Vault, tokens, the classic API.
---@class cmgateway.azure
local azure = {}

---How Azure is reached: the cloud, other addresses, whom to trust, how long to wait. Times are in seconds.
---@class cmgateway.azure.Options
---@field environment "AzurePublicCloud"|"AzureUSGovernmentCloud"|nil
---@field resource_manager_url string? In place of the cloud's own, as every other address here.
---@field service_management_url string?
---@field authority_url string?
---@field key_vault_url string? `{vault}` in it becomes the vault's name.
---@field metadata_url string?
---@field ca_file string? The only issuers that are trusted then.
---@field ca_pem string? The same as text.
---@field timeout number? Longest wait for one answer.
---@field tries integer? Most tries of one request.
---@field pause number? The first pause where the service names none.
---@field pause_max number? The longest of those.
---@field retry_after_max number? The longest pause where the service names one; for replays and simulators.
---@field request_deadline number? Longest time for one request with its retries.
---@field poll_pause number? Time between two polls where the service names none.
---@field operation_deadline number? Longest time for one operation.
---@field certificate cmgateway.azure.ManagementCertificate? For the classic API.
---@field credential cmgateway.azure.Credential? For the classic API, in place of a certificate.

---How Azure knows us.
---
---Made by `access_token`, `client_secret`, `client_certificate`, `managed_identity` and `azure_cli`. It prints its
---kind and never a secret.
---@class cmgateway.azure.Credential
local Credential = {}

---A token that somebody else got; it is not renewed.
---
---```lua
---local credential = cmgateway.azure.access_token(token)
---```
---@param token string
---@return cmgateway.azure.Credential credential
---@nodiscard
function azure.access_token(token) end

---An application of Entra with its secret.
---@param tenant_id string Its id or domain.
---@param client_id string
---@param secret string
---@return cmgateway.azure.Credential credential
---@nodiscard
function azure.client_secret(tenant_id, client_id, secret) end

---An application of Entra with a certificate: a signed assertion (PS256) stands for the secret.
---@param tenant_id string
---@param client_id string
---@param certificate cmgateway.cert.Certificate
---@param private_key cmgateway.cert.PrivateKey
---@param options { chain: cmgateway.cert.Certificate[]? }? The certificate and its issuers, where the application trusts by subject and issuer.
---@return cmgateway.azure.Credential credential
---@nodiscard
function azure.client_certificate(tenant_id, client_id, certificate, private_key, options) end

---The identity of the virtual machine that this runs on.
---@param options { client_id: string? }?
---@return cmgateway.azure.Credential credential
---@nodiscard
function azure.managed_identity(options) end

---Whoever signed in with `az login`.
---@param options { tenant_id: string? }?
---@return cmgateway.azure.Credential credential
---@nodiscard
function azure.azure_cli(options) end

---Checks the options and builds the client; connects to nothing yet.
---
---```lua
---local manager = assert(cmgateway.azure.resource_manager(subscription, cmgateway.azure.azure_cli()))
---```
---@param subscription_id string
---@param credential cmgateway.azure.Credential
---@param options cmgateway.azure.Options?
---@return cmgateway.azure.ResourceManager? manager
---@return cmgateway.Error? err
---@nodiscard
function azure.resource_manager(subscription_id, credential, options) end

---The Azure Resource Manager of one subscription.
---
---Refused requests are sent again after Azure's rules (429 and its Retry-After, 5xx, dependencies that are not there
---yet), operations are polled in all three ways, and every error names Azure's code and the request id. Checked
---against recorded exchanges and a simulator; it has not met a live subscription from this project.
---@class cmgateway.azure.ResourceManager
---@field subscription_id string The subscription.
local ResourceManager = {}

---The path of a resource group.
---@param group string
---@return string path
---@nodiscard
function ResourceManager:group_path(group) end

---The path of a resource, which is its id.
---@param group string
---@param resource_type string Such as `Microsoft.Network/virtualNetworks`.
---@param name string
---@return string path
---@nodiscard
function ResourceManager:resource_path(group, resource_type, name) end

---Reads what is at a path; None where there is nothing.
---
---It is nil without an error then. Without `api_version` the path must have one in its query.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string? Not needed where the path has one.
---@return table? resource
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:get(path, api_version) end

---True where something is at a path (HEAD).
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string? Not needed where the path has one.
---@return boolean? exists
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:exists(path, api_version) end

---Reads a list, with every page that follows.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string? Not needed where the path has one.
---@return table[]? items
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:list(path, api_version) end

---Sends any request once answered well, without waiting for what it may have begun.
---
---Gives `status`, `headers` (names in lower case) and `body`. A POST is sent again only where Azure did nothing.
---@param method string GET, HEAD, PUT, PATCH, POST or DELETE.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string? Not needed where the path has one.
---@param body table|string|nil A table, or JSON text; an empty list is the text `[]`.
---@return { status: integer, headers: table<string, string>, body: any }? answer
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:call(method, path, api_version, body) end

---Sends a change and gives the operation that it began, which may be over at once.
---@param method string PUT, PATCH, POST or DELETE.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string? Not needed where the path has one.
---@param body table|string|nil A table, or JSON text; an empty list is the text `[]`.
---@param options { if_match: string? }? The ETag that the resource must still have.
---@return cmgateway.azure.Operation? operation
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:begin(method, path, api_version, body, options) end

---Takes up an operation that was stored with `to_json`.
---@param text string
---@return cmgateway.azure.Operation? operation
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:resume(text) end

---Creates or replaces a resource and waits until that is done.
---
---Gives the resource as it is then.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string
---@param body table|string A table, or JSON text.
---@return table? resource
---@return cmgateway.Error? err
function ResourceManager:put(path, api_version, body) end

---Changes the named members of a resource and waits until that is done.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string
---@param body table|string A table, or JSON text.
---@return table? resource
---@return cmgateway.Error? err
function ResourceManager:patch(path, api_version, body) end

---Calls an action of a resource and waits until that is done.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string? Not needed where the path has one.
---@param body table|string|nil A table, or JSON text; an empty list is the text `[]`.
---@return any result
---@return cmgateway.Error? err
function ResourceManager:post(path, api_version, body) end

---Deletes a resource and waits until it is gone; what is not there is gone.
---@param path string Such as `/subscriptions/…/resourceGroups/rg1`; it may have a query.
---@param api_version string? Not needed where the path has one.
---@return true? done
---@return cmgateway.Error? err
function ResourceManager:delete(path, api_version) end

---The state of a resource provider in the subscription, such as `Registered`.
---@param namespace string Such as `Microsoft.Compute`.
---@return string? state
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:provider_state(namespace) end

---Registers a resource provider and waits until it is registered.
---@param namespace string
---@return true? done
---@return cmgateway.Error? err
function ResourceManager:register_provider(namespace) end

---True where the DNS label is free in the region.
---@param region string
---@param label string
---@return boolean? is_free
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:is_dns_label_free(region, label) end

---Why a name cannot be given to a new storage account or vault; None where it can.
---
---It is nil without an error then.
---@param resource_type string
---@param api_version string
---@param name string
---@return string? objection
---@return cmgateway.Error? err
---@nodiscard
function ResourceManager:name_objection(resource_type, api_version, name) end

---An operation of the Resource Manager that may still be running.
---
---Stored as JSON text, it can be taken up by another process.
---@class cmgateway.azure.Operation
---@field is_over boolean True where nothing is left to be polled.
---@field first_body any The body of the answer that began it.
local Operation = {}

---Asks once how an operation goes; true where it is over.
---@return boolean? is_over
---@return cmgateway.Error? err
---@nodiscard
function Operation:poll() end

---Polls an operation until it is over; gives the resource, or the result of a POST, or None after a DELETE.
---@return any result
---@return cmgateway.Error? err
function Operation:finish() end

---The operation as JSON text, to be stored and taken up by another process; it holds no secret.
---@return string? text
---@return cmgateway.Error? err
---@nodiscard
function Operation:to_json() end

---Checks the name and builds the client; connects to nothing yet.
---
---```lua
---local vault = assert(cmgateway.azure.key_vault("granitefalls", credential))
---```
---@param vault string
---@param credential cmgateway.azure.Credential
---@param options cmgateway.azure.Options?
---@return cmgateway.azure.KeyVault? vault
---@return cmgateway.Error? err
---@nodiscard
function azure.key_vault(vault, credential, options) end

---A Key Vault, by its name.
---
---Checked against recorded exchanges; it has not met a live vault from this project.
---@class cmgateway.azure.KeyVault
---@field url string The vault's address.
local KeyVault = {}

---Imports a certificate with its key from a PFX; one of the same name gets a new version.
---
---Gives `id`, `secret_id` (what a scale set takes), `thumbprint` and `der` (base64).
---@param name string
---@param pfx string Its bytes.
---@param options { password: string?, key_size_bits: integer? }?
---@return table? certificate
---@return cmgateway.Error? err
function KeyVault:import_certificate(name, pfx, options) end

---The newest version of a certificate; None where there is none.
---
---It is nil without an error then.
---@param name string
---@return table? certificate
---@return cmgateway.Error? err
---@nodiscard
function KeyVault:certificate(name) end

---Deletes a certificate; it can be recovered until it is purged. False where there was none.
---@param name string
---@return boolean? was_there
---@return cmgateway.Error? err
function KeyVault:delete_certificate(name) end

---True where a deleted certificate of this name can be recovered.
---@param name string
---@return boolean? is_recoverable
---@return cmgateway.Error? err
---@nodiscard
function KeyVault:is_certificate_recoverable(name) end

---Purges a deleted certificate for ever. False where there was none.
---@param name string
---@return boolean? was_there
---@return cmgateway.Error? err
function KeyVault:purge_certificate(name) end

---Stores a secret, such as a certificate without key, and gives its address with version.
---@param name string
---@param value string
---@param options { content_type: string? }?
---@return string? id
---@return cmgateway.Error? err
function KeyVault:set_secret(name, value, options) end

---Sends any request of the vault, such as `GET /certificates`; `api-version` is added where the path has none.
---
---Gives `status`, `headers` (names in lower case) and `body`.
---@param method string
---@param path string
---@param body table|string|nil A table, or JSON text; an empty list is the text `[]`.
---@return { status: integer, headers: table<string, string>, body: any }? answer
---@return cmgateway.Error? err
---@nodiscard
function KeyVault:call(method, path, body) end

---Takes a certificate with its key, as a PFX holds them.
---@param certificate cmgateway.cert.Certificate
---@param private_key cmgateway.cert.PrivateKey
---@return cmgateway.azure.ManagementCertificate certificate
---@nodiscard
function azure.management_certificate(certificate, private_key) end

---A certificate with its key that a subscription knows.
---@class cmgateway.azure.ManagementCertificate
---@field certificate cmgateway.cert.Certificate The certificate.
---@field private_key cmgateway.cert.PrivateKey Its private key.
local ManagementCertificate = {}

---Makes one: self-signed, RSA with 2048 bits, SHA-256, as the portal wanted them.
---@param common_name string?
---@param options { days: integer? }?
---@return cmgateway.azure.ManagementCertificate? made
---@return cmgateway.Error? err
---@nodiscard
function azure.make_management_certificate(common_name, options) end

---Checks the options and builds the client that shows a management certificate; connects to nothing yet.
---
---```lua
---local classic = assert(cmgateway.azure.service_management(subscription, { certificate = certificate }))
---```
---@param subscription_id string
---@param options cmgateway.azure.Options `certificate` (a ManagementCertificate) or `credential` among them.
---@return cmgateway.azure.ServiceManagement? classic
---@return cmgateway.Error? err
---@nodiscard
function azure.service_management(subscription_id, options) end

---The classic Service Management API of one subscription.
---
---It was switched off on 2024-08-31, so it never met this library: it is checked against recorded exchanges. Calls
---that begin something give the request id of their operation, which `finish` waits for. Where another operation holds
---a deployment, that one is waited for.
---@class cmgateway.azure.ServiceManagement
---@field subscription_id string The subscription.
local ServiceManagement = {}

---Sends a call that has no function of its own; the path begins behind the subscription id.
---
---Gives `status`, `operation` (with `request_id`) and `body`, XML or nothing.
---@param method string GET, PUT, POST or DELETE.
---@param path string
---@param body string? XML.
---@return table? answer
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:call(method, path, body) end

---Waits until an operation is over.
---@param request_id string
---@return true? done
---@return cmgateway.Error? err
function ServiceManagement:finish(request_id) end

---Asks once whether an operation is over.
---@param request_id string
---@return boolean? is_over
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:is_over(request_id) end

---What the service tells about the subscription.
---@return table? subscription
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:subscription() end

---The regions that there are.
---@return table[]? locations
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:locations() end

---The management certificates that the subscription knows.
---@return table[]? certificates
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:management_certificates() end

---Adds a management certificate; its key stays here.
---@param certificate cmgateway.cert.Certificate
---@return true? done
---@return cmgateway.Error? err
function ServiceManagement:add_management_certificate(certificate) end

---Deletes a management certificate. False where there was none.
---@param thumbprint cmgateway.cert.Thumbprint|string
---@return boolean? was_there
---@return cmgateway.Error? err
function ServiceManagement:delete_management_certificate(thumbprint) end

---Whether a name for a cloud service is free.
---
---`is_available` and `reason`.
---@param name string
---@return { is_available: boolean, reason: string? }? availability
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:name_availability(name) end

---The cloud services of the subscription.
---@return table[]? services
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:hosted_services() end

---A cloud service with its deployments; None where there is none.
---
---It is nil without an error then.
---@param name string
---@return table? service
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:hosted_service(name) end

---Creates a cloud service in a region, such as `West US`; it is there at once.
---@param name string
---@param options { label: string, location: string, description: string?, extended_properties: string[][]? }
---@return true? done
---@return cmgateway.Error? err
function ServiceManagement:create_hosted_service(name, options) end

---Changes what a cloud service is called and described as.
---@param name string
---@param options { label: string, description: string?, extended_properties: string[][]? }
---@return true? done
---@return cmgateway.Error? err
function ServiceManagement:update_hosted_service(name, options) end

---Deletes a cloud service that has no deployment. False where there was none.
---@param name string
---@return boolean? was_there
---@return cmgateway.Error? err
function ServiceManagement:delete_hosted_service(name) end

---The certificates of a cloud service.
---@param service string The cloud service's name.
---@return table[]? certificates
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:service_certificates(service) end

---One certificate of a cloud service; None where it is not there.
---
---It is nil without an error then.
---@param service string The cloud service's name.
---@param thumbprint cmgateway.cert.Thumbprint|string
---@return table? certificate
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:service_certificate(service, thumbprint) end

---Uploads a PFX to a cloud service; it must be one of the old profile (triple DES), AES is refused there.
---@param service string The cloud service's name.
---@param pfx string Its bytes.
---@param options { password: string }
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:add_service_pfx(service, pfx, options) end

---Uploads a certificate without key, such as a sub-CA's, to a cloud service.
---@param service string The cloud service's name.
---@param certificate cmgateway.cert.Certificate
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:add_service_certificate(service, certificate) end

---Deletes a certificate of a cloud service.
---@param service string The cloud service's name.
---@param thumbprint cmgateway.cert.Thumbprint|string
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:delete_service_certificate(service, thumbprint) end

---A deployment; None where there is none.
---
---`is_ready` is true where it runs and every instance is `ReadyRole`.
---@param service string The cloud service's name.
---@param at string? `Production` (as usual), `Staging`, or a deployment's name.
---@return table? deployment
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:deployment(service, at) end

---Begins a deployment in a slot.
---@param service string The cloud service's name.
---@param at string? `Production` (as usual), `Staging`, or a deployment's name.
---@param options { name: string, package_url: string, label: string, configuration: string, start: boolean?, extended_properties: string[][]? }
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:create_deployment(service, at, options) end

---Begins to give a deployment another configuration: instances, settings, certificates.
---@param service string The cloud service's name.
---@param at string? `Production` (as usual), `Staging`, or a deployment's name.
---@param options { configuration: string, extended_properties: string[][]? }
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:change_configuration(service, at, options) end

---Begins to start or to suspend a deployment.
---@param service string The cloud service's name.
---@param at string? `Production` (as usual), `Staging`, or a deployment's name.
---@param options { status: "Running"|"Suspended" }
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:update_deployment_status(service, at, options) end

---Begins to upgrade a deployment.
---@param service string The cloud service's name.
---@param at string? `Production` (as usual), `Staging`, or a deployment's name.
---@param options { package_url: string, label: string, configuration: string, mode: "Auto"|"Manual"|"Simultaneous"|nil, force: boolean? }
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:upgrade_deployment(service, at, options) end

---Begins to delete instances of a deployment by their names, such as `ProxyService_IN_1`.
---@param service string The cloud service's name.
---@param at string? `Production` (as usual), `Staging`, or a deployment's name.
---@param options { names: string[] }
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:delete_role_instances(service, at, options) end

---Begins to delete a deployment.
---@param service string The cloud service's name.
---@param at string? `Production` (as usual), `Staging`, or a deployment's name.
---@return string? request_id
---@return cmgateway.Error? err
---@nodiscard
function ServiceManagement:delete_deployment(service, at) end

---What a gateway shall be, with the names of `New-CMCloudManagementGateway` as `snake_case`.
---
---`service_cert_path` and `service_cert_password` (a PFX) are needed; `service_name` is proposed from the certificate.
---Azure needs `subscription_id`, `region` and `ssh_public_key`, every cloud `connection_point_cert` (files with the
---certificates of the connection points). Others: `description`, `environment_setting`, `tenant_id`,
---`server_app_client_id`, `group_name`, `is_using_existing_group`, `vm_instance_count` (1 to 16), `vmss_vm_size`
---(`B2s`, `A2_v2`, `A4_v2`), `ca_root_cert` and `sub_ca_cert` (files), `check_client_cert_revocation`,
---`enforce_protocol`, `enable_cloud_dp_function`, `enable_traffic_out`, `traffic_out_gb`, `traffic_warning_pct`,
---`traffic_critical_pct`, `traffic_out_stop_service`, `enable_storage_quota`, `storage_quota_gb`,
---`storage_warning_pct`, `storage_critical_pct`, `instance_program_url`, `instance_program_sha256`.
---@class cmgateway.GatewaySpec
local GatewaySpec = {}

---Reads a spec from JSON or what became of TOML, a dict or a table; every mistake is told at once.
---
---Errors: `config`, with every field.
---
---```lua
---local spec = assert(cmgateway.gateway_spec({
---    service_cert_path = "server.pfx", service_cert_password = "secret", vm_instance_count = 2,
---}))
---```
---@param fields table|string A table, or JSON text.
---@return cmgateway.GatewaySpec? spec
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.gateway_spec(fields) end

---Reads a spec from TOML text.
---
---Errors: `config`, with every field.
---@param text string
---@return cmgateway.GatewaySpec? spec
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.gateway_spec_from_toml(text) end

---Reads a spec from a file, TOML or JSON by its ending; files that it names lie beside it.
---
---Errors: `config`, `not_found`.
---@param file string
---@return cmgateway.GatewaySpec? spec
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.load_gateway_spec(file) end

---The fields by their names, without the password.
---@return table fields
---@nodiscard
function GatewaySpec:fields() end

---The same spec with these fields changed; every mistake is told at once.
---@param fields table
---@return cmgateway.GatewaySpec? spec
---@return cmgateway.Error? err
---@nodiscard
function GatewaySpec:replace(fields) end

---Reads the certificates that the spec names and checks what can only be said with them.
---
---Gives what follows: `service_name` (proposed from the certificate where the spec has none), `name` (that of
---everything in the cloud), `group_name`, `regional_name`, `thumbprint`, `not_after` (Unix seconds).
---@param at integer? The moment, in Unix seconds; now where it is not given.
---@return table? names
---@return cmgateway.Error? err
---@nodiscard
function GatewaySpec:check(at) end

---Where the instances of gateways run.
---
---Made by `local_cloud`, `resource_manager_cloud`, `classic_cloud` and `site_cloud`; a plan changes nothing, and each
---change is read back and safe to make twice.
---@class cmgateway.Cloud
---@field name string What it is called in plans.
local Cloud = {}

---This machine as the place where gateways run: each instance is a process, kept running by a supervisor.
---
---The supervisor outlives the script, starts instances again that end by themselves (after 0.5 s, doubling to 30 s),
---and is found again through the gateway's folder.
---
---```lua
---local cloud = assert(cmgateway.local_cloud({ folder = "gateways", ports = "free" }))
---```
---@param options { folder: string?, program: string?, address: string?, ports: "microsoft"|"free"|nil }?
---@return cmgateway.Cloud? cloud
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.local_cloud(options) end

---A subscription of the Azure Resource Manager as the place where gateways run: on machines of a scale set.
---
---Not tried against a live subscription: checked against recorded exchanges and a simulator made after them. The
---options are those of `azure.ResourceManager`.
---@param subscription_id string
---@param credential cmgateway.azure.Credential
---@param options cmgateway.azure.Options?
---@return cmgateway.Cloud? cloud
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.resource_manager_cloud(subscription_id, credential, options) end

---How the classic API is used as a cloud; what is not here is as in `cmgateway.azure.Options`.
---@class cmgateway.ClassicCloudOptions: cmgateway.azure.Options
---@field package_url string Where the service fetches Microsoft's package (.cspkg) from, `https:`.
---@field certificate cmgateway.azure.ManagementCertificate? Shown by every call.
---@field credential cmgateway.azure.Credential? Uploads the certificate; without one, makes every call.
---@field configuration string? The service configuration (.cscfg) that came with the package; its settings stay.
---@field role string? The role whose instances serve, as the package names it; "ProxyService" by default.
---@field certificate_name string? The name of the server certificate in the package; not needed where it has only one.

---A subscription of the classic API as the place where gateways run: role instances of a cloud service.
---
---The gateway of 2016 ran there. The service was switched off on 2024-08-31, so this never met it: it is checked against
---recorded exchanges and a simulator made after them. The package is Microsoft's; whoever calls brings it along.
---
---```lua
---local certificate = assert(cmgateway.azure.make_management_certificate("CMG management"))
---local cloud = assert(cmgateway.classic_cloud("00000000-0000-0000-0000-000000000001", {
---    certificate = certificate, package_url = "https://gfstore.blob.core.windows.net/packages/cmg.cspkg",
---    certificate_name = "ServerCertificate",
---}))
---```
---@param subscription_id string
---@param options cmgateway.ClassicCloudOptions
---@return cmgateway.Cloud? cloud
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.classic_cloud(subscription_id, options) end

---A site's own Configuration Manager as what makes gateways: it is told by rows and tasks, and watched.
---
---`SMS_AzureService` says what the gateway shall be, an `SMS_AzureServicesTask` has it made, changed or deleted; `Start`
---and `Stop` are methods of the first. It goes over every transport. Tried on embedded sites and a served AdminService,
---never on a live site: in which form it wants the certificate's key is not documented. `properties` are properties of
---`SMS_AzureService` beyond what a spec says; `poll` (10) and `timeout` (3600) are seconds.
---
---```lua
---local cloud = assert(cmgateway.site_cloud(site, { timeout = 1800 }))
---```
---@param site cmgateway.Site
---@param options { properties: table<string, string|integer|boolean>?, poll: number?, timeout: number? }?
---@return cmgateway.Cloud? cloud
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.site_cloud(site, options) end

---Says what creating the gateway in an empty subscription would do; asks nobody.
---@param spec cmgateway.GatewaySpec
---@return cmgateway.GatewayPlan? plan
---@return cmgateway.Error? err
---@nodiscard
function cmgateway.plan_offline(spec) end

---Says what creating or changing the gateway would do; nothing is changed.
---
---With a site it says also what would change in the gateway's row there, which holds what no cloud does: roots, thresholds,
---switches.
---@param spec cmgateway.GatewaySpec
---@param options { site: cmgateway.Site? }?
---@return cmgateway.GatewayPlan? plan
---@return cmgateway.Error? err
---@nodiscard
function Cloud:plan(spec, options) end

---Does what a plan says, keeps the gateway in the site, and reads back.
---
---Where it is is written into the site after each step, so that a run that was killed is taken up by the next one.
---`progress` is called with `step`, `steps`, `kind`, `name`, `phase`, `detail` and `text`; false stops, and applying
---again goes on. `phase` is `looking`, `making`, `waiting`, `kept` or `done`; `detail` says how what is waited for is,
---such as the states of the instances. It is told as it comes, and at least once a second. Errors: `unsupported`, `stopped`, `conflict`, `timed_out`; those of the cloud.
---
---```lua
---local plan = assert(cloud:plan(spec))
---print(plan)
---assert(cloud:apply(site, plan, { progress = function(now) print(now.text) end }))
---```
---@param site cmgateway.Site An embedded one.
---@param plan cmgateway.GatewayPlan
---@param options { progress: (fun(now: table): boolean?)? }?
---@return cmgateway.Gateway? gateway
---@return cmgateway.Error? err
function Cloud:apply(site, plan, options) end

---Starts the instances of a gateway that was stopped.
---@param site cmgateway.Site An embedded one.
---@param service_name string
---@param options { progress: (fun(now: table): boolean?)? }? As for `apply`.
---@return true? done
---@return cmgateway.Error? err
function Cloud:start(site, service_name, options) end

---Stops the instances of a gateway; it can be started again.
---@param site cmgateway.Site An embedded one.
---@param service_name string
---@param options { progress: (fun(now: table): boolean?)? }? As for `apply`.
---@return true? done
---@return cmgateway.Error? err
function Cloud:stop(site, service_name, options) end

---Deletes a gateway, then its row in the site.
---@param site cmgateway.Site An embedded one.
---@param service_name string
---@param options { progress: (fun(now: table): boolean?)? }? As for `apply`.
---@return true? done
---@return cmgateway.Error? err
function Cloud:delete(site, service_name, options) end

---What the cloud tells of the instances of a gateway.
---
---Each has `name`, `state`, `is_ready`, `address` (clients), `tunnel_address`, `process` and `restarts` (this
---machine).
---@param site cmgateway.Site An embedded one.
---@param service_name string
---@return table[]? instances
---@return cmgateway.Error? err
---@nodiscard
function Cloud:instances(site, service_name) end

---What creating or changing a gateway would do, to be read before it is applied.
---
---It prints as a table and serialises to JSON, without secrets.
---@class cmgateway.GatewayPlan
---@field service_name string The gateway's service name.
---@field cloud string Where its instances will run.
---@field steps table[] The resources, in the order in which they are made.
---@field warnings string[] What the administrator should know.
---@field is_change boolean False where everything is as wanted already.
local GatewayPlan = {}

---The plan as JSON text, indented by two blanks, with the names of the fields as here.
---@return string text
---@nodiscard
function GatewayPlan:to_json() end

return cmgateway
