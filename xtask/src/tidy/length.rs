//! Files stay short enough to be read in one go.

use super::Finding;
use super::tree::Tree;

/// Above this a source file is reported: 150 to 300 lines is the aim.
const LONG_LINES: usize = 500;
/// Above this a source file is refused.
const TOO_LONG_LINES: usize = 700;

/// Counts the lines of every Rust file under a `src` folder.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let sources = tree.rust().filter(|(path, _)| path.contains("/src/"));
    sources.filter_map(|(path, text)| judge(path, text.lines().count())).collect()
}

fn judge(path: &str, lines: usize) -> Option<Finding> {
    let message =
        format!("{lines} lines: find the seam and split it ({LONG_LINES} is long, {TOO_LONG_LINES} is too long)");
    (lines > LONG_LINES).then(|| Finding { only_a_note: lines <= TOO_LONG_LINES, ..Finding::of(path, message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `grade`: nothing, a note or a fault.
    fn check_file(path: &str, lines: usize, grade: Option<bool>) {
        let text = "//\n".repeat(lines);
        let findings = check(&Tree::planted(&[(path, &text)]));
        assert_eq!(findings.first().map(|finding| finding.only_a_note), grade, "{path} {lines}");
    }

    #[test]
    fn lengths() {
        check_file("crates/world/src/lib.rs", 500, None);
        check_file("crates/world/src/lib.rs", 501, Some(true));
        check_file("crates/world/src/lib.rs", 700, Some(true));
        check_file("xtask/src/tidy.rs", 701, Some(false));
        check_file("crates/world/tests/main.rs", 2000, None);
    }
}
