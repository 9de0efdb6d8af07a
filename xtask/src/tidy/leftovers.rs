//! Nothing half done stays behind: no placeholder macro, no debugging print, no ignored test.

use super::Finding;
use super::tokens::{self, Mention, What};
use super::tree::Tree;

const PLACEHOLDERS: &[&str] = &["todo", "unimplemented", "dbg"];

/// Reads every Rust file of the repository, tests too.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(|(path, text)| check_file(path, text)).collect()
}

fn check_file(path: &str, text: &str) -> Vec<Finding> {
    match tokens::read(text) {
        Ok(mentions) => mentions.iter().filter_map(|mention| leftover(path, mention)).collect(),
        Err(error) => vec![Finding::at(path, error.span().start().line, "this does not read as Rust")],
    }
}

fn leftover(path: &str, mention: &Mention) -> Option<Finding> {
    let message = match &mention.what {
        What::Macro(name) if PLACEHOLDERS.contains(&name.as_str()) => format!("`{name}!` is left over"),
        What::Attribute(words) if ignores(words) => {
            "a test is ignored: run it, or skip it visibly with its reason at run time".to_owned()
        }
        What::Path(_) | What::Macro(_) | What::Attribute(_) | What::Float(_) | What::Module(_) => return None,
    };
    Some(Finding::at(path, mention.line, message))
}

fn ignores(words: &[String]) -> bool {
    match words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        Some(("ignore", _)) => true,
        Some(("cfg_attr", rest)) => rest.iter().any(|word| word == "ignore"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::places_of;
    use super::*;

    fn check_line(line: &str, clean: bool) {
        let findings = check(&Tree::planted(&[("crates/host/tests/main.rs", line)]));
        let expected: &[&str] = if clean { &[] } else { &["crates/host/tests/main.rs:1"] };
        assert_eq!(places_of(&findings), expected, "{line}");
    }

    #[test]
    fn leftovers_are_found() {
        check_line("fn f() { todo!() }", false);
        check_line("fn f() { std::unimplemented!(\"later\") }", false);
        check_line("fn f() { dbg!(a); }", false);
        check_line("#[test] #[ignore] fn f() {}", false);
        check_line("#[test] #[ignore = \"slow\"] fn f() {}", false);
        check_line("#[test] #[cfg_attr(debug_assertions, ignore)] fn f() {}", false);
        check_line("fn f() { \"", false);
    }

    #[test]
    fn words_alone_are_no_leftovers() {
        check_line("// todo!() and #[ignore] are refused\nfn todo() { let ignore = todo; }", true);
        check_line("#[doc = \"ignore\"] fn f() {}", true);
    }
}
