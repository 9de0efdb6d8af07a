//! The ground under the map: a coarse raster of biomes with a palette, and optionally its relief.
//!
//! It is a picture, not the rules: nobody may walk by it. Encoded once per island as
//! `"TMB1"`, u32 little-endian length of a JSON header, the header, `width * height` biome bytes in row order, and as
//! many relief bytes if the header's `relief` is true.

use serde::Serialize;
use thiserror::Error;
use world::{CHUNK_UNITS, UNITS_PER_METRE};

use crate::limits::MAX_TERRAIN_CELLS;

const MAGIC: &[u8; 4] = b"TMB1";

/// A raster of the ground from the island's north-west corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Terrain {
    cell_units: u32,
    width: u32,
    height: u32,
    palette: Vec<Swatch>,
    cells: Vec<u8>,
    relief: Vec<u8>,
}

/// How one biome is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Swatch {
    /// What the legend calls it.
    pub name: String,
    /// Its colour by day, `#rrggbb`.
    pub light: String,
    /// Its colour by night.
    pub dark: String,
    /// Water is drawn flat, paler towards the shore.
    pub water: bool,
}

impl Swatch {
    /// Swatches in the order of the island generator's biome bytes: deep water, shallow water, beach, marsh,
    /// grassland, meadow, forest, pine forest, hill, rock.
    #[must_use]
    pub fn nature() -> Vec<Self> {
        const NATURE: [(&str, &str, &str, bool); 10] = [
            ("deep water", "#a9cfd8", "#0f2733", true),
            ("shallow water", "#c3e2e0", "#1a3a45", true),
            ("beach", "#efe4c6", "#6b6552", false),
            ("marsh", "#bccdaa", "#355043", false),
            ("grassland", "#cfdcab", "#435a40", false),
            ("meadow", "#dde0ae", "#536241", false),
            ("forest", "#a4c193", "#2f4c39", false),
            ("pine forest", "#8fb090", "#284336", false),
            ("hill", "#cdc3a6", "#575349", false),
            ("rock", "#c9c5bf", "#63615d", false),
        ];
        NATURE
            .map(|(name, light, dark, water)| Self {
                name: name.to_owned(),
                light: light.to_owned(),
                dark: dark.to_owned(),
                water,
            })
            .into()
    }
}

/// Why a raster is not a terrain. Nothing was changed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TerrainError {
    /// Too large to send to a browser.
    #[error("{width} x {height} cells are more than {MAX_TERRAIN_CELLS}: take larger cells")]
    TooLarge {
        /// Cells east.
        width: u32,
        /// Cells south.
        height: u32,
    },
    /// A raster whose length is not `width * height`.
    #[error("the raster of {what} has {actual} bytes, not {expected}")]
    Length {
        /// Which raster.
        what: &'static str,
        /// `width * height`.
        expected: usize,
        /// What was given.
        actual: usize,
    },
    /// A byte without a swatch.
    #[error("biome {0} is not in the palette")]
    NoSwatch(u8),
    /// A cell without a size.
    #[error("a cell is 0 units wide")]
    NoCellSize,
}

impl Terrain {
    /// A raster of `width * height` biome bytes in row order, each cell `cell_units` units wide.
    ///
    /// # Errors
    /// The raster has another length, is too large, or has a byte without a swatch.
    pub fn new(
        cell_units: u32,
        (width, height): (u32, u32),
        palette: Vec<Swatch>,
        cells: Vec<u8>,
    ) -> Result<Self, TerrainError> {
        if cell_units == 0 {
            return Err(TerrainError::NoCellSize);
        }
        let expected = (width as usize).checked_mul(height as usize).filter(|&n| n <= MAX_TERRAIN_CELLS);
        let expected = expected.ok_or(TerrainError::TooLarge { width, height })?;
        check_length("biomes", expected, cells.len())?;
        if let Some(&stray) = cells.iter().find(|&&b| usize::from(b) >= palette.len()) {
            return Err(TerrainError::NoSwatch(stray));
        }
        Ok(Self { cell_units, width, height, palette, cells, relief: Vec::new() })
    }

    /// With heights above the sea in steps of 25 cm (0 in water, 255 for 63.75 m and more), for the shading of slopes.
    ///
    /// # Errors
    /// The raster has another length than the biomes.
    pub fn with_relief(mut self, relief: Vec<u8>) -> Result<Self, TerrainError> {
        check_length("relief", self.cells.len(), relief.len())?;
        self.relief = relief;
        Ok(self)
    }

    /// The cell width, in units, to choose for an island of `size_chunks`: 2 m, doubled until its raster is at most
    /// about 1024 cells wide.
    #[must_use]
    pub fn cell_units_for(size_chunks: u16) -> u32 {
        const WIDTH: u32 = 1024;
        let side = u32::from(size_chunks) * CHUNK_UNITS.unsigned_abs();
        let mut cell = 2 * UNITS_PER_METRE.unsigned_abs();
        while side / cell > WIDTH {
            cell *= 2;
        }
        cell
    }

    /// The bytes that the page fetches.
    #[must_use]
    pub(crate) fn encode(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Header<'a> {
            width: u32,
            height: u32,
            cell_units: u32,
            chunk_units: i32,
            units_per_metre: i32,
            palette: &'a [Swatch],
            relief: bool,
        }
        let header = serde_json::json!(Header {
            width: self.width,
            height: self.height,
            cell_units: self.cell_units,
            chunk_units: CHUNK_UNITS,
            units_per_metre: UNITS_PER_METRE,
            palette: &self.palette,
            relief: !self.relief.is_empty(),
        })
        .to_string();
        let mut bytes = Vec::with_capacity(8 + header.len() + self.cells.len() + self.relief.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&self.cells);
        bytes.extend_from_slice(&self.relief);
        bytes
    }
}

fn check_length(what: &'static str, expected: usize, actual: usize) -> Result<(), TerrainError> {
    if actual == expected { Ok(()) } else { Err(TerrainError::Length { what, expected, actual }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rasters_that_do_not_fit_are_refused() {
        let nature = Swatch::nature;
        let length = |expected, actual| TerrainError::Length { what: "biomes", expected, actual };
        let large = TerrainError::TooLarge { width: 4096, height: 4096 };
        let huge = TerrainError::TooLarge { width: u32::MAX, height: u32::MAX };
        for (cell, size, cells, refusal) in [
            (240, (2, 2), vec![0; 3], length(4, 3)),
            (240, (2, 2), vec![0; 5], length(4, 5)),
            (240, (2, 2), vec![0, 0, 10, 0], TerrainError::NoSwatch(10)),
            (240, (4096, 4096), vec![], large),
            (240, (u32::MAX, u32::MAX), vec![], huge),
            (0, (0, 0), vec![], TerrainError::NoCellSize),
        ] {
            assert_eq!(Terrain::new(cell, size, nature(), cells), Err(refusal));
        }
        let flat = Terrain::new(240, (2, 2), nature(), vec![0; 4]).expect("fits");
        assert!(flat.with_relief(vec![0; 2]).is_err());
    }

    #[test]
    fn the_bytes_are_header_then_biomes_then_relief() {
        let terrain = Terrain::new(240, (2, 1), Swatch::nature(), vec![4, 9]).and_then(|t| t.with_relief(vec![7, 8]));
        let bytes = terrain.expect("fits").encode();
        let length = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes")) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).expect("JSON");
        assert_eq!(&bytes[..4], MAGIC);
        assert_eq!((header["width"].as_u64(), header["height"].as_u64()), (Some(2), Some(1)));
        assert_eq!(header["palette"][9]["name"], "rock");
        assert_eq!(bytes[8 + length..], [4, 9, 7, 8]);
    }

    #[test]
    fn large_islands_get_larger_cells() {
        for (size_chunks, metres) in [(8, 2), (64, 2), (128, 4), (512, 16)] {
            assert_eq!(Terrain::cell_units_for(size_chunks), metres * 120, "{size_chunks} chunks");
        }
    }
}
