//! Methods over the AdminService: our client and curl call what an embedded site is served with.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::process::Command;
use std::sync::Arc;

use cmgateway::net::PemSource;
use cmgateway::site::embedded::MethodCall;
use cmgateway::site::{
    AdminServiceServer, ConnectOptions, EmbeddedSite, MethodInput, PutMode, ServerOptions, Site, SiteCode,
};
use cmgateway::wmi::{Instance, ObjectPath, Value, WbemError};
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::test_pki::TestPki;

const TOKEN: &str = "methods";
const CLASSES: &str = r#"
class Lab_Rule { string RuleName; };
class Lab_QueryRule : Lab_Rule { string Expression; };
class Lab_Collection { [key] string CollectionID;
    uint32 AddMembershipRule([in] Lab_Rule collectionRule, [in] uint64 Big, [out] string Said);
    [static] string GetSiteID([out] uint32 Build); };
instance of Lab_Collection { CollectionID = "a/b'c"; };
"#;

struct Lab {
    remote: Site,
    server: AdminServiceServer,
    folder: TestFolder,
}

async fn lab() -> Lab {
    let (folder, pki) = (TestFolder::new(), TestPki::new());
    let embedded =
        EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap();
    embedded.compile_mof(CLASSES).await.unwrap();
    let add = |call: &MethodCall<'_>| match call.input.get("collectionRule") {
        Some(Value::Object(rule)) => {
            let said = format!(
                "{} {} {:?} {:?}",
                call.path,
                rule.class_name(),
                rule.text("Expression"),
                call.input.get("Big")
            );
            Ok(vec![("Said".to_owned(), said.into()), ("ReturnValue".to_owned(), 0.into())])
        }
        _ => Err(WbemError::from_code(0x8004_1008).into_error("add a rule", "there is no rule")),
    };
    embedded.on_method("Lab_Collection", "AddMembershipRule", Arc::new(add)).await.unwrap();
    let id = |_: &MethodCall<'_>| {
        Ok(vec![("ReturnValue".to_owned(), Value::from("GF1")), ("Build".to_owned(), 9_128.into())])
    };
    embedded.on_method("Lab_Collection", "GetSiteID", Arc::new(id)).await.unwrap();
    let certificate = pki.server(&["localhost", "127.0.0.1"]);
    let options = ServerOptions {
        address: "127.0.0.1:0".parse().unwrap(),
        certificate_chain_pem: PemSource::bytes(certificate.chain_pem),
        key_pem: PemSource::bytes(certificate.key_pem),
        token: Secret::new(TOKEN),
    };
    let server = AdminServiceServer::start(embedded, options).await.unwrap();
    std::fs::write(folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let mut given = ConnectOptions::new(server.url());
    (given.token, given.ca_file) = (Some(Secret::new(TOKEN)), Some(folder.file("ca.pem")));
    Lab { remote: Site::connect(given).await.unwrap(), server, folder }
}

#[tokio::test]
async fn static_and_instance_methods_with_embedded_objects() {
    let lab = lab().await;
    let class = ObjectPath::parse("Lab_Collection").unwrap();
    let out = lab.remote.call(&class, "GetSiteID", MethodInput::default()).await.unwrap();
    assert_eq!((out.text("ReturnValue"), out.get("Build")), (Some("GF1"), Some(&Value::from(9_128))));
    let mut rule = Instance::new("Lab_QueryRule").unwrap();
    rule.set("Expression", "SELECT * FROM X").unwrap();
    let mut input = MethodInput::named([("collectionRule", Value::Object(Box::new(rule)))]);
    input.by_name.push(("Big".to_owned(), u64::MAX.into()));
    let path = ObjectPath::parse(r#"Lab_Collection.CollectionID="a/b'c""#).unwrap();
    let out = lab.remote.call(&path, "addMembershipRule", input.clone()).await.unwrap();
    assert_eq!(
        out.text("Said"),
        Some(
            r#"Lab_Collection.CollectionID="a/b'c" Lab_QueryRule Some("SELECT * FROM X") Some(Integer(18446744073709551615))"#
        )
    );
    for (path, method, input, kind) in [
        (&path, "NoSuch", MethodInput::default(), ErrorKind::NotFound),
        (&path, "AddMembershipRule", MethodInput::default(), ErrorKind::Config),
        (&path, "AddMembershipRule", MethodInput::named([("Big", -1)]), ErrorKind::Config),
        (&path, "AddMembershipRule", MethodInput::named([("Other", 1)]), ErrorKind::Config),
        (
            &ObjectPath::parse("Lab_Collection='none'").unwrap(),
            "AddMembershipRule",
            input,
            ErrorKind::NotFound,
        ),
    ] {
        let error = lab.remote.call(path, method, input).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{method} {error:?}");
    }
    let mut two = Instance::new("Lab_Collection").unwrap();
    two.set("CollectionID", "two").unwrap();
    lab.remote.put(&mut two, PutMode::CreateOnly).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_calls_them_in_every_documented_form() {
    let lab = lab().await;
    if Command::new("curl").arg("--version").output().is_err() {
        cmgateway_tests::skip::skipped("curl is not installed");
        return;
    }
    let rule = r##"{"collectionRule":{"@odata.type":"#AdminService.Lab_QueryRule","Expression":"x"}}"##;
    for (address, body, part) in [
        ("Lab_Collection.GetSiteID", None, r#""ReturnValue":"GF1""#),
        ("Lab_Collection.GetSiteID", Some("{}"), r#""Build":9128"#),
        ("Lab_Collection(%27a%2Fb%27%27c%27)/AdminService.AddMembershipRule", Some(rule), "Lab_QueryRule"),
        ("Lab_Collection/none/AdminService.AddMembershipRule", Some(rule), "404"),
    ] {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--write-out", " %{http_code}", "--cacert"]).arg(lab.folder.file("ca.pem"));
        curl.args(["--header", &format!("Authorization: Bearer {TOKEN}")]);
        if let Some(body) = body {
            curl.args(["--header", "Content-Type: application/json", "--data", body]);
        }
        let output = curl.arg(format!("{}/wmi/{address}", lab.server.url())).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(part), "{address}: {said}");
        assert!(said.ends_with(" 201") || part == "404", "{address}: {said}");
    }
}
