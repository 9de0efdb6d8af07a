//! Tables as designers write them, and mistakes in them.

use deeds::tables::{Source, TableErrors, Tables};

const RULES: &str = include_str!("../../../config/rules/rules.toml");
const ITEMS: &str = "[[item]]\nname = \"stone\"\ntitle = \"Stone\"\nweight_g = 900\n\n[[item]]\nname = \"wood\"\n\
                     title = \"Wood\"\nweight_g = 500\n";

fn read(text: &str) -> Result<Tables, TableErrors> {
    let source = |file, text| Source { file, text };
    Tables::read(&[source("rules.toml", RULES), source("items.toml", ITEMS), source("mine.toml", text)])
}

#[test]
fn the_tables_of_the_build_are_sound() {
    let tables = Tables::built_in();
    assert!(tables.items.len() >= 10 && tables.recipes.len() >= 4 && tables.props.len() == 16);
}

#[test]
fn what_is_written_is_what_is_read() {
    let tables =
        read("[[recipe]]\nname = \"block\"\nof = [{ item = \"stone\", amount = 3 }]\nmakes = { item = \"wood\" }")
            .expect("sound");
    let row = &tables.recipes[&"block".into()];
    assert_eq!((row.of[0].1, row.makes.1, row.time_ms), (3, 1, 0));
}

/// Each mistake, and where it is said to stand.
#[test]
fn mistakes_are_named_with_file_row_and_column() {
    let table = [
        ("[[item]]\nname = \"wood\"\ntitle = \"W\"\nweight_g = 1", "mine.toml:2:8: `wood` is there already"),
        ("[[item]]\nname = \"Big Wood\"\ntitle = \"W\"\nweight_g = 1", "mine.toml:2:8: `Big Wood` cannot be a name"),
        (
            "[[item]]\nname = \"x\"\ntitle = \"X\"\nweight_g = 1\nstack = 0",
            "mine.toml:5:9: 0 is not allowed; 1 to 1000000 are",
        ),
        (
            "[[item]]\nname = \"x\"\ntitle = \"X\"\nweigth_g = 1",
            "mine.toml:4:1: there is no key `weigth_g` here; did you mean `weight_g`?",
        ),
        ("[[item]]\nname = \"x\"\ntitle = \"X\"\nweight_g = -1", "mine.toml:4:12: "),
        ("[[item]\n", "mine.toml:1:"),
        (
            "[[prop]]\nkind = \"oka\"\ngives = \"wood\"\nunits = 1\nregrow_ms = 1",
            "mine.toml:2:8: there is no natural prop `oka`; did you mean `oak`?",
        ),
        (
            "[[prop]]\nkind = \"oak\"\ngives = \"wodo\"\nunits = 1\nregrow_ms = 0",
            "mine.toml:3:9: there is no item `wodo`; did you mean `wood`?",
        ),
        ("[[recipe]]\nname = \"x\"\nof = []\nmakes = { item = \"wood\" }", "mine.toml:3:6: a recipe uses something up"),
        (
            "[[recipe]]\nname = \"x\"\nof = [{ item = \"wood\" }, { item = \"wood\" }]\nmakes = { item = \"wood\" }",
            "mine.toml:3:35: `wood` is in the list already",
        ),
        (
            "[[recipe]]\nname = \"x\"\nof = [{ item = \"wood\" }]\nmakes = { item = \"wood\" }\nat = \"forge\"",
            "mine.toml:5:6: there is no building `forge`",
        ),
        (
            "[[building]]\nname = \"hut\"\ntitle = \"Hut\"\nof = [{ item = \"wood\" }]\ngives_back_percent = 150",
            "mine.toml:5:22: 150 is not allowed; 0 to 100 are",
        ),
        ("[body]\nstacks = 1", "mine.toml:1:1: missing field"),
    ];
    for (text, expected) in table {
        let errors = read(text).expect_err(text);
        assert!(errors.0[0].to_string().starts_with(expected), "{text}\n  says {errors}\n  not  {expected}");
    }
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let errors = read("[[prop]]\nkind = \"oak\"\ngives = \"a\"\nunits = 0\nregrow_ms = 0").expect_err("three mistakes");
    assert_eq!(errors.0.len(), 3, "{errors}");
    let twice = Tables::read(&[Source { file: "a", text: RULES }, Source { file: "b", text: RULES }]);
    let text = twice.expect_err("two bodies").to_string();
    assert!(text.contains("[body] is there already") && text.contains("there is no item `stone`"), "{text}");
    let none = Tables::read(&[Source { file: "items.toml", text: ITEMS }]).expect_err("no rules");
    assert!(none.to_string().contains("no file has a section [body]"), "{none}");
}
