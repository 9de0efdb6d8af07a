//! Draws an island as a map, one pixel for each 2 m cell: `cargo run -p world --example draw -- [SEED] [SIZE] > map.ppm`.
//!
//! Any image viewer reads the PPM it writes. Trees are dark dots, ore is a red one, landing places are white.

use std::io::{self, Write};

use world::island::{Biome, CELL_UNITS, CELLS, GeneratorVersion, Ground, Island, IslandPlan, PropKind, VERTICES};

type Colour = [i32; 3];

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let seed = number(args.next(), 1)?;
    let size_chunks = number(args.next(), 48)?;
    let island = Island::new(IslandPlan { seed, size_chunks, version: GeneratorVersion::LATEST })
        .map_err(|e| io::Error::other(e.to_string()))?;
    let side = usize::from(size_chunks) * CELLS;
    let mut pixels = vec![[0; 3]; side * side];
    for chunk in island.bounds().chunks() {
        let (left, top) = (chunk.cx as usize * CELLS, chunk.cy as usize * CELLS);
        let ground = island.chunk(chunk);
        for n in 0..CELLS * CELLS {
            pixels[(top + n / CELLS) * side + left + n % CELLS] = cell(&ground, n);
        }
        for prop in &ground.props {
            let at = |v: u16| usize::from(v) / CELL_UNITS as usize;
            mark(&mut pixels[(top + at(prop.y)) * side + left + at(prop.x)], prop.kind);
        }
    }
    for p in island.spawn_points() {
        pixels[(p.y / CELL_UNITS) as usize * side + (p.x / CELL_UNITS) as usize] = [255, 255, 255];
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    writeln!(out, "P6 {side} {side} 255")?;
    for pixel in pixels {
        out.write_all(&pixel.map(|c| c.clamp(0, 255) as u8))?;
    }
    out.flush()
}

fn number<T: std::str::FromStr>(argument: Option<String>, default: T) -> io::Result<T> {
    argument.map_or(Ok(default), |text| {
        text.parse()
            .map_err(|_| io::Error::other(format!("{text:?} is no number; usage: draw [SEED] [SIZE] > map.ppm")))
    })
}

/// The colour of a cell, lit from the north-west.
fn cell(ground: &Ground, n: usize) -> Colour {
    let (col, row) = (n % CELLS, n / CELLS);
    let height = |dx: usize, dy: usize| i32::from(ground.heights_cm[(row + dy) * VERTICES + col + dx]);
    let biome = ground.biomes[n];
    if !biome.is_dry() {
        return water(height(0, 0));
    }
    let light = (height(1, 1) - height(0, 0)).clamp(-220, 220) / 4;
    base(biome).map(|c| c + c * light / 110)
}

/// Paler where it is shallow.
fn water(height: i32) -> Colour {
    let depth = (-height).clamp(0, 1500);
    let fade = |pale: i32, dark: i32, reach: i32| dark + (pale - dark) * (reach - depth.min(reach)) / reach;
    [fade(120, 24, 500), fade(196, 72, 900), fade(206, 120, 1500)]
}

fn base(biome: Biome) -> Colour {
    match biome {
        Biome::DeepWater | Biome::ShallowWater => [40, 90, 140],
        Biome::Beach => [226, 210, 160],
        Biome::Marsh => [112, 134, 92],
        Biome::Grassland => [134, 172, 88],
        Biome::Meadow => [172, 184, 100],
        Biome::Forest => [78, 128, 66],
        Biome::PineForest => [66, 106, 78],
        Biome::Hill => [150, 146, 108],
        Biome::Rock => [138, 134, 130],
    }
}

fn mark(pixel: &mut Colour, kind: PropKind) {
    match kind {
        PropKind::CopperOre | PropKind::IronOre => *pixel = [160, 70, 50],
        kind if kind.is_tree() => *pixel = pixel.map(|c| c * 3 / 4),
        _ => *pixel = pixel.map(|c| c * 15 / 16),
    }
}
