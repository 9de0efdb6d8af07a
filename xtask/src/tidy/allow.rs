//! Reasoned exceptions: a comment with the [`MARK`] and a reason, on the line of a finding or in the comment right above.
//!
//! An exception without a reason, or one that excuses nothing, is a finding of its own. Findings about a whole file
//! cannot be excused.

use std::collections::BTreeSet;

use super::Finding;
use super::tree::Tree;

/// What an exception starts with.
pub const MARK: &str = "tidy-allow:";

/// A reason shorter than this is none.
const SHORTEST_REASON_CHARS: usize = 10;

/// Takes away what is excused, and adds what is wrong with the excuses of Rust files.
pub fn excuse(tree: &Tree, findings: Vec<Finding>) -> Vec<Finding> {
    let mut used = BTreeSet::new();
    let mut left = Vec::new();
    for finding in findings {
        match tree.text(&finding.path).and_then(|text| excuse_of(text, finding.line)) {
            Some(line) => drop(used.insert((finding.path, line))),
            None => left.push(finding),
        }
    }
    left.extend(tree.rust().flat_map(|(path, text)| idle_excuses(path, text, &used)));
    left
}

/// The line, from 1, of the excuse that covers a line.
fn excuse_of(text: &str, line: usize) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let index = line.checked_sub(1)?;
    if reason(lines.get(index)?).is_some() {
        return Some(line);
    }
    let above = lines[..index].iter().enumerate().rev();
    let mut comment = above.take_while(|(_, line)| line.trim_start().starts_with(['/', '#']));
    comment.find(|(_, line)| reason(line).is_some()).map(|(index, _)| index + 1)
}

fn reason(line: &str) -> Option<&str> {
    let reason = comment_with_mark(line)?.trim();
    (reason.chars().count() >= SHORTEST_REASON_CHARS).then_some(reason)
}

/// What follows the mark in a comment. The mark in a string or in a documentation comment is text.
fn comment_with_mark(line: &str) -> Option<&str> {
    let (before, after) = line.split_once(MARK)?;
    let before = before.trim_end();
    let comment = (before.ends_with("//") && !before.ends_with("///")) || before.ends_with('#');
    comment.then_some(after)
}

fn idle_excuses(path: &str, text: &str, used: &BTreeSet<(String, usize)>) -> Vec<Finding> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let marked = numbered.filter(|(_, line)| comment_with_mark(line).is_some());
    let judged = marked.filter_map(|(number, line)| {
        let message = match reason(line) {
            None => "an exception needs its reason",
            Some(_) if used.contains(&(path.to_owned(), number)) => return None,
            Some(_) => "this exception excuses nothing: remove it",
        };
        Some(Finding::at(path, number, message))
    });
    judged.collect()
}

#[cfg(test)]
mod tests {
    use super::super::places_of;
    use super::*;

    const PATH: &str = "crates/node/src/lib.rs";

    /// `text` has `MARK` for the mark, `ALLOW` for a comment with it; a finding is planted on `line`.
    fn check(text: &str, line: usize, expected: &[&str]) {
        let text = text.replace("ALLOW", "// MARK").replace("MARK", MARK);
        let left = excuse(&Tree::planted(&[(PATH, &text)]), vec![Finding::at(PATH, line, "planted")]);
        assert_eq!(places_of(&left), expected, "{text}");
    }

    #[test]
    fn a_reason_excuses_its_line_and_the_line_below() {
        check("use a; ALLOW a reason of some length", 1, &[]);
        check("ALLOW a reason of some length\n// that goes on\nuse a;", 3, &[]);
    }

    #[test]
    fn an_excuse_does_not_reach_further() {
        check(
            "ALLOW a reason of some length\nuse a;\nuse b;",
            3,
            &["crates/node/src/lib.rs:3", "crates/node/src/lib.rs:1"],
        );
        check("ALLOW a reason of some length", 0, &["crates/node/src/lib.rs:0", "crates/node/src/lib.rs:1"]);
    }

    #[test]
    fn an_excuse_without_a_reason_is_none() {
        check("use a; ALLOW why", 1, &["crates/node/src/lib.rs:1", "crates/node/src/lib.rs:1"]);
    }

    #[test]
    fn the_mark_in_a_string_is_text() {
        check("let a = \"MARK a reason of some length\";", 1, &["crates/node/src/lib.rs:1"]);
        check("/// MARK a reason of some length", 1, &["crates/node/src/lib.rs:1"]);
    }
}
