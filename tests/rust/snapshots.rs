//! Copies of sites and what differs between two: over every transport, broken off and taken up again.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use cmgateway::ErrorKind;
use cmgateway::site::{
    ConnectServer, DiffOptions, EmbeddedSite, Locator, PutMode, Site, SiteCode, SnapshotOptions, diff,
};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{ObjectPath, Value};
use cmgateway_tests::folder::TestFolder;

const CLASSES: &str = r#"
[abstract] class Lab_Base { [key] string Name; };
class Lab_Part { string Text; datetime When; };
class Lab_Thing : Lab_Base { uint64 Size; Lab_Part Parts[]; [lazy] string Notes[]; boolean On; };
class Lab_Other : Lab_Base { sint32 Number; };
class Lab_Heir : Lab_Thing { string More; };
"#;

async fn lab(folder: &TestFolder, count: u32) -> Site {
    let code = SiteCode::new("GF1").unwrap();
    let site: Site = EmbeddedSite::create(folder.file("site.db"), &code).await.unwrap().into();
    let mut text = CLASSES.to_owned();
    for number in 0..count {
        text += &format!(
            "instance of Lab_Thing {{ Name = \"t{number}\"; Size = 18446744073709551615; Notes = {{\"n{number}\"}}; Parts = {{ \
             instance of Lab_Part {{ Text = \"p\"; When = \"20260101000000.000000+060\"; }} }}; }};\n"
        );
    }
    text += "instance of Lab_Heir { Name = \"heir\"; More = \"x\"; On = TRUE; }; instance of Lab_Other { Name = \"o\"; Number = -1; };";
    site.embedded().unwrap().compile_mof(text).await.unwrap();
    site
}

fn wanted(classes: &[&str], lazy: bool) -> SnapshotOptions {
    SnapshotOptions { classes: classes.iter().map(|name| (*name).to_owned()).collect(), lazy }
}

async fn open(folder: &TestFolder, name: &str) -> Site {
    EmbeddedSite::open(folder.file(name)).await.unwrap().into()
}

fn all() -> DiffOptions {
    DiffOptions::default()
}

#[tokio::test]
async fn a_copy_is_the_same_with_and_without_lazy_properties() {
    let folder = TestFolder::new();
    let site = lab(&folder, 600).await;
    let report = site.snapshot(folder.file("copy.db"), &wanted(&[], true), &mut |_| true).await.unwrap();
    assert_eq!(report.skipped, []);
    let copy = open(&folder, "copy.db").await;
    assert_eq!(copy.code().await.unwrap().as_str(), "GF1");
    let options = DiffOptions { lazy: true, ..all() };
    let same = diff(&site, &copy, &options).await.unwrap();
    assert!(same.is_empty(), "{same}");
    assert_eq!(same.compared, 2 * (report.instances));
    let (here, there) = (site.class("Lab_Heir").await.unwrap(), copy.class("Lab_Heir").await.unwrap());
    assert_eq!(here, there);
    let path = ObjectPath::parse("Lab_Thing.Name='t5'").unwrap();
    assert_eq!(copy.get(&path).await.unwrap().get("Notes"), Some(&Value::Array(vec!["n5".into()])));

    site.snapshot(folder.file("quick.db"), &wanted(&["Lab_Thing"], false), &mut |_| true).await.unwrap();
    let quick = open(&folder, "quick.db").await;
    assert_eq!(quick.get(&path).await.unwrap().get("Notes"), Some(&Value::Null));
    let heirs = quick.query("SELECT * FROM Lab_Heir", &Parameters::None).await.unwrap().all().await.unwrap();
    assert_eq!(heirs.len(), 1, "a base class brings its heirs");
    assert!(quick.class("Lab_Other").await.is_err() && quick.class("Lab_Part").await.is_ok());
}

#[tokio::test]
async fn a_broken_snapshot_is_recognised_and_taken_up_again() {
    let folder = TestFolder::new();
    let site = lab(&folder, 600).await;
    let classes = ["Lab_Other", "Lab_Thing"];
    let mut seen = Vec::new();
    let error = site
        .snapshot(folder.file("copy.db"), &wanted(&classes, false), &mut |told| {
            seen.push((told.class.clone(), told.class_number, told.class_count, told.instances));
            told.instances < 256
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped);
    assert_eq!(seen, [("Lab_Other".to_owned(), 1, 2, 1), ("Lab_Thing".to_owned(), 2, 2, 256)]);
    let half = EmbeddedSite::open(folder.file("copy.db")).await.unwrap_err();
    assert!(half.kind() == ErrorKind::Conflict && half.cause().contains("was not finished"), "{half}");
    let other =
        site.snapshot(folder.file("copy.db"), &wanted(&classes, true), &mut |_| true).await.unwrap_err();
    assert!(other.cause().contains("another choice of lazy"), "{other}");

    // What was deleted meanwhile is not left over from the first attempt.
    site.delete(&ObjectPath::parse("Lab_Thing.Name='t0'").unwrap()).await.unwrap();
    let mut again = Vec::new();
    let report = site
        .snapshot(folder.file("copy.db"), &wanted(&classes, false), &mut |told| {
            again.push(told.class.clone());
            true
        })
        .await
        .unwrap();
    assert_eq!((report.classes, report.instances), (2, 1 + 599 + 1));
    assert!(!again.contains(&"Lab_Other".to_owned()), "it was whole already");
    let copy = open(&folder, "copy.db").await;
    let options = DiffOptions { classes: vec!["Lab_Thing".into(), "Lab_Other".into()], ..all() };
    assert!(diff(&site, &copy, &options).await.unwrap().is_empty());
    let whole =
        site.snapshot(folder.file("copy.db"), &wanted(&classes, false), &mut |_| true).await.unwrap_err();
    assert!(whole.kind() == ErrorKind::Conflict && whole.cause().contains("exists already"), "{whole}");
    let unknown = site.snapshot(folder.file("no.db"), &wanted(&["Lab_None"], false), &mut |_| true).await;
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn differences_are_told_object_by_object() {
    let folder = TestFolder::new();
    let site = lab(&folder, 3).await;
    site.snapshot(folder.file("before.db"), &wanted(&[], true), &mut |_| true).await.unwrap();
    let before = open(&folder, "before.db").await;
    let path = |text: &str| ObjectPath::parse(text).unwrap();
    let mut thing = site.get(&path("Lab_Thing.Name='t1'")).await.unwrap();
    thing.set("On", true).unwrap();
    thing.set("Size", 7).unwrap();
    site.put(&mut thing, PutMode::UpdateOnly).await.unwrap();
    site.delete(&path("Lab_Thing.Name='t2'")).await.unwrap();
    let mut new = site.new_instance("Lab_Other").await.unwrap();
    new.set("Name", "new").unwrap();
    site.put(&mut new, PutMode::CreateOnly).await.unwrap();
    let found = diff(&before, &site, &all()).await.unwrap();
    assert_eq!(
        found.to_string(),
        "added    Lab_Other.Name=\"new\"\n\
         changed  Lab_Thing.Name=\"t1\"\n         \
         Size  18446744073709551615 -> 7\n         \
         On    null -> true\n\
         removed  Lab_Thing.Name=\"t2\"\n\
         1 added, 1 removed, 1 changed"
    );
    let json: serde_json::Value = serde_json::from_str(&found.to_json()).unwrap();
    assert_eq!(json[1]["properties"]["On"], serde_json::json!({"before": null, "after": true}));
    assert_eq!(json[2]["properties"]["Parts"][0]["__CLASS"], "Lab_Part");
    let ignored = DiffOptions { ignored: vec!["on".into(), "SIZE".into()], ..all() };
    assert_eq!(diff(&before, &site, &ignored).await.unwrap().objects.len(), 2);
}

#[tokio::test]
async fn a_locator_follows_the_provider_and_rehearses_for_every_machine() {
    let folder = TestFolder::new();
    let site = lab(&folder, 0).await;
    // As in a copy of a real site: the provider is another machine.
    let mut location = site.query("SELECT * FROM SMS_ProviderLocation", &Parameters::None).await.unwrap();
    let mut location = location.next().await.unwrap().unwrap();
    location.set("Machine", "CM1.contoso.com").unwrap();
    site.put(&mut location, PutMode::UpdateOnly).await.unwrap();
    let locator = Locator::rehearsing(format!("sqlite:{}", folder.file("site.db").display()));
    let at = |server: &str, namespace: &str| ConnectServer {
        server: server.into(),
        namespace: namespace.into(),
        ..ConnectServer::default()
    };
    for (server, namespace) in
        [("cm1", "root\\sms"), (".", "/root/SMS/site_gf1/"), ("", "root\\sms\\site_GF1")]
    {
        locator.connect_server(at(server, namespace)).await.unwrap();
    }
    assert_eq!(locator.site(at("cm1", ""), false).await.unwrap().code().await.unwrap().as_str(), "GF1");
    for (arguments, kind, name) in [
        (at("cm1", "root\\cimv2"), ErrorKind::NotFound, "INVALID_NAMESPACE"),
        (
            ConnectServer { user: Some("a".into()), ..at(".", "root\\sms") },
            ErrorKind::Config,
            "LOCAL_CREDENTIALS",
        ),
        (
            ConnectServer { security_flags: 1, ..at("cm1", "root\\sms") },
            ErrorKind::Config,
            "INVALID_PARAMETER",
        ),
        (
            ConnectServer {
                user: Some("contoso\\a".into()),
                authority: Some("ntlmdomain:contoso".into()),
                ..at("cm1", "root\\sms")
            },
            ErrorKind::Config,
            "INVALID_PARAMETER",
        ),
    ] {
        let error = locator.connect_server(arguments).await.unwrap_err();
        assert_eq!((error.kind(), error.wbem().unwrap().name().as_str()), (kind, name));
    }
    let real = Locator::new(cmgateway::site::ConnectOptions::new("winrms:"));
    let there = ConnectServer {
        user: Some("contoso\\a".into()),
        password: Some(cmgateway::Secret::new("p")),
        ..at("cm1", "root\\sms\\site_GF1")
    };
    assert_eq!(real.connect_server(there).await.unwrap().address(), "winrms://cm1/root/sms/site_GF1");
    let here = real.connect_server(at(".", "root\\sms")).await;
    if cfg!(windows) {
        // Nothing is asked yet.
        assert_eq!(here.unwrap().address(), "com://./root/sms");
    } else {
        assert_eq!(here.unwrap_err().kind(), ErrorKind::Unsupported);
    }
    let delegate = real.get_object("winmgmts:{delegate}!//cm1/root/sms").await.unwrap_err();
    assert_eq!(delegate.kind(), ErrorKind::Unsupported);
    let object = locator.get_object("winmgmts://cm1/root/sms:SMS_Site='GF1'").await.unwrap_err();
    assert!(object.cause().contains("get SMS_Site"), "{object}");
}
