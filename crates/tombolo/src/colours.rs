//! Colours of terminals: how many there are, and the few that we use.
//!
//! The colours that tell people apart are those of Okabe and Ito ("Color Universal Design", 2008), which people of
//! every kind of colour vision can tell apart. Nothing is told by colour alone.

use ratatui::style::{Color, Modifier, Style};

/// A colour as red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// None are wanted.
    None,
    /// The 256 of xterm.
    Indexed,
    /// All.
    Full,
}

/// Tints that are told apart, by hue, with their names. A tint of 256 is a hue; each has an eighth of the circle.
const TINTS: [(Rgb, &str); 8] = [
    (Rgb(0xd5, 0x5e, 0x00), "vermilion"),
    (Rgb(0xe6, 0x9f, 0x00), "orange"),
    (Rgb(0xf0, 0xe4, 0x42), "yellow"),
    (Rgb(0x00, 0xc0, 0x90), "green"),
    (Rgb(0x56, 0xb4, 0xe9), "sky blue"),
    (Rgb(0x5b, 0x8f, 0xf0), "blue"),
    (Rgb(0xcc, 0x79, 0xa7), "purple"),
    (Rgb(0xff, 0xff, 0xff), "white"),
];
/// How far it is from a tint to the next one that looks different.
pub const TINT_STEP: u8 = 32;

/// What a person's tint looks like.
pub fn tint(tint: u8) -> Rgb {
    TINTS[usize::from(tint / TINT_STEP)].0
}

/// What to call a tint.
pub fn tint_name(tint: u8) -> &'static str {
    TINTS[usize::from(tint / TINT_STEP)].1
}

impl Colours {
    /// As the environment says: `NO_COLOR` (no-color.org), `COLORTERM`.
    pub fn of_environment() -> Self {
        let variable = |name| std::env::var(name).unwrap_or_default();
        Self::of(&variable("NO_COLOR"), &variable("COLORTERM"))
    }

    fn of(no_color: &str, colorterm: &str) -> Self {
        match (no_color, colorterm) {
            ("", "truecolor" | "24bit") => Self::Full,
            ("", _) => Self::Indexed,
            _ => Self::None,
        }
    }

    /// The nearest colour that the terminal has.
    pub fn colour(self, rgb: Rgb) -> Color {
        match self {
            Self::None => Color::Reset,
            Self::Indexed => Color::Indexed(nearest_indexed(rgb)),
            Self::Full => Color::Rgb(rgb.0, rgb.1, rgb.2),
        }
    }

    /// Writing in a colour.
    pub fn ink(self, rgb: Rgb) -> Style {
        Style::new().fg(self.colour(rgb))
    }

    /// Writing that stands back.
    pub fn faint(self) -> Style {
        match self {
            Self::None => Style::new().add_modifier(Modifier::DIM),
            Self::Indexed | Self::Full => self.ink(Rgb(0x8a, 0x94, 0x99)),
        }
    }

    /// A bar across the screen.
    pub fn bar(self) -> Style {
        match self {
            Self::None => Style::new().add_modifier(Modifier::REVERSED),
            Self::Indexed | Self::Full => self.ink(Rgb(0xe8, 0xee, 0xee)).bg(self.colour(Rgb(0x12, 0x2c, 0x3a))),
        }
    }
}

/// The nearest of xterm's 6 x 6 x 6 cube and its 24 greys.
fn nearest_indexed(Rgb(r, g, b): Rgb) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let level = |v: u8| (0..6u8).min_by_key(|i| LEVELS[usize::from(*i)].abs_diff(v)).unwrap_or(0);
    let (lr, lg, lb) = (level(r), level(g), level(b));
    let distance = |x: u8, y: u8, z: u8| {
        [(x, r), (y, g), (z, b)].map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).iter().sum::<u32>()
    };
    let cube = distance(LEVELS[usize::from(lr)], LEVELS[usize::from(lg)], LEVELS[usize::from(lb)]);
    let grey_of = |step: u8| 8 + 10 * step;
    let step = (0..24u8).min_by_key(|s| distance(grey_of(*s), grey_of(*s), grey_of(*s))).unwrap_or(0);
    let grey = grey_of(step);
    if distance(grey, grey, grey) < cube { 232 + step } else { 16 + 36 * lr + 6 * lg + lb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        let cases = [
            ("", "", Colours::Indexed),
            ("", "truecolor", Colours::Full),
            ("", "24bit", Colours::Full),
            ("1", "truecolor", Colours::None),
        ];
        for (no_color, colorterm, expected) in cases {
            assert_eq!(Colours::of(no_color, colorterm), expected, "NO_COLOR={no_color} COLORTERM={colorterm}");
        }
    }

    #[test]
    fn the_nearest_of_256_colours_is_taken() {
        let cases = [
            (Rgb(0, 0, 0), 16),
            (Rgb(255, 255, 255), 231),
            (Rgb(255, 0, 0), 196),
            (Rgb(0x80, 0x80, 0x80), 244),
            (Rgb(0x56, 0xb4, 0xe9), 74),
        ];
        for (rgb, index) in cases {
            assert_eq!(nearest_indexed(rgb), index, "{rgb:?}");
        }
    }

    #[test]
    fn a_step_of_tint_is_always_another_colour() {
        for n in 0..=u8::MAX {
            assert_ne!(tint(n), tint(n.wrapping_add(TINT_STEP)), "{n}");
        }
    }
}
