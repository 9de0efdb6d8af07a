//! How a command fails: one message that names what is wrong, where, and what to do, and an exit code.

use std::fmt;
use std::process::ExitCode;

/// What a command ends with.
pub type Outcome = Result<ExitCode, Failure>;

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// It could not be started as asked: an option, a file or a port is wrong. Exit code 2.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 2 }
    }

    /// It was started and failed. Exit code 1.
    pub fn run(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// Prints the message and gives the exit code.
    pub fn report(&self) -> ExitCode {
        eprintln!("error: {}", self.message.trim_end());
        ExitCode::from(self.code)
    }
}

/// An error and everything that caused it, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
