//! What the player has in mind and was told: mode, wished motion, the lines spoken. It changes by keys and events only.
//!
//! It sends nothing itself: [`App::key`] says what the player wants done.

use std::collections::{BTreeMap, VecDeque};

use client::{Asked, Client, Ending, Event, Outcome, Performed};
use protocol::client::valid_speech;
use protocol::limits::SPEECH_BYTES;
use protocol::things::Offered;
use ratatui::crossterm::event::KeyEvent;
use world::{EntityId, Gait, Millis, Motion, Position};

use super::gait;
use super::keys::{self, Command, Edit};
use super::land::Land;
use super::orders::{Order, all_in_words};
use super::sight::printable;
use crate::colours;

/// Lines kept. A tall terminal shows a quarter of them.
const LINES: usize = 100;
/// How long a bubble stays over a head, in milliseconds.
const BUBBLE_MS: u64 = 6_000;
/// How far one can look: metres that a column is wide.
const SCALES: [i32; 3] = [1, 2, 4];

/// What keys mean now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They steer.
    Walking,
    /// They write this line.
    Speaking(String),
    /// They close the help.
    Help,
    /// They close the list of orders.
    Orders,
}

/// What the player wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Say a line.
    Speak(String),
    /// Take a tint.
    Dress(u8),
    /// Do something to things.
    Order(Order),
    /// Leave the world.
    Leave,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Somebody said something.
    Said {
        /// The name.
        who: String,
        /// The tint.
        tint: u8,
        /// The words.
        text: String,
    },
    /// The program tells something.
    Told(String),
    /// The program tells something that went wrong.
    Warned(String),
    /// The connection is lost, and so is the next one: only the latest is worth a line.
    Lost(String),
}

/// The player's side.
#[derive(Clone, Debug)]
pub struct App {
    /// The account.
    pub name: String,
    /// What keys mean now.
    pub mode: Mode,
    /// The gait of the next step without hurry.
    pub gait: Gait,
    /// Whether the edges of chunks are shown.
    pub edges: bool,
    /// Whether the bag and what is near are shown.
    pub pack: bool,
    /// The offer that was heard last.
    pub offered: Option<Offered>,
    /// The own tint.
    pub tint: u8,
    /// The lines, the newest last.
    pub lines: VecDeque<Line>,
    /// Why the session ended for good.
    pub ended: Option<Ending>,
    wish: Motion,
    scale: usize,
    bubbles: BTreeMap<EntityId, (Millis, String)>,
}

impl App {
    /// Somebody who stands and listens.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            mode: Mode::Walking,
            gait: Gait::Jog,
            edges: true,
            pack: false,
            offered: None,
            tint: 0,
            lines: VecDeque::new(),
            ended: None,
            wish: Motion::default(),
            scale: 1,
            bubbles: BTreeMap::new(),
        }
    }

    /// Metres that a column of the view is wide.
    pub fn metres_a_column(&self) -> i32 {
        SCALES[self.scale]
    }

    /// What was said of late, and by whom.
    pub fn bubbles(&self, now: Millis) -> impl Iterator<Item = (EntityId, &str)> {
        let fresh = move |said: Millis| now.since(said) < BUBBLE_MS;
        self.bubbles.iter().filter(move |(_, (said, _))| fresh(*said)).map(|(who, (_, text))| (*who, text.as_str()))
    }

    // --- keys ---

    /// Takes in a key.
    pub fn key(&mut self, key: KeyEvent) -> Option<Wish> {
        match &mut self.mode {
            Mode::Speaking(line) => match keys::edit(key)? {
                Edit::Send => {
                    let line = std::mem::take(line);
                    self.mode = Mode::Walking;
                    if let Some(order) = line.trim_start().strip_prefix('/') {
                        return self.order(order);
                    }
                    return valid_speech(&line).then_some(Wish::Speak(line));
                }
                Edit::Cancel => self.mode = Mode::Walking,
                Edit::Leave => return Some(Wish::Leave),
                edit => change(line, edit),
            },
            Mode::Help | Mode::Orders => match keys::command(key)? {
                Command::Leave => return Some(Wish::Leave),
                _ => self.mode = Mode::Walking,
            },
            Mode::Walking => return self.command(keys::command(key)?),
        }
        None
    }

    /// Takes in a text that was pasted. It never steers.
    pub fn paste(&mut self, text: &str) {
        if let Mode::Speaking(line) = &mut self.mode {
            text.chars().filter(|c| !c.is_control()).for_each(|c| change(line, Edit::Type(c)));
        }
    }

    /// Takes in an order. What is none is answered at once.
    fn order(&mut self, text: &str) -> Option<Wish> {
        match Order::parse(text) {
            Ok(Order::Help) => self.mode = Mode::Orders,
            Ok(order) => return Some(Wish::Order(order)),
            Err(why) => self.warn(why),
        }
        None
    }

    fn command(&mut self, command: Command) -> Option<Wish> {
        match command {
            Command::Go { heading, hurry } => {
                self.wish = Motion::new(heading, if hurry { Gait::Sprint } else { self.gait });
            }
            Command::Stop => self.wish = self.wish.stopped(),
            Command::Gait(gait) => {
                self.gait = gait;
                if self.wish.gait != Gait::Stand {
                    self.wish.gait = gait;
                }
            }
            Command::Speak => self.mode = Mode::Speaking(String::new()),
            Command::Order => self.mode = Mode::Speaking("/".to_owned()),
            Command::Take => return Some(Wish::Order(Order::Gather(1))),
            Command::Bag => self.pack = !self.pack,
            Command::Tint => return Some(Wish::Dress(self.tint.wrapping_add(colours::TINT_STEP))),
            Command::Edges => self.edges = !self.edges,
            Command::Nearer => self.scale = self.scale.saturating_sub(1),
            Command::Further => self.scale = (self.scale + 1).min(SCALES.len() - 1),
            Command::Help => self.mode = Mode::Help,
            Command::Back | Command::Leave => return Some(Wish::Leave),
        }
        None
    }

    /// How to go on from a place, as far as the ground allows it.
    pub fn steer(&mut self, at: Position, land: &Land) -> Motion {
        let motion = gait::possible(self.wish, at, |p| land.biome_at(p));
        if motion.gait == Gait::Stand && self.wish.gait != Gait::Stand {
            self.wish = motion;
            self.tell("deep water: nobody can go on there");
        }
        motion
    }

    // --- events ---

    /// Takes in what happened.
    pub fn event(&mut self, now: Millis, event: Event, client: &Client, land: &Land) {
        match event {
            Event::Welcomed { again, .. } => self.welcomed(again, client),
            Event::Speech { entity, text } => self.heard(now, entity, &printable(&text), client),
            Event::Replied { asked, outcome, .. } => self.replied(asked, outcome),
            Event::Corrected { at, motion } => self.corrected(at, motion, land),
            Event::Reconnecting { address, in_ms, lost } => {
                let seconds = f64::from(u32::try_from(in_ms).unwrap_or(u32::MAX)) / 1_000.0;
                self.lines.pop_back_if(|last| matches!(last, Line::Lost(_)));
                self.log(Line::Lost(format!("{lost}; trying {address} in {seconds:.1} s")));
            }
            Event::Closed(ending) => self.ended = Some(ending),
            Event::Performed(told) => self.performed(&told),
            Event::Offered(offered) => {
                let who = name_of(EntityId(offered.by), client);
                let (gives, takes) = (all_in_words(&offered.gives), all_in_words(&offered.takes));
                self.tell(format!("{who} offers {gives} for {takes}; /agree to it, or let it be"));
                self.offered = Some(*offered);
            }
            Event::Agreed { by, offer } => {
                let (who, gives, takes) = (name_of(by, client), all_in_words(&offer.gives), all_in_words(&offer.takes));
                self.tell(format!("{who} agrees: your {gives} for {takes}"));
            }
            // The picture goes on, so there is nothing to tell.
            Event::Handed { .. }
            | Event::BagChanged
            | Event::PageChanged { .. }
            | Event::Moved { .. }
            | Event::InputSent { .. } => {}
        }
    }

    fn welcomed(&mut self, again: bool, client: &Client) {
        // Nobody walks on blindly from a place that he has not seen.
        self.wish = self.wish.stopped();
        let Some(welcome) = client.welcome() else { return };
        self.tint = welcome.tint;
        let back = if again { "back in the world" } else { "in the world" };
        let node = protocol::Incarnation(welcome.node);
        self.tell(format!(
            "{back}: island {} of {} x {} chunks, served by node {}.{}",
            welcome.island,
            welcome.size_chunks,
            welcome.size_chunks,
            node.host(),
            node.node()
        ));
    }

    fn heard(&mut self, now: Millis, entity: EntityId, text: &str, client: &Client) {
        let ghost = client.picture().and_then(|p| p.get(entity));
        let (who, tint) = ghost.map_or(("somebody".into(), 0), |g| (printable(&g.look.name), g.look.tint));
        self.bubbles.retain(|_, (said, _)| now.since(*said) < BUBBLE_MS);
        self.bubbles.insert(entity, (now, text.to_owned()));
        self.log(Line::Said { who, tint, text: text.to_owned() });
    }

    fn replied(&mut self, asked: Asked, outcome: Outcome) {
        match (asked, outcome) {
            (Asked::Dress(tint), Outcome::Done) => {
                self.tint = tint;
                self.tell(format!("you wear {} now", colours::tint_name(tint)));
            }
            (Asked::Other, Outcome::Done) => {}
            (Asked::Dress(_), Outcome::Refused { code, .. }) => {
                self.warn(format!("the tint was refused: {}", client::event::label(code)));
            }
            (Asked::Other, Outcome::Refused { code, .. }) => {
                self.warn(format!("nobody heard that: {}", client::event::label(code)));
            }
            (Asked::Dress(_), Outcome::NotSent) => self.warn("too many wishes wait for an answer"),
            (Asked::Other, Outcome::NotSent) => self.warn("nobody heard that: not in the world"),
        }
    }

    fn performed(&mut self, told: &Performed) {
        let name = told.deed.as_ref().map_or("it", |deed| deed.deed.as_str());
        let receipt = &told.receipt;
        match told.outcome {
            Outcome::Done => {
                let sides = [("+", &receipt.gained), ("-", &receipt.lost)];
                let words = sides.iter().filter(|(_, heaps)| !heaps.is_empty());
                let words: Vec<String> = words.map(|(sign, heaps)| format!("{sign} {}", all_in_words(heaps))).collect();
                self.tell(format!("{name}: {}", if words.is_empty() { "done".to_owned() } else { words.join("  ") }));
            }
            Outcome::Refused { code, .. } => {
                self.warn(format!("{name}: {}", client::event::label(code).replace('_', " ")));
            }
            Outcome::NotSent => self.warn(format!("{name}: too many deeds wait for an answer")),
        }
    }

    /// The server is right. What follows from the ground alone is no reason to give up the wish.
    fn corrected(&mut self, at: Position, motion: Motion, land: &Land) {
        if gait::possible(self.wish, at, |p| land.biome_at(p)) != motion {
            self.wish = motion;
        }
    }

    /// Adds a line of the program's.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.log(Line::Told(text.into()));
    }

    /// Adds a line of something that went wrong.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.log(Line::Warned(text.into()));
    }

    fn log(&mut self, line: Line) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }
}

fn name_of(entity: EntityId, client: &Client) -> String {
    let ghost = client.picture().and_then(|picture| picture.get(entity));
    ghost.map_or_else(|| "somebody".to_owned(), |ghost| printable(&ghost.look.name))
}

fn change(line: &mut String, edit: Edit) {
    match edit {
        Edit::Type(c) if line.len() + c.len_utf8() <= SPEECH_BYTES => line.push(c),
        Edit::Erase => {
            line.pop();
        }
        Edit::EraseWord => {
            let kept = line.trim_end().rfind(' ').map_or(0, |at| at + 1);
            line.truncate(kept);
        }
        Edit::EraseLine => line.clear(),
        Edit::Type(_) | Edit::Send | Edit::Cancel | Edit::Leave => {}
    }
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;
