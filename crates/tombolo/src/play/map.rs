//! The view from above: ground, props, the edges of chunks, people with their names and words, in the cells of a
//! terminal.
//!
//! A cell is twice as high as wide, so a row stands for twice the metres of a column. The raster is fixed to the
//! ground and not to the walker: nothing shimmers while one walks.
//!
//! Invariant: nobody in view is ever hidden by a name, a bubble or a prop; names and bubbles give way.

use client::State;
use console::Swatch;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use world::island::PropKind;
use world::{Biome, CHUNK_UNITS, Chunk, EntityId, Gait, Ground, Heading, Motion, Position, UNITS_PER_METRE};

use super::land::{Land, Patch};
use super::sight::{Person, Sight};
use crate::colours::{self, Colours, Rgb};

/// Columns of the longest bubble.
const BUBBLE_COLUMNS: usize = 36;
/// People whose names are shown, the nearest first. More would be a wall of letters.
const NAMES: usize = 40;

/// Which part of the ground is seen, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Camera {
    west: i32,
    north: i32,
    column_units: i32,
    area: Rect,
}

impl Camera {
    /// Looks at a place from above; it comes to lie in the middle of the area.
    pub fn over(at: Position, metres_a_column: i32, area: Rect) -> Self {
        let column_units = metres_a_column.max(1).saturating_mul(UNITS_PER_METRE);
        let west = at.x.div_euclid(column_units) - i32::from(area.width) / 2;
        let north = at.y.div_euclid(2 * column_units) - i32::from(area.height) / 2;
        Self { west, north, column_units, area }
    }

    /// The cell of a place, if it is seen.
    pub fn cell(&self, at: Position) -> Option<(u16, u16)> {
        let column = at.x.div_euclid(self.column_units).checked_sub(self.west)?;
        let row = at.y.div_euclid(2 * self.column_units).checked_sub(self.north)?;
        let (column, row) = (u16::try_from(column).ok()?, u16::try_from(row).ok()?);
        (column < self.area.width && row < self.area.height).then_some((self.area.x + column, self.area.y + row))
    }

    /// The middle of a cell on the ground.
    pub fn place(&self, column: u16, row: u16) -> Position {
        let axis = |first: i32, n: u16, units: i32| (first + i32::from(n)).saturating_mul(units) + units / 2;
        Position::new(
            axis(self.west, column - self.area.x, self.column_units),
            axis(self.north, row - self.area.y, 2 * self.column_units),
        )
    }

    /// Whether a chunk begins in this cell: at its west, at its north.
    fn edge(&self, column: u16, row: u16) -> (bool, bool) {
        let begins = |middle: i32, units: i32| (middle - units / 2).rem_euclid(CHUNK_UNITS) < units;
        let at = self.place(column, row);
        (begins(at.x, self.column_units), begins(at.y, 2 * self.column_units))
    }
}

/// The view.
pub struct Map<'a> {
    /// The ground.
    pub land: &'a Land,
    /// Who is seen.
    pub sight: &'a Sight,
    /// The own tint.
    pub tint: u8,
    /// What was said of late.
    pub bubbles: Vec<(EntityId, &'a str)>,
    /// Whether the edges of chunks are shown.
    pub edges: bool,
    /// How large.
    pub metres_a_column: i32,
    /// What the terminal can show.
    pub colours: Colours,
}

impl Widget for Map<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let Some((at, motion)) = self.sight.me else { return };
        let camera = Camera::over(at, self.metres_a_column, area);
        self.ground(&camera, area, buffer);
        for (chunk, ground) in self.land.known() {
            self.props(&camera, chunk, ground, buffer);
        }
        self.things(&camera, buffer);
        let mut taken = Taken::new(area);
        self.people(&camera, &mut taken, buffer);
        self.me(&camera, at, motion, &mut taken, buffer);
        self.words(&camera, at, &mut taken, buffer);
        self.names(&camera, at, &mut taken, buffer);
    }
}

impl Map<'_> {
    fn ground(&self, camera: &Camera, area: Rect, buffer: &mut Buffer) {
        let grounds = Swatches::new(self.colours);
        for (column, row) in area.rows().flat_map(|r| r.columns()).map(|c| (c.x, c.y)) {
            let at = camera.place(column, row);
            let (symbol, style) = match self.land.patch(at.chunk()) {
                Patch::Known(ground) => grounds.cell(ground.biome_at(at), at),
                Patch::Awaited => ("·", self.colours.faint()),
                Patch::Unseen => (" ", Style::new()),
            };
            let cell = &mut buffer[(column, row)];
            cell.set_symbol(symbol).set_style(style);
            if self.edges && !matches!(self.land.patch(at.chunk()), Patch::Unseen) {
                match camera.edge(column, row) {
                    (true, true) => cell.set_symbol("┼").set_style(self.edge_ink()),
                    (true, false) => cell.set_symbol("┊").set_style(self.edge_ink()),
                    (false, true) => cell.set_symbol("┈").set_style(self.edge_ink()),
                    (false, false) => cell,
                };
            }
        }
    }

    fn edge_ink(&self) -> Style {
        match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::DIM),
            Colours::Indexed | Colours::Full => self.colours.ink(Rgb(0x74, 0x80, 0x80)),
        }
    }

    fn props(&self, camera: &Camera, chunk: Chunk, ground: &Ground, buffer: &mut Buffer) {
        for prop in &ground.props {
            let cell = camera.cell(prop.position(chunk));
            // At the edge of the view a cell may belong to the next chunk more than to this one.
            let known = |(column, row): &(u16, u16)| self.land.biome_at(camera.place(*column, *row)).is_some();
            if let Some(cell) = cell.filter(known) {
                let (symbol, ink) = prop_look(prop.kind);
                buffer[cell].set_symbol(symbol).set_style(self.colours.ink(ink));
            }
        }
    }

    /// Piles and buildings, over what grows there.
    fn things(&self, camera: &Camera, buffer: &mut Buffer) {
        for thing in &self.sight.things {
            let Some(cell) = camera.cell(thing.at()) else { continue };
            let (symbol, ink) =
                if thing.is_built() { ("■", Rgb(0xd8, 0xb0, 0x80)) } else { ("▪", Rgb(0xf0, 0xe4, 0x42)) };
            buffer[cell].set_symbol(symbol).set_style(self.colours.ink(ink).add_modifier(Modifier::BOLD));
        }
    }

    fn people(&self, camera: &Camera, taken: &mut Taken, buffer: &mut Buffer) {
        for person in &self.sight.people {
            let Some(cell) = camera.cell(person.at) else { continue };
            let mut style = self.colours.ink(colours::tint(person.tint)).add_modifier(Modifier::BOLD);
            if person.awaited {
                style = style.add_modifier(Modifier::DIM);
            }
            buffer[cell].set_symbol(person_symbol(person.motion)).set_style(style);
            taken.take(cell, 1);
        }
    }

    fn me(&self, camera: &Camera, at: Position, motion: Motion, taken: &mut Taken, buffer: &mut Buffer) {
        let Some((column, row)) = camera.cell(at) else { return };
        let style = self.colours.ink(colours::tint(self.tint)).add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let lost = self.sight.state != State::Playing;
        buffer[(column, row)].set_symbol(if lost { "?" } else { "@" }).set_style(style);
        taken.take((column, row), 1);
        if motion.gait != Gait::Stand {
            let (dx, dy) = step(motion.heading);
            let ahead = (column.saturating_add_signed(dx), row.saturating_add_signed(dy));
            if taken.is_free(ahead, 1) {
                let style = self.colours.ink(colours::tint(self.tint)).add_modifier(Modifier::BOLD);
                buffer[ahead].set_symbol(arrow(motion.heading)).set_style(style);
                taken.take(ahead, 1);
            }
        }
    }

    /// What was said of late, above the heads.
    fn words(&self, camera: &Camera, at: Position, taken: &mut Taken, buffer: &mut Buffer) {
        let place = |entity: EntityId| match self.sight.entity {
            Some(me) if me == entity => Some(at),
            _ => self.sight.people.iter().find(|p| p.entity == entity).map(|p| p.at),
        };
        let style = match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::REVERSED),
            _ => self.colours.ink(Rgb(0x10, 0x18, 0x1c)).bg(self.colours.colour(Rgb(0xf2, 0xee, 0xdc))),
        };
        for (entity, text) in &self.bubbles {
            let Some((column, row)) = place(*entity).and_then(|at| camera.cell(at)) else { continue };
            let text = format!(" {} ", shortened(text, BUBBLE_COLUMNS));
            let width = columns(&text);
            let latest = camera.area.right().saturating_sub(width).max(camera.area.x);
            let left = column.saturating_sub(width / 2).clamp(camera.area.x, latest);
            let rows = [row.checked_sub(1), row.checked_sub(2), row.checked_add(1)];
            if let Some(row) = rows.into_iter().flatten().find(|row| taken.is_free((left, *row), width)) {
                buffer.set_string(left, row, &text, style);
                taken.take((left, row), width);
            }
        }
    }

    /// The names of the nearest, beside them.
    fn names(&self, camera: &Camera, at: Position, taken: &mut Taken, buffer: &mut Buffer) {
        let mut nearest: Vec<&Person> = self.sight.people.iter().filter(|p| camera.cell(p.at).is_some()).collect();
        nearest.sort_by_key(|p| (p.at.distance_squared(at), p.entity));
        for person in nearest.into_iter().take(NAMES) {
            let Some((column, row)) = camera.cell(person.at) else { continue };
            let width = columns(&person.name);
            let sides = [column.checked_add(1), column.checked_sub(width)];
            let free = sides.into_iter().flatten().find(|left| taken.is_free((*left, row), width));
            if let Some(left) = free {
                let style = self.colours.ink(Rgb(0xf0, 0xf0, 0xf0));
                buffer.set_string(left, row, &person.name, style);
                taken.take((left, row), width);
            }
        }
    }
}

/// Which cells are spoken for.
struct Taken {
    area: Rect,
    cells: Vec<bool>,
}

impl Taken {
    fn new(area: Rect) -> Self {
        Self { area, cells: vec![false; usize::from(area.width) * usize::from(area.height)] }
    }

    fn range(&self, (column, row): (u16, u16), width: u16) -> Option<std::ops::Range<usize>> {
        let inside = column >= self.area.x
            && column.checked_add(width)? <= self.area.right()
            && (self.area.y..self.area.bottom()).contains(&row);
        let first = usize::from(row.checked_sub(self.area.y)?) * usize::from(self.area.width)
            + usize::from(column.checked_sub(self.area.x)?);
        inside.then_some(first..first + usize::from(width))
    }

    fn is_free(&self, at: (u16, u16), width: u16) -> bool {
        self.range(at, width).is_some_and(|range| !self.cells[range].contains(&true))
    }

    fn take(&mut self, at: (u16, u16), width: u16) {
        if let Some(range) = self.range(at, width) {
            self.cells[range].fill(true);
        }
    }
}

/// The look of each biome: the colours of the operators' map by night, and a texture.
struct Swatches {
    colours: Colours,
    ground: Vec<Color>,
    ripple: Style,
}

impl Swatches {
    fn new(colours: Colours) -> Self {
        let ground = Swatch::nature().iter().map(|s| colours.colour(hex(&s.dark))).collect();
        Self { colours, ground, ripple: colours.ink(Rgb(0x3c, 0x6a, 0x7c)) }
    }

    fn cell(&self, biome: Biome, at: Position) -> (&'static str, Style) {
        if self.colours == Colours::None {
            return (texture(biome), Style::new().add_modifier(Modifier::DIM));
        }
        let ground = self.ground.get(usize::from(biome.to_byte())).copied().unwrap_or(Color::Reset);
        // A few ripples that stay where they are tell water from land without colour.
        let ripple = !biome.is_dry() && scattered(at, 14);
        (if ripple { "~" } else { " " }, self.ripple.bg(ground))
    }
}

/// Whether this is one of the places, about one in so many, that were scattered over the ground.
fn scattered(at: Position, one_in: u32) -> bool {
    let mixed = at.x.cast_unsigned().wrapping_mul(0x9e37_79b1) ^ at.y.cast_unsigned().wrapping_mul(0x85eb_ca6b);
    (mixed ^ mixed >> 15).wrapping_mul(0x2c1b_3c6d).rotate_left(11).is_multiple_of(one_in)
}

/// The biomes without colours.
fn texture(biome: Biome) -> &'static str {
    match biome {
        Biome::DeepWater => "≈",
        Biome::ShallowWater => "~",
        Biome::Beach => ".",
        Biome::Marsh => ";",
        Biome::Grassland | Biome::Forest | Biome::PineForest => " ",
        Biome::Meadow => "'",
        Biome::Hill => "-",
        Biome::Rock => "#",
    }
}

/// How a prop is drawn. One column each, in every font.
fn prop_look(kind: PropKind) -> (&'static str, Rgb) {
    const WOOD: Rgb = Rgb(0x6f, 0xa0, 0x70);
    const SHRUB: Rgb = Rgb(0x8f, 0xb0, 0x70);
    const STONE: Rgb = Rgb(0xa8, 0xa8, 0xa0);
    match kind {
        PropKind::Oak => ("♣", WOOD),
        PropKind::Birch => ("♠", Rgb(0x9c, 0xc0, 0x8c)),
        PropKind::Pine => ("▲", Rgb(0x5c, 0x8c, 0x6c)),
        PropKind::Palm => ("†", WOOD),
        PropKind::Willow => ("¶", WOOD),
        PropKind::Bush => ("\"", SHRUB),
        PropKind::BerryBush => ("%", Rgb(0xc8, 0x90, 0xa0)),
        PropKind::Reed => ("|", SHRUB),
        PropKind::Flowers => ("*", Rgb(0xd0, 0xb8, 0x70)),
        PropKind::Mushroom => (",", Rgb(0xc8, 0xa8, 0x90)),
        PropKind::Boulder => ("o", STONE),
        PropKind::Flint => (".", STONE),
        PropKind::CopperOre => ("$", Rgb(0xd0, 0x98, 0x68)),
        PropKind::IronOre => ("&", Rgb(0xb0, 0xb8, 0xc8)),
        PropKind::Driftwood => ("=", Rgb(0xa8, 0x98, 0x78)),
        PropKind::Shells => (":", Rgb(0xd8, 0xd0, 0xc0)),
    }
}

fn person_symbol(motion: Motion) -> &'static str {
    if motion.gait == Gait::Stand { "●" } else { arrow(motion.heading) }
}

fn eighth(heading: Heading) -> usize {
    usize::from((heading.index() + 2) / 4 % 8)
}

/// The arrow nearest to a heading.
pub fn arrow(heading: Heading) -> &'static str {
    ["→", "↘", "↓", "↙", "←", "↖", "↑", "↗"][eighth(heading)]
}

fn step(heading: Heading) -> (i16, i16) {
    [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)][eighth(heading)]
}

fn hex(colour: &str) -> Rgb {
    let part = |at: usize| colour.get(at..at + 2).and_then(|p| u8::from_str_radix(p, 16).ok()).unwrap_or(0);
    Rgb(part(1), part(3), part(5))
}

fn columns(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// A text of at most so many columns, with an ellipsis where it was cut.
pub fn shortened(text: &str, most: usize) -> String {
    if Line::raw(text).width() <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        short.push(c);
        if Line::raw(short.as_str()).width() >= most {
            short.pop();
            break;
        }
    }
    short + "…"
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
