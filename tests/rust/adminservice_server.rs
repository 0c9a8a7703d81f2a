//! The AdminService server in front of an embedded site, with curl as a foreign referee and with our own client.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use cmgateway::cert::Thumbprint;
use cmgateway::gateway::Gateway;
use cmgateway::gateway::sub_ca::SubCaSource;
use cmgateway::net::PemSource;
use cmgateway::site::{
    AdminServiceServer, ConnectOptions, EmbeddedSite, PutMode, ServerOptions, Site, SiteCode,
};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{CimType, Class, DateTime, Identifier, Instance, ObjectPath, PropertyDefinition, Value};
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::skip::skipped;
use cmgateway_tests::test_pki::TestPki;
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TOKEN: &str = "rehearsal-token";

struct Lab {
    server: AdminServiceServer,
    site: EmbeddedSite,
    folder: TestFolder,
}

async fn lab() -> Lab {
    let (folder, pki) = (TestFolder::new(), TestPki::new());
    let certificate = pki.server(&["localhost", "127.0.0.1"]);
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let site = EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap();
    let server = AdminServiceServer::start(
        site.clone(),
        ServerOptions {
            address: "127.0.0.1:0".parse().unwrap(),
            certificate_chain_pem: PemSource::bytes(certificate.chain_pem),
            key_pem: PemSource::bytes(certificate.key_pem),
            token: Secret::new(TOKEN),
        },
    )
    .await
    .unwrap();
    Lab { server, site, folder }
}

impl Lab {
    async fn connect(&self) -> Site {
        let mut options = ConnectOptions::new(self.server.url());
        options.token = Some(Secret::new(TOKEN));
        options.ca_file = Some(self.folder.file("ca.pem"));
        Site::connect(options).await.unwrap()
    }

    async fn fill(&self, services: u32) {
        for id in 1..=services {
            let mut service = Instance::new("SMS_AzureService").unwrap();
            service.set("AzureServiceID", id).unwrap();
            service.set("ServiceCName", format!("gf{id}.contoso.com")).unwrap();
            service.set("ServiceType", if id % 2 == 0 { "Even" } else { "O'dd" }).unwrap();
            self.site.put(&service, PutMode::CreateOnly).await.unwrap();
        }
    }

    /// Runs curl with the token; None where there is no curl.
    async fn curl(&self, path: &str, arguments: &[&str]) -> Option<Said> {
        let authorization = format!("Authorization: Bearer {TOKEN}");
        let mut all = vec!["-H", authorization.as_str()];
        all.extend(arguments);
        self.curl_bare(path, &all).await
    }

    async fn curl_bare(&self, path: &str, arguments: &[&str]) -> Option<Said> {
        let url = format!("https://localhost:{}{path}", self.server.address().port());
        let mut command = curl_command(arguments, &self.folder.file("ca.pem"), &url);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let output = match output {
            Ok(output) => output,
            Err(error) => {
                skipped(&format!("curl cannot be run: {error}"));
                return None;
            }
        };
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{path} {arguments:?}: {text} {}",
            String::from_utf8_lossy(&output.stderr)
        );
        // An interim answer such as 100 stands before the real head.
        let mut rest = text.as_str();
        while let Some((head, body)) = rest.split_once("\r\n\r\n") {
            let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
            if status != 100 {
                return Some(Said { status, head: head.to_ascii_lowercase(), body: body.to_owned() });
            }
            rest = body;
        }
        panic!("no answer in {text:?}")
    }
}

fn curl_command(arguments: &[&str], ca_file: &std::path::Path, url: &str) -> std::process::Command {
    let mut command = std::process::Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--include",
        "--globoff",
        "--noproxy",
        "*",
        "--max-time",
        "30",
    ]);
    command.arg("--cacert").arg(ca_file).args(arguments).arg(url).stdin(Stdio::null());
    command
}

#[derive(Debug)]
struct Said {
    status: u16,
    head: String,
    body: String,
}

impl Said {
    fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn names(&self) -> Vec<u64> {
        let json = self.json();
        json["value"].as_array().unwrap().iter().map(|row| row["AzureServiceID"].as_u64().unwrap()).collect()
    }

    fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn every_verb_does_what_odata_says() {
    let lab = lab().await;
    let json = ["-H", "Content-Type: application/json; charset=utf-8"];
    let base = "/AdminService/wmi/SMS_AzureService";
    let create = r##"{"ServiceCName":"gf.contoso.com","Big":18446744073709551615,"@odata.type":"#AdminService.SMS_AzureService"}"##;
    let Some(made) = lab.curl(base, &[&json[..], &["-d", create]].concat()).await else { return };
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.head.contains("location: https://localhost:"), "{made:?}");
    assert!(made.head.contains("/adminservice/wmi/sms_azureservice(1)"), "{made:?}");
    assert!(made.head.contains("odata-version: 4.0"), "{made:?}");
    assert!(made.head.contains("content-type: application/json; odata.metadata=minimal"), "{made:?}");
    assert_eq!(made.json()["Big"], u64::MAX);

    let one = format!("{base}(1)");
    let other_key =
        [&json[..], &["-X", "PATCH", "-d", r#"{"ServiceCName":"x","AzureServiceID":99}"#]].concat();
    let refused = lab.curl(&one, &other_key).await.unwrap();
    assert_eq!(refused.status, 400);
    assert!(refused.message().contains("the key AzureServiceID cannot be changed"), "{refused:?}");
    let patch = [&json[..], &["-X", "PATCH", "-d", r#"{"ServiceCName":"new","AzureServiceID":1}"#]].concat();
    assert_eq!(lab.curl(&one, &patch).await.unwrap().status, 204);
    let read = lab.curl("/adminservice_tokenauth/WMI/sms_azureservice(1)", &[]).await.unwrap();
    assert_eq!((read.status, &read.json()["ServiceCName"]), (200, &Json::from("new")));
    assert_eq!(read.json()["Big"], u64::MAX);
    let patch = [&json[..], &["-X", "PATCH", "-d", r#"{"ServiceCName":"new"}"#]].concat();
    assert_eq!(lab.curl(&format!("{base}(2)"), &patch).await.unwrap().status, 404);

    assert_eq!(lab.curl(&one, &["-X", "DELETE"]).await.unwrap().status, 204);
    let gone = lab.curl(&one, &["-X", "DELETE"]).await.unwrap();
    assert_eq!((gone.status, gone.json()["error"]["code"].as_str().unwrap()), (404, "NotFound"));

    for (path, method, allow) in [
        (one.as_str(), "PUT", "allow: get, patch, delete"),
        (base, "DELETE", "allow: get, post"),
        ("/AdminService/wmi/$metadata", "POST", "allow: get"),
    ] {
        let said = lab.curl(path, &["-X", method]).await.unwrap();
        assert_eq!(said.status, 405);
        assert!(said.head.contains(allow), "{said:?}");
    }
    lab.server.stop().await;
}

#[tokio::test]
async fn query_options_choose_sort_and_page() {
    let lab = lab().await;
    lab.fill(5).await;
    let base = "/AdminService/wmi/SMS_AzureService";
    for (query, expected) in [
        ("", vec![1, 2, 3, 4, 5]),
        ("?$filter=AzureServiceID%20gt%203", vec![4, 5]),
        ("?$filter=not+(AzureServiceID+le+3)+and+ServiceType+eq+'O''dd'", vec![5]),
        ("?$filter=startswith(ServiceCName,'gf2')%20eq%20true%20or%203%20eq%20AzureServiceID", vec![2, 3]),
        ("?$filter=contains(ServiceCName,'4.CONTOSO')", vec![4]),
        ("?$filter=Description%20eq%20null&$orderby=AzureServiceID%20desc&$top=2", vec![5, 4]),
        ("?$orderby=ServiceType,AzureServiceID%20desc&$skip=1&$top=3", vec![2, 5, 3]),
        ("?$top=0", vec![]),
        ("?$select=AzureServiceID&x=ignored", vec![1, 2, 3, 4, 5]),
    ] {
        let Some(said) = lab.curl(&format!("{base}{query}"), &[]).await else { return };
        assert_eq!(said.status, 200, "{query} {said:?}");
        assert_eq!(said.names(), expected, "{query}");
    }
    let selected = lab.curl(&format!("{base}?$select=ServiceCName&$top=1"), &[]).await.unwrap().json();
    assert_eq!(selected["value"][0].as_object().unwrap().len(), 1);
    let counted =
        lab.curl(&format!("{base}?$count=true&$top=1&$filter=AzureServiceID%20gt%202"), &[]).await.unwrap();
    assert_eq!(counted.json()["@odata.count"], 3);
    assert_eq!(lab.curl(&format!("{base}/$count"), &[]).await.unwrap().body, "5");

    let prefer = ["-H", "prefer: odata.maxpagesize=2"];
    let mut next = format!("{base}?$top=5&$skip=1&$orderby=AzureServiceID");
    let mut pages = Vec::new();
    loop {
        let page = lab.curl(&next, &prefer).await.unwrap();
        pages.push(page.names());
        match page.json()["@odata.nextLink"].as_str() {
            Some(link) => next = link[link.find("/AdminService").unwrap()..].to_owned(),
            None => break,
        }
    }
    assert_eq!(pages, [vec![2, 3], vec![4, 5]]);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_a_reason() {
    let lab = lab().await;
    let base = "/AdminService/wmi/SMS_AzureService";
    for (path, status, words) in [
        ("/AdminService/wmi/SMS_AzureService?$expand=X", 501, "$expand"),
        ("/AdminService/wmi/SMS_AzureService?$filter=R/any(r:r%20eq%201)", 501, "the lambda any()"),
        ("/AdminService/wmi/SMS_AzureService?$filter=A%20eq", 400, "(position 5)"),
        ("/AdminService/wmi/SMS_AzureService?$top=x", 400, "$top"),
        ("/AdminService/wmi/SMS_AzureService?$top=1&$top=2", 400, "twice"),
        ("/AdminService/wmi/SMS_AzureService(1)?$select=A", 501, "$select"),
        ("/AdminService/wmi/SMS_AzureService('", 400, "parenthesis"),
        ("/AdminService/wmi/SMS_Unknown", 404, "SMS_Unknown"),
        ("/AdminService/wmi/SMS_Admin.GetAdminExtendedData", 404, "SMS_Admin"),
        ("/AdminService/v1.0/Device", 501, "v1.0"),
        ("/elsewhere", 404, "/AdminService/wmi/"),
    ] {
        let Some(said) = lab.curl(path, &[]).await else { return };
        assert_eq!(said.status, status, "{path} {said:?}");
        assert!(said.message().contains(words), "{path} {said:?}");
    }
    let json = "Content-Type: application/json";
    assert_eq!(lab.curl(base, &["-d", "a=b"]).await.unwrap().status, 415);
    assert_eq!(lab.curl(base, &["-H", json, "-d", "{"]).await.unwrap().status, 400);
    assert_eq!(lab.curl(base, &["-H", json, "-d", "[]"]).await.unwrap().status, 400);
    lab.fill(1).await;
    for (body, words) in [
        (r#"{"x y":1}"#, "\"x y\" cannot be the name of a property"),
        (r#"{"":1}"#, "cannot be the name"),
        (r#"{"Region":"a","Region":"b"}"#, "\"Region\" is there twice"),
        (r#"{"Region":"a","REGION":"b"}"#, "\"REGION\" is there twice"),
        (r##"{"New":"never","New@odata.type":"#DateTimeOffset"}"##, "property New"),
    ] {
        for (path, method) in [(base.to_owned(), "POST"), (format!("{base}(1)"), "PATCH")] {
            let said = lab.curl(&path, &["-X", method, "-H", json, "-d", body]).await.unwrap();
            assert_eq!(said.status, 400, "{method} {body} {said:?}");
            assert!(said.message().contains(words), "{said:?}");
        }
    }
    let big = lab.folder.file("big.json");
    std::fs::write(&big, vec![b' '; cmgateway::limits::REQUEST_BODY_BYTES_MAX + 1]).unwrap();
    let data = format!("@{}", big.display());
    for more in [&[][..], &["-H", "Transfer-Encoding: chunked", "--http1.1"]] {
        let arguments = [&["-H", json, "--data-binary", data.as_str()], more].concat();
        assert_eq!(lab.curl(base, &arguments).await.unwrap().status, 413);
    }
}

#[tokio::test]
async fn only_the_right_token_is_let_in() {
    let lab = lab().await;
    for header in [
        "X: y",
        "Authorization: Bearer wrong",
        "Authorization: Basic cmVoZWFyc2FsLXRva2Vu",
        "Authorization: Bearer",
        "Authorization: Bearer rehearsal-token x",
        "Authorization: Bearer \trehearsal-token",
    ] {
        for path in ["/AdminService/wmi/SMS_Site", "/nothing-here", "/AdminService/wmi/$metadata"] {
            let Some(said) = lab.curl_bare(path, &["-H", header]).await else { return };
            assert_eq!(said.status, 401);
            assert!(said.head.contains("www-authenticate: bearer"), "{said:?}");
            assert!(!said.body.contains(TOKEN));
        }
    }
}

#[tokio::test]
async fn http_1_and_http_2_get_the_same_documents() {
    let lab = lab().await;
    for (version, line) in [("--http1.1", "http/1.1 200"), ("--http2", "http/2 200")] {
        let Some(said) = lab.curl("/AdminService/wmi/$metadata", &[version]).await else { return };
        assert!(said.head.starts_with(line), "{said:?}");
        assert!(said.body.contains("<EntityType Name=\"SMS_AzureService\""), "{said:?}");
        let list = lab.curl("/AdminService/wmi", &[version]).await.unwrap().json();
        let sets = list["value"].as_array().unwrap();
        assert!(sets.iter().any(|set| set["url"] == "SMS_AzureService"), "{list}");
    }
}

#[tokio::test]
async fn silent_strangers_hold_nobody_up_and_stop_is_quick() {
    let lab = lab().await;
    let mut strangers = Vec::new();
    for _ in 0..20 {
        let mut socket = tokio::net::TcpStream::connect(lab.server.address()).await.unwrap();
        socket.write_all(b"\x16\x03").await.unwrap();
        strangers.push(socket);
    }
    let mut plain = tokio::net::TcpStream::connect(lab.server.address()).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said).await;
    assert!(!said.starts_with(b"HTTP"), "no answer in clear");
    assert_eq!(lab.connect().await.code().await.unwrap().as_str(), "GF1");
    let begun = Instant::now();
    lab.server.stop().await;
    assert!(begun.elapsed() < cmgateway::limits::SHUTDOWN_TIMEOUT + Duration::from_secs(3));
}

#[tokio::test]
async fn our_client_sees_the_served_site_as_it_is() {
    let lab = lab().await;
    lab.fill(1_005).await;
    let site = lab.connect().await;
    let rows =
        site.query("SELECT * FROM SMS_AzureService", &Parameters::None).await.unwrap().all().await.unwrap();
    assert_eq!(rows.len(), 1_005);
    let class = Identifier::new("SMS_AzureService").unwrap();
    // OData tells properties and keys, but neither qualifiers nor methods.
    let told = |class: cmgateway::wmi::Class| -> Vec<_> {
        class.properties.into_iter().map(|p| (p.name, p.cim_type, p.is_array, p.is_key)).collect()
    };
    assert_eq!(
        told(site.class("sms_azureservice").await.unwrap()),
        told(lab.site.class(&class).await.unwrap())
    );

    let wql = "SELECT * FROM SMS_AzureService WHERE ServiceCName = ? AND NOT ServiceType LIKE 'O%'";
    let mut found = site.query(wql, &Parameters::Positional(vec!["GF2.contoso.com".into()])).await.unwrap();
    let mut service = found.next().await.unwrap().unwrap();
    service.set("SubCACertThumbprint", "AB;CD").unwrap();
    let path = site.put(&mut service, PutMode::UpdateOnly).await.unwrap();
    let read = lab.site.get(&path).await.unwrap();
    assert_eq!(read.get("SubCACertThumbprint"), service.get("SubCACertThumbprint"));
    assert_eq!(read.text("ServiceType"), Some("Even"));

    site.delete(&path).await.unwrap();
    assert_eq!(site.get(&path).await.unwrap_err().kind(), ErrorKind::NotFound);
    let error = site.query("SELECT * FROM SMS_None", &Parameters::None).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let twice = site.put(&mut rows[0].clone(), PutMode::CreateOnly).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Conflict);
    lab.server.stop().await;
    assert_eq!(site.code().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn composite_keys_datetimes_and_embedded_objects_survive_both_ways() {
    let lab = lab().await;
    let property = |name: &str, cim_type, is_array, is_key| {
        PropertyDefinition::new(Identifier::new(name).unwrap(), cim_type, is_array, is_key)
    };
    let properties = vec![
        property("ItemName", CimType::String, false, true),
        property("FileType", CimType::Uint32, false, true),
        property("When", CimType::DateTime, false, false),
        property("Small", CimType::Uint16, false, false),
        property("Props", CimType::Object, true, false),
    ];
    let class = Class::new(Identifier::new("SMS_SCI_Lab").unwrap(), properties);
    lab.site.define_class(class.clone()).await.unwrap();
    let site = lab.connect().await;
    assert_eq!(site.class("SMS_SCI_Lab").await.unwrap(), class);
    let mut embedded = Instance::new("SMS_EmbeddedProperty").unwrap();
    embedded.set("PropertyName", "P").unwrap();
    embedded.set("Value", 7).unwrap();
    let item = r#"["Display=\\cm1\"]MSWNET:["SMS_SITE=GF1"]\\cm1\,SMS (100%) 'x' a/b"#;
    let mut new = Instance::new("SMS_SCI_Lab").unwrap();
    new.set("ItemName", item).unwrap();
    new.set("FileType", 2).unwrap();
    new.set("When", "20240131102030.000000+060").unwrap();
    new.set("Small", 65_535).unwrap();
    new.set("Props", Value::Array(vec![Value::Object(Box::new(embedded.clone()))])).unwrap();
    let path = site.put(&mut new, PutMode::CreateOrUpdate).await.unwrap();
    assert_eq!(path.keys.len(), 2);
    let (ours, theirs) = (site.get(&path).await.unwrap(), lab.site.get(&path).await.unwrap());
    assert_eq!(ours.text("ItemName"), Some(item));
    for name in ["ItemName", "FileType", "When", "Small"] {
        assert_eq!(ours.get(name), theirs.get(name), "{name}");
    }
    let Some(Value::Array(props)) = ours.get("Props") else { panic!("{ours:?}") };
    let Value::Object(read) = &props[0] else { panic!("{props:?}") };
    assert_eq!((read.class_name(), read.text("PropertyName")), (embedded.class_name(), Some("P")));
    let mut changed = ours.clone();
    changed.set("Small", 1).unwrap();
    site.put(&mut changed, PutMode::UpdateOnly).await.unwrap();
    assert_eq!(lab.site.get(&path).await.unwrap().get("Small"), Some(&Value::from(1)));
    let by_parts = ObjectPath::parse(&path.to_string()).unwrap();
    site.delete(&by_parts).await.unwrap();
    assert_eq!(lab.site.get(&path).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_token_with_blanks_is_refused_and_every_address_is_called_localhost() {
    let lab = lab().await;
    let certificate = TestPki::new().server(&["localhost"]);
    let options = |token: &str| ServerOptions {
        address: "0.0.0.0:0".parse().unwrap(),
        certificate_chain_pem: PemSource::bytes(certificate.chain_pem.clone()),
        key_pem: PemSource::bytes(certificate.key_pem.clone()),
        token: Secret::new(token),
    };
    for token in ["", "a b", " a", "a\n", "é"] {
        let error = AdminServiceServer::start(lab.site.clone(), options(token)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{token:?}");
    }
    let server = AdminServiceServer::start(lab.site.clone(), options("a")).await.unwrap();
    assert_eq!(server.url(), format!("https://localhost:{}/AdminService", server.address().port()));
}

#[tokio::test]
async fn a_value_keeps_its_type_in_a_property_that_the_class_does_not_know() {
    let lab = lab().await;
    lab.fill(1).await;
    let site = lab.connect().await;
    let path = ObjectPath::parse("SMS_AzureService.AzureServiceID=1").unwrap();
    let mut service = site.get(&path).await.unwrap();
    let datetime = |text: &str| Value::DateTime(DateTime::parse(text).unwrap());
    let reference = Value::Reference(ObjectPath::parse("SMS_Site.SiteCode=\"GF1\"").unwrap());
    let mut part = Instance::new("Part").unwrap();
    part.set("When", datetime("20240131120000.000000+060")).unwrap();
    let values = [
        ("Renewed", CimType::DateTime, datetime("20240131120000.000000+060")),
        ("Lasts", CimType::DateTime, datetime("00000001120000.000000:000")),
        ("Daily", CimType::DateTime, datetime("********030000.000000+***")),
        ("Days", CimType::DateTime, Value::Array(vec![datetime("20240131120000.000000+000")])),
        ("Spans", CimType::DateTime, Value::Array(vec![datetime("00000001120000.000000:000")])),
        ("Owner", CimType::Reference, reference),
        ("Count", CimType::Sint64, Value::from(7)),
        ("Most", CimType::Uint64, Value::from(u64::MAX)),
        ("Note", CimType::String, Value::from("2024-01-31T12:00:00+01:00")),
        ("Part", CimType::Object, Value::Object(Box::new(part.clone()))),
    ];
    for (name, _, value) in &values {
        service.set(name, value.clone()).unwrap();
    }
    site.put(&mut service, PutMode::UpdateOnly).await.unwrap();
    let (stored, read) = (lab.site.get(&path).await.unwrap(), site.get(&path).await.unwrap());
    for (name, cim_type, value) in &values {
        assert_eq!(stored.property(name).unwrap().cim_type, Some(*cim_type), "{name}");
        if let Some(Value::Object(object)) = stored.get(name) {
            assert_eq!(object.get("When"), part.get("When"));
            continue;
        }
        assert_eq!(stored.get(name), Some(value), "{name}");
        assert_eq!(read.get(name), Some(value), "{name}");
    }
    // As a foreign client writes it.
    let body = r##"{"Seen@odata.type":"#Edm.DateTimeOffset","Seen":"2024-01-31T12:00:00Z","Tiny@cim.Type":"uint8","Tiny":7}"##;
    let arguments = ["-X", "PATCH", "-H", "Content-Type: application/json", "-d", body];
    let Some(said) = lab.curl("/AdminService/wmi/SMS_AzureService(1)", &arguments).await else { return };
    assert_eq!(said.status, 204, "{said:?}");
    let stored = lab.site.get(&path).await.unwrap();
    assert_eq!(stored.get("Seen"), Some(&datetime("20240131120000.000000+000")));
    assert_eq!(stored.property("Tiny").unwrap().cim_type, Some(CimType::Uint8));
}

#[tokio::test]
async fn a_null_is_no_answer_to_any_like_on_both_transports() {
    let lab = lab().await;
    lab.fill(2).await;
    let mut bare = Instance::new("SMS_AzureService").unwrap();
    bare.set("ServiceCName", "bare").unwrap();
    lab.site.put(&bare, PutMode::CreateOnly).await.unwrap();
    let (served, embedded) = (lab.connect().await, Site::from(lab.site.clone()));
    for (condition, expected) in [
        ("ServiceType LIKE '%'", 2),
        ("NOT ServiceType LIKE '%'", 0),
        ("ServiceType NOT LIKE '%'", 0),
        ("NOT (ServiceType LIKE '%' AND ServiceCName = 'gf1.contoso.com')", 2),
        ("NOT (NOT ServiceType LIKE '%')", 2),
        ("NOT ServiceType LIKE 'E%'", 1),
        ("NOT ServiceType = 'Even'", 1),
        ("ServiceType <> 'Even'", 1),
        ("NOT ServiceType IS NULL", 2),
        ("ServiceType IS NULL", 1),
    ] {
        let wql = format!("SELECT * FROM SMS_AzureService WHERE {condition}");
        for site in [&served, &embedded] {
            let rows = site.query(&wql, &Parameters::None).await.unwrap().all().await.unwrap();
            assert_eq!(rows.len(), expected, "{condition} on {}", site.address());
        }
    }
}

#[tokio::test]
async fn an_etag_keeps_two_writers_apart() {
    let lab = lab().await;
    lab.fill(2).await;
    let one = "/AdminService/wmi/SMS_AzureService(1)";
    let Some(read) = lab.curl(one, &[]).await else { return };
    let etag = read.json()["@odata.etag"].as_str().unwrap().to_owned();
    assert!(read.head.contains(&format!("etag: {etag}\r\n")), "{read:?}");
    assert_eq!(lab.curl(one, &[]).await.unwrap().json()["@odata.etag"], etag.as_str());
    let change = async |header: &str, body: &str| {
        let header = format!("If-Match: {header}");
        let arguments =
            ["-X", "PATCH", "-H", "Content-Type: application/json", "-H", header.as_str(), "-d", body];
        lab.curl(one, &arguments).await.unwrap().status
    };
    assert_eq!(change("\"zzz\"", r#"{"Region":"x"}"#).await, 412);
    assert_eq!(change(&etag, r#"{"Region":"a","AzureServiceID":1}"#).await, 204);
    assert_eq!(change(&etag, r#"{"Region":"b"}"#).await, 412);
    assert_eq!(change("*", r#"{"Region":"c"}"#).await, 204);
    let read = lab.curl(one, &[]).await.unwrap().json();
    assert_eq!(read["Region"], "c");
    let weak = format!("\"zzz\", W/{}", read["@odata.etag"].as_str().unwrap());
    assert_eq!(change(&weak, r#"{"Region":"d"}"#).await, 204);

    let delete = async |header: String| lab.curl(one, &["-X", "DELETE", "-H", &header]).await.unwrap().status;
    assert_eq!(delete(format!("If-Match: {etag}")).await, 412);
    let now = lab.curl(one, &[]).await.unwrap().json()["@odata.etag"].as_str().unwrap().to_owned();
    assert_eq!(delete(format!("If-Match: {now}")).await, 204);
    assert_eq!(delete(format!("If-Match: {now}")).await, 404);
}

#[tokio::test]
async fn clients_who_add_to_one_list_at_once_lose_nothing() {
    const NAME: &str = "gf.contoso.com";
    let lab = lab().await;
    let mut gateway = Instance::new("SMS_AzureService").unwrap();
    gateway.set("ServiceCName", NAME).unwrap();
    gateway.set("ServiceType", "CloudProxyService").unwrap();
    lab.site.put(&gateway, PutMode::CreateOnly).await.unwrap();
    let mut adders = Vec::new();
    for adder in 0..3_u8 {
        let site = lab.connect().await;
        adders.push(tokio::spawn(async move {
            let sub_ca = Gateway::find(&site, NAME).await.unwrap().sub_ca();
            for number in 0..8_u8 {
                let thumbprint = Thumbprint::of_der(&[adder, number]);
                sub_ca.add(&[SubCaSource::Thumbprint(thumbprint)]).await.unwrap();
            }
        }));
    }
    for adder in adders {
        adder.await.unwrap();
    }
    let site = Site::from(lab.site.clone());
    let list = Gateway::find(&site, NAME).await.unwrap().sub_ca().list().await.unwrap();
    assert_eq!(list.thumbprints().count(), 24);
}
