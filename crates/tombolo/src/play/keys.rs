//! What a key means, while walking and while writing a line. Pure: a key in, a meaning out.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use world::{Gait, Heading};

use crate::screen::is_interrupt;

/// What a key means to somebody who walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Walk on in a direction, at the top of one's speed or at the gait that was chosen.
    Go {
        /// Where to.
        heading: Heading,
        /// Whether in a hurry.
        hurry: bool,
    },
    /// Stand still.
    Stop,
    /// Choose a gait.
    Gait(Gait),
    /// Begin a line.
    Speak,
    /// Begin an order.
    Order,
    /// Take of what is nearest.
    Take,
    /// Show or hide the bag and what is near.
    Bag,
    /// Take the next tint.
    Tint,
    /// Show or hide the edges of chunks.
    Edges,
    /// Look closer.
    Nearer,
    /// Look further.
    Further,
    /// Show or hide the help.
    Help,
    /// Back: close the help, or leave.
    Back,
    /// Leave.
    Leave,
}

/// What a key means to somebody who writes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// One more character.
    Type(char),
    /// Take the last character back.
    Erase,
    /// Take the last word back.
    EraseWord,
    /// Take all back.
    EraseLine,
    /// Say it.
    Send,
    /// Say nothing.
    Cancel,
    /// Leave the world.
    Leave,
}

/// What a key means while walking.
pub fn command(key: KeyEvent) -> Option<Command> {
    if is_interrupt(key) {
        return Some(Command::Leave);
    }
    if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return None;
    }
    if let Some(heading) = heading(key.code) {
        let upper = matches!(key.code, KeyCode::Char(c) if c.is_ascii_uppercase());
        return Some(Command::Go { heading, hurry: upper || key.modifiers.contains(KeyModifiers::SHIFT) });
    }
    Some(match key.code {
        KeyCode::Char(' ') => Command::Stop,
        KeyCode::Char(c @ '1'..='6') => Command::Gait(Gait::from_index(c as u8 - b'0')?),
        KeyCode::Enter | KeyCode::Char('t') => Command::Speak,
        KeyCode::Char('/') => Command::Order,
        KeyCode::Char('e') => Command::Take,
        KeyCode::Char('i') => Command::Bag,
        KeyCode::Char('c') => Command::Tint,
        KeyCode::Char('g') => Command::Edges,
        KeyCode::Char('+' | '=') => Command::Nearer,
        KeyCode::Char('-') => Command::Further,
        KeyCode::Char('?') => Command::Help,
        KeyCode::Esc => Command::Back,
        KeyCode::Char('q') => Command::Back,
        _ => return None,
    })
}

/// What a key means while writing.
pub fn edit(key: KeyEvent) -> Option<Edit> {
    if is_interrupt(key) {
        return Some(Edit::Leave);
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('u') if control => Edit::EraseLine,
        KeyCode::Char('w') if control => Edit::EraseWord,
        KeyCode::Char('h') if control => Edit::Erase,
        KeyCode::Char(_) if control => return None,
        KeyCode::Char(c) => Edit::Type(c),
        KeyCode::Backspace => Edit::Erase,
        KeyCode::Enter => Edit::Send,
        KeyCode::Esc => Edit::Cancel,
        _ => return None,
    })
}

/// Arrows, WASD, HJKL, and YUBN for the diagonals.
fn heading(code: KeyCode) -> Option<Heading> {
    let letter = match code {
        KeyCode::Char(c) => c.to_ascii_lowercase(),
        KeyCode::Right => 'd',
        KeyCode::Down => 's',
        KeyCode::Left => 'a',
        KeyCode::Up => 'w',
        _ => return None,
    };
    let eighth = match letter {
        'd' | 'l' => 0,
        'n' => 1,
        's' | 'j' => 2,
        'b' => 3,
        'a' | 'h' => 4,
        'y' => 5,
        'w' | 'k' => 6,
        'u' => 7,
        _ => return None,
    };
    Some(Heading::new(eighth * (Heading::COUNT / 8)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: KeyModifiers = KeyModifiers::NONE;

    fn go(eighth: u8, hurry: bool) -> Option<Command> {
        Some(Command::Go { heading: Heading::new(eighth * 4), hurry })
    }

    #[test]
    fn every_walking_key_has_its_meaning() {
        let (c, shift, control) = (KeyCode::Char, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
        let cases = [
            (KeyCode::Right, PLAIN, go(0, false)),
            (KeyCode::Down, PLAIN, go(2, false)),
            (KeyCode::Left, shift, go(4, true)),
            (c('w'), PLAIN, go(6, false)),
            (c('W'), shift, go(6, true)),
            (c('H'), PLAIN, go(4, true)),
            (c('u'), PLAIN, go(7, false)),
            (c(' '), PLAIN, Some(Command::Stop)),
            (c('1'), PLAIN, Some(Command::Gait(Gait::Creep))),
            (c('6'), PLAIN, Some(Command::Gait(Gait::Sprint))),
            (c('7'), PLAIN, None),
            (KeyCode::Enter, PLAIN, Some(Command::Speak)),
            (c('t'), PLAIN, Some(Command::Speak)),
            (c('/'), PLAIN, Some(Command::Order)),
            (c('e'), PLAIN, Some(Command::Take)),
            (c('i'), PLAIN, Some(Command::Bag)),
            (c('c'), PLAIN, Some(Command::Tint)),
            (c('c'), control, Some(Command::Leave)),
            (c('d'), control, None),
            (c('q'), PLAIN, Some(Command::Back)),
            (KeyCode::Esc, PLAIN, Some(Command::Back)),
            (KeyCode::Tab, PLAIN, None),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(command(KeyEvent::new(code, modifiers)), expected, "{code:?} {modifiers:?}");
        }
    }

    #[test]
    fn writing_takes_letters_that_walk_otherwise() {
        let (c, control) = (KeyCode::Char, KeyModifiers::CONTROL);
        let cases = [
            (c('q'), PLAIN, Some(Edit::Type('q'))),
            (c('W'), KeyModifiers::SHIFT, Some(Edit::Type('W'))),
            (c('ö'), PLAIN, Some(Edit::Type('ö'))),
            (c('u'), control, Some(Edit::EraseLine)),
            (c('w'), control, Some(Edit::EraseWord)),
            (c('a'), control, None),
            (c('c'), control, Some(Edit::Leave)),
            (KeyCode::Backspace, PLAIN, Some(Edit::Erase)),
            (KeyCode::Enter, PLAIN, Some(Edit::Send)),
            (KeyCode::Esc, PLAIN, Some(Edit::Cancel)),
            (KeyCode::Up, PLAIN, None),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(edit(KeyEvent::new(code, modifiers)), expected, "{code:?} {modifiers:?}");
        }
    }
}
