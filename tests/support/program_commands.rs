//! The commands of the program `cmgateway`, one after the other.

use clap::Command;

/// Looks at a command and at those below it, with how each is called.
pub fn each_command(top: &Command, look: &mut impl FnMut(&str, &Command)) {
    let mut open = vec![(top.get_name().to_owned(), top)];
    while let Some((path, command)) = open.pop() {
        look(&path, command);
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        open.extend(below.map(|below| (format!("{path} {}", below.get_name()), below)));
    }
}
