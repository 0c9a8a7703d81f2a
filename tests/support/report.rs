//! The steps of a checking program, what became of them, and the closing line.

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Why a step did not pass.
pub enum Skip {
    /// Something is wrong.
    Failed(String),
    /// The machine lacks something; the text says what and how to get it.
    Missing(String),
}

impl From<String> for Skip {
    fn from(message: String) -> Self {
        Skip::Failed(message)
    }
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// The steps so far.
pub struct Report {
    require_all: bool,
    steps: Vec<(String, Outcome, Duration)>,
}

impl Report {
    /// An empty report; with `require_all` nothing may be skipped.
    pub fn new(require_all: bool) -> Self {
        Report { require_all, steps: Vec::new() }
    }

    /// Runs a step that may be skipped in any run: nobody is asked to have all that it wants.
    pub fn optional_step(&mut self, name: &str, work: impl FnOnce() -> Result<(), Skip>) -> bool {
        let require_all = std::mem::replace(&mut self.require_all, false);
        let passed = self.step(name, work);
        self.require_all = require_all;
        passed
    }

    /// Runs a step and notes what became of it.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<(), Skip>) -> bool {
        println!("\n=== {name}");
        let begun = Instant::now();
        let outcome = match work() {
            Ok(()) => Outcome::Passed,
            Err(Skip::Failed(message)) => Outcome::Failed(message),
            Err(Skip::Missing(what)) if self.require_all => Outcome::Failed(what),
            Err(Skip::Missing(what)) => Outcome::Skipped(what),
        };
        match &outcome {
            Outcome::Passed => {}
            Outcome::Failed(message) => eprintln!("--- {name} failed: {message}"),
            Outcome::Skipped(what) => println!("--- {name} skipped: {what}"),
        }
        let passed = matches!(outcome, Outcome::Passed);
        self.steps.push((name.to_owned(), outcome, begun.elapsed()));
        passed
    }

    /// Prints every step and the closing line.
    pub fn finish(self) -> ExitCode {
        println!("\n=== summary");
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for (name, outcome, time) in &self.steps {
            let (word, note) = match outcome {
                Outcome::Passed => {
                    passed += 1;
                    ("passed", "")
                }
                Outcome::Failed(message) => {
                    failed += 1;
                    ("FAILED", message.as_str())
                }
                Outcome::Skipped(what) => {
                    skipped += 1;
                    ("skipped", what.as_str())
                }
            };
            println!("{word:<8} {:>5} s  {name}  {note}", time.as_secs());
        }
        println!("{passed} passed, {failed} failed, {skipped} skipped");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
