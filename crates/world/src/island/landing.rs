//! Where people come ashore: open, dry, low ground near the water, on the largest piece of the island.
//!
//! A coarse survey finds the shores of the largest land; the best of them are then looked at cell by cell.
//!
//! Invariant: every landing place can be reached on foot from every other one within the landing's nine chunks.

use std::collections::VecDeque;

use super::biome::{Biome, WADING_DEPTH_CM};
use super::ground::{CELL_UNITS, CELLS, Ground};
use super::nature::Nature;
use super::noise::mix;
use crate::space::{Chunk, Position};

/// Landing places kept for an island. More people than that share cells of 2 m.
pub const MAX_LANDINGS: usize = 64;
/// Points along a side of the survey. 64 find every shore worth landing on and cost about 2 ms.
const SURVEY: usize = 64;
/// Shores looked at in detail before the best of them is taken.
const MAX_SHORES: usize = 12;
/// So many landing cells (of 2025 in nine chunks) are plenty: the search ends.
const PLENTY_CELLS: usize = 700;
/// Cells along a side of the nine chunks of a landing.
const BLOCK: usize = 3 * CELLS;

/// The north-west corners of the landing cells, chunk by chunk in turn, empty if the island has no place to land.
pub(crate) fn landings(nature: &Nature, seed: u64, size_chunks: u16) -> Vec<Position> {
    let mut best: Vec<Position> = Vec::new();
    for shore in shores(nature, seed, size_chunks) {
        let cells = open_cells(nature, shore);
        if cells.len() > best.len() {
            best = cells;
        }
        if best.len() >= PLENTY_CELLS {
            break;
        }
    }
    scatter(best, seed)
}

/// Low shores of the largest land, the most open first.
fn shores(nature: &Nature, seed: u64, size_chunks: u16) -> Vec<Chunk> {
    let side = usize::from(size_chunks) * CELLS;
    let vertex = |n: usize| (n * side / SURVEY) as i64;
    let heights: Vec<i16> =
        (0..SURVEY * SURVEY).map(|n| nature.relief().height_cm(vertex(n % SURVEY), vertex(n / SURVEY))).collect();
    let mut shores: Vec<_> = largest_part(SURVEY, |n| heights[n] > -WADING_DEPTH_CM)
        .into_iter()
        .filter(|&n| (50..700).contains(&heights[n]))
        .map(|n| (openness(&heights, n), mix(seed, n as i64, 0x5403e), n))
        .filter(|&(openness, ..)| openness > 0)
        .collect();
    shores.sort_unstable_by(|a, b| b.cmp(a));
    shores.truncate(MAX_SHORES);
    let chunk = |v: usize| (vertex(v) / CELLS as i64) as i16;
    shores.into_iter().map(|(.., n)| Chunk::new(chunk(n % SURVEY), chunk(n / SURVEY))).collect()
}

/// How many of the eight survey points around `n` are low ground, or 0 if none of them is water.
fn openness(heights: &[i16], n: usize) -> usize {
    let (x, y) = (n % SURVEY, n / SURVEY);
    let around = || {
        (y.saturating_sub(1)..=(y + 1).min(SURVEY - 1))
            .flat_map(move |y| (x.saturating_sub(1)..=(x + 1).min(SURVEY - 1)).map(move |x| y * SURVEY + x))
    };
    if around().all(|m| heights[m] >= 0) {
        return 0;
    }
    around().filter(|&m| (0..900).contains(&heights[m])).count()
}

/// The landing cells of the largest walkable part of the nine chunks around `centre`.
fn open_cells(nature: &Nature, centre: Chunk) -> Vec<Position> {
    let block: Vec<Ground> = centre.around(1).map(|c| nature.ground(c)).collect();
    if block.len() != 9 {
        return Vec::new();
    }
    let biome = |n: usize| {
        let (x, y) = (n % BLOCK, n / BLOCK);
        block[y / CELLS * 3 + x / CELLS].biomes[y % CELLS * CELLS + x % CELLS]
    };
    let corner = Chunk::new(centre.cx - 1, centre.cy - 1).origin();
    let place = |n: usize| corner.offset((n % BLOCK) as i32 * CELL_UNITS, (n / BLOCK) as i32 * CELL_UNITS);
    largest_part(BLOCK, |n| biome(n) != Biome::DeepWater)
        .into_iter()
        .filter(|&n| biome(n).is_landing())
        .map(place)
        .collect()
}

/// The largest connected part of a square grid, as indices in order; of equal ones the northernmost.
fn largest_part(side: usize, belongs: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut seen = vec![false; side * side];
    let mut largest = Vec::new();
    for start in 0..side * side {
        if seen[start] || !belongs(start) {
            continue;
        }
        let part = flood(side, start, &belongs, &mut seen);
        if part.len() > largest.len() {
            largest = part;
        }
    }
    largest.sort_unstable();
    largest
}

fn flood(side: usize, start: usize, belongs: &impl Fn(usize) -> bool, seen: &mut [bool]) -> Vec<usize> {
    let (mut part, mut open) = (Vec::new(), VecDeque::from([start]));
    seen[start] = true;
    while let Some(n) = open.pop_front() {
        part.push(n);
        let (x, y) = (n % side, n / side);
        let neighbours = [
            (y > 0, n.wrapping_sub(side)),
            (x > 0, n.wrapping_sub(1)),
            (x + 1 < side, n + 1),
            (y + 1 < side, n + side),
        ];
        for (_, m) in neighbours.into_iter().filter(|&(inside, _)| inside) {
            if !seen[m] && belongs(m) {
                seen[m] = true;
                open.push_back(m);
            }
        }
    }
    part
}

/// At most [`MAX_LANDINGS`] of the cells in a shuffled order that goes round the chunks, so that a crowd fills them all.
fn scatter(mut cells: Vec<Position>, seed: u64) -> Vec<Position> {
    cells.sort_unstable_by_key(|p| (mix(seed, i64::from(p.x), i64::from(p.y)), *p));
    let mut chunks: Vec<Chunk> = cells.iter().map(|p| p.chunk()).collect();
    chunks.sort_unstable();
    chunks.dedup();
    let mut turns = vec![0u32; chunks.len()];
    let mut ordered: Vec<(u32, Chunk, Position)> = cells
        .into_iter()
        .filter_map(|p| {
            let at = chunks.binary_search(&p.chunk()).ok()?;
            turns[at] += 1;
            Some((turns[at], p.chunk(), p))
        })
        .collect();
    ordered.sort_by_key(|&(turn, chunk, _)| (turn, chunk));
    ordered.into_iter().map(|(.., p)| p).take(MAX_LANDINGS).collect()
}
