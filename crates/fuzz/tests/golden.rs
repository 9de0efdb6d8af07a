//! The protocol's golden files as samples to spoil.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// A golden file.
pub struct Sample {
    /// Its name, such as `mesh_frame`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All of them, in the order of their names.
pub static ALL: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/golden");
    let files = fs::read_dir(&folder).expect("golden files").map(|entry| entry.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "hex")).collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
});

fn read(path: &Path) -> Sample {
    let text = fs::read_to_string(path).expect("text");
    let digits = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    let bytes = digits.map(|digits| u8::from_str_radix(digits, 16).expect("hexadecimal")).collect();
    Sample { name: path.file_stem().expect("a name").to_string_lossy().into_owned(), bytes }
}

/// Those whose names begin so.
pub fn named(front: &str) -> Vec<&'static Sample> {
    let found: Vec<_> = ALL.iter().filter(|sample| sample.name.starts_with(front)).collect();
    assert!(!found.is_empty(), "there are golden files {front}*");
    found
}
