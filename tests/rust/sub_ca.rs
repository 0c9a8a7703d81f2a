//! The sub-CA thumbprints of a gateway: list, plan, apply, and everything that is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use cmgateway::cert::{Certificate, DevelopmentPki, DevelopmentPkiOptions, Thumbprint};
use cmgateway::gateway::Gateway;
use cmgateway::gateway::sub_ca::{ChangeKind, StepAction, SubCaPlan, SubCaSource, ThumbprintList};
use cmgateway::site::{ConnectOptions, EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi::{Instance, ObjectPath};
use cmgateway::{Error, ErrorKind};
use cmgateway_tests::folder::TestFolder;
use time::{Duration, OffsetDateTime};

const NAME: &str = "GraniteFalls.contoso.com";
const A: &str = "8824022CB382CADD9E19290449B893A839140962";
const B: &str = "7CB8B7539D87BA7215357B9B9049DFF2D3FA59BA";

async fn site(folder: &TestFolder) -> Site {
    EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap().into()
}

async fn put_gateway(site: &Site, name: &str, stored: Option<&str>) {
    let mut service = Instance::new("SMS_AzureService").unwrap();
    service.set("ServiceCName", name).unwrap();
    service.set("ServiceType", "CloudProxyService").unwrap();
    if let Some(stored) = stored {
        service.set("SubCACertThumbprint", stored).unwrap();
    }
    site.put(&mut service, PutMode::CreateOnly).await.unwrap();
}

async fn stored(site: &Site) -> Option<String> {
    let path = ObjectPath::parse("SMS_AzureService.AzureServiceID=1").unwrap();
    site.get(&path).await.unwrap().text("SubCACertThumbprint").map(str::to_owned)
}

fn thumbprint(text: &str) -> SubCaSource {
    SubCaSource::Thumbprint(Thumbprint::from_hex(text).unwrap())
}

fn pki_from(start: OffsetDateTime) -> DevelopmentPki {
    DevelopmentPki::new(&DevelopmentPkiOptions::new(start)).unwrap()
}

fn certificate(certificate: &Certificate) -> SubCaSource {
    SubCaSource::Certificate(certificate.clone())
}

#[tokio::test]
async fn set_add_remove_read_back_and_are_safe_to_repeat() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    put_gateway(&site, NAME, None).await;
    let sub_ca = Gateway::find(&site, "granitefalls.CONTOSO.com").await.unwrap().sub_ca();
    assert_eq!(sub_ca.gateway().service_name(), NAME);
    assert_eq!(sub_ca.list().await.unwrap(), ThumbprintList::default());

    let plan = sub_ca.plan(ChangeKind::Set, &[thumbprint(A)]).await.unwrap();
    assert!(plan.is_change());
    assert_eq!(stored(&site).await, None, "a plan changes nothing");
    sub_ca.apply(&plan).await.unwrap();
    assert_eq!(stored(&site).await.as_deref(), Some(A));
    sub_ca.apply(&plan).await.unwrap();

    let added = sub_ca.add(&[thumbprint(B), thumbprint(A)]).await.unwrap();
    assert_eq!((added.count(StepAction::Add), added.count(StepAction::Keep)), (1, 1));
    assert_eq!(stored(&site).await, Some(format!("{A};{B}")));
    let again = sub_ca.add(&[thumbprint(B)]).await.unwrap();
    assert!(!again.is_change() && again.to_string().contains("nothing to do"), "{again}");

    let removed = sub_ca.remove(&[thumbprint(A)]).await.unwrap();
    assert_eq!(removed.count(StepAction::Remove), 1);
    assert_eq!(stored(&site).await.as_deref(), Some(B));
    let gone = sub_ca.remove(&[thumbprint(A)]).await.unwrap();
    assert!(!gone.is_change() && gone.warnings.iter().any(|warning| warning.contains("not in the list")));
    sub_ca.set(&[]).await.unwrap();
    assert_eq!(stored(&site).await.as_deref(), Some(""));
}

#[tokio::test]
async fn certificates_are_checked_before_they_are_listed() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    put_gateway(&site, NAME, None).await;
    let sub_ca = Gateway::find(&site, NAME).await.unwrap().sub_ca();
    let now = OffsetDateTime::now_utc();
    let pki = pki_from(now - Duration::days(1));
    let kind = |error: Error| error.kind();

    let one = pki.sub_cas()[0].certificate();
    let added = sub_ca.add(&[certificate(one)]).await.unwrap();
    assert_eq!(added.steps[0].subject.as_deref(), Some(one.subject().as_str()));
    assert_eq!(stored(&site).await, Some(one.thumbprint().to_string()));

    let leaf = sub_ca.add(&[certificate(pki.client().certificate())]).await.map(drop);
    assert_eq!(leaf.map_err(kind), Err(ErrorKind::Certificate));
    let old = pki_from(now - Duration::days(20_000));
    let expired = sub_ca.set(&[certificate(old.sub_cas()[0].certificate())]).await.unwrap_err();
    assert_eq!(expired.kind(), ErrorKind::Certificate);
    assert!(expired.to_string().contains("expired on"), "{expired}");
    let coming = pki_from(now + Duration::days(10));
    let early =
        sub_ca.plan(ChangeKind::Add, &[certificate(coming.sub_cas()[0].certificate())]).await.unwrap();
    assert!(early.warnings[0].contains("not valid before"), "{early}");
    let root = sub_ca.plan(ChangeKind::Add, &[certificate(pki.root().certificate())]).await.unwrap();
    assert!(root.warnings[0].contains("is a root"), "{root}");
    let twice = sub_ca.plan(ChangeKind::Add, &[thumbprint(A), thumbprint(A)]).await.unwrap();
    assert!(twice.warnings[0].contains("more than once"), "{twice}");
    assert_eq!(sub_ca.add(&[]).await.map(drop).map_err(kind), Err(ErrorKind::Config));
    let missing = sub_ca.add(&[SubCaSource::File(folder.file("no.cer"))]).await.map(drop);
    assert_eq!(missing.map_err(kind), Err(ErrorKind::NotFound));
    // An expired one can be taken out all the same.
    sub_ca.remove(&[certificate(one)]).await.unwrap();
    assert_eq!(stored(&site).await.as_deref(), Some(""));
}

#[tokio::test]
async fn gateways_are_found_by_name_or_refused() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    let kind = |error: Error| error.kind();
    assert_eq!(Gateway::find(&site, NAME).await.map(drop).map_err(kind), Err(ErrorKind::NotFound));
    put_gateway(&site, NAME, None).await;
    put_gateway(&site, "Other.contoso.com", None).await;
    let missing = Gateway::find(&site, "x' OR ServiceType<>'").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(missing.to_string().contains("Other.contoso.com"), "{missing}");
    for name in ["a\"b", "a\\b", "gränite", "☃"] {
        assert_eq!(
            Gateway::find(&site, name).await.map(drop).map_err(kind),
            Err(ErrorKind::NotFound),
            "{name}"
        );
    }
    for name in ["", "  ", "a\0b"] {
        assert_eq!(
            Gateway::find(&site, name).await.map(drop).map_err(kind),
            Err(ErrorKind::Config),
            "{name:?}"
        );
    }
    put_gateway(&site, "granitefalls.contoso.com", None).await;
    assert_eq!(Gateway::find(&site, NAME).await.map(drop).map_err(kind), Err(ErrorKind::Conflict));
    let all = Gateway::list(&site).await.unwrap();
    assert_eq!(all.len(), 3);
}

#[tokio::test]
async fn a_plan_that_is_out_of_date_is_not_applied() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    put_gateway(&site, NAME, Some(A)).await;
    let sub_ca = Gateway::find(&site, NAME).await.unwrap().sub_ca();
    let plan = sub_ca.plan(ChangeKind::Remove, &[thumbprint(A)]).await.unwrap();
    sub_ca.add(&[thumbprint(B)]).await.unwrap();
    assert_eq!(sub_ca.apply(&plan).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(stored(&site).await, Some(format!("{A};{B}")));
}

#[tokio::test]
async fn what_old_scripts_wrote_is_read_kept_and_said() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    put_gateway(&site, NAME, Some(&format!(" {} ;oops;;{A}", A.to_lowercase()))).await;
    let sub_ca = Gateway::find(&site, NAME).await.unwrap().sub_ca();
    let list = sub_ca.list().await.unwrap();
    assert_eq!((list.thumbprints().count(), list.others().collect::<Vec<_>>()), (2, vec!["oops"]));
    let plan = sub_ca.add(&[thumbprint(B)]).await.unwrap();
    assert!(plan.warnings.iter().any(|warning| warning.contains("oops")), "{plan}");
    assert_eq!(actions(&plan), format!("keep {A}, keep oops, add {B}"));
    assert_eq!(stored(&site).await, Some(format!("{A};oops;{B}")));
    let plan = sub_ca.set(&[thumbprint(B)]).await.unwrap();
    assert_eq!(actions(&plan), format!("keep {B}, remove {A}, remove oops"));
    assert!(plan.to_string().ends_with("0 to add, 2 to remove, 1 kept"), "{plan}");
    assert_eq!(stored(&site).await.as_deref(), Some(B));
}

fn actions(plan: &SubCaPlan) -> String {
    let steps = plan.steps.iter().map(|step| format!("{} {}", step.action.as_str(), step.thumbprint));
    steps.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn texts_are_thumbprints_lists_or_files_and_a_mistake_is_named() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    put_gateway(&site, NAME, None).await;
    let sub_ca = Gateway::find(&site, NAME).await.unwrap().sub_ca();
    let list = SubCaSource::from_text(&format!("{A}; {}", B.to_lowercase())).unwrap();
    assert_eq!(sub_ca.plan(ChangeKind::Set, &[list]).await.unwrap().after, format!("{A};{B}"));
    for (text, part) in [
        (format!("{A};"), "item 2 of 2 is empty"),
        (format!("{A};sub.cer"), "item 2 of 2: 's' at position 1"),
        (";".to_owned(), "item 1 of 2 is empty"),
    ] {
        let error = SubCaSource::from_text(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    }
    for (text, part) in [
        (A.replace("9140962", "914O962"), "'O' at position 37 is not a hex digit"),
        (format!("{A}X"), "'X' at position 41"),
        (format!("{A},"), "',' at position 41"),
        (format!("{A}."), "'.' at position 41"),
        (format!("{A},{B}"), "',' at position 41"),
    ] {
        let error = sub_ca.add(&[SubCaSource::from_text(&text).unwrap()]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().ends_with("and there is no such file"), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    for text in [format!("{A}.cer"), format!("no/{A}X"), "my-decade-facade.cer".to_owned()] {
        let error = sub_ca.add(&[SubCaSource::from_text(&text).unwrap()]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
    assert_eq!(stored(&site).await, None);
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_refused_and_not_waited_for() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    put_gateway(&site, NAME, None).await;
    let sub_ca = Gateway::find(&site, NAME).await.unwrap().sub_ca();
    let pipe = folder.file("pipe.cer");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = sub_ca.add(&[SubCaSource::File(pipe)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate);
    assert!(error.to_string().contains("a pipe"), "{error}");
}

#[test]
fn typed_lists_are_checked_item_by_item() {
    assert_eq!(ThumbprintList::parse(&format!("{A}; {B}")).unwrap().len(), 2);
    for (text, part) in [
        (format!("{A};;{B}"), "item 2 of 3 is empty"),
        (format!("{A};"), "item 2 of 2 is empty"),
        (String::new(), "item 1 of 1 is empty"),
        (format!("{A};{}", &B[1..]), "item 2 of 2"),
        (format!("{A},{B}"), "item 1 of 1"),
    ] {
        let error = ThumbprintList::parse(&text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_add_at_once_lose_nothing() {
    let folder = TestFolder::new();
    put_gateway(&site(&folder).await, NAME, None).await;
    let mut adders = Vec::new();
    for adder in 0..4_u8 {
        let address = format!("sqlite:{}", folder.file("site.db").display());
        adders.push(tokio::spawn(async move {
            // Each has a connection of its own, as a process of its own would.
            let site = Site::connect(ConnectOptions::new(address)).await.unwrap();
            let sub_ca = Gateway::find(&site, NAME).await.unwrap().sub_ca();
            for number in 0..10_u8 {
                let thumbprint = Thumbprint::of_der(&[adder, number]);
                sub_ca.add(&[SubCaSource::Thumbprint(thumbprint)]).await.unwrap();
            }
        }));
    }
    for adder in adders {
        adder.await.unwrap();
    }
    let site = Site::connect(ConnectOptions::new(format!("sqlite:{}", folder.file("site.db").display())));
    let list = Gateway::find(&site.await.unwrap(), NAME).await.unwrap().sub_ca().list().await.unwrap();
    assert_eq!(list.thumbprints().count(), 40);
}
