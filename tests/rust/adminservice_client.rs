//! The AdminService client against servers that answer right, wrong, late, or not at all.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cmgateway::gateway::Gateway;
use cmgateway::site::{ConnectOptions, PutMode, Site};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{Instance, ObjectPath, Value};
use cmgateway::{Error, ErrorKind, Result, Retry, Secret};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::test_pki::TestPki;
use cmgateway_tests::wire_server::{Reaction, WireRequest, WireServer};
use tokio::io::AsyncWriteExt;

const TOKEN: &str = "t0ken-that-nobody-may-see";
const METADATA: &str = r#"<edmx:Edmx xmlns:edmx="x"><edmx:DataServices><Schema Namespace="AdminService">
    <EntityType Name="SMS_AzureService"><Key><PropertyRef Name="AzureServiceID"/></Key>
    <Property Name="AzureServiceID" Type="Edm.Int64"/><Property Name="ServiceCName" Type="Edm.String"/>
    <Property Name="Kept" Type="Collection(Edm.Int64)"/>
    <Property Name="LastModified" Type="Edm.DateTimeOffset"/></EntityType></Schema></edmx:DataServices></edmx:Edmx>"#;

struct Lab {
    server: WireServer,
    site: Site,
    _folder: TestFolder,
}

/// A server and a site connected to it; `$metadata` is answered unless the reaction takes it.
async fn lab(react: impl Fn(&WireRequest) -> Reaction + Send + Sync + 'static) -> Lab {
    lab_with(&TestPki::new(), &["localhost"], Duration::from_secs(20), react).await
}

async fn lab_with(
    pki: &TestPki,
    names: &[&str],
    timeout: Duration,
    react: impl Fn(&WireRequest) -> Reaction + Send + Sync + 'static,
) -> Lab {
    let server = WireServer::start(&pki.server(names), move |request| {
        if request.target.ends_with("/$metadata") {
            return Reaction::answer(200, "application/xml", METADATA);
        }
        react(request)
    })
    .await;
    let folder = TestFolder::new();
    let ca_file = folder.file("ca.pem");
    std::fs::write(&ca_file, pki.ca_pem()).unwrap();
    let mut options = ConnectOptions::new(server.url());
    options.token = Some(Secret::new(TOKEN));
    options.ca_file = Some(ca_file);
    options.timeout = timeout;
    let site = Site::connect(options).await.unwrap();
    Lab { server, site, _folder: folder }
}

async fn query(site: &Site) -> Result<Vec<Instance>> {
    site.query("SELECT * FROM SMS_AzureService", &Parameters::None).await?.all().await
}

/// The error of a query that is answered this way; checks that it is one sentence without the token.
async fn refused(reaction: Reaction) -> Error {
    let lab = lab(move |_| reaction.clone()).await;
    let error = query(&lab.site).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(TOKEN));
    assert!(error.to_string().starts_with("could not query class SMS_AzureService: "), "{error}");
    assert!(error.context().iter().any(|(name, _)| *name == "url"), "{error:?}");
    error
}

#[tokio::test]
async fn a_query_sends_what_odata_says_and_reads_every_page() {
    let lab = lab(|request| match request.target.contains("skiptoken") {
        false => Reaction::json(
            200,
            r#"{"@odata.context":"c","value":[{"AzureServiceID":7,"LastModified":"2024-01-31T10:20:30Z",
                "__LAZYPROPERTIES":["X"],"@odata.etag":"e"}],"@odata.nextLink":"SMS_AzureService?$skiptoken=1"}"#,
        ),
        true => Reaction::json(200, r#"{"value":[{"AzureServiceID":18446744073709551615}]}"#),
    })
    .await;
    let wql = "SELECT AzureServiceID, LastModified FROM SMS_AzureService WHERE ServiceCName LIKE ? ORDER BY AzureServiceID DESC";
    let name = Parameters::Positional(vec!["o'h&%".into()]);
    let rows = lab.site.query(wql, &name).await.unwrap().all().await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].path().unwrap().to_string(), "SMS_AzureService.AzureServiceID=7");
    let Some(Value::DateTime(modified)) = rows[0].get("LastModified") else { panic!("{:?}", rows[0]) };
    assert_eq!(modified.as_str(), "20240131102030.000000+000");
    assert_eq!(rows[0].properties().len(), 2);
    assert_eq!(rows[1].get("AzureServiceID"), Some(&Value::from(u64::MAX)));
    let first = &lab.server.requests()[0];
    assert!(
        first.target.starts_with("/AdminService/wmi/SMS_AzureService?$select=AzureServiceID"),
        "{}",
        first.target
    );
    assert!(first.target.contains("$filter=startswith(ServiceCName"), "{}", first.target);
    assert!(first.target.contains("$orderby=AzureServiceID%20desc"), "{}", first.target);
    let head = first.head.to_ascii_lowercase();
    assert!(head.contains(&format!("authorization: bearer {TOKEN}")), "{head}");
    assert!(head.contains("user-agent: cmgateway/"), "{head}");
}

#[tokio::test]
async fn every_status_has_its_kind() {
    let odata = r#"{"error":{"code":"Code7","message":"Said why"}}"#;
    for (status, kind) in [
        (400, ErrorKind::Config),
        (401, ErrorKind::Auth),
        (403, ErrorKind::Auth),
        (404, ErrorKind::NotFound),
        (405, ErrorKind::Unsupported),
        (408, ErrorKind::TimedOut),
        (409, ErrorKind::Conflict),
        (412, ErrorKind::Conflict),
        (500, ErrorKind::Unavailable),
        (501, ErrorKind::Unsupported),
        (504, ErrorKind::TimedOut),
    ] {
        let error = refused(Reaction::json(status, odata)).await;
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert!(error.cause().contains("Said why (Code7)"), "{error}");
        assert!(error.context().contains(&("status", status.to_string())), "{error:?}");
    }
    let busy = refused(Reaction::with_headers(503, "Retry-After: 7\r\nrequest-id: r-1\r\n", "busy")).await;
    assert_eq!((busy.kind(), busy.retry()), (ErrorKind::Unavailable, Retry::After(Duration::from_secs(7))));
    assert!(busy.context().contains(&("request_id", "r-1".to_owned())), "{busy:?}");
    let nested = refused(Reaction::json(400, r#"{"error":{"message":{"lang":"en","value":"Deep"}}}"#)).await;
    assert!(nested.cause().contains("Deep"), "{nested}");
    let page =
        refused(Reaction::answer(500, "text/html", "<html><title>Server Error</title>stack</html>")).await;
    assert!(page.cause().ends_with("answers 500: Server Error"), "{page}");
}

#[tokio::test]
async fn answers_that_are_not_the_protocol_are_told_apart() {
    let html = "<html><title>Sign in</title></html>";
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{\"value\""
        .to_vec();
    for (reaction, words) in [
        (Reaction::answer(200, "text/html", html), "a web page instead of JSON (Sign in)"),
        (Reaction::json(200, "{\"value\": [}"), "not JSON"),
        (Reaction::json(200, "[]"), "not an object"),
        (Reaction::json(200, "{}"), "no list of instances"),
        (Reaction::json(200, r#"{"value":[1]}"#), "no object"),
        (Reaction::Bytes(half), "broke off after 8 bytes"),
        (Reaction::Bytes(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()), "the connection broke"),
        (
            Reaction::with_headers(302, "Location: https://evil.example/login?x=1\r\n", ""),
            "redirects to https://evil.example/login;",
        ),
        (Reaction::with_headers(200, "X: y\r\nContent-Length: 99999999999\r\n", ""), ""),
    ] {
        let error = refused(reaction).await;
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.cause().contains(words), "{error}");
    }
}

#[tokio::test]
async fn pages_are_followed_on_the_same_origin_and_not_for_ever() {
    let foreign =
        r#"{"value":[],"@odata.nextLink":"https://evil.example/AdminService/wmi/SMS_AzureService"}"#;
    let error = refused(Reaction::json(200, foreign)).await;
    assert!(error.cause().contains("said to be on https://evil.example"), "{error}");
    let itself = r#"{"value":[],"@odata.nextLink":"SMS_AzureService"}"#;
    assert!(refused(Reaction::json(200, itself)).await.cause().contains("this page again"));
    // A, B, A: rows would come again and again.
    let circle = lab(|request| {
        let next = if request.target.ends_with("=b") { "a" } else { "b" };
        let row = r#"{"AzureServiceID":7}"#;
        Reaction::json(
            200,
            &format!(r#"{{"value":[{row}],"@odata.nextLink":"SMS_AzureService?$skiptoken={next}"}}"#),
        )
    })
    .await;
    let error = query(&circle.site).await.unwrap_err();
    assert!(error.cause().contains("go round in a circle"), "{error}");
    assert!(circle.server.requests().len() < 6);
    let number = Arc::new(AtomicUsize::new(0));
    let lab = lab(move |_| {
        let next = number.fetch_add(1, Ordering::Relaxed);
        Reaction::json(
            200,
            &format!(r#"{{"value":[],"@odata.nextLink":"SMS_AzureService?$skiptoken={next}"}}"#),
        )
    })
    .await;
    let error = query(&lab.site).await.unwrap_err();
    assert!(error.cause().contains("the pages do not end"), "{error}");
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let lab =
        lab_with(&TestPki::new(), &["localhost"], Duration::from_millis(300), |_| Reaction::Silence).await;
    let error = query(&lab.site).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::TimedOut, Retry::Now));
    assert!(error.cause().contains("no answer within 0.3 s"), "{error}");
    let path = ObjectPath::parse("SMS_AzureService.AzureServiceID=7").unwrap();
    let error = lab.site.delete(&path).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::TimedOut, Retry::Never));
    assert!(error.cause().contains("whether the change was made is not known"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_is_refused_with_its_reason() {
    let pki = TestPki::new();
    let other = lab_with(&pki, &["cm1.contoso.com"], Duration::from_secs(20), |_| Reaction::Silence).await;
    let expired = pki.server_valid(&["localhost"], time::Duration::days(-9), time::Duration::days(-2));
    let expired = WireServer::start(&expired, |_| Reaction::Silence).await;
    let trusted = TestPki::new();
    let folder = TestFolder::new();
    let (right, wrong) = (folder.file("right.pem"), folder.file("wrong.pem"));
    std::fs::write(&right, pki.ca_pem()).unwrap();
    std::fs::write(&wrong, trusted.ca_pem()).unwrap();
    let connect = async |url: String, ca_file: &std::path::Path| {
        let mut options = ConnectOptions::new(url);
        options.ca_file = Some(ca_file.to_owned());
        query(&Site::connect(options).await.unwrap()).await.unwrap_err()
    };
    for (error, words) in [
        (connect(other.server.url(), &right).await, "localhost is for other names"),
        (connect(other.server.url(), &wrong).await, "not issued by a trusted CA"),
        (connect(expired.url(), &right).await, "localhost expired on 2"),
    ] {
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Certificate, Retry::Never), "{error}");
        assert!(error.cause().contains(words), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = Site::connect(ConnectOptions::new(format!("https://{free}/AdminService"))).await.unwrap();
    let error = query(&site).await.unwrap_err();
    let later = Retry::After(Duration::from_secs(1));
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, later));
    assert!(error.cause().contains("refuses connections on port"), "{error}");
    let unknown = Site::connect(ConnectOptions::new("https://nobody.invalid/AdminService")).await.unwrap();
    let error = query(&unknown).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, later), "{error}");
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/AdminService", plain.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = plain.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let error = query(&Site::connect(ConnectOptions::new(url)).await.unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Protocol, Retry::Never), "{error}");
    assert!(error.cause().contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn a_refused_patch_becomes_a_put_of_the_whole_instance() {
    for status in [404, 405, 501] {
        let lab = lab(move |request| match request.method.as_str() {
            "GET" => Reaction::json(
                200,
                r#"{"value":[{"@odata.etag":"e","AzureServiceID":7,"ServiceCName":"old","Kept":[1,2]}]}"#,
            ),
            "PATCH" => Reaction::json(status, "{}"),
            "PUT" => Reaction::with_headers(204, "", ""),
            _ => Reaction::json(500, "{}"),
        })
        .await;
        let path = ObjectPath::parse("SMS_AzureService.AzureServiceID=\"7\"").unwrap();
        let mut instance = lab.site.get(&path).await.unwrap();
        instance.set("servicecname", "new").unwrap();
        lab.site.put(&mut instance, PutMode::UpdateOnly).await.unwrap();
        let requests = lab.server.requests();
        let lines: Vec<_> =
            requests.iter().map(|r| format!("{} {} {}", r.method, r.target, r.body)).collect();
        assert_eq!(
            lines[1..],
            [
                "GET /AdminService/wmi/SMS_AzureService(7) ",
                "PATCH /AdminService/wmi/SMS_AzureService(7) {\"ServiceCName\":\"new\"}",
                "GET /AdminService/wmi/SMS_AzureService(7) ",
                "PUT /AdminService/wmi/SMS_AzureService(7) {\"AzureServiceID\":7,\"ServiceCName\":\"new\",\"Kept\":[1,2]}",
            ]
        );
    }
}

#[tokio::test]
async fn a_new_instance_is_posted_and_learns_its_key() {
    let lab = lab(|request| match request.method.as_str() {
        "POST" => Reaction::json(201, r#"{"AzureServiceID":16777217,"ServiceCName":"gf"}"#),
        _ => Reaction::json(404, r#"{"error":{"code":"","message":"none"}}"#),
    })
    .await;
    let mut new = Instance::new("SMS_AzureService").unwrap();
    new.set("ServiceCName", "gf").unwrap();
    new.set("LastModified", "20240131102030.000000+***").unwrap();
    let path = lab.site.put(&mut new, PutMode::CreateOrUpdate).await.unwrap();
    assert_eq!(path.to_string(), "SMS_AzureService.AzureServiceID=16777217");
    let posted = lab.server.requests().pop().unwrap();
    assert_eq!(posted.body, r#"{"ServiceCName":"gf","LastModified":"2024-01-31T10:20:30Z"}"#);
    // With its key set: looked for first, then created; an update alone says that there is none.
    let mut keyed = Instance::new("SMS_AzureService").unwrap();
    keyed.set("AzureServiceID", 9).unwrap();
    keyed.set("ServiceCName", "x").unwrap();
    let error = lab.site.put(&mut keyed.clone(), PutMode::UpdateOnly).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    lab.site.put(&mut keyed, PutMode::CreateOrUpdate).await.unwrap();
    let methods: Vec<_> = lab.server.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, ["GET", "POST", "GET", "GET", "POST"]);
}

#[tokio::test]
async fn without_metadata_the_key_is_taken_from_the_answer() {
    let pki = TestPki::new();
    let server = WireServer::start(&pki.server(&["localhost"]), |request| match request.method.as_str() {
        _ if request.target.ends_with("$metadata") => Reaction::answer(404, "text/html", "<html>no</html>"),
        "POST" => {
            Reaction::with_headers(201, "Location: https://localhost/AdminService/wmi/C('a%20b')\r\n", "")
        }
        _ => Reaction::json(200, r#"{"value":[{"@odata.id":"C(5)","Name":"x"},{"Name":"y"}]}"#),
    })
    .await;
    let folder = TestFolder::new();
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let mut options = ConnectOptions::new(server.url());
    options.ca_file = Some(folder.file("ca.pem"));
    let site = Site::connect(options).await.unwrap();
    let rows = site.query("SELECT * FROM C", &Parameters::None).await.unwrap().all().await.unwrap();
    assert_eq!(rows[0].path().unwrap().to_string(), "C=5");
    assert!(rows[1].path().is_none());
    let mut new = Instance::new("C").unwrap();
    new.set("Name", "z").unwrap();
    assert_eq!(site.put(&mut new, PutMode::CreateOnly).await.unwrap().to_string(), "C=\"a b\"");
    assert_eq!(site.class("C").await.unwrap_err().kind(), ErrorKind::Unsupported);
    // Asked once only.
    let asked = server.requests().iter().filter(|request| request.target.ends_with("$metadata")).count();
    assert_eq!(asked, 1);
}

/// A site of a server that answers `$metadata` each time as the list says, the last entry for ever.
async fn lab_with_metadata(timeout: Duration, answers: Vec<Reaction>) -> (WireServer, Site, TestFolder) {
    let (pki, asked) = (TestPki::new(), AtomicUsize::new(0));
    let server = WireServer::start(&pki.server(&["localhost"]), move |request| {
        if request.target.ends_with("/$metadata") {
            let number = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            return answers[number].clone();
        }
        Reaction::json(200, r#"{"value":[{"AzureServiceID":7,"ServiceCName":"gf"}]}"#)
    })
    .await;
    let folder = TestFolder::new();
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let mut options = ConnectOptions::new(server.url());
    options.ca_file = Some(folder.file("ca.pem"));
    options.timeout = timeout;
    let site = Site::connect(options).await.unwrap();
    (server, site, folder)
}

#[tokio::test]
async fn a_failed_metadata_is_asked_for_again_and_its_cause_is_named() {
    let right = || Reaction::answer(200, "application/xml", METADATA);
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<edmx".to_vec();
    for (failure, words) in
        [(Reaction::Silence, "no answer within 0.4 s"), (Reaction::Bytes(half), "broke off after 5 bytes")]
    {
        let timeout = Duration::from_millis(400);
        let (_server, site, _folder) = lab_with_metadata(timeout, vec![failure, right()]).await;
        let error = Gateway::find(&site, "gf").await.unwrap_err();
        assert!(error.to_string().contains(words) && error.to_string().contains("$metadata"), "{error}");
        assert_eq!(
            Gateway::find(&site, "gf").await.unwrap().path().to_string(),
            "SMS_AzureService.AzureServiceID=7"
        );
    }
    for (status, words) in [(401, "answers 401"), (404, "answers 404"), (400, "answers 400")] {
        let timeout = Duration::from_secs(20);
        let (_server, site, _folder) =
            lab_with_metadata(timeout, vec![Reaction::json(status, "{}"), right()]).await;
        let error = Gateway::find(&site, "gf").await.unwrap_err();
        assert!(error.cause().contains("without the key"), "{error}");
        assert!(error.cause().contains("$metadata") && error.cause().contains(words), "{error}");
        // Only a server that has none is believed for good.
        assert_eq!(Gateway::find(&site, "gf").await.is_ok(), status != 404);
    }
}

#[tokio::test]
async fn a_class_that_was_defined_since_is_found_with_one_more_fetch() {
    let old = METADATA.replace("SMS_AzureService", "SMS_Other");
    let answer = |xml: &str| Reaction::answer(200, "application/xml", xml);
    let fetches = |server: &WireServer| {
        server.requests().iter().filter(|request| request.target.ends_with("$metadata")).count()
    };
    let timeout = Duration::from_secs(20);
    let (server, site, _folder) = lab_with_metadata(timeout, vec![answer(&old), answer(METADATA)]).await;
    assert!(site.class("SMS_Other").await.is_ok());
    assert!(query(&site).await.unwrap()[0].path().is_some());
    assert_eq!(fetches(&server), 2);
    // A class that stays unknown does not make every call two.
    let (server, site, _folder) = lab_with_metadata(timeout, vec![answer(&old)]).await;
    assert!(site.class("SMS_Other").await.is_ok());
    for _ in 0..3 {
        assert!(query(&site).await.unwrap()[0].path().is_none());
    }
    assert_eq!(fetches(&server), 2);
    // A property that was added since: its type is known as well.
    let without = METADATA.replace("<Property Name=\"ServiceCName\" Type=\"Edm.String\"/>", "");
    let (server, site, _folder) = lab_with_metadata(timeout, vec![answer(&without), answer(METADATA)]).await;
    assert!(site.class("SMS_AzureService").await.is_ok());
    assert!(query(&site).await.unwrap()[0].property("ServiceCName").unwrap().cim_type.is_some());
    assert_eq!(fetches(&server), 2);
}

#[tokio::test]
async fn no_message_about_an_address_shows_a_password() {
    for (url, seconds) in [
        ("http://user:hunter2@cm1/AdminService", 60),
        ("ftp://user:hunter2@cm1", 60),
        ("winrm://user:hunter2@cm1", 60),
        ("user:hunter2@cm1", 60),
        ("https://user:hunter2@cm1/AdminService", 60),
        ("https://user:hunter2@cm1/AdminService", 0),
        ("https://cm1 x:hunter2@/AdminService", 60),
        ("https://cm1/AdminService?code=hunter2", 60),
        ("https://cm 1/AdminService?code=hunter2", 60),
    ] {
        let mut options = ConnectOptions::new(url);
        options.timeout = Duration::from_secs(seconds);
        let error = Site::connect(options).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

/// Runs in a process of its own: the environment of this one belongs to all tests.
#[test]
fn a_proxy_of_the_environment_is_named_and_never_used_on_this_machine() {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_behind_a_proxy", "--ignored", "--test-threads=1"])
        .env("HTTPS_PROXY", "http://user:hunter2@127.0.0.1:9")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
}

#[tokio::test]
#[ignore = "run by a_proxy_of_the_environment_is_named_and_never_used_on_this_machine"]
async fn child_behind_a_proxy() {
    let lab = lab(|_| Reaction::json(200, r#"{"value":[]}"#)).await;
    assert_eq!(query(&lab.site).await.unwrap(), []);
    let site = Site::connect(ConnectOptions::new("https://cm1.invalid/AdminService")).await.unwrap();
    let error = query(&site).await.unwrap_err();
    assert!(error.cause().contains("the proxy 127.0.0.1:9, which the environment names"), "{error}");
    assert!(error.cause().contains("refuses connections"), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_put_of_what_is_unchanged_sends_the_etag_it_read() {
    // The ETag as the server gives it, and whether the server takes the change.
    for (annotation, header, sent) in [
        (r#""@odata.etag":"W/\"7\"","#, "", Some("if-match: w/\"7\"")),
        ("", "ETag: \"8\"\r\n", Some("if-match: \"8\"")),
        ("", "", None),
        (r#""@odata.etag":"a\r\nb","#, "", None),
    ] {
        for (patch_status, put_status, is_done) in [(204, 500, true), (412, 500, false), (405, 412, false)] {
            let lab = lab(move |request| {
                let object = format!(r#"{{{annotation}"AzureServiceID":7,"ServiceCName":"old"}}"#);
                match request.method.as_str() {
                    "GET" => Reaction::with_headers(200, header, &object),
                    "PATCH" => Reaction::json(patch_status, "{}"),
                    _ => Reaction::json(put_status, "{}"),
                }
            })
            .await;
            let path = ObjectPath::parse("SMS_AzureService.AzureServiceID=7").unwrap();
            let mut instance = lab.site.get(&path).await.unwrap();
            instance.set("ServiceCName", "new").unwrap();
            let put = lab.site.put(&mut instance, PutMode::UpdateUnchanged).await;
            match is_done {
                true => assert_eq!(put.unwrap(), path),
                false => assert_eq!(put.unwrap_err().kind(), ErrorKind::Conflict),
            }
            for change in lab.server.requests().iter().filter(|request| request.method.starts_with('P')) {
                let head = change.head.to_ascii_lowercase();
                let line = head.lines().find(|line| line.starts_with("if-match"));
                assert_eq!(line, sent, "{}", change.method);
            }
        }
    }
}

#[tokio::test]
async fn a_put_of_what_somebody_else_changed_is_a_conflict_and_sends_nothing() {
    let number = AtomicUsize::new(0);
    let lab = lab(move |_| {
        let name = format!("name{}", number.fetch_add(1, Ordering::Relaxed));
        Reaction::json(200, &format!(r#"{{"AzureServiceID":7,"ServiceCName":"{name}"}}"#))
    })
    .await;
    let path = ObjectPath::parse("SMS_AzureService.AzureServiceID=7").unwrap();
    let mut instance = lab.site.get(&path).await.unwrap();
    instance.set("ServiceCName", "new").unwrap();
    let error = lab.site.put(&mut instance, PutMode::UpdateUnchanged).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.cause().contains("ServiceCName was changed"), "{error}");
    assert!(lab.server.requests().iter().all(|request| request.method == "GET"));
}
