//! A site in a file: objects, queries, transactions, and what a bad file or a full disk does.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cmgateway::site::{ConnectOptions, EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{CimType, Class, Identifier, Instance, ObjectPath, PropertyDefinition, Value};
use cmgateway::{ErrorKind, Result};
use cmgateway_tests::folder::TestFolder;
#[cfg(target_os = "linux")]
use cmgateway_tests::skip::skipped;

async fn new_site(folder: &TestFolder) -> Site {
    EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap().into()
}

async fn connect(file: &Path) -> Result<Site> {
    Site::connect(ConnectOptions::new(format!("sqlite:{}", file.display()))).await
}

async fn rows(site: &Site, wql: &str) -> Vec<Instance> {
    site.query(wql, &Parameters::None).await.unwrap().all().await.unwrap()
}

async fn kind_of(site: &Site, wql: &str) -> ErrorKind {
    match site.query(wql, &Parameters::None).await {
        Ok(rows) => panic!("{wql} gave {:?}", rows.all().await),
        Err(error) => error.kind(),
    }
}

fn service(id: u32, name: &str) -> Instance {
    let mut service = Instance::new("SMS_AzureService").unwrap();
    service.set("AzureServiceID", id).unwrap();
    service.set("ServiceCName", name).unwrap();
    service
}

#[tokio::test]
async fn the_seed_scripts_calls_work() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    assert_eq!(site.code().await.unwrap().as_str(), "GF1");
    let mut new = service(7, "GraniteFalls.contoso.com");
    new.set("ServiceType", "CloudProxyService").unwrap();
    let path = site.put(&mut new, PutMode::CreateOnly).await.unwrap();
    assert_eq!(path.to_string(), "SMS_AzureService.AzureServiceID=7");

    let wql = "SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' \
               AND ServiceCName = 'GRANITEFALLS.contoso.com'";
    let mut found = rows(&site, wql).await.pop().unwrap();
    found.set("SubCACertThumbprint", "AA;BB").unwrap();
    site.put(&mut found, PutMode::default()).await.unwrap();
    let again = site.get(&ObjectPath::parse("sms_azureservice=7").unwrap()).await.unwrap();
    assert_eq!(again.text("SUBCACERTTHUMBPRINT"), Some("AA;BB"));
    assert_eq!(again.text("ServiceCName"), Some("GraniteFalls.contoso.com"));
}

#[tokio::test]
async fn a_put_writes_only_what_was_modified() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    let mut one = service(1, "a");
    one.set("Region", "WestUS").unwrap();
    site.put(&mut one, PutMode::CreateOnly).await.unwrap();
    // Two readers, each with its own change: the later put must not take back the earlier one.
    let mut first = rows(&site, "SELECT * FROM SMS_AzureService").await.pop().unwrap();
    let mut second = first.clone();
    first.set("Region", "WestEurope").unwrap();
    second.set("Description", "later").unwrap();
    site.put(&mut first, PutMode::UpdateOnly).await.unwrap();
    site.put(&mut second, PutMode::UpdateOnly).await.unwrap();
    let now = rows(&site, "SELECT * FROM SMS_AzureService").await.pop().unwrap();
    assert_eq!((now.text("Region"), now.text("Description")), (Some("WestEurope"), Some("later")));
}

#[tokio::test]
async fn put_modes_keys_and_deletes() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    let mut unnumbered = Instance::new("SMS_AzureService").unwrap();
    unnumbered.set("Name", "first").unwrap();
    let path = site.put(&mut unnumbered, PutMode::default()).await.unwrap();
    assert_eq!(path.to_string(), "SMS_AzureService.AzureServiceID=1");
    let kind = |error: cmgateway::Error| error.kind();
    let again = site.put(&mut service(1, "x"), PutMode::CreateOnly).await.map_err(kind);
    assert_eq!(again, Err(ErrorKind::Conflict));
    let missing = site.put(&mut service(2, "x"), PutMode::UpdateOnly).await.map_err(kind);
    assert_eq!(missing, Err(ErrorKind::NotFound));
    let elsewhere = ObjectPath::parse(r"\\cm9\root\sms\site_ZZZ:SMS_AzureService.AzureServiceID=1").unwrap();
    assert_eq!(site.delete(&elsewhere).await.map_err(kind), Err(ErrorKind::Config));
    let here = ObjectPath::parse(r"\\cm9\root\sms\site_gf1:SMS_AzureService.AzureServiceID=1").unwrap();
    assert!(site.get(&here).await.is_ok());
    site.delete(&path).await.unwrap();
    assert_eq!(site.delete(&path).await.map_err(kind), Err(ErrorKind::NotFound));
    assert_eq!(site.get(&path).await.map(drop).map_err(kind), Err(ErrorKind::NotFound));
}

#[tokio::test]
async fn what_was_read_is_never_created_a_second_time() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    site.put(&mut service(1, "a"), PutMode::CreateOnly).await.unwrap();
    let kind = |error: cmgateway::Error| error.kind();

    let mut keyless = rows(&site, "SELECT ServiceCName FROM SMS_AzureService").await.pop().unwrap();
    keyless.set("ServiceCName", "b").unwrap();
    assert_eq!(site.put(&mut keyless, PutMode::default()).await.map_err(kind), Err(ErrorKind::Config));
    let mut renumbered = rows(&site, "SELECT * FROM SMS_AzureService").await.pop().unwrap();
    renumbered.set("AzureServiceID", 2).unwrap();
    assert_eq!(site.put(&mut renumbered, PutMode::default()).await.map_err(kind), Err(ErrorKind::Config));
    let mut deleted = rows(&site, "SELECT * FROM SMS_AzureService").await.pop().unwrap();
    site.delete(deleted.path().unwrap()).await.unwrap();
    deleted.set("Region", "WestUS").unwrap();
    assert_eq!(site.put(&mut deleted, PutMode::default()).await.map_err(kind), Err(ErrorKind::NotFound));
    assert_eq!(rows(&site, "SELECT * FROM SMS_AzureService").await.len(), 0);
}

#[tokio::test]
async fn an_unchanged_put_refuses_to_undo_somebody_elses() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    site.put(&mut service(1, "a"), PutMode::CreateOnly).await.unwrap();
    let mut first = rows(&site, "SELECT * FROM SMS_AzureService").await.pop().unwrap();
    let mut second = first.clone();
    first.set("Region", "WestEurope").unwrap();
    second.set("Region", "WestUS").unwrap();
    second.set("Region", "EastUS").unwrap();
    site.put(&mut first, PutMode::UpdateUnchanged).await.unwrap();
    let refused = site.put(&mut second, PutMode::UpdateUnchanged).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    first.set("Description", "another property").unwrap();
    site.put(&mut first, PutMode::UpdateUnchanged).await.unwrap();
}

#[tokio::test]
async fn properties_come_with_the_instances_and_keep_their_type() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    let mut new = service(1, "a");
    new.set("Huge", u64::MAX).unwrap();
    new.set("Names", vec![Value::from("x"), Value::from("")]).unwrap();
    new.set("Empty", Vec::<Value>::new()).unwrap();
    let mut embedded = Instance::new("SMS_EmbeddedProperty").unwrap();
    embedded.set("PropertyName", "IISSSLState").unwrap();
    new.set("Props", vec![Value::Object(Box::new(embedded))]).unwrap();
    site.put(&mut new, PutMode::default()).await.unwrap();
    let read = site.get(&ObjectPath::parse("SMS_AzureService.AzureServiceID=1").unwrap()).await.unwrap();
    assert_eq!(read.get("huge"), Some(&Value::from(u64::MAX)));
    assert_eq!(read.get("Names"), new.get("Names"));
    assert_eq!(read.get("Empty"), Some(&Value::Array(vec![])));
    assert_eq!(read.get("Region"), Some(&Value::Null));
    let Some(Value::Array(props)) = read.get("Props") else { panic!("{read:?}") };
    let Value::Object(prop) = &props[0] else { panic!("{props:?}") };
    assert_eq!(prop.text("propertyname"), Some("IISSSLState"));

    let mut kept_by_sqlite = service(1, "a");
    kept_by_sqlite.set("RowId", 5).unwrap();
    let refused = site.put(&mut kept_by_sqlite, PutMode::default()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);

    let mut wrong = service(1, "a");
    wrong.set("Huge", "not a number").unwrap();
    let error = site.put(&mut wrong, PutMode::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("Huge"), "{error}");
    assert_eq!(
        rows(&site, "SELECT Huge FROM SMS_AzureService WHERE Huge > 9223372036854775807").await.len(),
        1
    );
    assert_eq!(
        rows(&site, "SELECT * FROM SMS_AzureService WHERE Huge = '18446744073709551615'").await.len(),
        1
    );
}

#[tokio::test]
async fn conditions_find_what_wmi_would_find() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    for (id, name, stop) in [(1, "Alpha", Some(true)), (2, "beta_1", Some(false)), (3, "GÄMMA", None)] {
        let mut new = service(id, name);
        if let Some(stop) = stop {
            new.set("TrafficOutStopService", stop).unwrap();
        }
        site.put(&mut new, PutMode::default()).await.unwrap();
    }
    for (condition, ids) in [
        ("ServiceCName = 'ALPHA'", &[1][..]),
        ("ServiceCName = 'gämma'", &[3]),
        ("ServiceCName <> 'alpha'", &[2, 3]),
        ("ServiceCName LIKE 'al%'", &[1]),
        ("ServiceCName LIKE '%A'", &[1, 3]),
        ("ServiceCName LIKE 'beta[_]1'", &[2]),
        ("ServiceCName LIKE '[a-b]%'", &[1, 2]),
        ("ServiceCName NOT LIKE '%a%'", &[]),
        ("NOT ServiceCName LIKE 'g%'", &[1, 2]),
        ("TrafficOutStopService = true", &[1]),
        ("TrafficOutStopService = 1", &[1]),
        ("TrafficOutStopService = 'True'", &[1]),
        ("TrafficOutStopService <> -1", &[2]),
        ("TrafficOutStopService IS NULL", &[3]),
        ("TrafficOutStopService = NULL", &[3]),
        ("TrafficOutStopService IS NOT NULL", &[1, 2]),
        ("AzureServiceID = '2'", &[2]),
        ("AzureServiceID >= 2 AND (ServiceCName = 'x' OR AzureServiceID < 3)", &[2]),
        ("AzureServiceID LIKE '3'", &[3]),
        ("2 < AzureServiceID", &[3]),
        ("AzureServiceID > -1", &[1, 2, 3]),
        ("__CLASS = 'sms_azureservice' AND AzureServiceID = 1", &[1]),
        ("__this ISA 'SMS_AzureService' AND AzureServiceID = 1", &[1]),
    ] {
        let wql =
            format!("SELECT AzureServiceID FROM SMS_AzureService WHERE {condition} ORDER BY AzureServiceID");
        let found: Vec<_> = rows(&site, &wql)
            .await
            .iter()
            .map(|row| row.get("AzureServiceID").and_then(Value::as_integer).unwrap())
            .collect();
        assert_eq!(found, ids.iter().map(|id| i128::from(*id)).collect::<Vec<_>>(), "{condition}");
    }
    let row = rows(&site, "SELECT ServiceCName FROM SMS_AzureService").await.pop().unwrap();
    assert_eq!(row.path(), None, "a row without its key has no path");
}

#[tokio::test]
async fn what_a_query_cannot_mean_is_refused() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    for (wql, kind) in [
        ("SELECT * FROM SMS_NoSuchClass", ErrorKind::NotFound),
        ("SELECT ServiceCNam FROM SMS_AzureService", ErrorKind::Config),
        ("SELECT * FROM SMS_AzureService WHERE Misspelt = 1", ErrorKind::Config),
        ("SELECT * FROM SMS_AzureService WHERE AzureServiceID = 'abc'", ErrorKind::Config),
        ("SELECT * FROM SMS_AzureService WHERE TrafficOutStopService > true", ErrorKind::Config),
        ("SELECT * FROM SMS_AzureService WHERE A.B = 1", ErrorKind::Config),
        ("SELECT * FROM", ErrorKind::Config),
    ] {
        assert_eq!(kind_of(&site, wql).await, kind, "{wql}");
    }
}

#[tokio::test]
async fn values_never_become_query_text() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    let nasty = ["x' OR ServiceType<>'", "\"", "\\", "a\\'b", "ünïcödé ☃", "%", "'; DROP TABLE x; --"];
    for (id, name) in nasty.iter().enumerate() {
        site.put(&mut service(id as u32 + 1, name), PutMode::default()).await.unwrap();
    }
    for (id, name) in nasty.iter().enumerate() {
        let parameters = Parameters::Positional(vec![(*name).into()]);
        let wql = "SELECT * FROM SMS_AzureService WHERE ServiceCName = ?";
        let found = site.query(wql, &parameters).await.unwrap().all().await.unwrap();
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].get("AzureServiceID"), Some(&Value::from(id as u32 + 1)));
    }
    let mut with_nul = service(99, "a\0b");
    assert_eq!(site.put(&mut with_nul, PutMode::default()).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn classes_are_defined_by_the_user() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    let property = |name: &str, cim_type, is_key| {
        PropertyDefinition::new(Identifier::new(name).unwrap(), cim_type, false, is_key)
    };
    let properties =
        vec![property("CollectionID", CimType::String, true), property("Name", CimType::String, false)];
    let class = Class::new(Identifier::new("SMS_Collection").unwrap(), properties);
    site.embedded().unwrap().define_class(class.clone()).await.unwrap();
    assert_eq!(site.class("sms_collection").await.unwrap(), class);
    let twice = site.embedded().unwrap().define_class(class.clone()).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Conflict);
    let keyless = Class::new(Identifier::new("X").unwrap(), class.properties[1..].to_vec());
    assert_eq!(site.embedded().unwrap().define_class(keyless).await.unwrap_err().kind(), ErrorKind::Config);
    let mut no_key = Instance::new("SMS_Collection").unwrap();
    no_key.set("Name", "All").unwrap();
    let error = site.put(&mut no_key, PutMode::default()).await.unwrap_err();
    assert!(error.to_string().contains("CollectionID"), "{error}");
}

/// More than a dropped query can have read ahead.
const ROWS: u32 = 1300;

#[tokio::test]
async fn rows_stream_and_may_be_dropped_half_way() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    for id in 1..=ROWS {
        site.put(&mut service(id, "a"), PutMode::default()).await.unwrap();
    }
    for _ in 0..40 {
        let mut rows = site.query("SELECT * FROM SMS_AzureService", &Parameters::None).await.unwrap();
        assert!(rows.next().await.unwrap().is_some());
        drop(rows);
        // The thread of the dropped query needs a moment to give its connection back.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(rows(&site, "SELECT * FROM SMS_AzureService").await.len(), ROWS as usize);
    let mut open = Vec::new();
    let refused = loop {
        match site.query("SELECT * FROM SMS_AzureService", &Parameters::None).await {
            Ok(rows) => open.push(rows),
            Err(error) => break error,
        }
        assert!(open.len() <= cmgateway::limits::OPEN_QUERIES_MAX);
    };
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    // Forgotten queries do not stand in the way of anything else.
    site.put(&mut service(ROWS + 1, "a"), PutMode::CreateOnly).await.unwrap();
    drop(open);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_share_a_site() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    let callers: Vec<_> = (1..=64)
        .map(|id| {
            let site = site.clone();
            tokio::spawn(async move {
                site.put(&mut service(id, "a"), PutMode::CreateOnly).await.unwrap();
                rows(&site, "SELECT * FROM SMS_AzureService").await.len()
            })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.unwrap() >= 1);
    }
}

#[tokio::test]
async fn files_that_are_no_sites_are_told_apart() {
    let folder = TestFolder::new();
    let kind = |result: Result<Site>| result.map(drop).map_err(|error| error.kind());
    assert_eq!(kind(connect(&folder.file("missing.db")).await), Err(ErrorKind::NotFound));
    std::fs::write(folder.file("text.db"), "this is no database, only text that is long enough").unwrap();
    assert_eq!(kind(connect(&folder.file("text.db")).await), Err(ErrorKind::Config));
    std::fs::write(folder.file("empty.db"), "").unwrap();
    assert_eq!(kind(connect(&folder.file("empty.db")).await), Err(ErrorKind::Config));
    assert_eq!(kind(connect(folder.path()).await), Err(ErrorKind::Config));
    drop(new_site(&folder).await);
    let code = SiteCode::new("GF1").unwrap();
    let again = EmbeddedSite::create(folder.file("site.db"), &code).await.map(drop);
    assert_eq!(again.map_err(|error| error.kind()), Err(ErrorKind::Conflict));

    // Damage in the middle of the file: an error of ours, no panic, no wrong rows.
    let file = folder.file("site.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let (from, to) = (4096.min(bytes.len()), bytes.len());
    bytes[from..to].fill(0xA5);
    std::fs::write(&file, bytes).unwrap();
    let damaged = match connect(&file).await {
        Ok(site) => match site.query("SELECT * FROM SMS_Site", &Parameters::None).await {
            Ok(rows) => rows.all().await.map(drop),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    assert_eq!(damaged.unwrap_err().kind(), ErrorKind::Protocol);
}

fn writer(file: &Path, first: u32, count: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_site-writer"))
        .arg(format!("sqlite:{}", file.display()))
        .args([first.to_string(), count.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn what_was_reported_done_survives_kill_9() {
    let folder = TestFolder::new();
    drop(new_site(&folder).await);
    let file = folder.file("site.db");
    let mut reported: Vec<u32> = Vec::new();
    for round in 0..8 {
        let first = round * 100_000 + 1;
        let mut child = writer(&file, first, 100_000);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(60 + u64::from(round) * 17));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        reported.extend(lines.map_while(std::result::Result::ok).filter_map(|line| line.parse::<u32>().ok()));
        killer.join().unwrap();
    }
    assert!(!reported.is_empty(), "no writer got as far as one put");
    let site = connect(&file).await.unwrap();
    let stored = rows(&site, "SELECT * FROM SMS_AzureService").await;
    let ids: std::collections::HashSet<_> =
        stored.iter().map(|row| row.get("AzureServiceID").and_then(Value::as_integer).unwrap()).collect();
    for id in &reported {
        assert!(ids.contains(&i128::from(*id)), "put {id} was reported done and is lost");
    }
    for row in &stored {
        let id = row.get("AzureServiceID").and_then(Value::as_integer).unwrap();
        assert_eq!(row.text("Name"), Some(format!("service{id}").as_str()), "half a put");
        assert!(row.text("Description").is_some_and(|text| text.ends_with(&id.to_string())), "half a put");
    }
}

#[tokio::test]
async fn two_processes_use_one_file() {
    let folder = TestFolder::new();
    drop(new_site(&folder).await);
    let file = folder.file("site.db");
    let children = [writer(&file, 1, 150), writer(&file, 1001, 150)];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 150);
    }
    let site = connect(&file).await.unwrap();
    assert_eq!(rows(&site, "SELECT * FROM SMS_AzureService").await.len(), 300);
}

/// A tmpfs of this many KiB; None where this user may not mount one.
#[cfg(target_os = "linux")]
struct SmallDisk<'a>(&'a TestFolder);

#[cfg(target_os = "linux")]
impl<'a> SmallDisk<'a> {
    fn mount(folder: &'a TestFolder, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        if mount.status().is_ok_and(|status| status.success()) {
            return Some(SmallDisk(folder));
        }
        skipped("mounting a small tmpfs needs root");
        None
    }

    fn remount(&self, options: &str) {
        let mut mount = Command::new("mount");
        assert!(mount.args(["-o", options]).arg(self.0.path()).status().unwrap().success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_half_written() {
    let folder = TestFolder::new();
    let Some(_disk) = SmallDisk::mount(&folder, "size=1024k") else { return };
    let site = new_site(&folder).await;
    let mut done = 0;
    let error = loop {
        let mut next = service(done + 1, "a");
        next.set("Description", "x".repeat(20_000)).unwrap();
        match site.put(&mut next, PutMode::CreateOnly).await {
            Ok(_) => done += 1,
            Err(error) => break error,
        }
        assert!(done < 1000, "the disk never filled up");
    };
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert_eq!(rows(&site, "SELECT AzureServiceID FROM SMS_AzureService").await.len(), done as usize);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_is_said() {
    let folder = TestFolder::new();
    let Some(disk) = SmallDisk::mount(&folder, "size=4m") else { return };
    drop(new_site(&folder).await);
    disk.remount("remount,ro");
    let error = connect(&folder.file("site.db")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
    disk.remount("remount,rw");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_file_can_be_read_and_refuses_a_put() {
    let folder = TestFolder::new();
    drop(new_site(&folder).await);
    let file = folder.file("site.db");
    // Root writes to a file whatever its mode, so the file is mounted read-only onto itself.
    let mount = |arguments: &[&str]| {
        let mut mount = Command::new("mount");
        mount.args(arguments).arg(&file).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !(mount(&["--bind", file.to_str().unwrap()]) && mount(&["-o", "remount,bind,ro"])) {
        skipped("mounting a file read-only needs root");
        return;
    }
    let read = match connect(&file).await {
        Ok(site) => site.code().await.map(|code| code.to_string()),
        Err(error) => Err(error),
    };
    let put = match connect(&file).await {
        Ok(site) => site.put(&mut service(1, "a"), PutMode::default()).await.map(drop),
        Err(error) => Err(error),
    };
    Command::new("umount").arg("-l").arg(&file).status().unwrap();
    assert_eq!(read.unwrap(), "GF1");
    assert_eq!(put.unwrap_err().kind(), ErrorKind::Auth);
}

/// A file as the first version of this library wrote it: a row for each property, no definitions.
#[tokio::test]
async fn a_site_file_of_format_1_is_brought_to_this_one() {
    let folder = TestFolder::new();
    let file = folder.file("old.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.create_collation("wmi_text", |a: &str, b: &str| a.cmp(b)).unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x434D4757; PRAGMA user_version = 1;
             CREATE TABLE cmgateway_class (
                 class_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE) STRICT;
             CREATE TABLE cmgateway_property (
                 class_id INTEGER NOT NULL REFERENCES cmgateway_class, position INTEGER NOT NULL,
                 name TEXT NOT NULL COLLATE NOCASE, cim_type TEXT NOT NULL, is_array INTEGER NOT NULL,
                 is_key INTEGER NOT NULL, PRIMARY KEY (class_id, position), UNIQUE (class_id, name)) STRICT;
             INSERT INTO cmgateway_class VALUES (1, 'SMS_ProviderLocation');
             INSERT INTO cmgateway_property VALUES (1, 0, 'SiteCode', 'string', 0, 1),
                 (1, 1, 'ProviderForLocalSite', 'boolean', 0, 0), (1, 2, 'Roles', 'string', 1, 0);
             CREATE TABLE \"instances_SMS_ProviderLocation\" (\"SiteCode\" COLLATE wmi_text,
                 \"ProviderForLocalSite\" COLLATE wmi_text, \"Roles\" COLLATE wmi_text);
             CREATE UNIQUE INDEX \"keys_of_SMS_ProviderLocation\"
                 ON \"instances_SMS_ProviderLocation\" (\"SiteCode\");
             INSERT INTO \"instances_SMS_ProviderLocation\" VALUES ('GF1', 1, '[\"a\",\"b\"]');",
        )
        .unwrap();
    drop(connection);
    for _ in 0..2 {
        let site: Site = EmbeddedSite::open(&file).await.unwrap().into();
        assert_eq!(site.code().await.unwrap().as_str(), "GF1");
        let class = site.class("sms_providerlocation").await.unwrap();
        assert_eq!(class.keys().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["SiteCode"]);
        let path = ObjectPath::parse("SMS_ProviderLocation='GF1'").unwrap();
        let roles = site.get(&path).await.unwrap().get("Roles").cloned();
        assert_eq!(roles, Some(Value::Array(vec!["a".into(), "b".into()])));
        site.close().await.unwrap();
    }
    let site: Site = EmbeddedSite::open(&file).await.unwrap().into();
    site.embedded()
        .unwrap()
        .compile_mof("class Late : SMS_ProviderLocation { string More; };")
        .await
        .unwrap();
    assert_eq!(site.class("Late").await.unwrap().derivation.len(), 1);
}
