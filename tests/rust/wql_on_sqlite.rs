//! Extended WQL on a site in a file: the queries of published scripts, and what their rows are.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use cmgateway::ErrorKind;
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi::wql::{Parameters, Select};
use cmgateway::wmi::{CimType, Class, DateTime, Identifier, Instance, PropertyDefinition, Value};
use cmgateway_tests::folder::TestFolder;

/// `Name:type`, with `*` for a key and `[]` for an array.
fn class(name: &str, properties: &str) -> Class {
    let property = |text: &str| {
        let (name, type_name) = text.split_once(':').unwrap();
        let (name, is_key) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
        let (type_name, is_array) =
            type_name.strip_suffix("[]").map_or((type_name, false), |name| (name, true));
        let cim_type = CimType::from_name(type_name).unwrap();
        PropertyDefinition::new(Identifier::new(name).unwrap(), cim_type, is_array, is_key)
    };
    let properties = properties.split(' ').map(property).collect();
    Class::new(Identifier::new(name).unwrap(), properties)
}

async fn put(site: &Site, class: &str, values: &[(&str, Value)]) {
    let mut instance = object(class, values);
    site.put(&mut instance, PutMode::CreateOnly).await.unwrap();
}

fn object(class: &str, values: &[(&str, Value)]) -> Instance {
    let mut instance = Instance::new(class).unwrap();
    for (name, value) in values {
        instance.set(name, value.clone()).unwrap();
    }
    instance
}

fn texts(items: &[&str]) -> Value {
    Value::Array(items.iter().map(|item| (*item).into()).collect())
}

async fn site(folder: &TestFolder) -> Site {
    let code = SiteCode::new("GF1").unwrap();
    let site: Site = EmbeddedSite::create(folder.file("site.db"), &code).await.unwrap().into();
    for definition in [
        class(
            "SMS_R_System",
            "ResourceID*:uint32 Name:string Client:boolean CreationDate:datetime IPAddresses:string[] \
             AgentTime:datetime[] Ports:uint32[] NetbiosName:string",
        ),
        class("SMS_G_System_COMPUTER_SYSTEM", "ResourceID*:uint32 Model:string Name:string Memory:uint64"),
        class("SMS_Collection", "CollectionID*:string Name:string MemberCount:sint32"),
        class("SMS_FullCollectionMembership", "CollectionID*:string ResourceID*:uint32 IDText:string"),
        class("SMS_SCI_Component", "ItemName*:string Props:object[] Main:object"),
    ] {
        site.embedded().unwrap().define_class(definition).await.unwrap();
    }
    let date = |text: &str| Value::DateTime(DateTime::parse(text).unwrap());
    let now = DateTime::from_offset_date_time(time::OffsetDateTime::now_utc()).unwrap();
    let (old, older) = (date("20240115120000.000000+000"), date("20231231233000.000000-060"));
    for (id, name, client, created, addresses) in [
        (1, "PC001", true.into(), Value::DateTime(now), texts(&["10.0.0.1", "FE80::1"])),
        (2, "SRV01", false.into(), old.clone(), texts(&["10.0.1.9"])),
        (3, "pc002", Value::Null, older, Value::Null),
    ] {
        let values = [
            ("ResourceID", Value::from(id)),
            ("Name", name.into()),
            ("NetbiosName", name.to_uppercase().into()),
            ("Client", client),
            ("CreationDate", created),
            ("IPAddresses", addresses),
            ("AgentTime", Value::Array(vec![old.clone()])),
            ("Ports", Value::Array(vec![id.into(), 443.into()])),
        ];
        put(&site, "SMS_R_System", &values).await;
    }
    for (id, model, memory) in [(1, "Latitude 5520", 16_u64), (2, "ProLiant", 256)] {
        let values = [("ResourceID", Value::from(id)), ("Model", model.into()), ("Memory", memory.into())];
        put(&site, "SMS_G_System_COMPUTER_SYSTEM", &values).await;
    }
    for (id, name, members) in [("SMS00001", "All", &[1, 2, 3][..]), ("GF100014", "Servers", &[2])] {
        let count = Value::from(members.len() as i32);
        let values = [("CollectionID", Value::from(id)), ("Name", name.into()), ("MemberCount", count)];
        put(&site, "SMS_Collection", &values).await;
        for member in members {
            let text = Value::from(member.to_string());
            let values =
                [("CollectionID", id.into()), ("ResourceID", Value::from(*member)), ("IDText", text)];
            put(&site, "SMS_FullCollectionMembership", &values).await;
        }
    }
    for (item, value) in [("SMS_A|CM1", 1_u32), ("SMS_B|CM1", 31)] {
        let inner = Value::Object(Box::new(object("SMS_Inner", &[("Deep", "Text".into())])));
        let property = object(
            "SMS_EmbeddedProperty",
            &[
                ("PropertyName", "SSL".into()),
                ("Value", value.into()),
                ("Nothing", Value::Null),
                ("On", (value == 1).into()),
                ("Inner", inner),
            ],
        );
        let property = Value::Object(Box::new(property));
        let values =
            [("ItemName", item.into()), ("Props", vec![property.clone()].into()), ("Main", property)];
        put(&site, "SMS_SCI_Component", &values).await;
    }
    site
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(object) => format!("{}{{{}}}", object.class_name(), properties(object)),
        Value::String(text) => text.clone(),
        other => other.described(),
    }
}

fn properties(instance: &Instance) -> String {
    let shown: Vec<_> = instance
        .properties()
        .iter()
        .map(|property| format!("{}={}", property.name, shown(&property.value)))
        .collect();
    shown.join(" ")
}

async fn rows(site: &Site, wql: &str) -> Vec<Instance> {
    match site.query(wql, &Parameters::None).await {
        Ok(rows) => rows.all().await.unwrap_or_else(|error| panic!("{wql}: {error}")),
        Err(error) => panic!("{wql}: {error}"),
    }
}

/// The rows as text; without ORDER BY in the order of the text.
async fn lines(site: &Site, wql: &str) -> Vec<String> {
    let mut lines: Vec<_> = rows(site, wql).await.iter().map(properties).collect();
    if !wql.contains("ORDER BY") {
        lines.sort();
    }
    lines
}

#[tokio::test]
async fn conditions_on_one_class() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    for (condition, ids) in [
        ("Name IN ('pc001', 'SRV01')", &[1, 2][..]),
        ("Name NOT IN ('pc001')", &[2, 3]),
        ("ResourceID IN ('1', 3)", &[1, 3]),
        ("Client IN ('True', 0)", &[1, 2]),
        ("NOT Client IN (true)", &[2]),
        ("Name = NetbiosName", &[1, 2, 3]),
        ("Name > NetbiosName", &[]),
        ("UPPER(Name) = 'pc002' AND LOWER(Name) LIKE 'PC%'", &[3]),
        ("SUBSTRING(Name, 1, 2) = 'PC'", &[1, 3]),
        ("SUBSTRING(Name, 3, 99) IN ('001', '002')", &[1, 3]),
        ("SUBSTRING(Name, 3, 3) = ResourceID", &[1]),
        ("DATEDIFF(dd, CreationDate, GETDATE()) <= 1", &[1]),
        ("CreationDate > DateAdd(hour, -1, GetDate())", &[1]),
        ("GETDATE() >= CreationDate", &[1, 2, 3]),
        ("CreationDate < '2024-01-16'", &[2, 3]),
        ("CreationDate = '1/15/2024 12:00'", &[2]),
        ("CreationDate IN ('2024-01-15 12:00', '2024-01-01 00:30')", &[2, 3]),
        ("CreationDate >= '20240115120000.000000+000'", &[1, 2]),
        ("DATEPART(year, CreationDate) = 2024", &[2, 3]),
        ("DATEPART(yy, CreationDate) IN ('2024') AND DATEPART(dw, CreationDate) = 2", &[2, 3]),
        ("DATEDIFF(year, '2023-06-01', CreationDate) = 1", &[2, 3]),
        ("IPAddresses = '10.0.1.9'", &[2]),
        ("IPAddresses LIKE '10.0.%'", &[1, 2]),
        ("IPAddresses = 'fe80::1'", &[1]),
        ("IPAddresses IN ('fe80::1', '10.0.1.9')", &[1, 2]),
        ("IPAddresses NOT LIKE 'fe80%'", &[2]),
        ("NOT IPAddresses = 'x'", &[1, 2]),
        ("IPAddresses IS NULL", &[3]),
        ("Ports = '2'", &[2]),
        ("Ports > 400 AND Ports < 2", &[1]),
        ("Ports = ResourceID", &[1, 2, 3]),
        ("AgentTime = '20240115120000.000000+000' AND AgentTime < GETDATE()", &[1, 2, 3]),
        (
            "ResourceID IN (SELECT ResourceID FROM SMS_FullCollectionMembership WHERE CollectionID='GF100014')",
            &[2],
        ),
        ("ResourceID NOT IN (SELECT ResourceID FROM SMS_G_System_COMPUTER_SYSTEM)", &[3]),
        ("ResourceID IN (SELECT IDText FROM SMS_FullCollectionMembership WHERE IDText > 1)", &[2, 3]),
        (
            "SMS_R_System.ResourceID IN (SELECT m.ResourceID FROM SMS_FullCollectionMembership m \
          INNER JOIN SMS_Collection c ON c.CollectionID = m.CollectionID WHERE c.Name = 'servers')",
            &[2],
        ),
        (
            "ResourceID IN (SELECT ResourceID FROM SMS_FullCollectionMembership WHERE CollectionID IN \
          (SELECT CollectionID FROM SMS_Collection WHERE MemberCount = 3)) AND Client = 1",
            &[1],
        ),
        (
            "ResourceID IN (SELECT cs.ResourceID FROM SMS_G_System_COMPUTER_SYSTEM cs \
          WHERE cs.ResourceID = SMS_R_System.ResourceID AND SMS_R_System.Name = 'srv01')",
            &[2],
        ),
        ("Ports IN (SELECT MemberCount FROM SMS_Collection)", &[1, 3]),
        ("__CLASS = 'sms_r_system' AND __this ISA 'SMS_R_System'", &[1, 2, 3]),
    ] {
        let wql = format!("SELECT ResourceID FROM SMS_R_System WHERE {condition} ORDER BY ResourceID");
        let ids: Vec<_> = ids.iter().map(|id| format!("ResourceID={id}")).collect();
        assert_eq!(lines(&site, &wql).await, ids, "{condition}");
    }
}

#[tokio::test]
async fn conditions_on_embedded_objects() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    for (condition, items) in [
        ("Main.Value = 31", &["SMS_B|CM1"][..]),
        ("Main.VALUE = '31' AND main.propertyname = 'ssl'", &["SMS_B|CM1"]),
        ("Main.Value < 4", &["SMS_A|CM1"]),
        ("Main.Value IN (1, '31')", &["SMS_A|CM1", "SMS_B|CM1"]),
        ("Main.On = 'true' OR Main.On = TRUE", &["SMS_A|CM1"]),
        ("Main.Inner.Deep LIKE 't_xt'", &["SMS_A|CM1", "SMS_B|CM1"]),
        ("Main.Nothing IS NULL", &["SMS_A|CM1", "SMS_B|CM1"]),
        ("Main.NotThere IS NULL OR Main.NotThere = 1 OR NOT Main.NotThere = 1 OR Main.Value.X = 1", &[]),
        ("Main.Value IS NOT NULL AND NOT Main.Value = 1", &["SMS_B|CM1"]),
        ("Main ISA 'sms_embeddedproperty' AND Props ISA 'SMS_EmbeddedProperty'", &["SMS_A|CM1", "SMS_B|CM1"]),
        ("Main ISA 'SMS_Other' OR Props ISA 'SMS_Other'", &[]),
        ("Main.Inner ISA 'SMS_Inner'", &["SMS_A|CM1", "SMS_B|CM1"]),
        ("ItemName.Foo = 1", &[]),
    ] {
        let wql = format!("SELECT ItemName FROM SMS_SCI_Component WHERE {condition} ORDER BY Main.Value");
        let items: Vec<_> = items.iter().map(|item| format!("ItemName={item}")).collect();
        assert_eq!(lines(&site, &wql).await, items, "{condition}");
    }
}

#[tokio::test]
async fn rows_of_one_class_are_its_instances_and_others_generic() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    let joined = "FROM SMS_R_System AS sys INNER JOIN SMS_G_System_COMPUTER_SYSTEM cs \
                  ON cs.ResourceID = sys.ResourceID";
    let left = joined.replace("INNER", "LEFT OUTER");
    for (wql, wanted) in [
        (format!("SELECT sys.Name {joined} WHERE cs.Model LIKE '%lat%'"), &["Name=PC001"][..]),
        (
            format!("SELECT sys.Name, cs.Model {joined} ORDER BY cs.Memory DESC"),
            &[
                "sys=SMS_R_System{Name=SRV01} cs=SMS_G_System_COMPUTER_SYSTEM{Model=ProLiant}",
                "sys=SMS_R_System{Name=PC001} cs=SMS_G_System_COMPUTER_SYSTEM{Model=Latitude 5520}",
            ],
        ),
        (
            format!("SELECT Model, NetbiosName {left} ORDER BY sys.ResourceID DESC"),
            &[
                "sys=SMS_R_System{NetbiosName=PC002} cs=SMS_G_System_COMPUTER_SYSTEM{Model=null}",
                "sys=SMS_R_System{NetbiosName=SRV01} cs=SMS_G_System_COMPUTER_SYSTEM{Model=ProLiant}",
                "sys=SMS_R_System{NetbiosName=PC001} cs=SMS_G_System_COMPUTER_SYSTEM{Model=Latitude 5520}",
            ],
        ),
        (format!("SELECT sys.Name {left} WHERE cs.ResourceID IS NULL"), &["Name=pc002"]),
        (
            "SELECT SMS_Collection.Name, SMS_R_System.Name FROM SMS_Collection, SMS_FullCollectionMembership m, \
             SMS_R_System WHERE SMS_Collection.CollectionID = m.CollectionID AND m.ResourceID = \
             SMS_R_System.ResourceID AND SMS_Collection.Name <> 'All'"
                .into(),
            &["SMS_Collection=SMS_Collection{Name=Servers} SMS_R_System=SMS_R_System{Name=SRV01}"],
        ),
        (
            "SELECT a.ResourceID, b.ResourceID FROM SMS_R_System a, SMS_R_System b WHERE a.Name < b.Name AND a.Client = 1"
                .into(),
            &[
                "a=SMS_R_System{ResourceID=1} b=SMS_R_System{ResourceID=2}",
                "a=SMS_R_System{ResourceID=1} b=SMS_R_System{ResourceID=3}",
            ],
        ),
        (
            "SELECT c.*, MemberCount FROM SMS_Collection c JOIN SMS_FullCollectionMembership m \
             ON m.CollectionID = c.CollectionID AND m.ResourceID = 3"
                .into(),
            &["CollectionID=SMS00001 Name=All MemberCount=3"],
        ),
        (
            "SELECT DISTINCT c.Name FROM SMS_Collection c JOIN SMS_FullCollectionMembership m \
             ON m.CollectionID = c.CollectionID ORDER BY c.Name"
                .into(),
            &["Name=All", "Name=Servers"],
        ),
        ("SELECT COUNT(*) FROM SMS_R_System".into(), &["Count=3"]),
        ("SELECT COUNT(Client) FROM SMS_R_System WHERE ResourceID > 1".into(), &["Count=1"]),
        (format!("SELECT COUNT(cs.Model) {left}"), &["Count=2"]),
        (
            "SELECT s.ResourceID FROM SMS_G_System_COMPUTER_SYSTEM x RIGHT JOIN SMS_R_System s ON x.ResourceID = \
             s.ResourceID WHERE x.Model IS NULL"
                .into(),
            &["ResourceID=3"],
        ),
        (
            "SELECT s.ResourceID, x.Model FROM SMS_G_System_COMPUTER_SYSTEM x FULL JOIN SMS_R_System s \
             ON x.ResourceID = s.ResourceID AND x.Model = 'ProLiant' WHERE s.ResourceID IS NULL"
                .into(),
            &["x=SMS_G_System_COMPUTER_SYSTEM{Model=Latitude 5520} s=SMS_R_System{ResourceID=null}"],
        ),
        (
            "SELECT Name FROM SMS_R_System ORDER BY IPAddresses DESC, Ports".into(),
            &["Name=SRV01", "Name=PC001", "Name=pc002"],
        ),
        ("SELECT ResourceID FROM SMS_R_System ORDER BY Ports DESC".into(), &["ResourceID=3", "ResourceID=2", "ResourceID=1"]),
    ] {
        assert_eq!(lines(&site, &wql).await, wanted, "{wql}");
    }
    let instances = rows(&site, &format!("SELECT sys.* {joined} WHERE cs.Memory > 16")).await;
    assert_eq!(instances[0].path().unwrap().to_string(), "SMS_R_System.ResourceID=2");
    let generic = rows(&site, &format!("SELECT * {joined} WHERE cs.Memory > 16")).await.remove(0);
    assert_eq!(generic.class_name().as_str(), "__GENERIC");
    let Some(Value::Object(system)) = generic.get("SYS") else { panic!("{generic:?}") };
    assert_eq!((system.text("Name"), system.path().is_some()), (Some("SRV01"), true));
}

#[tokio::test]
async fn pages_do_not_overlap_and_counts_agree() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    let embedded = site.embedded().unwrap();
    for (wql, wanted) in [
        ("SELECT a.ResourceID, b.ResourceID FROM SMS_R_System a, SMS_R_System b ORDER BY a.Client", 9),
        ("SELECT DISTINCT CollectionID FROM SMS_FullCollectionMembership", 2),
        ("SELECT COUNT(*) FROM SMS_R_System", 1),
    ] {
        let select = Select::parse(wql).unwrap();
        assert_eq!(embedded.count(select.clone()).await.unwrap(), wanted, "{wql}");
        let mut all = Vec::new();
        for skip in (0..wanted + 2).step_by(2) {
            let page = embedded.read_page(select.clone(), skip, 2).await.unwrap();
            all.extend(page.iter().map(properties));
        }
        all.sort();
        let mut whole = lines(&site, wql).await;
        whole.sort();
        assert_eq!(all, whole, "{wql}");
    }
}

#[tokio::test]
async fn what_a_query_cannot_mean_is_refused() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    let two = "FROM SMS_R_System s JOIN SMS_G_System_COMPUTER_SYSTEM c ON c.ResourceID = s.ResourceID";
    for (wql, kind, words) in [
        (format!("SELECT x.Name {two}"), ErrorKind::Config, "x is no property"),
        (format!("SELECT s.Nam {two}"), ErrorKind::Config, "no property Nam"),
        (format!("SELECT * {two} JOIN SMS_None n ON n.A = s.A"), ErrorKind::NotFound, "no such class"),
        (
            "SELECT * FROM SMS_R_System a JOIN SMS_R_System b ON c.Name = a.Name, SMS_R_System c".into(),
            ErrorKind::Config,
            "c is no property",
        ),
        ("SELECT * FROM SMS_R_System WHERE Client < ResourceID".into(), ErrorKind::Config, "boolean"),
        ("SELECT * FROM SMS_R_System WHERE ResourceID IN (1, 'x')".into(), ErrorKind::Config, "ResourceID"),
        ("SELECT * FROM SMS_R_System WHERE GETDATE() > 'yesterday'".into(), ErrorKind::Config, "no date"),
        (
            "SELECT * FROM SMS_R_System WHERE DATEPART(dd, ResourceID) = 1".into(),
            ErrorKind::Config,
            "a number",
        ),
        ("SELECT * FROM SMS_R_System WHERE Name ISA 'X'".into(), ErrorKind::Config, "no embedded object"),
        ("SELECT * FROM SMS_SCI_Component WHERE Main = 'X'".into(), ErrorKind::Config, "embedded object"),
        ("SELECT Main.Value FROM SMS_SCI_Component".into(), ErrorKind::Unsupported, "cannot be selected"),
        (
            "SELECT * FROM SMS_R_System WHERE Misspelt.Name = 1".into(),
            ErrorKind::Config,
            "Misspelt is neither",
        ),
    ] {
        let error = match site.query(&wql, &Parameters::None).await {
            Ok(rows) => panic!("{wql} gave {:?}", rows.all().await),
            Err(error) => error,
        };
        assert_eq!(error.kind(), kind, "{wql}: {error}");
        assert!(error.cause().contains(words), "{wql}: {error}");
    }
}

#[tokio::test]
async fn large_and_deep_queries_run() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    let many =
        format!("SELECT ResourceID FROM SMS_R_System WHERE ResourceID=1{}", " OR ResourceID=2".repeat(4_999));
    assert_eq!(lines(&site, &many).await, ["ResourceID=1", "ResourceID=2"]);
    let list: Vec<Value> = (2..5_000).map(Value::from).collect();
    let in_list = "SELECT ResourceID FROM SMS_R_System WHERE ResourceID IN ? ORDER BY ResourceID";
    let found = site.query(in_list, &Parameters::positional([Value::Array(list)])).await.unwrap().all().await;
    assert_eq!(found.unwrap().len(), 2);
    for nested in [
        format!("{}ResourceID = 1{}", "NOT (".repeat(50), ")".repeat(50)),
        format!("{}Name{} = 'pc001'", "UPPER(".repeat(100), ")".repeat(100)),
        format!(
            "{}ResourceID = 1{}",
            "ResourceID IN (SELECT ResourceID FROM SMS_R_System WHERE NOT ( NOT (".repeat(16),
            ")))".repeat(16)
        ),
    ] {
        let wql = format!("SELECT ResourceID FROM SMS_R_System WHERE {nested}");
        assert_eq!(lines(&site, &wql).await, ["ResourceID=1"], "{wql}");
    }
}

#[tokio::test]
async fn published_collection_queries_run() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    let six = "SMS_R_SYSTEM.ResourceID,SMS_R_SYSTEM.Name,SMS_R_SYSTEM.Client";
    for text in [
        format!("select {six} from sms_r_system AS sms_r_system inner join SMS_G_System_COMPUTER_SYSTEM as c on c.resourceid=sms_r_system.resourceid where c.Model like \"%a%\" "),
        format!("select {six} from SMS_R_System where ResourceId in (select ResourceId from SMS_R_System inner join SMS_G_System_COMPUTER_SYSTEM on SMS_G_System_COMPUTER_SYSTEM.ResourceID = SMS_R_System.ResourceId)"),
        "select * -- every one\nfrom SMS_R_System /* with\n a client */ where Client = 1".to_owned(),
        format!("select {six} from SMS_R_System where ResourceId in (select ResourceID from SMS_R_System where DATEDIFF(day,AgentTime,GetDate())<14)"),
        "select Name from SMS_R_System where Client = 'True' and ResourceID <> 'true'".to_owned(),
        "select R.ResourceID,R.Name from SMS_R_System as r full join SMS_R_System as s1 on s1.ResourceId = r.ResourceId where s1.Name != r.Name and R.Client = null".to_owned(),
        "select s.Name, c.Name from SMS_R_System s, SMS_FullCollectionMembership f, SMS_Collection c where s.ResourceID=f.ResourceID and f.CollectionID=c.CollectionID".to_owned(),
    ] {
        let printed = cmgateway::wmi::wql::format(&text, &Parameters::None).unwrap();
        assert_eq!(cmgateway::wmi::wql::format(&printed, &Parameters::None).unwrap(), printed);
        site.query(&text, &Parameters::None).await.unwrap_or_else(|error| panic!("{text}: {error}")).all().await.unwrap();
    }
}

#[tokio::test]
async fn a_function_of_an_array_is_looked_at_for_each_element() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    put(
        &site,
        "SMS_R_System",
        &[("ResourceID", 900.into()), ("Name", "arrays".into()), ("IPAddresses", texts(&["Ab", "Cd"]))],
    )
    .await;
    for (condition, found) in [
        ("UPPER(IPAddresses) = 'CD'", 1),
        ("SUBSTRING(IPAddresses, 1, 1) IN ('a', 'x')", 1),
        ("LOWER(IPAddresses) LIKE 'e%'", 0),
        ("ResourceID = 900 AND NOT UPPER(IPAddresses) = 'EF'", 1),
        ("ResourceID = 900 AND DATEDIFF(day, AgentTime, GETDATE()) < 1", 0),
        ("ResourceID = 900 AND NOT DATEDIFF(day, AgentTime, GETDATE()) < 1", 0),
        ("'cd' = IPAddresses AND 'cd' IN (1)", -1),
        ("Name IN (SELECT IPAddresses FROM SMS_R_System)", 0),
        ("IPAddresses IN (SELECT IPAddresses FROM SMS_R_System WHERE ResourceID = 900)", 1),
    ] {
        let rows =
            site.query(&format!("SELECT * FROM SMS_R_System WHERE {condition}"), &Parameters::None).await;
        match rows {
            Ok(rows) => assert_eq!(rows.all().await.unwrap().len() as i32, found, "{condition}"),
            Err(error) => assert_eq!(found, -1, "{condition}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_name_that_is_nothing_is_refused_with_its_place() {
    let folder = TestFolder::new();
    let site = site(&folder).await;
    for (text, line, column) in [
        ("SELECT * FROM SMS_R_System\nWHERE Name = PC01", "2", "14"),
        ("select * from SMS_R_System where SMS_G_System_DISK.Size like '1%'", "1", "34"),
        ("select Misspelt from SMS_R_System", "1", "8"),
        ("select * from SMS_R_Sistem where Name='a'", "1", "15"),
        (
            "select r.Name from SMS_R_System r join SMS_G_System_COMPUTER_SYSTEM c on r.ResourceID = c.ResourceID where G_System.Model = 1",
            "1",
            "108",
        ),
        (
            "select r.Name from SMS_R_System r join SMS_G_System_COMPUTER_SYSTEM c on r.ResourceID = c.Ressource",
            "1",
            "89",
        ),
    ] {
        let error = site.query(text, &Parameters::None).await.err().unwrap();
        let has = |name: &str| {
            error.context().iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        assert_eq!(
            (has("line").as_deref(), has("column").as_deref()),
            (Some(line), Some(column)),
            "{text}: {error}"
        );
        assert!(error.to_string().ends_with(&format!("at line {line}, column {column}")), "{error}");
    }
}
