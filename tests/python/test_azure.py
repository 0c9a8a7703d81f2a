"""Azure's clients against a server whose answers are scripted, as Azure's recordings have them."""

import base64
import http.server
import json
import ssl
import threading

import pytest

from cmgateway import azure, errors

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg1"
VERSION = "2024-05-01"


class Service(http.server.ThreadingHTTPServer):
    """Gives the scripted answers in order: `(status, headers, body)`; a callable gets the server's address."""

    daemon_threads = True

    def __init__(self, certificates):
        super().__init__(("127.0.0.1", 0), Door)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.answers, self.requests = [], []
        self.url = f"https://localhost:{self.server_port}"


class Door(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((self.command, self.path, headers, body))
        status, headers, body = self.server.answers.pop(0) if self.server.answers else (500, {}, None)
        content = (
            b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_GET(self):
        self.answer()

    def do_PUT(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def do_PATCH(self):
        self.answer()

    def do_DELETE(self):
        self.answer()

    def do_HEAD(self):
        self.answer()

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def service(certificates):
    server = Service(certificates)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def options(service, certificates):
    return {
        "ca_file": certificates / "root.cer",
        "tries": 3,
        "pause": 0.01,
        "retry_after_max": 0.01,
        "poll_pause": 0.01,
    }


@pytest.fixture
def manager(service, options):
    token = azure.access_token("t0ken")
    return azure.ResourceManager(SUBSCRIPTION, token, resource_manager_url=service.url, **options)


def test_a_resource_is_put_and_its_operation_polled(manager, service):
    path = manager.resource_path("rg1", "Microsoft.Network/virtualNetworks", "v1")
    poll = f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/operations/1?api-version=1&t=2&s=a%2Fb"
    service.answers += [
        (
            201,
            {"Azure-AsyncOperation": poll, "Retry-After": "10"},
            {"properties": {"provisioningState": "Updating"}},
        ),
        (200, {"Retry-After": "10"}, {"status": "InProgress"}),
        (200, {}, {"status": "Succeeded"}),
        (200, {}, {"name": "v1", "properties": {"provisioningState": "Succeeded"}}),
    ]
    made = manager.put(
        path, VERSION, {"location": "westus2", "tags": {}, "properties": {"n": [1, 2.5, None, True]}}
    )
    assert made["name"] == "v1"
    (put, first, second, read) = service.requests
    assert put[:2] == ("PUT", f"{path}?api-version={VERSION}")
    assert json.loads(put[3]) == {
        "location": "westus2",
        "tags": {},
        "properties": {"n": [1, 2.5, None, True]},
    }
    assert put[2]["authorization"] == "Bearer t0ken"
    assert first[1] == second[1] == poll.removeprefix("https://management.azure.com")
    assert read[:2] == ("GET", put[1])


def test_an_operation_is_stored_and_taken_up(manager, service):
    location = f"{service.url}/subscriptions/{SUBSCRIPTION}/operationresults/7?api-version=1"
    service.answers += [(202, {"Location": location}, None), (202, {}, None), (200, {}, None)]
    begun = manager.begin("DELETE", GROUP, "2021-04-01")
    assert not begun.is_over
    assert begun.first_body is None
    taken_up = manager.resume(begun.to_json())
    assert taken_up.poll() is False
    assert taken_up.finish() is None
    assert taken_up.is_over
    with pytest.raises(errors.ConfigError, match="take up the operation"):
        manager.resume("{}")


def test_reads_lists_and_calls(manager, service):
    next_page = f"{service.url}{GROUP}/resources?page=2"
    service.answers += [
        (404, {}, {"error": {"code": "ResourceNotFound", "message": "no"}}),
        (204, {}, None),
        (404, {}, None),
        (200, {}, {"value": [1, 2], "nextLink": next_page}),
        (200, {}, {"value": [3]}),
        (202, {"Location": next_page, "x-ms-request-id": "r1"}, None),
        (200, {}, "﻿plain"),
        (200, {}, None),
    ]
    assert manager.get(GROUP, VERSION) is None
    assert manager.exists(GROUP, VERSION)
    assert not manager.exists(GROUP, VERSION)
    assert manager.list(f"{GROUP}/resources", VERSION) == [1, 2, 3]
    answer = manager.call("POST", f"{GROUP}/moveResources", VERSION, '{"a": []}')
    assert (answer["status"], answer["headers"]["location"], answer["body"]) == (202, next_page, None)
    assert service.requests[-1][3] == b'{"a":[]}'
    assert manager.call("GET", f"{GROUP}?api-version=9")["body"] == "plain"
    assert manager.post(f"{GROUP}/start", VERSION) is None


def test_refusals_name_code_and_request_id(manager, service):
    refusal = {"error": {"code": "AuthorizationFailed", "message": "may not"}}
    service.answers += [(403, {"x-ms-request-id": "r-17"}, refusal)]
    with pytest.raises(errors.AuthError, match=r"AuthorizationFailed.*request id r-17") as raised:
        manager.put(GROUP, VERSION, {"location": "x"})
    assert raised.value.context["code"] == "AuthorizationFailed"
    assert "t0ken" not in str(raised.value) + str(raised.value.context)
    throttled = (429, {"Retry-After": "17"}, {"error": {"code": "TooManyRequests", "message": "slow"}})
    service.answers += [throttled] * 3
    with pytest.raises(errors.UnavailableError) as raised:
        manager.get(GROUP, VERSION)
    assert raised.value.retry_after == 17
    assert not service.answers


def test_tokens_by_secret_and_by_certificate(service, options):
    made = azure.ManagementCertificate.make()
    tenant, client = "contoso.com", "11111111-2222-3333-4444-555555555555"
    for credential in (
        azure.client_secret(tenant, client, "s3cret&"),
        azure.client_certificate(tenant, client, made.certificate, made.private_key),
    ):
        manager = azure.ResourceManager(
            SUBSCRIPTION, credential, resource_manager_url=service.url, authority_url=service.url, **options
        )
        service.requests.clear()
        service.answers += [
            (200, {}, {"access_token": "given", "expires_in": "3599"}),
            (200, {}, {}),
            (200, {}, {}),
        ]
        manager.get(GROUP, VERSION)
        manager.get(GROUP, VERSION)
        (token, read, _again) = service.requests
        assert token[1] == "/contoso.com/oauth2/v2.0/token"
        assert read[2]["authorization"] == "Bearer given"
    assertion = dict(pair.split("=") for pair in token[3].decode().split("&"))["client_assertion"]
    header = json.loads(base64.urlsafe_b64decode(assertion.split(".")[0] + "=="))
    assert header["alg"] == "PS256"
    assert "x5t#S256" in header


def test_a_vault(service, options):
    vault = azure.KeyVault("granite", azure.access_token("t"), key_vault_url=service.url, **options)
    found = {
        "id": "https://v/certificates/n/1",
        "sid": "https://v/secrets/n/1",
        "x5t": "fLi3U52HunIVNXubkEnf8tP6Wbo",
    }
    service.answers += [
        (200, {}, found),
        (404, {}, {"error": {"code": "CertificateNotFound", "message": "no"}}),
        (200, {}, {"id": "https://v/secrets/root/1"}),
        (200, {}, {"value": []}),
    ]
    imported = vault.import_certificate("n", b"pfx", password="secret")
    assert imported["thumbprint"] == "7CB8B7539D87BA7215357B9B9049DFF2D3FA59BA"
    assert json.loads(service.requests[0][3])["pwd"] == "secret"
    assert vault.certificate("n") is None
    assert vault.set_secret("root", "pem") == "https://v/secrets/root/1"
    assert vault.call("GET", "/certificates?maxresults=2")["body"] == {"value": []}
    assert service.requests[-1][1] == "/certificates?maxresults=2&api-version=7.4"


def test_the_classic_api(service, options, pki):
    made = azure.ManagementCertificate.make("CMG management", days=30)
    classic = azure.ServiceManagement(
        SUBSCRIPTION, certificate=made, service_management_url=service.url, **options
    )
    namespace = 'xmlns="http://schemas.microsoft.com/windowsazure"'
    operation = f"<Operation {namespace}><ID>1</ID><Status>{{}}</Status></Operation>"
    service.answers += [
        (202, {"x-ms-request-id": "0123456789abcdef0123456789abcdef"}, None),
        (200, {}, operation.format("InProgress")),
        (200, {}, operation.format("Succeeded")),
        (200, {}, f"<AvailabilityResponse {namespace}><Result>true</Result></AvailabilityResponse>"),
        (404, {}, f"<Error {namespace}><Code>ResourceNotFound</Code><Message>none</Message></Error>"),
        (200, {}, f"<Operation {namespace}/>"),
    ]
    request_id = classic.add_service_certificate("granite", pki.sub_cas[0].certificate)
    assert request_id == "0123456789abcdef0123456789abcdef"
    classic.finish(request_id)
    assert service.requests[0][2]["x-ms-version"] == "2015-04-01"
    assert classic.name_availability("granite") == {"is_available": True, "reason": None}
    assert classic.deployment("granite") is None
    assert classic.call("GET", "/locations")["body"].startswith("<Operation")
    with pytest.raises(errors.ConfigError, match="one of Running, Suspended"):
        classic.update_deployment_status("granite", status="running")
    with pytest.raises(errors.ConfigError, match="certificate or credential"):
        azure.ServiceManagement(SUBSCRIPTION)


def test_sub_cas_of_cloud_service_and_site_are_made_to_agree(service, options, pki, site):
    row = site.new(
        "SMS_AzureService", ServiceCName="gw.contoso.com", ServiceType="CloudProxyService", Name="granite"
    )
    site.put(row, "create_only")
    classic = azure.ServiceManagement(
        SUBSCRIPTION, credential=azure.access_token("t"), service_management_url=service.url, **options
    )
    sub_ca = site.gateway("gw.contoso.com").sub_ca
    namespace = 'xmlns="http://schemas.microsoft.com/windowsazure"'
    wanted = [issued.certificate for issued in pki.sub_cas]
    old, new = (str(certificate.thumbprint) for certificate in wanted)

    def listed(*thumbprints):
        rows = "".join(f"<Certificate><Thumbprint>{one}</Thumbprint></Certificate>" for one in thumbprints)
        return (200, {}, f"<Certificates {namespace}>{rows}</Certificates>")

    service.answers += [listed(old)]
    plan = sub_ca.plan_sync(wanted, classic)
    assert (plan["cloud_service"], plan["uploads"], plan["kept"], plan["is_change"]) == (
        "granite",
        [new],
        [old],
        True,
    )
    assert [request[0] for request in service.requests] == ["GET"]
    assert str(sub_ca.list()) == ""

    begun = (202, {"x-ms-request-id": "0123456789abcdef0123456789abcdef"}, None)
    over = (200, {}, f"<Operation {namespace}><ID>1</ID><Status>Succeeded</Status></Operation>")
    service.answers += [listed(old), begun, over, listed(old, new)]
    sub_ca.sync(wanted, classic)
    assert {str(one) for one in sub_ca.list()} == {old, new}
    assert [request[0] for request in service.requests[1:]] == ["GET", "POST", "GET", "GET"]
    assert b"<CertificateFormat>cer</CertificateFormat>" in service.requests[2][3]

    # The second time nothing is sent; a service that lost one afterwards is told.
    service.requests.clear()
    service.answers += [listed(old, new), listed(old, new)]
    assert not sub_ca.sync(wanted, classic)["is_change"]
    assert [request[0] for request in service.requests] == ["GET", "GET"]
    service.answers += [listed(old, new), listed(old)]
    with pytest.raises(errors.ConflictError, match=new):
        sub_ca.sync(wanted, classic)
    service.answers += [listed()]
    with pytest.raises(errors.ConfigError, match="give the certificate"):
        sub_ca.plan_sync([new], classic)


def test_wrong_options_are_told(options):
    token = azure.access_token("t")
    with pytest.raises(TypeError, match="has no argument resource_manger_url"):
        azure.ResourceManager(SUBSCRIPTION, token, resource_manger_url="https://x")
    for name, value in (
        ("tries", 0),
        ("timeout", "1"),
        ("environment", "Moon"),
        ("resource_manager_url", "http://a.b"),
    ):
        with pytest.raises(errors.ConfigError):
            azure.ResourceManager(SUBSCRIPTION, token, **{name: value})
    with pytest.raises(errors.ConfigError, match="no GUID"):
        azure.ResourceManager("1", token)
    manager = azure.ResourceManager(SUBSCRIPTION, token, resource_manager_url="https://localhost:1", tries=1)
    with pytest.raises(TypeError):
        manager.put("/x", "1", {"a": object()})
    with pytest.raises(errors.ConfigError, match="no JSON"):
        manager.put("/x", "1", "{")
