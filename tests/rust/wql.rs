//! WQL through the front door: what is read, what is refused and where, and what must hold for every query.

#![expect(clippy::unwrap_used, reason = "the makers of random values are part of the test")]

use cmgateway::ErrorKind;
use cmgateway::wmi::wql::{
    Columns, Comparison, Condition, LikePattern, LikeToken, Literal, Operator, OrderBy, Parameters,
    PropertyPath, Select, like_literal, quote,
};
use cmgateway::wmi::{Identifier, Value};
use proptest::prelude::*;

// Of the kinds that published scripts send to an SMS Provider; the first is the source document's own.
const VALID: [&str; 42] = [
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
        ("SELECT * FROM C WHERE a=AND", Config, "expected a constant, found \"AND\"", 1, 25),
        ("SELECT * FROM C WHERE NOT NOT a=1", Config, "expected a condition", 1, 27),
        ("SELECT * FROM C WHERE a IS 1", Config, "expected NULL or NOT NULL", 1, 28),
        ("SELECT * FROM C WHERE a NOT 1", Config, "expected LIKE", 1, 29),
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
        ("ASSOCIATORS OF {C=1}", Unsupported, "association queries", 1, 1),
        ("references of {C=1}", Unsupported, "association queries", 1, 1),
        ("SELECT DISTINCT a FROM C", Unsupported, "DISTINCT", 1, 8),
        ("SELECT COUNT(*) FROM C", Unsupported, "COUNT", 1, 8),
        ("SELECT UPPER(a) FROM C", Unsupported, "functions", 1, 8),
        ("SELECT C.* FROM C", Unsupported, "Class.*", 1, 8),
        ("SELECT * FROM C c INNER JOIN D", Unsupported, "aliases", 1, 17),
        ("SELECT * FROM C AS c", Unsupported, "aliases", 1, 17),
        ("SELECT * FROM C INNER JOIN D", Unsupported, "joins", 1, 17),
        ("SELECT * FROM C, D", Unsupported, "joins", 1, 16),
        ("SELECT * FROM C WITHIN 10 WHERE a=1", Unsupported, "event queries (WITHIN)", 1, 17),
        ("SELECT * FROM C WHERE a=1 GROUP WITHIN 10", Unsupported, "event queries (GROUP)", 1, 27),
        ("SELECT * FROM C WHERE a IN (1,2)", Unsupported, "IN is", 1, 25),
        ("SELECT * FROM C WHERE a NOT IN (1,2)", Unsupported, "IN is", 1, 29),
        ("SELECT * FROM C WHERE a = b", Unsupported, "another property", 1, 27),
        ("SELECT * FROM C WHERE LOWER(a) = 'b'", Unsupported, "functions", 1, 23),
        ("SELECT * FROM C WHERE a > GETDATE()", Unsupported, "functions", 1, 27),
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
    let read = |text: &str, parameters| Select::parse_with(text, &parameters).unwrap().to_string();
    assert_eq!(
        read("SELECT * FROM C WHERE a <> ? AND b = ?", Parameters::positional([Value::Null, Value::Null])),
        "SELECT * FROM C WHERE a IS NOT NULL AND b IS NULL"
    );
    assert_eq!(
        read("SELECT * FROM C WHERE ? > a AND b LIKE ?", Parameters::positional([1, 2])),
        "SELECT * FROM C WHERE a < 1 AND b LIKE \"2\""
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
    assert!(Select::parse(&format!("SELECT {} FROM C", "a.".repeat(100_000) + "a")).is_err());
    assert!(Select::parse(&" ".repeat(300_000)).unwrap_err().cause().contains("bytes"));
}

fn name() -> impl Strategy<Value = Identifier> {
    // The prefix keeps the name from being a keyword or the class.
    "p[A-Za-z0-9_]{0,8}".prop_map(|name| Identifier::new(&name).unwrap())
}

fn property() -> impl Strategy<Value = PropertyPath> {
    prop::collection::vec(name(), 1..4).prop_map(PropertyPath)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![r#"[\\"'%_\[\]?:a-c \t\r\n]{0,12}"#, "\\PC{0,12}"]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        text().prop_map(Literal::String),
        any::<i64>().prop_map(|number| Literal::Integer(number.into())),
        any::<u64>().prop_map(|number| Literal::Integer(number.into())),
        prop::num::f64::NORMAL.prop_map(Literal::Real),
        (-1e6..1e6).prop_map(Literal::Real),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ])
}

fn predicate() -> impl Strategy<Value = Condition> {
    let compare =
        |(property, operator, literal)| Condition::Compare(Comparison { property, operator, literal });
    prop_oneof![
        (property(), operator(), literal()).prop_map(compare),
        (property(), Just(Operator::Equal), any::<bool>().prop_map(Literal::Boolean)).prop_map(compare),
        (property(), text()).prop_map(|(property, pattern)| Condition::Like { property, pattern }),
        (property(), any::<bool>()).prop_map(|(property, negated)| Condition::IsNull { property, negated }),
        (property(), name()).prop_map(|(property, class)| Condition::IsA { property, class }),
    ]
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

fn condition() -> impl Strategy<Value = Condition> {
    predicate().prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 2..4), any::<bool>()).prop_map(|(c, all)| flat(c, all)),
            inner.prop_map(|condition| Condition::Not(Box::new(condition))),
        ]
    })
}

fn select() -> impl Strategy<Value = Select> {
    let columns = prop_oneof![
        Just(Columns::All),
        prop::collection::vec(property(), 1..4).prop_map(Columns::Properties)
    ];
    let order =
        (property(), any::<bool>()).prop_map(|(property, descending)| OrderBy { property, descending });
    (columns, prop::option::of(condition()), prop::collection::vec(order, 0..3)).prop_map(
        |(columns, filter, order_by)| {
            let class = Identifier::new("C").unwrap();
            Select { columns, class, filter, order_by }
        },
    )
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
    fn no_text_makes_the_parser_panic(text in "\\PC*", soup in prop::collection::vec(prop::sample::select(vec![
        "SELECT", "*", "FROM", "C", "WHERE", "a", "=", "'x'", "\"", "'", "\\", "(", ")", "AND", "OR", "NOT", "IS",
        "NULL", "LIKE", "ISA", "1", "-", ".", "1.5e", "?", ":n", ",", "ORDER", "BY", "DESC", ";", "é", "\0", "\n",
    ]), 0..20)) {
        for text in [&text, &soup.join(" "), &soup.concat(), &format!("SELECT * FROM C WHERE {}", soup.join(" "))] {
            if let Ok(select) = Select::parse(text) {
                prop_assert_eq!(Select::parse(&select.to_string()).unwrap(), select);
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
            property: property("a"), operator: Operator::Equal, literal: Literal::String(value.clone()),
        };
        let like = Condition::Like { property: property("b"), pattern: other };
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
