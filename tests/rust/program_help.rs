//! What `cmgateway help` says of every command is complete, and its examples are right.

use cmgateway_program::command;
use cmgateway_tests::program_commands::each_command;

#[test]
fn every_command_and_every_argument_says_what_it_is() {
    each_command(&command(), &mut |path, command| {
        assert!(command.get_about().is_some(), "{path} says nothing");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{path}: {} says nothing", argument.get_id());
        }
    });
}

#[test]
fn every_command_has_an_example_of_itself_that_is_taken() {
    let mut commands = 0;
    each_command(&command(), &mut |path, found| {
        commands += 1;
        let help = found.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples: Vec<_> =
            help.lines().map(str::trim).filter(|line| line.starts_with("cmgateway ")).collect();
        assert!(!examples.is_empty(), "the help of `{path}` has no example");
        for example in examples {
            assert!(example.starts_with(path), "`{example}` is no example of `{path}`");
            let taken = command().try_get_matches_from(example.split_whitespace());
            assert!(taken.is_ok(), "`{example}`: {}", taken.unwrap_err());
        }
    });
    assert!(commands >= 8, "only {commands} commands were looked at");
}
