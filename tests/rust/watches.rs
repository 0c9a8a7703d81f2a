//! Event queries on an embedded site.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::time::Duration;

use cmgateway::ErrorKind;
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode, Watch};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{Instance, ObjectPath, Value};
use cmgateway_tests::folder::TestFolder;

async fn new_site(folder: &TestFolder) -> Site {
    EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap().into()
}

async fn put(site: &Site, id: &str, name: &str) -> ObjectPath {
    let mut collection = site.new_instance("SMS_Collection").await.unwrap();
    collection.set("CollectionID", id).unwrap();
    collection.set("Name", name).unwrap();
    site.put(&mut collection, PutMode::default()).await.unwrap()
}

async fn watch(site: &Site, wql: &str) -> Watch {
    site.watch(wql, &Parameters::None).await.unwrap()
}

async fn next(watch: &mut Watch) -> Option<Instance> {
    watch.next(Some(Duration::from_millis(400))).await.unwrap()
}

fn embedded<'i>(event: &'i Instance, name: &str) -> &'i Instance {
    match event.get(name) {
        Some(Value::Object(object)) => object,
        other => unreachable!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_created_changed_and_deleted_is_told() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    put(&site, "GF100001", "old").await;
    let all = "SELECT * FROM __InstanceOperationEvent WITHIN 0.05 WHERE TargetInstance ISA 'SMS_Collection'";
    let mut all = watch(&site, all).await;
    let renamed = "SELECT * FROM __InstanceModificationEvent WITHIN 0.05 WHERE TargetInstance ISA 'SMS_Collection' \
                   AND TargetInstance.Name <> PreviousInstance.Name AND TargetInstance.Name LIKE 'n[a-f]%'";
    assert!(next(&mut all).await.is_none(), "what was there is no event");
    let path = put(&site, "GF100002", "one").await;
    let event = next(&mut all).await.unwrap();
    assert_eq!(event.class_name().as_str(), "__InstanceCreationEvent");
    assert_eq!(embedded(&event, "TargetInstance").text("Name"), Some("one"));
    let mut renamed = watch(&site, renamed).await;
    put(&site, "GF100002", "new").await;
    let event = next(&mut all).await.unwrap();
    assert_eq!(embedded(&event, "PreviousInstance").text("Name"), Some("one"));
    assert_eq!(embedded(&next(&mut renamed).await.unwrap(), "TargetInstance").text("Name"), Some("new"));
    site.delete(&path).await.unwrap();
    assert_eq!(next(&mut all).await.unwrap().class_name().as_str(), "__InstanceDeletionEvent");
    put(&site, "GF100001", "other").await;
    assert!(next(&mut renamed).await.is_none(), "the condition is looked at");
}

#[tokio::test]
async fn groups_come_as_one_event() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    let wql = "SELECT * FROM __InstanceCreationEvent WITHIN 0.05 WHERE TargetInstance ISA 'SMS_Collection' \
               GROUP WITHIN 0.2 BY TargetInstance.Name HAVING NumberOfEvents > 1";
    let mut groups = watch(&site, wql).await;
    for (id, name) in [("GF100001", "a"), ("GF100002", "b"), ("GF100003", "a")] {
        put(&site, id, name).await;
    }
    let event = next(&mut groups).await.unwrap();
    assert_eq!(
        (event.class_name().as_str(), event.get("NumberOfEvents")),
        ("__AggregateEvent", Some(&Value::from(2)))
    );
    let representative = embedded(embedded(&event, "Representative"), "TargetInstance");
    assert_eq!(representative.text("Name"), Some("a"));
    assert!(next(&mut groups).await.is_none());
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused() {
    let folder = TestFolder::new();
    let site = new_site(&folder).await;
    for (wql, wbem) in [
        ("SELECT * FROM __InstanceCreationEvent WHERE TargetInstance ISA 'SMS_Site'", "UNPARSABLE_QUERY"),
        ("SELECT * FROM __InstanceCreationEvent WITHIN 5", "UNPARSABLE_QUERY"),
        ("SELECT * FROM __TimerEvent WITHIN 5 WHERE TargetInstance ISA 'SMS_Site'", "NOT_EVENT_CLASS"),
        ("SELECT * FROM __InstanceCreationEvent WITHIN x", "INVALID_QUERY"),
    ] {
        let error = site.watch(wql, &Parameters::None).await.err().unwrap();
        assert_eq!((error.kind(), error.wbem().unwrap().name().as_str()), (ErrorKind::Config, wbem), "{wql}");
    }
}
