//! Which seeds to run.

use std::fmt;
use std::str::FromStr;

/// Seeds one after another: never none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    first: u64,
    last: u64,
}

impl Seeds {
    /// How many there are.
    pub fn count(self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = u64> {
        self.first..=self.last
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.first, self.last)
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let seeds = match (text.split_once("..="), text.split_once("..")) {
            (Some((first, last)), _) => number(first).zip(number(last)),
            (None, Some((first, end))) => number(first).zip(number(end).and_then(|end| end.checked_sub(1))),
            (None, None) => number(text).map(|last| (1, last)),
        };
        let seeds = seeds.filter(|(first, last)| first <= last).map(|(first, last)| Self { first, last });
        seeds.ok_or_else(|| "expected how many, such as 300, or which, such as 1..41 or 1..=40".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_number_or_a_range() {
        let cases = [
            ("300", Some((1, 300, 300))),
            ("1", Some((1, 1, 1))),
            ("5..8", Some((5, 7, 3))),
            ("5..=8", Some((5, 8, 4))),
            ("0..1", Some((0, 0, 1))),
            ("0", None),
            ("8..5", None),
            ("5..5", None),
            ("..5", None),
            ("0..0", None),
            ("five", None),
            ("-1", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let seeds = text.parse::<Seeds>().ok();
            assert_eq!(seeds.map(|s| (s.first, s.last, s.count())), expected, "{text}");
        }
    }
}
