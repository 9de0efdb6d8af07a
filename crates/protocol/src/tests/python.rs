//! The Python client's own tests: another reader of the same golden files.

use std::process::Command;

use super::project_dir;

#[test]
fn the_python_client_reads_the_golden_files_alike() {
    let directory = project_dir().join("clients/python");
    let run = Command::new("python3")
        .args(["-m", "unittest", "discover", "--start-directory", "tests", "--top-level-directory", "."])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(&directory)
        .output()
        .unwrap_or_else(|e| panic!("python3 (3.9 or later) is needed to test clients/python: {e}"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
