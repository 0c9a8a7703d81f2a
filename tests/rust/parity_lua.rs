//! The Lua definitions say what `parity/api.toml` says: every name, with exactly its first sentence.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::path::Path;

/// A name as Lua has it, and its summary.
struct Row {
    name: String,
    summary: String,
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The list holds nothing but `key = "text"` with `\"` inside at most.
fn rows() -> Vec<Row> {
    let text = read("parity/api.toml");
    let value = |table: &str, key: &str| {
        let start = format!("{key} = \"");
        let line = table.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned);
        let line = line.unwrap_or_else(|| panic!("{key} is missing in {table}"));
        line.strip_suffix('"').unwrap().replace("\\\"", "\"").replace("\\\\", "\\")
    };
    let tables = text.split("[[api]]").skip(1);
    tables.map(|table| Row { name: value(table, "lua"), summary: value(table, "summary") }).collect()
}

/// The comment that stands right above the declaration, or in the line of the field.
fn described(definitions: &str, name: &str) -> Option<String> {
    let (owner, last) = name.rsplit_once(['.', ':']).unwrap_or(("cmgateway", name));
    let owner = owner.rsplit('.').next().unwrap_or(owner);
    let between = if name.contains(':') { ':' } else { '.' };
    let function = format!("function {owner}{between}{last}(");
    let full_class = format!("---@class cmgateway.{name}");
    let mut comment: Vec<&str> = Vec::new();
    let mut class = "";
    for line in definitions.lines() {
        if line.starts_with(&function) || line == full_class {
            return Some(comment.join(" "));
        }
        if let Some(started) = line.strip_prefix("---@class ") {
            class = started.rsplit('.').next().unwrap_or(started);
        } else if let Some(field) = line.strip_prefix("---@field ") {
            let mut words = field.splitn(3, ' ');
            if class == owner && words.next() == Some(last) {
                return words.nth(1).map(str::to_owned);
            }
        }
        match line.strip_prefix("---") {
            Some(text) if !text.starts_with('@') => comment.push(text),
            Some(_) => {}
            None => comment.clear(),
        }
    }
    None
}

#[test]
fn every_name_is_declared_with_its_first_sentence() {
    let definitions = read("../bindings-lua/types/cmgateway.d.lua");
    let rows = rows();
    assert!(rows.len() > 30, "only {} names were read", rows.len());
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|row| match described(&definitions, &row.name) {
            None => Some(format!("{} is not declared", row.name)),
            Some(text) => {
                let rest = text.strip_prefix(&row.summary);
                let whole = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
                (!whole).then(|| format!("{}: {:?} in place of {:?}", row.name, text, row.summary))
            }
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_error_is_in_the_definitions() {
    let definitions = read("../bindings-lua/types/cmgateway.d.lua");
    for kind in cmgateway::ErrorKind::ALL {
        assert!(definitions.contains(&format!("---| \"{kind}\" #")), "{kind}");
    }
}
