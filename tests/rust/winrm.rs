//! WS-Management against a service of ours on an embedded site, in plain HTTP, over TLS, sealed, and behind GSSAPI.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::sync::Arc;

use cmgateway::net::AuthMethod;
use cmgateway::site::embedded::MethodCall;
use cmgateway::site::{ConnectOptions, EmbeddedSite, MethodInput, PutMode, Site, SiteCode};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{CallContext, CimType, DateTime, Instance, ObjectPath, Value, WbemError};
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::test_pki::TestPki;
use cmgateway_tests::wsman::{WsmanOptions, WsmanService};

const CLASSES: &str = r#"
class Lab_Rule { string RuleName; };
class Lab_QueryRule : Lab_Rule { string Expression; uint32 Ids[]; Lab_Rule Within; };
class Lab_All {
    [key] string Name; [key] uint32 Number;
    sint8 S8; sint16 S16; sint32 S32; sint64 S64; uint8 U8; uint16 U16; uint32 U32; uint64 U64;
    real32 R32; real64 R64; boolean Flag; string Text; datetime At; datetime Span; char16 Letter;
    Lab_Site ref Home; string Texts[]; uint8 Bytes[]; Lab_Rule Rules[]; Lab_Rule One;
    uint32 AddRule([in] Lab_Rule Rule, [in] uint32 Counts[], [out] string Said, [out] Lab_Rule Kept[]);
    [static] uint32 Sum([in] sint32 A, [in] sint32 B, [out] sint32 Total);
};
class Lab_Heir : Lab_All { string Own; [lazy] string Lazy[]; };
class Lab_Site { [key] string Code; };
[singleton] class Lab_Only { string Word; };
"#;

struct Lab {
    local: Site,
    service: WsmanService,
    remote: Site,
    _folder: TestFolder,
}

async fn local(folder: &TestFolder) -> Site {
    let site: Site =
        EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap().into();
    let embedded = site.embedded().unwrap();
    embedded.compile_mof(CLASSES).await.unwrap();
    let add = Arc::new(|call: &MethodCall<'_>| {
        let rule = call.input.get("Rule").cloned().unwrap_or_default();
        let counts = call.input.get("Counts").map(plain).unwrap_or_default();
        let said = format!("{} {} {counts}", call.path, plain(&rule));
        Ok(vec![("Said".to_owned(), said.into()), ("Kept".to_owned(), Value::Array(vec![rule]))])
    });
    embedded.on_method("Lab_All", "AddRule", add).await.unwrap();
    let sum = Arc::new(|call: &MethodCall<'_>| {
        let number = |name: &str| call.input.get(name).and_then(Value::as_integer).unwrap_or_default();
        let name = call.context.get("ApplicationName").and_then(Value::as_str).unwrap_or_default();
        if name == "refuse" {
            return Err(WbemError::from_code(0x8004_1003).into_error("call Sum", "not for you"));
        }
        let total = i64::try_from(number("A") + number("B")).unwrap_or_default();
        Ok(vec![("Total".to_owned(), total.into()), ("ReturnValue".to_owned(), 3.into())])
    });
    embedded.on_method("Lab_All", "Sum", sum).await.unwrap();
    site
}

async fn lab(options: WsmanOptions) -> Lab {
    let folder = TestFolder::new();
    let local = local(&folder).await;
    let service = WsmanService::start(local.clone(), options).await;
    let remote = Site::connect(connection(&service)).await.unwrap();
    Lab { local, service, remote, _folder: folder }
}

fn connection(service: &WsmanService) -> ConnectOptions {
    ConnectOptions::new(format!("winrm://{}/root/sms/site_GF1", service.host()))
}

async fn rows(site: &Site, wql: &str) -> Vec<Instance> {
    let rows = site.query(wql, &Parameters::None).await.unwrap_or_else(|error| panic!("{wql}: {error:?}"));
    rows.all().await.unwrap_or_else(|error| panic!("{wql}: {error:?}"))
}

fn rule(class: &str, expression: &str) -> Value {
    let mut rule = Instance::new(class).unwrap();
    rule.set("RuleName", "r").unwrap();
    if class == "Lab_QueryRule" {
        rule.set("Expression", expression).unwrap();
        rule.set("Ids", Value::Array(vec![1.into(), 2.into()])).unwrap();
        rule.set("Within", rule_within()).unwrap();
    }
    Value::Object(Box::new(rule))
}

fn rule_within() -> Value {
    let mut within = Instance::new("Lab_Rule").unwrap();
    within.set("RuleName", "within").unwrap();
    Value::Object(Box::new(within))
}

/// An instance with a value of every type, hard ones.
fn everything(name: &str) -> Instance {
    let mut all = Instance::new("Lab_All").unwrap();
    let text = "a<b>&\"'\r\n\t\u{e4}\u{1f600} ]]> \\";
    for (property, value) in [
        ("Name", Value::from(name)),
        ("Number", 7.into()),
        ("S8", (-128).into()),
        ("S16", (-32_768).into()),
        ("S32", i32::MIN.into()),
        ("S64", i64::MIN.into()),
        ("U8", 255.into()),
        ("U16", 65_535.into()),
        ("U32", u32::MAX.into()),
        ("U64", u64::MAX.into()),
        ("R32", Value::Real(-1.5)),
        ("R64", Value::Real(1e300)),
        ("Flag", true.into()),
        ("Text", text.into()),
        ("At", Value::DateTime(DateTime::parse("20240131120000.250000+060").unwrap())),
        ("Span", Value::DateTime(DateTime::parse("00000001020304.000000:000").unwrap())),
        ("Letter", 65.into()),
        ("Home", Value::Reference(ObjectPath::parse("Lab_Site.Code=\"a\\\\b\"").unwrap())),
        ("Texts", Value::Array(vec!["".into(), " x ".into()])),
        ("Bytes", Value::Array(vec![0.into(), 255.into()])),
        (
            "Rules",
            Value::Array(vec![rule("Lab_QueryRule", "SELECT * FROM X WHERE a < 'b'"), rule("Lab_Rule", "")]),
        ),
        ("One", rule("Lab_Rule", "")),
    ] {
        all.set(property, value).unwrap();
    }
    all
}

fn same(left: &Instance, right: &Instance) {
    for property in left.properties() {
        let name = property.name.as_str();
        let other = right.get(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(format!("{:?}", plain(&property.value)), format!("{:?}", plain(other)), "{name}");
    }
}

/// What counts of a value: classes, names and values of objects, not where they came from.
fn plain(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let inner: Vec<_> = object
                .properties()
                .iter()
                .filter(|property| !property.value.is_null())
                .map(|property| format!("{}={}", property.name, plain(&property.value)))
                .collect();
            format!("{}{{{}}}", object.class_name(), inner.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(",")),
        Value::Reference(path) => path.to_string(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn every_type_goes_there_and_back() {
    let lab = lab(WsmanOptions::default()).await;
    let mut sent = everything("all");
    let path = lab.remote.put(&mut sent, PutMode::CreateOnly).await.unwrap();
    assert_eq!(path.to_string(), r#"Lab_All.Name="all",Number=7"#);
    same(&sent, &lab.local.get(&path).await.unwrap());
    let read = lab.remote.get(&path).await.unwrap();
    same(&sent, &read);
    assert_eq!(read.property("U64").unwrap().cim_type, Some(CimType::Uint64));
    let row = rows(&lab.remote, "SELECT * FROM Lab_All").await.remove(0);
    assert_eq!(row.path(), Some(&path));
    same(&sent, &row);
    assert!(row.property("Bytes").unwrap().is_array);
    // A list of properties comes as a fragment, without a class of its own.
    let some = rows(&lab.remote, "SELECT Name, Number, U64, At, Rules, Texts FROM Lab_All").await.remove(0);
    assert_eq!(some.class_name().as_str(), "Lab_All");
    assert_eq!(some.path(), Some(&path));
    same(&some, &sent);
    let error = lab.remote.put(&mut everything("all"), PutMode::CreateOnly).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.wbem().map(|w| w.code())),
        (ErrorKind::Conflict, Some(0x8004_1019)),
        "{error:?}"
    );
    lab.remote.delete(&path).await.unwrap();
    let error = lab.remote.get(&path).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.wbem().map(|w| w.name())),
        (ErrorKind::NotFound, Some("NOT_FOUND".to_owned()))
    );
    assert_eq!(lab.remote.delete(&path).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_put_writes_what_was_set_and_loses_nothing() {
    let lab = lab(WsmanOptions::default()).await;
    let mut heir = lab.local.new_instance("Lab_Heir").await.unwrap();
    for (name, value) in [("Name", Value::from("h")), ("Number", 1.into()), ("Text", "before".into())] {
        heir.set(name, value).unwrap();
    }
    heir.set("Lazy", Value::Array(vec!["kept".into()])).unwrap();
    heir.set("Rules", Value::Array(vec![rule("Lab_Rule", "")])).unwrap();
    let path = lab.local.put(&mut heir, PutMode::CreateOnly).await.unwrap();
    // A base class gives its heirs; a lazy property is left out and not wiped.
    let mut row = rows(&lab.remote, "SELECT * FROM Lab_All WHERE Text = 'before'").await.remove(0);
    assert_eq!((row.class_name().as_str(), row.path()), ("Lab_Heir", Some(&path)));
    assert!(row.property("Lazy").unwrap().is_left_out());
    row.set("Text", "after").unwrap();
    row.set("Texts", Value::Array(vec!["new".into()])).unwrap();
    row.set("U32", "17").unwrap();
    let mut stale = row.clone();
    assert_eq!(lab.remote.put(&mut row, PutMode::CreateOrUpdate).await.unwrap(), path);
    let stored = lab.local.get(&path).await.unwrap();
    assert_eq!((stored.text("Text"), stored.get("U32")), (Some("after"), Some(&Value::from(17))));
    assert_eq!(plain(stored.get("Lazy").unwrap()), r#"[String("kept")]"#);
    assert_eq!(plain(stored.get("Rules").unwrap()), r#"[Lab_Rule{RuleName=String("r")}]"#);
    let put = lab.service.seen().into_iter().rfind(|xml| xml.contains("transfer/Put<")).unwrap();
    assert!(put.contains(r#"Name="wmiarray:__MIInstanceModifiedPropertiesList">Text<"#), "{put}");
    // Somebody else was faster.
    stale.set("Text", "too late").unwrap();
    let error = lab.remote.put(&mut stale, PutMode::UpdateUnchanged).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    let mut bad = row.clone();
    bad.set("U8", 256).unwrap();
    let error = lab.remote.put(&mut bad, PutMode::UpdateOnly).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.cause().contains("property U8"), "{error}");
    bad.set("U8", 1).unwrap();
    bad.set("Text", "a\u{1}b").unwrap();
    assert!(
        lab.remote.put(&mut bad, PutMode::UpdateOnly).await.unwrap_err().cause().contains("property Text")
    );
}

#[tokio::test]
async fn queries_are_pulled_to_their_end_and_released() {
    let lab = lab(WsmanOptions { rows_max: Some(7), ..WsmanOptions::default() }).await;
    for number in 0..40 {
        let mut one = Instance::new("Lab_All").unwrap();
        one.set("Name", format!("n{number:02}").as_str()).unwrap();
        one.set("Number", number).unwrap();
        lab.local.put(&mut one, PutMode::CreateOnly).await.unwrap();
    }
    let all = rows(&lab.remote, "SELECT * FROM Lab_All WHERE Number >= 5 ORDER BY Number").await;
    let numbers: Vec<_> = all.iter().map(|row| row.get("Number").unwrap().as_integer().unwrap()).collect();
    assert_eq!(numbers, (5..40).collect::<Vec<_>>());
    assert_eq!(lab.service.seen().iter().filter(|xml| xml.contains("enumeration/Pull<")).count(), 4);
    let mut open = lab.remote.query("SELECT * FROM Lab_All", &Parameters::None).await.unwrap();
    open.next().await.unwrap().unwrap();
    open.close().await.unwrap();
    assert!(lab.service.seen().last().unwrap().contains("enumeration/Release<"));
    assert!(rows(&lab.remote, "SELECT * FROM Lab_All WHERE Number = 99").await.is_empty());
    let count = rows(&lab.remote, "SELECT COUNT(*) FROM Lab_All").await;
    assert_eq!(count[0].get("Count"), Some(&Value::from(40)));
    let joined = rows(
        &lab.remote,
        "SELECT a.Name, b.Number FROM Lab_All a JOIN Lab_All b ON a.Number = b.Number WHERE b.Number = 3",
    )
    .await;
    let Some(Value::Object(a)) = joined[0].get("a") else { panic!("{joined:?}") };
    assert_eq!((joined[0].class_name().as_str(), a.text("Name")), ("__GENERIC", Some("n03")));
}

#[tokio::test]
async fn a_service_that_tells_little_is_served_all_the_same() {
    let options = WsmanOptions { hides_classes: true, refuses_modes: false, ..WsmanOptions::default() };
    let lab = lab(options).await;
    let mut one = Instance::new("Lab_All").unwrap();
    for (name, value) in
        [("Name", Value::from("n")), ("Number", 1.into()), ("Text", "007".into()), ("Flag", true.into())]
    {
        one.set(name, value).unwrap();
    }
    let path = lab.remote.put(&mut one, PutMode::CreateOnly).await.unwrap();
    assert_eq!(path.key("Name").map(ToString::to_string).as_deref(), Some("\"n\""));
    // Endpoint references tell the path.
    let mut row = rows(&lab.remote, "SELECT * FROM Lab_All").await.remove(0);
    assert_eq!(
        (row.get("Number"), row.get("Flag"), row.text("Text")),
        (Some(&1.into()), Some(&true.into()), Some("007"))
    );
    row.set("Text", "x").unwrap();
    lab.remote.put(&mut row, PutMode::default()).await.unwrap();
    assert_eq!(lab.remote.get(row.path().unwrap()).await.unwrap().text("Text"), Some("x"));
    let error = lab.remote.get(&ObjectPath::parse("Lab_Site='x'").unwrap()).await.unwrap_err();
    assert!(error.cause().contains("name it"), "{error}");
    assert_eq!(lab.remote.class("Lab_All").await.unwrap_err().kind(), ErrorKind::Unsupported);
    lab.remote.delete(row.path().unwrap()).await.unwrap();
    assert!(rows(&lab.local, "SELECT * FROM Lab_All").await.is_empty());
}

#[tokio::test]
async fn a_service_without_modes_and_without_create() {
    let options = WsmanOptions {
        hides_classes: true,
        refuses_modes: true,
        refuses_create: true,
        ..WsmanOptions::default()
    };
    let lab = lab(options).await;
    let mut home = Instance::new("Lab_Site").unwrap();
    home.set("Code", "x").unwrap();
    lab.local.put(&mut home, PutMode::CreateOnly).await.unwrap();
    let row = rows(&lab.remote, "SELECT * FROM Lab_Site").await.remove(0);
    assert_eq!((row.text("Code"), row.path()), (Some("x"), None));
    let error = lab.remote.put(&mut home.clone(), PutMode::CreateOnly).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
}

#[tokio::test]
async fn classes_methods_and_context() {
    let lab = lab(WsmanOptions::default()).await;
    let class = lab.remote.class("lab_heir").await.unwrap();
    assert_eq!(class.keys().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["Name", "Number"]);
    assert!(class.is_a("Lab_All") && class.property("Lazy").unwrap().is_lazy());
    assert_eq!(class.property("Rules").unwrap().class.as_ref().unwrap().as_str(), "Lab_Rule");
    assert_eq!(lab.remote.class("No_Such").await.unwrap_err().kind(), ErrorKind::NotFound);
    let class = ObjectPath::parse("Lab_All").unwrap();
    let out = lab.remote.call(&class, "Sum", MethodInput::named([("A", 1), ("B", -3)])).await.unwrap();
    assert_eq!((out.get("Total"), out.get("ReturnValue")), (Some(&Value::from(-2)), Some(&Value::from(3))));
    let path = lab.remote.put(&mut everything("m"), PutMode::CreateOnly).await.unwrap();
    let mut input = MethodInput::named([("Rule", rule("Lab_QueryRule", "a < b"))]);
    input.by_name.push(("Counts".to_owned(), Value::Array(vec![1.into(), 2.into()])));
    let out = lab.remote.call(&path, "AddRule", input).await.unwrap();
    let said = out.text("Said").unwrap();
    assert!(said.starts_with("Lab_All.Name=\"m\",Number=7 Lab_QueryRule{RuleName=String(\"r\"),"), "{said}");
    assert!(said.ends_with("[Integer(1),Integer(2)]"), "{said}");
    assert!(plain(out.get("Kept").unwrap()).starts_with("[Lab_QueryRule{"), "{out:?}");
    let refuse = CallContext::new([("ApplicationName", Value::from("refuse"))]).unwrap();
    let error = lab.remote.with_context(&refuse).unwrap().call(&class, "Sum", MethodInput::default()).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.wbem().map(|w| w.name())),
        (ErrorKind::Auth, Some("ACCESS_DENIED".into()))
    );
    let status = error.wbem().unwrap().extended().unwrap();
    assert_eq!(status.class_name().as_str(), "SMS_ExtendedStatus");
    let error = lab.remote.call(&class, "NoSuch", MethodInput::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    let context = CallContext::new([
        ("SessionHandle", Value::from("{x}")),
        ("LimitToCollectionIDs", Value::Array(vec!["SMS00001".into()])),
    ]);
    let within = lab.remote.with_context(&context.unwrap()).unwrap();
    within.query("SELECT * FROM Lab_Site", &Parameters::None).await.unwrap();
    let sent = lab.service.seen().pop().unwrap();
    assert!(sent.contains(r#"<w:Option Name="wmi:SessionHandle">{x}</w:Option>"#), "{sent}");
    assert!(sent.contains(r#"<w:Option Name="wmiarray:LimitToCollectionIDs">SMS00001</w:Option>"#), "{sent}");
    assert_eq!(lab.remote.code().await.unwrap().as_str(), "GF1");
    let identity = lab.remote.identify().await.unwrap();
    assert_eq!((identity.product_vendor.as_str(), identity.protocol_version.len()), ("cmgateway tests", 46));
    assert_eq!(lab.local.identify().await.unwrap_err().kind(), ErrorKind::Unsupported);
    for (wql, kind) in
        [("SELECT * FROM No_Such", ErrorKind::NotFound), ("SELECT Nothing FROM Lab_All", ErrorKind::Config)]
    {
        let Err(error) = lab.remote.query(wql, &Parameters::None).await else { continue };
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[tokio::test]
async fn passwords_travel_in_clear_only_where_it_is_said_so() {
    let folder = TestFolder::new();
    let local = local(&folder).await;
    // anna:hunter2
    let authorization = Some("Basic YW5uYTpodW50ZXIy".to_owned());
    let options = WsmanOptions { authorization, ..WsmanOptions::default() };
    let service = WsmanService::start(local.clone(), options.clone()).await;
    let mut given = connection(&service);
    (given.auth, given.user, given.password) =
        (Some(AuthMethod::Basic), Some("anna".into()), Some(Secret::new("hunter2")));
    assert_eq!(Site::connect(given.clone()).await.unwrap().code().await.unwrap().as_str(), "GF1");
    let mut remote = given.clone();
    remote.url = "winrm://cm1.contoso.com/root/sms/site_GF1".into();
    let error = Site::connect(remote.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.cause().contains("danger_unencrypted"), "{error}");
    remote.danger_unencrypted = true;
    Site::connect(remote).await.unwrap();
    given.password = Some(Secret::new("wrong"));
    let error = Site::connect(given.clone()).await.unwrap().code().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(
        error.cause().contains("it offers Basic") && !format!("{error:?}").contains("wrong"),
        "{error:?}"
    );
    // Over TLS it needs no word.
    let pki = TestPki::new();
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let own = pki.server(&["localhost"]);
    let service = WsmanService::start_tls(local, options, &pki, &own, false).await;
    given.url = format!("winrms://{}/root/sms/site_GF1", service.host());
    given.password = Some(Secret::new("hunter2"));
    let error = Site::connect(given.clone()).await.unwrap().code().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
    given.ca_file = Some(folder.file("ca.pem"));
    assert_eq!(Site::connect(given).await.unwrap().code().await.unwrap().as_str(), "GF1");
}

#[tokio::test]
async fn a_client_certificate_lets_in() {
    let (folder, pki) = (TestFolder::new(), TestPki::new());
    let local = local(&folder).await;
    let authorization = Some("http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual".to_owned());
    let options = WsmanOptions { authorization, ..WsmanOptions::default() };
    let service = WsmanService::start_tls(local, options, &pki, &pki.server(&["localhost"]), true).await;
    let client = pki.client("anna");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.file(name), text).unwrap();
        Some(folder.file(name))
    };
    let mut given = ConnectOptions::new(format!("https://{}/wsman/root/sms/site_GF1", service.host()));
    given.ca_file = write("ca.pem", pki.ca_pem());
    let error = Site::connect(given.clone()).await.unwrap().code().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
    given.certificate_file = write("client.pem", &client.chain_pem);
    given.key_file = write("client.key", &client.key_pem);
    assert_eq!(Site::connect(given).await.unwrap().code().await.unwrap().as_str(), "GF1");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn kerberos_and_ntlm_seal_what_travels_in_plain_http() {
    use cmgateway_tests::apache::NTLM_DOMAIN;
    use cmgateway_tests::gssapi_front::GssapiFront;
    use cmgateway_tests::kerberos_realm::{KerberosRealm, PASSWORD, REALM, USER};
    let Some(realm) = GssapiFront::is_installed().then(KerberosRealm::start).flatten() else {
        cmgateway_tests::skip::skipped("MIT's KDC, gss-ntlmssp and python3-gssapi are not installed");
        return;
    };
    let lab = lab(WsmanOptions { rows_max: Some(3), ..WsmanOptions::default() }).await;
    let front = GssapiFront::sealing(&realm, &lab.service.host());
    for (auth, user) in [
        (AuthMethod::Kerberos, format!("{REALM}\\{USER}")),
        (AuthMethod::Ntlm, format!("{NTLM_DOMAIN}\\{USER}")),
    ] {
        let mut given = ConnectOptions::new(format!("winrm://localhost:{}/root/sms/site_GF1", front.port()));
        (given.auth, given.user, given.kdc) = (Some(auth), Some(user), Some(realm.kdc()));
        given.password = Some(Secret::new(PASSWORD));
        let site = Site::connect(given.clone()).await.unwrap();
        assert_eq!(site.code().await.unwrap_or_else(|error| panic!("{auth:?} {error:?}")).as_str(), "GF1");
        let mut sent = everything(auth.as_str());
        // Several connections at a time, each with its own keys and numbers.
        let path = site.put(&mut sent, PutMode::CreateOnly).await.unwrap();
        let (first, second, third) = tokio::join!(site.get(&path), site.get(&path), site.code());
        same(&sent, &first.unwrap());
        same(&sent, &second.unwrap());
        third.unwrap();
        // A fault is sealed too.
        let missing = ObjectPath::parse("Lab_Site.Code='none'").unwrap();
        assert_eq!(site.get(&missing).await.unwrap_err().kind(), ErrorKind::NotFound);
        for _ in 0..5 {
            rows(&site, "SELECT * FROM Lab_All").await;
        }
        given.password = Some(Secret::new("wrong"));
        let error = Site::connect(given).await.unwrap().code().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
    }
}

#[tokio::test]
async fn snapshots_associations_and_schema_queries_go_through_the_service() {
    let lab = lab(WsmanOptions::default()).await;
    let library = "class Lib_Book { [key] string Code; }; class Lib_Shelf { [key] uint32 Number; };
        [association] class Lib_Stands { [key] Lib_Book ref What; [key] Lib_Shelf ref At; };
        instance of Lib_Book { Code = \"b1\"; }; instance of Lib_Shelf { Number = 1; };
        instance of Lib_Stands { What = \"Lib_Book.Code='b1'\"; At = \"Lib_Shelf.Number=1\"; };";
    lab.local.embedded().unwrap().compile_mof(library).await.unwrap();
    let found = rows(&lab.remote, "ASSOCIATORS OF {Lib_Shelf.Number=1} WHERE ResultClass = Lib_Book").await;
    assert_eq!(found.iter().map(|row| row.get("Code").unwrap().clone()).collect::<Vec<_>>(), ["b1".into()]);
    assert_eq!(rows(&lab.remote, "REFERENCES OF {Lib_Shelf.Number=1}").await.len(), 1);
    let classes = rows(&lab.remote, "SELECT * FROM meta_class WHERE __this ISA 'Lab_All'").await;
    let names: Vec<_> = classes.iter().map(|class| class.class_name().to_string()).collect();
    assert_eq!(names, ["Lab_All", "Lab_Heir"]);

    let folder = TestFolder::new();
    let classes = ["Lib_Book", "Lib_Shelf", "Lib_Stands", "Lab_All", "SMS_Site"].map(str::to_owned).to_vec();
    let options = cmgateway::site::SnapshotOptions { classes: classes.clone(), lazy: true };
    let report = lab.remote.snapshot(folder.file("copy.db"), &options, &mut |_| true).await.unwrap();
    assert_eq!(report.classes, 5);
    let copy: Site = EmbeddedSite::open(folder.file("copy.db")).await.unwrap().into();
    assert_eq!(copy.code().await.unwrap().as_str(), "GF1");
    let options = cmgateway::site::DiffOptions { classes, lazy: true, ..Default::default() };
    let difference = cmgateway::site::diff(&lab.local, &copy, &options).await.unwrap();
    assert!(difference.is_empty() && difference.compared > 4, "{difference}");
}
