//! Errors of a configuration file, shown at their place in it.

use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use thiserror::Error;

use crate::options::nearest;

/// Why a configuration cannot be used. Nothing was started.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}; name a file that can be read, such as config/node.toml", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not TOML, or has a key or a type that does not fit. The text shows the place.
    #[error("{0}")]
    Malformed(String),
    /// A value is not allowed.
    #[error("{file}: {key}: {reason}")]
    NotAllowed {
        /// The file.
        file: String,
        /// The key with its section.
        key: &'static str,
        /// What is wrong, and what is allowed.
        reason: String,
    },
}

impl ConfigError {
    pub(super) fn malformed(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message();
        let span = error.span().unwrap_or(0..0);
        let help = unknown_key(message).map(|(key, known)| match nearest(&key, known.iter().map(String::as_str)) {
            Some(near) => format!("there is no key `{key}` here; did you mean `{near}`?"),
            None => format!("there is no key `{key}` here; there are {}", known.join(", ")),
        });
        let text = &without_passwords(text);
        let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
        let snippet = Snippet::source(text).path(file).annotation(AnnotationKind::Primary.span(span));
        let title = help.unwrap_or_else(|| message.trim().to_owned());
        let report = [Level::ERROR.primary_title(format!("{file}:{line}: {title}")).element(snippet)];
        let shown = Renderer::plain().render(&report).to_string();
        Self::Malformed(shown.trim_start_matches("error: ").to_owned())
    }
}

/// The text with stars for what stands on lines about passwords, each byte where it was.
fn without_passwords(text: &str) -> String {
    let hide = |line: &str| match line.split_once('=') {
        Some((key, value)) if key.contains("password") => {
            let stars: String = value.bytes().map(|byte| if byte == b'\n' { '\n' } else { '*' }).collect();
            format!("{key}={stars}")
        }
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(hide).collect()
}

/// The key and the known keys of a message about an unknown one.
fn unknown_key(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let (key, known) = rest.split_once(", expected ")?;
    let known = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((key.trim_matches('`').to_owned(), known))
}
