//! WQL through the front door: what is read, what is refused and where, and what must hold for every query.

#![expect(clippy::unwrap_used, reason = "the makers of random values are part of the test")]

use cmgateway::ErrorKind;
use cmgateway::wmi::wql::{
    Call, Column, Columns, Comparison, Condition, DatePart, EventGroup, EventQuery, Join, JoinKind,
    LikePattern, LikeToken, Literal, Operand, Operator, OrderBy, Parameters, PropertyPath, Select, Set,
    Source, like_literal, quote,
};
use cmgateway::wmi::{Identifier, Value};
use proptest::prelude::*;

// Of the kinds that published scripts send to an SMS Provider; the first is the source document's own.
const VALID: [&str; 68] = [
    "SELECT * From SMS_AzureService WHERE ServiceType = 'CloudProxyService' AND ServiceCName = 'x'",
    "select * from SMS_Site",
    "Select SiteCode, ServerName From SMS_Site Where Type=2",
    "SELECT * FROM SMS_Collection WHERE CollectionID='SMS00001'",
    "SELECT * FROM SMS_Collection WHERE CollectionType = '2'",
    "SELECT * FROM SMS_R_System WHERE Client = 1 AND Obsolete = 0",
    "SELECT * FROM SMS_R_System WHERE Client = true",
    "SELECT * FROM SMS_R_System WHERE Client = 'true' OR Client = 'True'",
    "SELECT * FROM SMS_R_System WHERE Client = -1",
    "select SMS_R_SYSTEM.ResourceID,SMS_R_SYSTEM.Name from SMS_R_System",
    "select ResourceId from SMS_R_System where SMS_R_System.Name like 'PC%'",
    "SELECT * FROM SMS_R_System WHERE Name NOT LIKE '%test%'",
    "SELECT * FROM SMS_R_System WHERE NOT Name LIKE 'SRV[0-9][0-9]'",
    "SELECT * FROM SMS_R_System WHERE Name LIKE 'PC[_]%'",
    "SELECT * FROM SMS_R_User WHERE UniqueUserName = 'CONTOSO\\\\anna'",
    "SELECT * FROM SMS_R_User WHERE UniqueUserName = \"CONTOSO\\\\o'brien\"",
    "SELECT * FROM SMS_SCI_SysResUse WHERE NetworkOSPath = '\\\\\\\\CM1'",
    "SELECT * FROM SMS_SCI_SysResUse WHERE RoleName='SMS Cloud Proxy Connector'",
    "SELECT * FROM SMS_SCI_Component WHERE ItemName=\"SMS_SITE_COMPONENT_MANAGER|CM1\" AND FileType=2",
    "SELECT * FROM SMS_Package WHERE (Name='a' OR Name='b') AND PackageType=0",
    "SELECT * FROM SMS_Package WHERE ((PackageID = 'ABC00001'))",
    "SELECT * FROM SMS_Package WHERE PackageID <> 'ABC00001' AND PackageID != 'ABC00002'",
    "SELECT * FROM SMS_Advertisement WHERE ExpirationTime > '20240101000000.000000+***'",
    "SELECT * FROM SMS_StatusMessage WHERE MessageID >= 500 AND MessageID <= 599",
    "SELECT * FROM SMS_StatusMessage WHERE 500 <= MessageID",
    "SELECT * FROM SMS_Program WHERE PackageID='ABC00001'AND ProgramName='Install'",
    "SELECT * FROM SMS_Program WHERE a=1AND b=2or c=3",
    "SELECT * FROM SMS_Program WHERE Comment IS NULL",
    "SELECT * FROM SMS_Program WHERE Comment IS NOT NULL AND Description = NULL",
    "SELECT * FROM SMS_Program WHERE NULL <> Comment",
    "SELECT * FROM SMS_Application WHERE IsLatest = 1 ORDER BY LocalizedDisplayName",
    "SELECT * FROM SMS_Application ORDER BY CIVersion DESC, Name ASC",
    "SELECT * FROM SMS_ObjectContainerNode WHERE Name = \"Servers\"\r\n  AND ParentContainerNodeID = 0",
    "SELECT\tName\nFROM\tSMS_Site",
    "SELECT * FROM __InstanceModificationEvent WHERE TargetInstance ISA 'SMS_Site' AND TargetInstance.Type = 2",
    "SELECT * FROM meta_class WHERE __this ISA \"SMS_SiteSystem\"",
    "SELECT * FROM meta_class WHERE __CLASS LIKE 'SMS[_]%'",
    "SELECT * FROM Win32_LogicalDisk WHERE FreeSpace < 1.5e9",
    "SELECT * FROM SMS_Class WHERE Order = 1 AND Count > 2 ORDER BY Order DESC",
    "SELECT Distinct FROM SMS_Class WHERE Group = 'x'",
    "SELECT * FROM SMS_Class WHERE Name = ''",
    "SELECT * FROM SMS_Class WHERE Size = 18446744073709551615 OR Size = -9223372036854775808",
    // 42 from here: the SMS Provider's extension.
    "select SMS_R_SYSTEM.ResourceID,SMS_R_SYSTEM.ResourceType,SMS_R_SYSTEM.Name,SMS_R_SYSTEM.SMSUniqueIdentifier,\
     SMS_R_SYSTEM.ResourceDomainORWorkgroup,SMS_R_SYSTEM.Client from SMS_R_System inner join \
     SMS_G_System_COMPUTER_SYSTEM on SMS_G_System_COMPUTER_SYSTEM.ResourceId = SMS_R_System.ResourceId where \
     SMS_G_System_COMPUTER_SYSTEM.Model like \"%Latitude%\"",
    "SELECT sys.Name, cs.Model FROM SMS_R_System AS sys INNER JOIN SMS_G_System_COMPUTER_SYSTEM cs \
     ON cs.ResourceID = sys.ResourceID AND cs.Model <> '' ORDER BY sys.Name",
    "SELECT a.*, b.Name FROM SMS_A a LEFT OUTER JOIN SMS_B b ON UPPER(a.Name) = UPPER(b.Name)",
    "SELECT * FROM SMS_A a RIGHT JOIN SMS_B b ON a.x=b.x FULL OUTER JOIN SMS_C c ON c.x=b.x CROSS JOIN SMS_D",
    "SELECT * FROM SMS_Collection c, SMS_FullCollectionMembership m WHERE c.CollectionID = m.CollectionID",
    "SELECT DISTINCT Name FROM SMS_R_System",
    "SELECT DISTINCT * FROM SMS_R_System",
    "SELECT DISTINCT sys.Name FROM SMS_R_System sys",
    "SELECT Distinct, Count FROM SMS_Class",
    "SELECT COUNT(*) FROM SMS_R_System WHERE Client=1",
    "SELECT count( ResourceID ) FROM SMS_R_System",
    "SELECT COUNT(SMS_R_System.ResourceID) FROM SMS_R_System",
    "SELECT SMS_R_System.* FROM SMS_R_System",
    "SELECT * FROM SMS_R_System AS s WHERE s.Name = 'x'",
    "SELECT * FROM SMS_R_System s",
    "SELECT * FROM SMS_Package WHERE PackageID IN ('A','B') AND PackageType NOT IN (0, 3)",
    "SELECT * FROM SMS_Package WHERE NOT PackageID IN ('A')",
    "select * from SMS_R_System where ResourceID not in (select ResourceID from SMS_G_System_SYSTEM)",
    "SELECT * FROM SMS_R_System WHERE Name IN (SELECT DISTINCT s.Name FROM SMS_R_System s JOIN SMS_X x \
     ON x.ID = s.ID WHERE x.ID NOT IN (SELECT ID FROM SMS_Y WHERE SMS_Y.Z = SMS_R_System.Z))",
    "SELECT * FROM SMS_Site WHERE SiteCode = ReportingSiteCode",
    "SELECT * FROM SMS_R_System WHERE DATEDIFF(dd, LastLogon, GETDATE()) > 30",
    "SELECT * FROM SMS_R_System WHERE CreationDate >= DateAdd(hour,-24,GetDate())",
    "SELECT * FROM SMS_R_System WHERE DATEPART(weekday, CreationDate) = 1 AND GETDATE() > '2024-01-31'",
    "SELECT * FROM SMS_R_System WHERE SUBSTRING(LOWER(Name), 1, 3) IN ('abc') AND UPPER(Name) LIKE 'A%'",
    "SELECT * FROM SMS_R_System WHERE 'ABC' = SUBSTRING(UPPER(Name), 1, 3) OR LOWER(Name) IS NOT NULL",
    "SELECT * FROM SMS_Class WHERE In IN (1) AND Substring = 1 ORDER BY Join",
];

#[test]
fn queries_of_real_scripts_are_read_and_print_as_equal_trees() {
    for text in VALID {
        let select = Select::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let printed = select.to_string();
        assert_eq!(Select::parse(&printed).unwrap(), select, "{printed}");
    }
}

#[test]
fn canonical_text() {
    for (text, canonical) in [
        (VALID[9], "SELECT ResourceID, Name FROM SMS_R_System"),
        (VALID[11], "SELECT * FROM SMS_R_System WHERE NOT Name LIKE \"%test%\""),
        (VALID[15], "SELECT * FROM SMS_R_User WHERE UniqueUserName = \"CONTOSO\\\\o'brien\""),
        (VALID[24], "SELECT * FROM SMS_StatusMessage WHERE MessageID >= 500"),
        (VALID[26], "SELECT * FROM SMS_Program WHERE a = 1 AND b = 2 OR c = 3"),
        (VALID[29], "SELECT * FROM SMS_Program WHERE Comment IS NOT NULL"),
        (
            VALID[43],
            "SELECT sys.Name, cs.Model FROM SMS_R_System AS sys INNER JOIN SMS_G_System_COMPUTER_SYSTEM AS cs \
             ON cs.ResourceID = sys.ResourceID AND cs.Model <> \"\" ORDER BY sys.Name",
        ),
        (
            VALID[45],
            "SELECT * FROM SMS_A AS a RIGHT JOIN SMS_B AS b ON a.x = b.x FULL JOIN SMS_C AS c ON c.x = b.x, SMS_D",
        ),
        (VALID[53], "SELECT COUNT(ResourceID) FROM SMS_R_System"),
        (VALID[54], "SELECT * FROM SMS_R_System"),
        (VALID[55], "SELECT * FROM SMS_R_System AS s WHERE Name = \"x\""),
        (VALID[58], "SELECT * FROM SMS_Package WHERE PackageID NOT IN (\"A\")"),
        (VALID[62], "SELECT * FROM SMS_R_System WHERE DATEDIFF(day, LastLogon, GETDATE()) > 30"),
        (
            VALID[66],
            "SELECT * FROM SMS_R_System WHERE SUBSTRING(UPPER(Name), 1, 3) = \"ABC\" OR LOWER(Name) IS NOT NULL",
        ),
    ] {
        assert_eq!(Select::parse(text).unwrap().to_string(), canonical);
    }
}

#[test]
fn every_mistake_has_its_place() {
    use ErrorKind::{Config, Unsupported};
    let table: &[(&str, ErrorKind, &str, usize, usize)] = &[
        ("", Config, "expected SELECT, found the end", 1, 1),
        ("DELETE FROM C", Config, "expected SELECT, found \"DELETE\"", 1, 1),
        ("SELECT FROM C", Config, "expected a property name or *", 1, 8),
        ("SELECT a, FROM C", Config, "expected a property name or *", 1, 11),
        ("SELECT a b FROM C", Config, "expected \",\" or FROM", 1, 10),
        ("SELECT * FROM", Config, "expected a class name", 1, 14),
        ("SELECT * FROM WHERE a=1", Config, "expected a class name, found \"WHERE\"", 1, 15),
        ("SELECT * FROM C WHRE a=1", Config, "expected WHERE", 1, 17),
        ("SELECT * FROM C;", Config, "found \";\"", 1, 16),
        ("SELECT * FROM C WHERE\n", Config, "expected a condition", 2, 1),
        ("SELECT * FROM C\nWHERE a = 'ü' AN b=1", Config, "expected AND, OR, ORDER BY", 2, 15),
        ("SELECT * FROM C WHERE (a=1", Config, "expected AND, OR or \")\"", 1, 27),
        ("SELECT * FROM C WHERE a=1)", Config, "found \")\"", 1, 26),
        ("SELECT * FROM C WHERE ()", Config, "expected a condition", 1, 24),
        ("SELECT * FROM C WHERE a", Config, "expected a comparison operator, LIKE", 1, 24),
        ("SELECT * FROM C WHERE a=", Config, "expected a constant", 1, 25),
        ("SELECT * FROM C WHERE a==1", Config, "expected a constant", 1, 25),
        ("SELECT * FROM C WHERE a=AND", Config, "a function, found \"AND\"", 1, 25),
        ("SELECT * FROM C WHERE NOT NOT a=1", Config, "expected a condition", 1, 27),
        ("SELECT * FROM C WHERE a IS 1", Config, "expected NULL or NOT NULL", 1, 28),
        ("SELECT * FROM C WHERE a NOT 1", Config, "expected LIKE or IN", 1, 29),
        ("SELECT * FROM C WHERE a < NULL", Config, "NULL can only be compared", 1, 27),
        ("SELECT * FROM C WHERE a > TRUE", Config, "TRUE and FALSE can only", 1, 27),
        ("SELECT * FROM C WHERE 1 = 1", Config, "expected a property name", 1, 27),
        ("SELECT * FROM C WHERE 'x' LIKE a", Config, "expected a comparison operator", 1, 27),
        ("SELECT * FROM C WHERE a ISA 'b c'", Config, "not allowed in a class", 1, 29),
        ("SELECT * FROM C WHERE a ISA 1", Config, "ISA needs", 1, 29),
        ("SELECT * FROM C WHERE a LIKE TRUE", Config, "LIKE needs", 1, 30),
        ("SELECT * FROM C WHERE a = 'x", Config, "no closing quote", 1, 27),
        (r"SELECT * FROM C WHERE a = 'C:\Windows'", Config, "a backslash must", 1, 30),
        ("SELECT * FROM C WHERE a = 'it''s'", Config, "not doubled", 1, 31),
        ("SELECT * FROM C WHERE a = 'x\u{0}'", Config, "control character (U+0000)", 1, 29),
        ("SELECT * FROM C WHERE a = 0x10", Config, "found \"x10\"", 1, 28),
        ("SELECT * FROM C WHERE a = 18446744073709551616", Config, "not between", 1, 27),
        ("SELECT * FROM C WHERE a = 1e999", Config, "too large", 1, 27),
        ("SELECT * FROM C WHERE a = -.x", Config, "a sign without a number", 1, 27),
        ("SELECT * FROM C WHERE a = #1", Config, "has no meaning", 1, 27),
        ("SELECT * FROM Größe", Config, "has no meaning", 1, 17),
        ("SELECT * FROM C ORDER a", Config, "expected BY", 1, 23),
        ("SELECT * FROM C ORDER BY a,", Config, "expected a property name", 1, 28),
        ("SELECT * FROM C WHERE a = ?", Config, "has no value", 1, 27),
        ("SELECT * FROM C WHERE a = :b", Config, "has no value", 1, 27),
        ("ASSOCIATORS OF {C=1}", Unsupported, "an association query is no SELECT", 1, 1),
        ("references of {C=1}", Unsupported, "an association query is no SELECT", 1, 1),
        ("SELECT * FROM SMS_C WHERE SMS_D.a = 1", Config, "FROM names no class or alias SMS_D", 1, 27),
        ("SELECT SMS_D.a FROM SMS_C", Config, "FROM names no class or alias SMS_D", 1, 8),
        ("SELECT * FROM SMS_C c JOIN SMS_D d ON sms_e.a = c.a", Config, "no class or alias sms_e", 1, 39),
        ("SELECT * FROM C WHERE a = ##PRM:C.a##", Config, "asked by the console alone", 1, 27),
        ("SELECT * FROM C WHERE a = \u{201c}b\u{201d}", Config, "a typographic quote", 1, 27),
        ("SELECT * /* all", Config, "the comment has no end", 1, 10),
        ("SELECT UPPER(a) FROM C", Unsupported, "functions after SELECT", 1, 8),
        ("SELECT a, COUNT(*) FROM C", Config, "COUNT stands alone", 1, 11),
        ("SELECT COUNT(*), a FROM C", Config, "COUNT stands alone", 1, 8),
        ("SELECT DISTINCT COUNT(*) FROM C", Config, "COUNT stands alone", 1, 17),
        ("SELECT COUNT(DISTINCT a) FROM C", Config, "do not go together", 1, 14),
        ("SELECT COUNT() FROM C", Config, "expected a property name or *", 1, 14),
        ("SELECT D.* FROM C", Config, "FROM names no class or alias D", 1, 8),
        ("SELECT a.b.* FROM C a", Config, "only one class or alias", 1, 9),
        ("SELECT * FROM C JOIN", Config, "expected a class name", 1, 21),
        ("SELECT * FROM C JOIN D", Config, "expected ON", 1, 23),
        ("SELECT * FROM C LEFT D", Config, "expected JOIN", 1, 22),
        ("SELECT * FROM C JOIN D ON", Config, "expected a condition", 1, 26),
        ("SELECT * FROM C, C", Config, "two classes are called C", 1, 18),
        ("SELECT * FROM C AS", Config, "expected an alias", 1, 19),
        ("SELECT * FROM C AS WHERE a=1", Config, "expected an alias", 1, 20),
        ("SELECT * FROM C,", Config, "expected a class name", 1, 17),
        (
            "SELECT * FROM C WITHIN 10 WHERE a=1",
            Unsupported,
            "an event query (WITHIN) is run by watch",
            1,
            17,
        ),
        (
            "SELECT * FROM C WHERE a=1 GROUP WITHIN 10",
            Unsupported,
            "an event query (GROUP) is run by watch",
            1,
            27,
        ),
        ("SELECT * FROM C WHERE a IN 1", Config, "expected \"(\" or a placeholder", 1, 28),
        ("SELECT * FROM C WHERE a IN ()", Config, "expected a constant or SELECT", 1, 29),
        ("SELECT * FROM C WHERE a IN (1,)", Config, "expected a constant or SELECT", 1, 31),
        ("SELECT * FROM C WHERE a IN (1 2)", Config, "expected \")\"", 1, 31),
        ("SELECT * FROM C WHERE a IN (NULL)", Config, "NULL is in no list", 1, 29),
        ("SELECT * FROM C WHERE a IN (b)", Config, "text stands in quotes", 1, 29),
        ("SELECT * FROM C WHERE a IN (SELECT * FROM D)", Config, "one property", 1, 29),
        ("SELECT * FROM C WHERE a IN (SELECT a, b FROM D)", Config, "one property", 1, 29),
        ("SELECT * FROM C WHERE a IN (SELECT b FROM D", Config, "expected \")\"", 1, 44),
        ("SELECT * FROM C WHERE a IN (SELECT b FROM D WHERE)", Config, "expected a condition", 1, 50),
        ("SELECT * FROM C WHERE LOWER(a", Config, "expected \")\"", 1, 30),
        ("SELECT * FROM C WHERE LOWER(NULL) = 'a'", Config, "NULL cannot be an argument", 1, 29),
        ("SELECT * FROM C WHERE TRIM(a) = 'b'", Config, "there is no function TRIM", 1, 23),
        ("SELECT * FROM C WHERE COUNT(a) = 1", Config, "COUNT can only stand after SELECT", 1, 23),
        ("SELECT * FROM C WHERE DATEDIFF(a, b, c) = 1", Config, "expected a part of a date", 1, 32),
        ("SELECT * FROM C WHERE SUBSTRING(a, 1) = 'b'", Config, "expected \",\"", 1, 37),
        ("SELECT * FROM C WHERE LOWER(a) ISA 'D'", Config, "ISA needs a property", 1, 23),
    ];
    for (text, kind, cause, line, column) in table {
        let error = Select::parse(text).expect_err(text);
        assert_eq!(error.kind(), *kind, "{text}: {error}");
        assert!(error.cause().contains(cause), "{text}: {error}");
        assert!(error.cause().ends_with(&format!(" at line {line}, column {column}")), "{text}: {error}");
        assert!(error.to_string().starts_with("could not parse WQL query: "));
        let place = [("line", line.to_string()), ("column", column.to_string())];
        assert_eq!(error.context(), place);
    }
}

#[test]
fn event_queries_are_read_and_refused_with_their_place() {
    for (text, canonical) in [
        (
            "select * from __InstanceModificationEvent within 5 where TargetInstance ISA 'SMS_Site' \
             and TargetInstance.Status<>PreviousInstance.Status",
            "SELECT * FROM __InstanceModificationEvent WITHIN 5 WHERE TargetInstance ISA \"SMS_Site\" \
             AND TargetInstance.Status <> PreviousInstance.Status",
        ),
        (
            "SELECT TargetInstance FROM __InstanceCreationEvent WITHIN 0.50 GROUP WITHIN 60 \
             BY TargetInstance.SiteCode HAVING NumberOfEvents>=2",
            "SELECT TargetInstance FROM __InstanceCreationEvent WITHIN 0.5 GROUP WITHIN 60 \
             BY TargetInstance.SiteCode HAVING NumberOfEvents >= 2",
        ),
        ("SELECT * FROM __TimerEvent", "SELECT * FROM __TimerEvent"),
    ] {
        assert_eq!(EventQuery::parse(text).unwrap().to_string(), canonical);
        assert_eq!(EventQuery::parse(canonical).unwrap().to_string(), canonical);
    }
    for (text, cause, column) in [
        ("SELECT COUNT(*) FROM E", "neither DISTINCT nor COUNT", 8),
        ("SELECT * FROM E WITHIN", "expected a number of seconds", 23),
        ("SELECT * FROM E WITHIN 0", "not between 0.001", 24),
        ("SELECT * FROM E WITHIN 5000000", "not between 0.001", 24),
        ("SELECT * FROM E WHERE a=1 WITHIN 5", "expected AND, OR, GROUP", 27),
        ("SELECT * FROM E, F", "expected WITHIN, WHERE", 16),
        ("SELECT * FROM E GROUP BY a", "expected WITHIN", 23),
        ("SELECT * FROM E GROUP WITHIN 5 HAVING a > 1", "expected NumberOfEvents", 39),
        ("SELECT * FROM E GROUP WITHIN 5 HAVING NumberOfEvents > 1.5", "expected an integer", 56),
        ("SELECT * FROM E ORDER BY a", "expected WITHIN, WHERE", 17),
    ] {
        let error = EventQuery::parse(text).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.cause().contains(cause), "{text}: {error}");
        assert!(error.cause().ends_with(&format!(" at line 1, column {column}")), "{text}: {error}");
    }
}

#[test]
fn values_and_placeholders_match_one_to_one() {
    let refused = |text: &str, parameters: Parameters, cause: &str| {
        let error = Select::parse_with(&format!("SELECT * FROM C {text}"), &parameters).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.cause().contains(cause), "{error}");
    };
    let none: [i32; 0] = [];
    refused("WHERE a = ?", Parameters::positional(none), "placeholder 1 has no value, 0 values were given");
    refused(
        "WHERE a = ?",
        Parameters::positional([1, 2]),
        "2 values were given, but the query has 1 placeholder",
    );
    refused("", Parameters::named([("x", 1)]), "no placeholder for parameter \"x\"");
    refused("WHERE a = :y", Parameters::named([("x", 1)]), ":y has no value");
    refused("WHERE a = :x", Parameters::named([("x", 1), ("X", 2)]), "given twice");
    refused("WHERE a = ? AND b = :x", Parameters::positional([1]), "needs values by name");
    refused("WHERE a = :x AND b = ?", Parameters::named([("x", 1)]), "needs values by position");
    refused("WHERE a < ?", Parameters::positional([Value::Null]), "NULL can only");
    refused("WHERE a LIKE ?", Parameters::positional([Value::Null]), "LIKE needs");
    refused("WHERE a = ?", Parameters::positional([Value::Array(vec![])]), "an array");
    refused("WHERE a = ?", Parameters::positional([Value::Real(f64::NAN)]), "finite");
    refused("WHERE a = ?", Parameters::positional([Value::Integer(1 << 64)]), "2^64-1");
    refused("WHERE a = ?", Parameters::positional(["a\0"]), "control character");
    refused("ORDER BY ?", Parameters::positional(["a"]), "expected a property name");
    refused("WHERE ? = 1", Parameters::positional(["a"]), "expected a property name");
    refused("WHERE a IN ?", Parameters::Positional(vec![Value::Array(vec![])]), "an empty array");
    refused("WHERE a IN ?", Parameters::positional([1]), "IN needs an array");
    refused("WHERE a IN (?)", Parameters::Positional(vec![Value::Array(vec![])]), "no constant can be");
    refused("WHERE a IN ?", Parameters::Positional(vec![vec![Value::Null].into()]), "null as element 1");
    let nested = Value::Array(vec![Value::from(1), Value::Array(vec![])]);
    refused("WHERE a IN :x", Parameters::named([("x", nested)]), "has an element 2 that is an array");
    let read = |text: &str, parameters| Select::parse_with(text, &parameters).unwrap().to_string();
    assert_eq!(
        read("SELECT * FROM C WHERE a <> ? AND b = ?", Parameters::positional([Value::Null, Value::Null])),
        "SELECT * FROM C WHERE a IS NOT NULL AND b IS NULL"
    );
    assert_eq!(
        read("SELECT * FROM C WHERE ? > a AND b LIKE ?", Parameters::positional([1, 2])),
        "SELECT * FROM C WHERE a < 1 AND b LIKE \"2\""
    );
    let ids = || Value::Array(vec!["A".into(), "B')".into()]);
    assert_eq!(
        read("SELECT * FROM C WHERE a IN ? AND b IN (?, 2)", Parameters::Positional(vec![ids(), 1.into()])),
        "SELECT * FROM C WHERE a IN (\"A\", \"B')\") AND b IN (1, 2)"
    );
    assert_eq!(
        read("SELECT * FROM C WHERE a NOT IN :ids", Parameters::named([("ids", ids())])),
        "SELECT * FROM C WHERE a NOT IN (\"A\", \"B')\")"
    );
    assert_eq!(
        read("SELECT * FROM C WHERE a = :N OR b ISA :n", Parameters::named([("n", "D")])),
        "SELECT * FROM C WHERE a = \"D\" OR b ISA \"D\""
    );
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| {
        format!("SELECT * FROM C WHERE {}a=1{}", "NOT (".repeat(depth / 2), ")".repeat(depth / 2))
    };
    assert!(Select::parse(&nested(100)).is_ok());
    let error = Select::parse(&nested(102)).unwrap_err();
    assert!(error.cause().contains("nested deeper than 100"), "{error}");
    assert!(Select::parse(&format!("SELECT * FROM C WHERE {}", "(".repeat(200_000))).is_err());
    let many = |terms: usize| format!("SELECT * FROM C WHERE a=1{}", " OR a=1".repeat(terms - 1));
    assert!(Select::parse(&many(5_000)).is_ok());
    assert!(Select::parse(&many(5_001)).unwrap_err().cause().contains("more than 5000"));
    let list = |items: usize| format!("SELECT * FROM C WHERE a IN (1{})", ",1".repeat(items - 1));
    assert!(Select::parse(&list(5_000)).is_ok());
    assert!(Select::parse(&list(5_001)).unwrap_err().cause().contains("more than 5000"));
    let long = Value::Array(vec![1.into(); 5_001]);
    let error =
        Select::parse_with("SELECT * FROM C WHERE a IN ?", &Parameters::positional([long])).unwrap_err();
    assert!(error.cause().contains("more than 5000"), "{error}");
    let calls = |depth: usize| {
        format!("SELECT * FROM C WHERE {}a{} = 'x'", "LOWER(".repeat(depth), ")".repeat(depth))
    };
    assert!(Select::parse(&calls(100)).is_ok());
    assert!(Select::parse(&calls(101)).unwrap_err().cause().contains("nested deeper than 100"));
    assert!(Select::parse(&calls(30_000)).is_err());
    let subselects = |depth: usize| {
        let nested = "a IN (SELECT a FROM C WHERE ".repeat(depth);
        format!("SELECT * FROM C WHERE {nested}a = 1{}", ")".repeat(depth))
    };
    assert!(Select::parse(&subselects(16)).is_ok());
    assert!(Select::parse(&subselects(17)).unwrap_err().cause().contains("deeper than 16"));
    assert!(Select::parse(&subselects(9_000)).is_err());
    let joined = |classes: usize| {
        let names: Vec<_> = (0..classes).map(|number| format!("C{number}")).collect();
        format!("SELECT * FROM {}", names.join(", "))
    };
    assert!(Select::parse(&joined(32)).is_ok());
    assert!(Select::parse(&joined(33)).unwrap_err().cause().contains("more than 32 classes"));
    assert!(Select::parse(&format!("SELECT {} FROM C", "a.".repeat(100_000) + "a")).is_err());
    assert!(Select::parse(&" ".repeat(300_000)).unwrap_err().cause().contains("bytes"));
}

fn name() -> impl Strategy<Value = Identifier> {
    // The prefix keeps the name from being a keyword or the class.
    "p[A-Za-z0-9_]{0,8}".prop_map(|name| Identifier::new(&name).unwrap())
}

fn property() -> BoxedStrategy<PropertyPath> {
    prop::collection::vec(name(), 1..4).prop_map(PropertyPath).boxed()
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![r#"[\\"'%_\[\]?:a-c \t\r\n]{0,12}"#, "\\PC{0,12}"].boxed()
}

fn literal() -> BoxedStrategy<Literal> {
    prop_oneof![
        text().prop_map(Literal::String),
        any::<i64>().prop_map(|number| Literal::Integer(number.into())),
        any::<u64>().prop_map(|number| Literal::Integer(number.into())),
        prop::num::f64::NORMAL.prop_map(Literal::Real),
        (-1e6..1e6).prop_map(Literal::Real),
    ]
    .boxed()
}

fn operator() -> BoxedStrategy<Operator> {
    prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ])
    .boxed()
}

fn constant() -> BoxedStrategy<Operand> {
    prop_oneof![literal(), any::<bool>().prop_map(Literal::Boolean)].prop_map(Operand::Constant).boxed()
}

fn date_part() -> BoxedStrategy<DatePart> {
    let names = ["year", "q", "mm", "dy", "dd", "wk", "dw", "hh", "mi", "ss", "ms"];
    prop::sample::select(names.map(|name| DatePart::from_name(name).unwrap()).to_vec()).boxed()
}

fn call() -> BoxedStrategy<Call> {
    let leaf = prop_oneof![property().prop_map(Operand::Property), constant()];
    let argument = leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|text| Operand::Call(Call::Upper(Box::new(text)))),
            (date_part(), inner.clone(), inner.clone()).prop_map(|(part, number, date)| {
                Operand::Call(Call::DateAdd { part, number: Box::new(number), date: Box::new(date) })
            }),
            Just(Operand::Call(Call::GetDate)),
        ]
    });
    let argument = argument.prop_map(Box::new).boxed();
    prop_oneof![
        argument.clone().prop_map(Call::Upper),
        argument.clone().prop_map(Call::Lower),
        (argument.clone(), argument.clone(), argument.clone())
            .prop_map(|(text, start, length)| Call::Substring { text, start, length }),
        Just(Call::GetDate),
        (date_part(), argument.clone(), argument.clone()).prop_map(|(part, number, date)| Call::DateAdd {
            part,
            number,
            date
        }),
        (date_part(), argument.clone(), argument.clone()).prop_map(|(part, from, to)| Call::DateDiff {
            part,
            from,
            to
        }),
        (date_part(), argument).prop_map(|(part, date)| Call::DatePart { part, date }),
    ]
    .boxed()
}

fn operand() -> BoxedStrategy<Operand> {
    prop_oneof![4 => property().prop_map(Operand::Property), 1 => call().prop_map(Operand::Call)].boxed()
}

fn predicate() -> BoxedStrategy<Condition> {
    let compare = |(left, operator, right)| Condition::Compare(Comparison { left, operator, right });
    let right = prop_oneof![2 => literal().prop_map(Operand::Constant), 1 => operand()];
    let list = prop::collection::vec(prop_oneof![literal(), any::<bool>().prop_map(Literal::Boolean)], 1..4);
    prop_oneof![
        (operand(), operator(), right).prop_map(compare),
        (operand(), Just(Operator::Equal), constant()).prop_map(compare),
        (operand(), text()).prop_map(|(operand, pattern)| Condition::Like { operand, pattern }),
        (operand(), list).prop_map(|(operand, list)| Condition::In { operand, set: Set::List(list) }),
        (operand(), any::<bool>()).prop_map(|(operand, negated)| Condition::IsNull { operand, negated }),
        (property(), name()).prop_map(|(property, class)| Condition::IsA { property, class }),
    ]
    .boxed()
}

/// Joins as the parser does: no All in an All, no Any in an Any.
fn flat(conditions: Vec<Condition>, all: bool) -> Condition {
    let mut items = Vec::new();
    for condition in conditions {
        match condition {
            Condition::All(inner) if all => items.extend(inner),
            Condition::Any(inner) if !all => items.extend(inner),
            other => items.push(other),
        }
    }
    if all { Condition::All(items) } else { Condition::Any(items) }
}

fn condition() -> BoxedStrategy<Condition> {
    let nested = (operand(), property(), sources(), prop::option::of(predicate()));
    let subselect = nested.prop_map(|(operand, column, (from, joins), filter)| {
        let select = Select {
            distinct: filter.is_none(),
            columns: Columns::properties([column]),
            from,
            joins,
            filter,
            order_by: Vec::new(),
        };
        Condition::In { operand, set: Set::Subselect(Box::new(select)) }
    });
    prop_oneof![9 => predicate(), 1 => subselect]
        .prop_recursive(5, 40, 4, |inner| {
            prop_oneof![
                (prop::collection::vec(inner.clone(), 2..4), any::<bool>()).prop_map(|(c, all)| flat(c, all)),
                inner.prop_map(|condition| Condition::Not(Box::new(condition))),
            ]
        })
        .boxed()
}

/// Up to three classes; names that no property has.
fn sources() -> BoxedStrategy<(Source, Vec<Join>)> {
    let kind = prop::sample::select(vec![
        JoinKind::Cross,
        JoinKind::Inner,
        JoinKind::Left,
        JoinKind::Right,
        JoinKind::Full,
    ]);
    let joins = prop::collection::vec((kind, predicate(), any::<bool>()), 0..3);
    (any::<bool>(), joins)
        .prop_map(|(aliased, joins)| {
            let source = |number: usize, aliased: bool| Source {
                class: Identifier::new(&format!("C{number}")).unwrap(),
                alias: aliased.then(|| Identifier::new(&format!("alias{number}")).unwrap()),
            };
            let joins = joins.into_iter().enumerate().map(|(at, (kind, on, aliased))| Join {
                kind,
                source: source(at + 1, aliased),
                on: Some(on).filter(|_| kind != JoinKind::Cross),
            });
            (source(0, aliased), joins.collect())
        })
        .boxed()
}

fn select() -> BoxedStrategy<Select> {
    let columns = prop_oneof![
        Just(Columns::All),
        prop::option::of(property()).prop_map(Columns::Count),
        prop::collection::vec(property(), 1..4).prop_map(Columns::properties)
    ];
    let order =
        (property(), any::<bool>()).prop_map(|(property, descending)| OrderBy { property, descending });
    let filter = prop::option::of(condition());
    (columns, sources(), filter, prop::collection::vec(order, 0..3), any::<bool>())
        .prop_map(|(mut columns, (from, joins), filter, order_by, flag)| {
            // One class alone: `C.*` is `*`.
            if let (Columns::Listed(listed), true, false) = (&mut columns, flag, joins.is_empty()) {
                listed.push(Column::AllOf(from.name().clone()));
            }
            let distinct = flag && !matches!(columns, Columns::Count(_));
            Select { distinct, columns, from, joins, filter, order_by }
        })
        .boxed()
}

fn event_query() -> BoxedStrategy<EventQuery> {
    let columns = prop_oneof![
        Just(Columns::All),
        prop::collection::vec(property(), 1..4).prop_map(Columns::properties)
    ];
    let having = prop::option::of((operator(), any::<i64>().prop_map(i128::from)));
    let group = (0.001..4e6, prop::collection::vec(property(), 0..3), having)
        .prop_map(|(within, by, having)| EventGroup { within, by, having });
    let filter = prop::option::of(condition());
    (columns, name(), prop::option::of(0.001..4e6), filter, prop::option::of(group))
        .prop_map(|(columns, class, within, filter, group)| EventQuery {
            columns,
            class,
            within,
            filter,
            group,
        })
        .boxed()
}

/// The matcher that anybody would write first; exponential, so for short input only.
fn naive(tokens: &[LikeToken], text: &[char]) -> bool {
    match tokens {
        [] => text.is_empty(),
        [LikeToken::AnyRun, rest @ ..] => (0..=text.len()).any(|taken| naive(rest, &text[taken..])),
        [LikeToken::AnyChar, rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
        [LikeToken::Literal(wanted), rest @ ..] => {
            let wanted: Vec<_> = wanted.to_lowercase().chars().collect();
            text.starts_with(&wanted) && naive(rest, &text[wanted.len()..])
        }
        [LikeToken::Set { negated, ranges }, rest @ ..] => match text {
            [c, after @ ..] => {
                ranges.iter().any(|(first, last)| first <= c && c <= last) != *negated && naive(rest, after)
            }
            [] => false,
        },
        _ => unreachable!("a token of a new kind"),
    }
}

proptest! {
    #[test]
    fn every_tree_prints_as_text_that_reads_back_equal(select in select()) {
        let printed = select.to_string();
        prop_assert_eq!(Select::parse(&printed).map_err(|e| TestCaseError::fail(format!("{printed}: {e}")))?, select);
    }

    #[test]
    fn every_event_query_prints_as_text_that_reads_back_equal(query in event_query()) {
        let printed = query.to_string();
        prop_assert_eq!(EventQuery::parse(&printed).map_err(|e| TestCaseError::fail(format!("{printed}: {e}")))?, query);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*", soup in prop::collection::vec(prop::sample::select(vec![
        "SELECT", "*", "FROM", "C", "WHERE", "a", "=", "'x'", "\"", "'", "\\", "(", ")", "AND", "OR", "NOT", "IS",
        "NULL", "LIKE", "ISA", "1", "-", ".", "1.5e", "?", ":n", ",", "ORDER", "BY", "DESC", ";", "IN",
        "JOIN", "LEFT", "ON", "AS", "DISTINCT", "COUNT", "GETDATE", "UPPER", "DATEADD", "day", "WITHIN", "GROUP", "é", "\0", "\n",
    ]), 0..20)) {
        for text in [&text, &soup.join(" "), &soup.concat(), &format!("SELECT * FROM C WHERE {}", soup.join(" "))] {
            if let Ok(select) = Select::parse(text) {
                prop_assert_eq!(Select::parse(&select.to_string()).unwrap(), select);
            }
            if let Ok(query) = EventQuery::parse(text) {
                prop_assert_eq!(EventQuery::parse(&query.to_string()).unwrap(), query);
            }
            let _ = Select::parse_with(text, &Parameters::named([("n", 1)]));
        }
    }

    #[test]
    fn no_value_changes_the_shape_of_a_query(value in text(), other in text()) {
        let query = "SELECT * FROM C WHERE a = ? AND b LIKE ?";
        let select = Select::parse_with(query, &Parameters::positional([value.clone(), other.clone()])).unwrap();
        let property = |name| PropertyPath(vec![Identifier::new(name).unwrap()]);
        let compare = Comparison {
            left: property("a").into(), operator: Operator::Equal, right: Literal::String(value.clone()).into(),
        };
        let like = Condition::Like { operand: property("b").into(), pattern: other };
        prop_assert_eq!(&select.filter, &Some(Condition::All(vec![Condition::Compare(compare), like])));
        prop_assert_eq!(&Select::parse(&select.to_string()).unwrap(), &select);
        let by_hand = Select::parse(&format!("SELECT * FROM C WHERE a = {}", quote(&value).unwrap())).unwrap();
        let alone = Select::parse_with("SELECT * FROM C WHERE a = ?", &Parameters::positional([value])).unwrap();
        prop_assert_eq!(by_hand, alone);
    }

    #[test]
    fn like_agrees_with_the_naive_matcher(pattern in r"[ab%_\[\]^-]{0,8}", text in r"[abAB\[\]^-]{0,8}") {
        let pattern = LikePattern::parse(&pattern);
        let lower: Vec<_> = text.to_lowercase().chars().collect();
        prop_assert_eq!(pattern.matches(&text), naive(pattern.tokens(), &lower));
    }

    #[test]
    fn a_literal_pattern_matches_its_text_alone(value in text(), other in text()) {
        let pattern = LikePattern::parse(&like_literal(&value));
        prop_assert_eq!(pattern.as_exact(), Some(value.as_str()));
        prop_assert!(pattern.matches(&value));
        // Beyond ASCII the lower case of a text is not that of its characters one by one.
        if value.is_ascii() && other.is_ascii() {
            prop_assert_eq!(pattern.matches(&other), value.eq_ignore_ascii_case(&other));
        }
    }
}
