//! Classes with inheritance and methods, MOF, lazy properties, context: on an embedded site.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::sync::{Arc, Mutex};

use cmgateway::ErrorKind;
use cmgateway::site::{EmbeddedSite, MethodInput, PutMode, Site, SiteCode};
use cmgateway::wmi::wql::Parameters;
use cmgateway::wmi::{CallContext, Instance, ObjectPath, Value, mof};
use cmgateway_tests::folder::TestFolder;

const ZOO: &str = r#"
#pragma namespace("\\\\.\\root\\sms\\site_GF1")
/* A base class, two heirs, one heir of an heir. */
[abstract, Description("all animals")] class Zoo_Animal {
    [key] string Name;
    uint32 Legs = 4; // most have four
    uint32 Feed([in, ID(1)] uint32 Amount, [in, ID(0)] string Food, [out, ID(2)] string Mood);
    [static] void Close();
};
class Zoo_Bird : Zoo_Animal { boolean Flies; uint32 Legs = 2; };
class Zoo_Duck : Zoo_Bird { [lazy] string Songs[]; Zoo_Pond ref Home; };
class Zoo_Cat : Zoo_Animal { uint64 Lives = 9; datetime Born; };
class Zoo_Pond { [key] sint32 Number; Zoo_Plant Plants[]; };
class Zoo_Plant { string Kind; real64 Height; };
instance of Zoo_Pond as $Pond { Number = -0x10; Plants = {
    instance of Zoo_Plant { Kind = "reed\t" "grass"; Height = 1.5; },
    instance of Zoo_Plant { Kind = "\x00e4"; } }; };
instance of Zoo_Duck { Name = "Donald"; Flies = FALSE; Songs = {"quack", "quack\"quack"}; Home = $Pond; };
instance of Zoo_Cat { Name = "Tom"; Born = "20240131120000.000000+060"; };
instance of Zoo_Bird { Name = "Tweety"; Flies = TRUE; };
"#;

async fn zoo(folder: &TestFolder) -> Site {
    let site: Site =
        EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap().into();
    site.embedded().unwrap().compile_mof(ZOO).await.unwrap();
    site
}

async fn rows(site: &Site, wql: &str) -> Vec<Instance> {
    let rows = site.query(wql, &Parameters::None).await.unwrap_or_else(|error| panic!("{wql}: {error}"));
    rows.all().await.unwrap()
}

async fn names(site: &Site, wql: &str) -> String {
    let mut names: Vec<_> =
        rows(site, wql).await.iter().map(|row| row.text("Name").unwrap().to_owned()).collect();
    names.sort();
    names.join(" ")
}

#[tokio::test]
async fn a_base_class_has_the_instances_of_its_heirs() {
    let folder = TestFolder::new();
    let site = zoo(&folder).await;
    for (wql, found) in [
        ("SELECT * FROM Zoo_Animal", "Donald Tom Tweety"),
        ("SELECT Name FROM Zoo_Bird", "Donald Tweety"),
        ("SELECT * FROM Zoo_Duck", "Donald"),
        ("SELECT * FROM Zoo_Animal WHERE __CLASS = 'zoo_bird'", "Tweety"),
        ("SELECT * FROM Zoo_Animal WHERE __this ISA 'Zoo_Bird'", "Donald Tweety"),
        ("SELECT * FROM Zoo_Animal WHERE Legs = 2 AND NAME LIKE 't%'", "Tweety"),
        ("SELECT a.* FROM Zoo_Animal a JOIN Zoo_Cat c ON a.Name = c.Name", "Tom"),
        ("SELECT * FROM Zoo_Cat WHERE Name NOT IN (SELECT Name FROM Zoo_Bird)", "Tom"),
    ] {
        assert_eq!(names(&site, wql).await, found, "{wql}");
    }
    let all = rows(&site, "SELECT * FROM Zoo_Animal ORDER BY Name DESC").await;
    let classes: Vec<_> = all.iter().map(|row| row.class_name().as_str()).collect();
    assert_eq!(classes, ["Zoo_Bird", "Zoo_Cat", "Zoo_Duck"]);
    assert_eq!(all[1].get("Lives"), Some(&Value::from(9)), "a default, and a property of the heir alone");
    assert_eq!(all[0].get("Lives"), None);
    assert!(all[2].is_a("ZOO_ANIMAL") && !all[2].is_a("Zoo_Cat"));
    let by_base = ObjectPath::parse("Zoo_Animal.Name='donald'").unwrap();
    let donald = site.get(&by_base).await.unwrap();
    assert_eq!(donald.path().unwrap().to_string(), r#"Zoo_Duck.Name="Donald""#);
    site.delete(&by_base).await.unwrap();
    assert_eq!(names(&site, "SELECT * FROM Zoo_Animal").await, "Tom Tweety");
    let mut animal = Instance::new("Zoo_Animal").unwrap();
    animal.set("Name", "x").unwrap();
    let refused = site.put(&mut animal, PutMode::default()).await.unwrap_err();
    assert!(refused.to_string().contains("abstract"), "{refused}");
}

#[tokio::test]
async fn lazy_properties_are_read_by_get_and_never_wiped_by_a_put() {
    let folder = TestFolder::new();
    let site = zoo(&folder).await;
    let mut row = rows(&site, "SELECT * FROM Zoo_Duck").await.remove(0);
    assert!(row.get("Songs").unwrap().is_null() && row.property("Songs").unwrap().is_left_out());
    row.set("Flies", true).unwrap();
    let path = site.put(&mut row, PutMode::default()).await.unwrap();
    let songs = Value::Array(vec!["quack".into(), "quack\"quack".into()]);
    assert_eq!(site.get(&path).await.unwrap().get("Songs"), Some(&songs));
    assert_eq!(names(&site, "SELECT Name FROM Zoo_Duck WHERE Songs = 'quack'").await, "Donald");
}

#[tokio::test]
async fn mof_goes_in_and_out() {
    let folder = TestFolder::new();
    let site = zoo(&folder).await;
    let embedded = site.embedded().unwrap();
    embedded.compile_mof(ZOO).await.expect("a text can be compiled twice");
    let pond = site.get(&ObjectPath::parse("Zoo_Pond=-16").unwrap()).await.unwrap();
    let text = mof::instance_text(&pond);
    assert!(text.contains("Kind = \"reed\\tgrass\"") && text.contains("Kind = \"ä\""), "{text}");
    site.delete(pond.path().unwrap()).await.unwrap();
    embedded.compile_mof(text).await.unwrap();
    let again = site.get(pond.path().unwrap()).await.unwrap();
    assert_eq!(mof::instance_text(&again), mof::instance_text(&pond));
    let class = site.class("Zoo_Duck").await.unwrap();
    let written = mof::class_text(&class);
    assert!(written.starts_with("class Zoo_Duck : Zoo_Bird\n{\n\t[lazy] string Songs[];\n"), "{written}");
    assert_eq!(
        class.derivation.iter().map(|base| base.as_str()).collect::<Vec<_>>(),
        ["Zoo_Bird", "Zoo_Animal"]
    );
    assert_eq!(class.property("Name").unwrap().origin.as_ref().unwrap().as_str(), "Zoo_Animal");
    assert_eq!(class.property("Legs").unwrap().default, Value::from(2));
    for (text, position) in [
        ("class A : NoSuch { };", "line 1, column 7"),
        ("class A {\n  [key] strin g;\n  uint8\n};", "line 4, column 1"),
        ("instance of Zoo_Cat { Name = 'ab'; };", "line 1, column 30"),
        ("instance of Zoo_Cat {\n Nmae = \"x\"; };", "line 2, column 2"),
        ("instance of Zoo_Cat { Name = \"x\"; Lives = -1; };", "line 1, column 43"),
        ("instance of Zoo_Duck { Name = \"x\"; Home = $Nobody; };", "line 1, column 43"),
        ("class Zoo_Cat : Zoo_Animal { string Lives; };", "line 1, column 7"),
        ("/* no end", "line 1, column 1"),
        ("class A { [key] uint32 ID; string s = \"a\\q\"; };", "line 1, column 41"),
    ] {
        let error = embedded.compile_mof(text).await.unwrap_err();
        assert!(error.to_string().ends_with(position), "{text}: {error}");
    }
    assert_eq!(site.class("A").await.unwrap_err().kind(), ErrorKind::NotFound, "nothing half done");
}

#[tokio::test]
async fn methods_run_what_the_host_supplies() {
    let folder = TestFolder::new();
    let site = zoo(&folder).await;
    let tom = ObjectPath::parse("Zoo_Cat.Name='Tom'").unwrap();
    let feed = |input| site.call(&tom, "feed", input);
    assert_eq!(
        feed(MethodInput::default()).await.unwrap_err().wbem().unwrap().name(),
        "METHOD_NOT_IMPLEMENTED"
    );
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    let handler = Arc::new(move |call: &cmgateway::site::embedded::MethodCall<'_>| {
        let food = call.input.text("Food").unwrap_or("nothing").to_owned();
        let user = call.context.get("ApplicationName").and_then(Value::as_str).unwrap_or("nobody");
        log.lock().unwrap().push(format!("{} {food} {:?} {user}", call.path, call.input.get("Amount")));
        Ok(vec![("Mood".to_owned(), Value::from(format!("likes {food}")))])
    });
    site.embedded().unwrap().on_method("Zoo_Animal", "Feed", handler).await.unwrap();
    // By position in the order of the qualifier ID, which is not the order of the text.
    let by_position = MethodInput { by_position: vec!["mice".into(), "3".into()], by_name: vec![] };
    let out = feed(by_position).await.unwrap();
    assert_eq!((out.text("mood"), out.get("ReturnValue")), (Some("likes mice"), Some(&Value::from(0))));
    let context = CallContext::new([("ApplicationName", Value::from("test"))]).unwrap();
    site.with_context(&context)
        .unwrap()
        .call(&tom, "Feed", MethodInput::named([("food", "fish")]))
        .await
        .unwrap();
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen[0], r#"Zoo_Cat.Name="Tom" mice Some(Integer(3)) nobody"#);
    assert_eq!(seen[1], r#"Zoo_Cat.Name="Tom" fish Some(Null) test"#);
    for (path, method, input, kind) in [
        ("Zoo_Cat.Name='Tom'", "Fly", MethodInput::default(), ErrorKind::NotFound),
        ("Zoo_Cat.Name='Jerry'", "Feed", MethodInput::default(), ErrorKind::NotFound),
        ("Zoo_Cat", "Feed", MethodInput::default(), ErrorKind::Config),
        ("Zoo_Cat.Name='Tom'", "Feed", MethodInput::named([("Foot", "x")]), ErrorKind::Config),
        ("Zoo_Cat.Name='Tom'", "Feed", MethodInput::named([("Amount", "many")]), ErrorKind::Config),
        ("Zoo_Cat", "Close", MethodInput::default(), ErrorKind::Unsupported),
    ] {
        let error = site.call(&ObjectPath::parse(path).unwrap(), method, input).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn a_built_in_class_gives_way_to_the_users() {
    let folder = TestFolder::new();
    let site = zoo(&folder).await;
    assert!(site.class("SMS_Collection").await.unwrap().property("CollectionRules").unwrap().is_lazy());
    let own = cmgateway::wmi::Class::from_names("SMS_Collection", &[("ID", "uint32")], &["ID"]).unwrap();
    site.embedded().unwrap().define_class(own.clone()).await.unwrap();
    assert_eq!(site.class("SMS_Collection").await.unwrap().properties.len(), 1);
    let twice = site.embedded().unwrap().define_class(own).await.unwrap_err();
    assert_eq!(twice.kind(), ErrorKind::Conflict);
    let mut rule = site.new_instance("SMS_EmbeddedProperty").await.unwrap();
    assert!(rule.declared("Value1").is_some());
    rule.set("PropertyName", "x").unwrap();
    let keyless = site.put(&mut rule, PutMode::default()).await.unwrap_err();
    assert!(keyless.to_string().contains("inside of others"), "{keyless}");
}

#[tokio::test]
async fn a_query_is_limited_to_the_members_of_collections() {
    let folder = TestFolder::new();
    let site = zoo(&folder).await;
    let resources = "instance of SMS_R_System { ResourceID = 1; Name = \"A\"; };
        instance of SMS_R_System { ResourceID = 2; Name = \"B\"; };
        instance of SMS_R_System { ResourceID = 3; Name = \"C\"; };
        instance of SMS_G_System_COMPUTER_SYSTEM { ResourceID = 2; Model = \"m\"; };
        instance of SMS_G_System_COMPUTER_SYSTEM { ResourceID = 3; Model = \"m\"; };
        instance of SMS_FullCollectionMembership { CollectionID = \"GF100001\"; ResourceID = 2; };
        instance of SMS_FullCollectionMembership { CollectionID = \"GF100002\"; ResourceID = 1; };";
    site.embedded().unwrap().compile_mof(resources).await.unwrap();
    let limited = |ids: &[&str]| {
        let ids = Value::Array(ids.iter().map(|id| (*id).into()).collect());
        site.with_context(&CallContext::new([("LimitToCollectionIDs", ids)]).unwrap()).unwrap()
    };
    let count = async |site: &Site, wql: &str| {
        site.query(wql, &Parameters::None).await.unwrap().all().await.unwrap().len()
    };
    let first = limited(&["gf100001"]);
    for (wql, unlimited, in_first) in [
        ("SELECT * FROM SMS_R_System", 3, 1),
        ("SELECT * FROM SMS_Resource WHERE Name = 'A' OR Name = 'B'", 2, 1),
        ("SELECT * FROM SMS_R_System WHERE Name < 'C' AND ResourceID > 0", 2, 1),
        ("SELECT COUNT(*) FROM SMS_G_System_COMPUTER_SYSTEM", 1, 1),
        ("SELECT * FROM SMS_G_System_COMPUTER_SYSTEM", 2, 1),
        (
            "SELECT r.Name FROM SMS_R_System r JOIN SMS_G_System_COMPUTER_SYSTEM c ON c.ResourceID = r.ResourceID",
            2,
            1,
        ),
        ("SELECT * FROM SMS_FullCollectionMembership", 2, 2),
        ("SELECT * FROM Zoo_Animal", 3, 3),
    ] {
        assert_eq!((count(&site, wql).await, count(&first, wql).await), (unlimited, in_first), "{wql}");
    }
    assert_eq!(count(&limited(&["GF100001", "GF100002"]), "SELECT * FROM SMS_R_System").await, 2);
    assert_eq!(count(&limited(&[]), "SELECT * FROM SMS_R_System").await, 3);
    let sorted =
        first.query("SELECT * FROM SMS_R_System ORDER BY Name", &Parameters::None).await.err().unwrap();
    assert_eq!(sorted.kind(), ErrorKind::Unsupported);
    let wrong =
        site.with_context(&CallContext::new([("LimitToCollectionIDs", Value::from(1))]).unwrap()).unwrap();
    assert_eq!(
        wrong.query("SELECT * FROM SMS_Site", &Parameters::None).await.err().unwrap().kind(),
        ErrorKind::Config
    );
}
