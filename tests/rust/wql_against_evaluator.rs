//! SQL compiled from random WQL, against an evaluator that anybody would write first, on random instances.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::cmp::Ordering;

use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi::wql::{
    Call, Columns, Comparison, Condition, Join, JoinKind, LikePattern, Literal, Operand, Operator,
    Parameters, PropertyPath, Select, Set, Source,
};
use cmgateway::wmi::{CimType, Class, Identifier, Instance, PropertyDefinition, Value};
use cmgateway_tests::folder::TestFolder;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Name, type, array.
const PROPERTIES: [(&str, CimType, bool); 8] = [
    ("Id", CimType::Uint32, false),
    ("N", CimType::Sint32, false),
    ("U", CimType::Uint64, false),
    ("T", CimType::String, false),
    ("S", CimType::String, false),
    ("B", CimType::Boolean, false),
    ("Texts", CimType::String, true),
    ("Numbers", CimType::Uint32, true),
];
const CLASSES: [&str; 2] = ["ClassA", "ClassB"];

type Row = Vec<Value>;

fn name(text: &str) -> Identifier {
    Identifier::new(text).unwrap()
}

fn path(names: &[&str]) -> PropertyPath {
    PropertyPath(names.iter().filter(|text| !text.is_empty()).map(|text| name(text)).collect())
}

fn some_text() -> BoxedStrategy<String> {
    select(vec![
        "",
        "a",
        "18446744073709551615",
        "A",
        "ab",
        "aB",
        "b",
        "1",
        "2",
        "-1",
        "a%",
        "ä",
        "Ä",
        "true",
    ])
    .prop_map(str::to_owned)
    .boxed()
}

fn nullable<V: Into<Value> + 'static>(values: impl Strategy<Value = V> + 'static) -> BoxedStrategy<Value> {
    option::weighted(0.8, values.prop_map(Into::into)).prop_map(Option::unwrap_or_default).boxed()
}

/// All properties but the key.
fn row() -> BoxedStrategy<Row> {
    let numbers = vec((0_u32..4).prop_map(Value::from), 0..3);
    vec![
        nullable(-2_i32..4),
        nullable(select(vec![0_u64, 1, 2, u64::MAX, u64::MAX - 1])),
        nullable(some_text()),
        nullable(some_text()),
        nullable(any::<bool>()),
        nullable(vec(some_text().prop_map(Value::from), 0..3)),
        nullable(numbers),
    ]
    .boxed()
}

fn any_operator() -> BoxedStrategy<Operator> {
    use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]).boxed()
}

/// A property of one of the classes in sight; "" is the only class of its SELECT.
fn property(scope: &[&'static str], names: &[&'static str]) -> BoxedStrategy<Operand> {
    (select(scope.to_vec()), select(names.to_vec()))
        .prop_map(|(source, property)| Operand::Property(path(&[source, property])))
        .boxed()
}

fn number() -> BoxedStrategy<Literal> {
    let number = prop_oneof![4 => -2_i128..4, 1 => Just(i128::from(u64::MAX))];
    (number, any::<bool>())
        .prop_map(|(number, quoted)| match quoted {
            true => Literal::String(number.to_string()),
            false => Literal::Integer(number),
        })
        .boxed()
}

fn truth() -> BoxedStrategy<Literal> {
    let spelled = ["true", "False", "1", "0"].map(|text| Literal::String(text.to_owned()));
    let mut all = spelled.to_vec();
    all.extend([Literal::Boolean(true), Literal::Boolean(false), Literal::Integer(-1), Literal::Integer(0)]);
    select(all).boxed()
}

fn text_literal() -> BoxedStrategy<Literal> {
    some_text().prop_map(Literal::String).boxed()
}

fn texts(scope: &[&'static str]) -> BoxedStrategy<Operand> {
    let plain = property(scope, &["T", "S"]);
    let called = (plain.clone(), 0..3, -1_i128..4, -1_i128..3).prop_map(|(of, which, start, length)| {
        let of = Box::new(of);
        let constant = |number| Box::new(Operand::Constant(Literal::Integer(number)));
        Operand::Call(match which {
            0 => Call::Upper(of),
            1 => Call::Lower(of),
            _ => Call::Substring { text: of, start: constant(start), length: constant(length) },
        })
    });
    prop_oneof![3 => plain, 1 => called].boxed()
}

fn predicate(scope: &[&'static str]) -> BoxedStrategy<Condition> {
    let compare = |(left, operator, right)| Condition::Compare(Comparison { left, operator, right });
    let like = |(operand, pattern)| Condition::Like { operand, pattern };
    let one_of = |(operand, list)| Condition::In { operand, set: Set::List(list) };
    let numbers = property(scope, &["Id", "N", "U"]);
    let number_arrays = property(scope, &["Numbers"]);
    let text_arrays = property(scope, &["Texts"]);
    let equal = select(vec![Operator::Equal, Operator::NotEqual]);
    let all: Vec<&'static str> = PROPERTIES.iter().map(|(name, ..)| *name).collect();
    let pattern =
        select(vec!["a%", "%b", "_", "a", "%", "[a-b]%", "1", "ä%", "[^a]%", ""]).prop_map(str::to_owned);
    let a_number = number().prop_map(Operand::Constant);
    let a_text = text_literal().prop_map(Operand::Constant);
    let truths = property(scope, &["B"]);
    prop_oneof![
        (numbers.clone(), any_operator(), prop_oneof![a_number.clone(), numbers.clone()]).prop_map(compare),
        (texts(scope), any_operator(), prop_oneof![a_text.clone(), texts(scope)]).prop_map(compare),
        (truths.clone(), equal, prop_oneof![truth().prop_map(Operand::Constant), truths]).prop_map(compare),
        (numbers.clone(), any_operator(), texts(scope)).prop_map(compare),
        (text_arrays.clone(), any_operator(), prop_oneof![a_text, texts(scope), text_arrays.clone()])
            .prop_map(compare),
        (number_arrays.clone(), any_operator(), prop_oneof![a_number, numbers.clone()]).prop_map(compare),
        (prop_oneof![texts(scope), text_arrays.clone(), numbers.clone()], pattern).prop_map(like),
        (prop_oneof![texts(scope), text_arrays], vec(text_literal(), 1..4)).prop_map(one_of),
        (prop_oneof![numbers, number_arrays], vec(number(), 1..4)).prop_map(one_of),
        (property(scope, &["B"]), vec(truth(), 1..3)).prop_map(one_of),
        (property(scope, &all), any::<bool>())
            .prop_map(|(operand, negated)| Condition::IsNull { operand, negated }),
    ]
    .boxed()
}

/// `… IN (SELECT …)`, also one that looks at the query around it by `outer`.
fn subselect(scope: &[&'static str], outer: &'static str) -> BoxedStrategy<Condition> {
    let value = prop_oneof![texts(scope), property(scope, &["N", "U", "Texts", "Numbers"])];
    let filter = option::of(prop_oneof![predicate(&[""]), predicate(&["", outer])]);
    let column = select(vec!["T", "N", "U"]);
    (value, column, filter, any::<bool>())
        .prop_map(|(operand, column, filter, distinct)| {
            let columns = Columns::properties([path(&[column])]);
            let select = Select { distinct, columns, filter, ..Select::of(name("ClassB")) };
            let from = Source { class: name("ClassB"), alias: Some(name("inner")) };
            Condition::In { operand, set: Set::Subselect(Box::new(Select { from, ..select })) }
        })
        .boxed()
}

fn condition(scope: &[&'static str], outer: &'static str) -> BoxedStrategy<Condition> {
    let leaf = prop_oneof![5 => predicate(scope), 1 => subselect(scope, outer)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::All),
            vec(inner.clone(), 2..4).prop_map(Condition::Any),
            inner.prop_map(|condition| Condition::Not(Box::new(condition))),
        ]
        .boxed()
    })
    .boxed()
}

fn single() -> BoxedStrategy<Select> {
    condition(&[""], "ClassA")
        .prop_map(|filter| Select {
            columns: Columns::properties([path(&["Id"])]),
            filter: Some(filter),
            ..Select::of(name("ClassA"))
        })
        .boxed()
}

fn joined() -> BoxedStrategy<Select> {
    let kind =
        select(vec![JoinKind::Cross, JoinKind::Inner, JoinKind::Left, JoinKind::Right, JoinKind::Full]);
    let scope: &[&'static str] = &["a", "b"];
    (kind, condition(scope, "b"), option::of(condition(scope, "a")))
        .prop_map(|(kind, on, filter)| {
            let source = |class, alias| Source { class: name(class), alias: Some(name(alias)) };
            let on = Some(on).filter(|_| kind != JoinKind::Cross);
            Select {
                columns: Columns::properties([path(&["a", "Id"]), path(&["b", "Id"])]),
                from: source("ClassA", "a"),
                joins: vec![Join { kind, source: source("ClassB", "b"), on }],
                filter,
                ..Select::of(name("ClassA"))
            }
        })
        .boxed()
}

/// A name, and the row it stands for; all null where an outer join found none.
type Scope<'d> = Vec<(Identifier, Option<&'d Row>)>;

struct Evaluator<'d> {
    tables: &'d [Vec<Row>; 2],
}

impl<'d> Evaluator<'d> {
    fn table(&self, class: &Identifier) -> &'d [Row] {
        &self.tables[CLASSES.iter().position(|name| class.is(name)).unwrap()]
    }

    fn rows(&self, select: &Select, outer: &[Scope<'d>]) -> Vec<Scope<'d>> {
        let mut rows: Vec<Scope<'d>> = self
            .table(&select.from.class)
            .iter()
            .map(|row| vec![(select.from.name().clone(), Some(row))])
            .collect();
        for join in &select.joins {
            let right = self.table(&join.source.class);
            let mut found = Vec::new();
            let mut matched = vec![false; right.len()];
            for left in &rows {
                let before = found.len();
                for (at, row) in right.iter().enumerate() {
                    let mut both = left.clone();
                    both.push((join.source.name().clone(), Some(row)));
                    if join.on.as_ref().is_none_or(|on| self.holds(on, &both, outer) == Some(true)) {
                        matched[at] = true;
                        found.push(both);
                    }
                }
                if found.len() == before && matches!(join.kind, JoinKind::Left | JoinKind::Full) {
                    let mut alone = left.clone();
                    alone.push((join.source.name().clone(), None));
                    found.push(alone);
                }
            }
            if matches!(join.kind, JoinKind::Right | JoinKind::Full) {
                for (row, _) in right.iter().zip(matched).filter(|(_, matched)| !matched) {
                    let empty = select.from.name().clone();
                    found.push(vec![(empty, None), (join.source.name().clone(), Some(row))]);
                }
            }
            rows = found;
        }
        let keep =
            |row: &Scope<'d>| select.filter.as_ref().is_none_or(|f| self.holds(f, row, outer) == Some(true));
        rows.retain(keep);
        rows
    }

    fn property(&self, path: &PropertyPath, scope: &Scope<'d>, outer: &[Scope<'d>]) -> Value {
        let (row, property) = match path.0.as_slice() {
            [property] => (scope[0].1, property),
            [source, property] => {
                let mut all = scope.iter().chain(outer.iter().flatten());
                (all.find(|(name, _)| name == source).unwrap().1, property)
            }
            _ => unreachable!("no deeper path is made"),
        };
        let at = PROPERTIES.iter().position(|(name, ..)| property.is(name)).unwrap();
        row.map_or(Value::Null, |row| row[at].clone())
    }

    fn value(&self, operand: &Operand, scope: &Scope<'d>, outer: &[Scope<'d>]) -> Value {
        let call = match operand {
            Operand::Property(path) => return self.property(path, scope, outer),
            Operand::Constant(literal) => return of_literal(literal),
            Operand::Call(call) => call,
        };
        let text = |of: &Operand| match self.value(of, scope, outer) {
            Value::String(text) => Some(text),
            _ => None,
        };
        let number = |of: &Operand| self.value(of, scope, outer).as_integer().unwrap();
        let made = match call {
            Call::Upper(of) => text(of).map(|text| text.to_uppercase()),
            Call::Lower(of) => text(of).map(|text| text.to_lowercase()),
            Call::Substring { text: of, start, length } => {
                let (start, length) = (number(start), number(length).max(0));
                text(of).map(|text| {
                    let numbered = text.chars().enumerate();
                    let wanted =
                        numbered.filter(|(at, _)| (start..start + length).contains(&(*at as i128 + 1)));
                    wanted.map(|(_, c)| c).collect()
                })
            }
            _ => unreachable!("no dates are made"),
        };
        made.map_or(Value::Null, Value::String)
    }

    fn holds(&self, condition: &Condition, scope: &Scope<'d>, outer: &[Scope<'d>]) -> Option<bool> {
        let value = |operand: &Operand| self.value(operand, scope, outer);
        match condition {
            Condition::All(parts) => all(parts.iter().map(|part| self.holds(part, scope, outer))),
            Condition::Any(parts) => any_of(parts.iter().map(|part| self.holds(part, scope, outer))),
            Condition::Not(inner) => self.holds(inner, scope, outer).map(|holds| !holds),
            Condition::Compare(Comparison { left, operator, right }) => {
                if value(left).is_null() && is_array(left) {
                    return None;
                }
                let right = value(right);
                for_any(value(left), |left| for_any(right.clone(), |right| compared(left, *operator, right)))
            }
            Condition::Like { operand, pattern } => for_any(value(operand), |value| match value {
                Value::Null => None,
                Value::Integer(number) => Some(LikePattern::parse(pattern).matches(&number.to_string())),
                Value::String(text) => Some(LikePattern::parse(pattern).matches(text)),
                other => panic!("{other:?}"),
            }),
            Condition::IsNull { operand, negated } => Some(value(operand).is_null() != *negated),
            Condition::In { operand, set: Set::List(list) } => for_any(value(operand), |value| {
                any_of(list.iter().map(|item| compared(value, Operator::Equal, &of_literal(item))))
            }),
            Condition::In { operand, set: Set::Subselect(select) } => {
                // Null is in no empty set, a null array is in an unknown one.
                if value(operand).is_null() && is_array(operand) {
                    return None;
                }
                let mut around = vec![scope.clone()];
                around.extend(outer.iter().cloned());
                let rows = self.rows(select, &around);
                let Columns::Listed(columns) = &select.columns else { panic!() };
                let cmgateway::wmi::wql::Column::Property(path) = &columns[0] else { panic!() };
                let found: Vec<_> = rows.iter().map(|row| self.property(path, row, &around)).collect();
                for_any(value(operand), |value| any_of(found.iter().map(|item| same(value, item))))
            }
            Condition::IsA { .. } => unreachable!("no ISA is made"),
        }
    }
}

fn is_array(operand: &Operand) -> bool {
    let Operand::Property(path) = operand else { return false };
    PROPERTIES.iter().any(|(name, _, is_array)| *is_array && path.0.last().unwrap().is(name))
}

fn of_literal(literal: &Literal) -> Value {
    match literal {
        Literal::String(text) => Value::from(text.as_str()),
        Literal::Integer(number) => Value::Integer(*number),
        Literal::Real(real) => Value::Real(*real),
        Literal::Boolean(flag) => Value::Boolean(*flag),
    }
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any_of(parts.map(|part| part.map(|holds| !holds))).map(|holds| !holds)
}

fn any_of(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<_> = parts.collect();
    if parts.contains(&Some(true)) {
        Some(true)
    } else if parts.contains(&None) {
        None
    } else {
        Some(false)
    }
}

fn for_any(value: Value, said: impl Fn(&Value) -> Option<bool>) -> Option<bool> {
    match value {
        Value::Array(items) => any_of(items.iter().map(said)),
        value => said(&value),
    }
}

/// Equality in a subselect: numbers meet text as text.
fn same(value: &Value, item: &Value) -> Option<bool> {
    match (value, item) {
        (Value::Integer(number), Value::String(text)) | (Value::String(text), Value::Integer(number)) => {
            Some(number.to_string() == *text)
        }
        _ => compared(value, Operator::Equal, item),
    }
}

fn as_number(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Boolean(flag) => Some(i128::from(*flag)),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(1),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(0),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn compared(left: &Value, operator: Operator, right: &Value) -> Option<bool> {
    let order = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => return None,
        (Value::String(a), Value::String(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
        (Value::Boolean(flag), other) if !matches!(other, Value::Boolean(_)) => {
            flag.cmp(&(as_number(other)? != 0))
        }
        _ => as_number(left)?.cmp(&as_number(right)?),
    };
    Some(match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
    })
}

async fn site(folder: &TestFolder, tables: &[Vec<Row>; 2]) -> Site {
    let code = SiteCode::new("GF1").unwrap();
    let site: Site = EmbeddedSite::create(folder.file("site.db"), &code).await.unwrap().into();
    for (class, rows) in CLASSES.iter().zip(tables) {
        let properties = PROPERTIES.iter().enumerate().map(|(at, (property, cim_type, is_array))| {
            let (cim_type, is_array) = (*cim_type, *is_array);
            PropertyDefinition::new(name(property), cim_type, is_array, at == 0)
        });
        let definition = Class::new(name(class), properties.collect());
        site.embedded().unwrap().define_class(definition).await.unwrap();
        for row in rows {
            let mut instance = Instance::new(class).unwrap();
            for ((property, ..), value) in PROPERTIES.iter().zip(row) {
                instance.set(property, value.clone()).unwrap();
            }
            site.put(&mut instance, PutMode::CreateOnly).await.unwrap();
        }
    }
    site
}

/// The keys of a row, one for each class.
fn keys(instance: &Instance) -> Vec<Value> {
    match instance.get("Id") {
        Some(id) => vec![id.clone()],
        None => instance
            .properties()
            .iter()
            .map(|property| match &property.value {
                Value::Object(object) => object.get("Id").unwrap().clone(),
                other => panic!("{other:?}"),
            })
            .collect(),
    }
}

async fn agrees(site: &Site, evaluator: &Evaluator<'_>, query: &Select) -> Result<(), TestCaseError> {
    let text = query.to_string();
    let key = |(_, row): &(Identifier, Option<&Row>)| row.map_or(Value::Null, |row| row[0].clone());
    let expected = evaluator.rows(query, &[]);
    let expected: Vec<Vec<Value>> = expected.iter().map(|row| row.iter().map(key).collect()).collect();
    let failed = |error| TestCaseError::fail(format!("{text}: {error}"));
    let found = site.query(&text, &Parameters::None).await.map_err(failed)?.all().await.map_err(failed)?;
    let shown = |rows: Vec<Vec<Value>>| {
        let mut rows: Vec<_> = rows.iter().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    };
    let count = expected.len();
    prop_assert_eq!(shown(found.iter().map(keys).collect()), shown(expected), "{}", text);
    let counting = Select { columns: Columns::Count(None), ..query.clone() }.to_string();
    let counted =
        site.query(&counting, &Parameters::None).await.map_err(failed)?.all().await.map_err(failed)?;
    prop_assert_eq!(counted[0].get("Count"), Some(&Value::Integer(count as i128)), "{}", counting);
    Ok(())
}

fn table() -> BoxedStrategy<Vec<Row>> {
    let numbered = |rows: Vec<Row>| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(at, mut row)| {
            row.insert(0, Value::from(at as u32));
            row
        })
        .collect()
    };
    vec(row(), 0..6).prop_map(numbered).boxed()
}

proptest! {
    // A case makes a site file; the queries on it are cheap.
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_query_gives_what_the_evaluator_gives(
        tables in [table(), table()],
        singles in vec(single(), 12),
        joins in vec(joined(), 12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = TestFolder::new();
            let site = site(&folder, &tables).await;
            let evaluator = Evaluator { tables: &tables };
            for query in singles.iter().chain(&joins) {
                agrees(&site, &evaluator, query).await?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}
