//! An nftables file for a firewall on the way out of the site.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::RequiredPorts;
use super::rows::PortSource;

/// What goes out of the site: of connection points and of the service connection point.
pub(super) fn file(ports: &RequiredPorts) -> String {
    let out: Vec<_> = ports.rows.iter().filter(|row| row.from != PortSource::Client).collect();
    let mut sets: BTreeMap<&str, String> = BTreeMap::new();
    for row in &out {
        let next = sets.len() + 1;
        sets.entry(&row.to).or_insert_with(|| format!("cmg_{next}"));
    }
    let mut text = String::new();
    // Writing to a String never fails.
    let _ =
        writeln!(text, "# Connections that gateway {} needs out of the site.", plain(&ports.service_name));
    let _ = writeln!(
        text,
        "# Fill the sets with the addresses of the names beside them, and the sources with your servers:"
    );
    let _ = writeln!(text, "#   nft add element inet cmgateway cmg_sources '{{ 192.0.2.10 }}'");
    let _ = writeln!(text, "table inet cmgateway {{");
    let _ = writeln!(
        text,
        "    set cmg_sources {{ type ipv4_addr; flags interval; comment \"connection points\"; }}"
    );
    for (to, set) in &sets {
        let _ =
            writeln!(text, "    set {set} {{ type ipv4_addr; flags interval; comment \"{}\"; }}", plain(to));
    }
    let _ = writeln!(
        text,
        "    # No hook: an accept in one table does not overrule a drop in another. Move the chain and its"
    );
    let _ =
        writeln!(text, "    # sets into the table of yours that drops, and jump to it there before it does.");
    let _ = writeln!(text, "    chain cmgateway_out {{");
    for row in out {
        let set = sets.get(row.to.as_str()).map_or("", String::as_str);
        let _ = writeln!(
            text,
            "        ip saddr @cmg_sources ip daddr @{set} tcp dport {} accept comment \"{}\"",
            row.ports(),
            row.protocol
        );
    }
    let _ = writeln!(text, "    }}");
    let _ = writeln!(text, "}}");
    text
}

/// A name without what could end a comment.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_ ".contains(*c)).take(120).collect()
}
