//! What a Rust file mentions: paths, macros, attributes and floating-point literals, with their lines.
//!
//! This is a reader of tokens and not of meaning: it does not resolve names. `use` groups are unfolded, comments and
//! strings are not mentioned, and what stands under `#[cfg(test)]` is marked.

use std::str::FromStr;

use proc_macro2::{Delimiter, Group, LexError, TokenStream, TokenTree};

/// One thing that a file mentions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The line, from 1.
    pub line: usize,
    /// True when only tests see it.
    pub in_test: bool,
    /// The thing.
    pub what: What,
}

/// The kinds of things that are of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// `a::b::c`, also of a `use`, also of one identifier alone.
    Path(Vec<String>),
    /// `name!`.
    Macro(String),
    /// The words of `#[...]`.
    Attribute(Vec<String>),
    /// A literal such as `1.5` or `2f32`.
    Float(String),
    /// `mod name;`.
    Module(String),
}

/// Reads a whole file.
///
/// # Errors
/// When the text is not made of Rust tokens.
pub fn read(text: &str) -> Result<Vec<Mention>, LexError> {
    let mut reader = Reader { mentions: Vec::new(), in_test: false };
    reader.walk(&TokenStream::from_str(text)?.into_iter().collect::<Vec<_>>(), &[]);
    Ok(reader.mentions)
}

struct Reader {
    mentions: Vec<Mention>,
    in_test: bool,
}

impl Reader {
    fn mention(&mut self, at: &TokenTree, what: What) {
        self.mentions.push(Mention { line: at.span().start().line, in_test: self.in_test, what });
    }

    /// Reads the tokens of one group. `prefix` is what a `use` group continues.
    fn walk(&mut self, tokens: &[TokenTree], prefix: &[String]) {
        let before = self.in_test;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(&tokens[at..]),
                TokenTree::Ident(_) => self.path(&tokens[at..], prefix),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    if is_float(&text) && !is_tuple_index(&tokens[..at]) {
                        self.mention(token, What::Float(text));
                    }
                    1
                }
                TokenTree::Group(group) => {
                    self.group(group, &[]);
                    1
                }
                TokenTree::Punct(_) => 1,
            };
        }
        self.in_test = before;
    }

    fn group(&mut self, group: &Group, prefix: &[String]) {
        self.walk(&group.stream().into_iter().collect::<Vec<_>>(), prefix);
    }

    /// `#[...]` and `#![...]`; under `#[cfg(test)]` also the whole item that follows. Returns the tokens it took.
    fn attribute(&mut self, tokens: &[TokenTree]) -> usize {
        let inner = is_punct(tokens.get(1), '!');
        let end = if inner { 3 } else { 2 };
        let Some(TokenTree::Group(group)) = tokens.get(end - 1).filter(|token| is_group(token, Delimiter::Bracket))
        else {
            return 1;
        };
        self.mention(&tokens[0], What::Attribute(words(group)));
        if !is_cfg_test(group) {
            return end;
        }
        if inner {
            self.in_test = true;
            return end;
        }
        let length = item_length(&tokens[end..]);
        let before = std::mem::replace(&mut self.in_test, true);
        self.walk(&tokens[end..end + length], &[]);
        self.in_test = before;
        end + length
    }

    /// `a::b::{c, d}`, `name!`, `mod name;`. Returns the tokens it took.
    fn path(&mut self, tokens: &[TokenTree], prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        path.push(tokens[0].to_string());
        let mut taken = 1;
        while is_punct(tokens.get(taken), ':') && is_punct(tokens.get(taken + 1), ':') {
            match tokens.get(taken + 2) {
                Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
                Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => path.push("*".to_owned()),
                Some(TokenTree::Group(group)) => {
                    self.group(group, &path);
                    return taken + 3;
                }
                _ => break,
            }
            taken += 3;
        }
        if is_punct(tokens.get(taken), '!') && !is_punct(tokens.get(taken + 1), '=') {
            self.mention(&tokens[0], What::Macro(path.last().cloned().unwrap_or_default()));
        }
        if let (true, Some(TokenTree::Ident(name)), true) =
            (path == ["mod"], tokens.get(1), is_punct(tokens.get(2), ';'))
        {
            self.mention(&tokens[0], What::Module(name.to_string()));
        }
        self.mention(&tokens[0], What::Path(path));
        taken
    }
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// All words in an attribute, however deep.
fn words(group: &Group) -> Vec<String> {
    let word = |token: TokenTree| match token {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) => words(&group),
        TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    };
    group.stream().into_iter().flat_map(word).collect()
}

/// `cfg(test)` and `cfg(all(test, ...))`, but not `cfg(not(test))` or `cfg(any(test, ...))`.
fn is_cfg_test(group: &Group) -> bool {
    let words = words(group);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    matches!(words.as_slice(), ["cfg", "test"] | ["cfg", "all", "test", ..])
}

/// Tokens up to the end of an item: its block, or its semicolon.
fn item_length(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| is_group(token, Delimiter::Brace) || is_punct(Some(token), ';');
    tokens.iter().position(ends).map_or(tokens.len(), |last| last + 1)
}

/// `1.5`, `1e3`, `2f32`; not `0xf32`, `1usize`, `"1.5"`.
fn is_float(literal: &str) -> bool {
    let based = ["0x", "0o", "0b"].iter().any(|base| literal.starts_with(base));
    let rest = literal.trim_start_matches(|char: char| char.is_ascii_digit() || char == '_');
    !based && literal.starts_with(|char: char| char.is_ascii_digit()) && rest.starts_with(['.', 'e', 'E', 'f'])
}

/// `pair.0.1` reads as `pair`, `.`, `0.1`; `..1.5` has two dots.
fn is_tuple_index(before: &[TokenTree]) -> bool {
    let dot = |back: usize| before.len() >= back && is_punct(before.get(before.len() - back), '.');
    dot(1) && !dot(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mentions = read(text).expect("it is Rust");
        let said: Vec<String> = mentions
            .into_iter()
            .filter_map(|Mention { line, in_test, what }| {
                let what = match what {
                    What::Path(path) if path.len() > 1 => path.join("::"),
                    What::Path(_) => return None,
                    What::Macro(name) => format!("{name}!"),
                    What::Attribute(words) => format!("#{}", words.join(" ")),
                    What::Float(text) => text,
                    What::Module(name) => format!("mod {name}"),
                };
                Some(format!("{line}{} {what}", if in_test { "t" } else { "" }))
            })
            .collect();
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn paths_and_groups() {
        check(
            "use std::{\n time::{Duration, Instant},\n thread as t, net::*};",
            &[
                "2 std::time::Duration",
                "2 std::time::Instant",
                "3 std::thread",
                "3 std::as",
                "3 std::t",
                "3 std::net::*",
            ],
        );
        check(
            "fn f() { ::std::thread::spawn(|| std::mem::take::<u8>(x)); }",
            &["1 std::thread::spawn", "1 std::mem::take"],
        );
        check("// std::fs\n/* std::net */ /// std::io\nconst A: &str = \"std::thread\";", &["2 #doc"]);
    }

    #[test]
    fn floats_are_not_indices_and_not_integers() {
        check("let a = 1.5 + 2e3 + 3f32 + 4_f64;", &["1 1.5", "1 2e3", "1 3f32", "1 4_f64"]);
        check("let a = pair.0.1 + 1usize + 0xf3 + 1_000; for i in 0..10 { 1.max(2); }", &[]);
        check("match x { 0..1.5 => y }", &["1 1.5"]);
    }

    #[test]
    fn what_only_tests_see_is_marked() {
        check("#[cfg(test)]\nmod tests { use a::b; }\nuse c::d;", &["1 #cfg test", "2t a::b", "3 c::d"]);
        check("#[cfg(test)]\nmod tests;\nuse c::d;", &["1 #cfg test", "2t mod tests", "3 c::d"]);
        check("#[cfg(not(test))]\nuse c::d;", &["1 #cfg not test", "2 c::d"]);
        check("#[cfg(test)]\nuse a::{b, c};\nuse c::d;", &["1 #cfg test", "2t a::b", "2t a::c", "3 c::d"]);
        check("#![cfg(test)]\nuse a::b;", &["1 #cfg test", "2t a::b"]);
    }

    #[test]
    fn macros_are_not_inequalities() {
        check("if a != b { println!(\"c\"); std::dbg!(d) }", &["1 println!", "1 dbg!", "1 std::dbg"]);
    }
}
