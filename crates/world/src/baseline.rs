//! The bytes of a chunk's ground, as servers hand them to clients and clients keep them by content hash.
//!
//! It is no map format and no update: a baseline is nature, and the chunk's page tells what differs. Whole numbers are
//! little endian. Layout of version 1, without padding:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version, 1 |
//! | 512 | heights: 16 x 16 `i16` in centimetres above the water, rows from north to south, each from west to east |
//! | 1 | `r`, the number of biome runs, 1 to 225 |
//! | 2 `r` | biome runs: length `u8` (1 to 225), biome `u8`; lengths sum to 225; they fill 15 x 15 cells, row by row |
//! | 2 | `p`, the number of props, `u16`, at most 512 |
//! | 7 `p` | props: kind `u8`, x `u16`, y `u16` (units from the chunk's north-west corner, below 3600), index `u16` |
//!
//! Vertex `(i, j)` lies `2 i` metres east and `2 j` metres south of the corner; cell `(i, j)` lies between the vertices
//! `(i, j)` and `(i + 1, j + 1)`. The numbers of biomes and kinds are those of [`Biome`] and [`PropKind`]. A unit is
//! 1/120 m. The content hash is 64-bit FNV-1a over all of it, the version byte included.
//!
//! Invariant: one ground has one encoding. Neighbouring runs differ, indices grow strictly, nothing follows the last
//! prop, and the decoder refuses anything else.

use thiserror::Error;

use crate::digest::Digest;
use crate::island::{Biome, CELLS, Ground, MAX_PROPS, Prop, PropKind, VERTICES};
use crate::space::CHUNK_UNITS;

const HEIGHT_COUNT: usize = VERTICES * VERTICES;
const CELL_COUNT: usize = CELLS * CELLS;
const PROP_BYTES: usize = 7;

/// The encoding of ground.
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

/// Bytes that are no baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BaselineError {
    /// The bytes end too early.
    #[error("a baseline ends too early")]
    Truncated,
    /// Bytes follow the last prop.
    #[error("a baseline has {0} bytes too many")]
    Trailing(usize),
    /// A version that this build does not read.
    #[error("unknown baseline version {0}")]
    Version(u8),
    /// No biome has this number.
    #[error("unknown biome {0}")]
    Biome(u8),
    /// The runs do not fill the cells exactly, or two neighbours are of one biome.
    #[error("the biome runs do not fill the chunk once")]
    Runs,
    /// Over [`MAX_PROPS`] props.
    #[error("{0} props are more than a chunk holds")]
    TooManyProps(u16),
    /// No kind of prop has this number.
    #[error("unknown kind of prop {0}")]
    Kind(u8),
    /// A prop stands outside its chunk.
    #[error("prop {0} stands outside its chunk")]
    Outside(u16),
    /// Indices do not grow.
    #[error("prop {0} is out of order")]
    Order(u16),
}

impl Baseline {
    /// The version that is written.
    pub const VERSION: u8 = 1;
    /// The most bytes that a baseline takes.
    pub const MAX_BYTES: usize = 1 + 2 * HEIGHT_COUNT + 1 + 2 * CELL_COUNT + 2 + PROP_BYTES * MAX_PROPS;

    /// The bytes of a chunk's ground: 518 in the open sea, 700 to 900 on land, never over [`Self::MAX_BYTES`].
    ///
    /// Props beyond [`MAX_PROPS`] break the promise of [`Ground`] and are left out.
    #[must_use]
    pub fn encode(ground: &Ground) -> Vec<u8> {
        let props = &ground.props[..ground.props.len().min(MAX_PROPS)];
        let runs: Vec<&[Biome]> = ground.biomes.chunk_by(|a, b| a == b).collect();
        let mut out = Vec::with_capacity(4 + 2 * HEIGHT_COUNT + 2 * runs.len() + PROP_BYTES * props.len());
        out.push(Self::VERSION);
        out.extend(ground.heights_cm.iter().flat_map(|h| h.to_le_bytes()));
        out.push(runs.len() as u8);
        out.extend(runs.iter().flat_map(|run| [run.len() as u8, run[0].to_byte()]));
        out.extend((props.len() as u16).to_le_bytes());
        for prop in props {
            out.push(prop.kind.to_byte());
            out.extend([prop.x, prop.y, prop.index].iter().flat_map(|field| field.to_le_bytes()));
        }
        out
    }

    /// The ground of a baseline.
    ///
    /// # Errors
    /// Anything but the one encoding of a ground. The work and the memory are bounded, whatever the bytes are.
    pub fn decode(bytes: &[u8]) -> Result<Ground, BaselineError> {
        let mut reader = Reader { rest: bytes };
        let version = reader.byte()?;
        if version != Self::VERSION {
            return Err(BaselineError::Version(version));
        }
        let mut heights_cm = [0; HEIGHT_COUNT];
        for height in &mut heights_cm {
            *height = reader.word()? as i16;
        }
        let biomes = biomes(&mut reader)?;
        let props = props(&mut reader)?;
        match reader.rest.len() {
            0 => Ok(Ground { heights_cm, biomes, props }),
            extra => Err(BaselineError::Trailing(extra)),
        }
    }

    /// The name of a baseline's bytes in a client's cache. See [`Digest`] for what it is good for.
    #[must_use]
    pub fn content_hash(bytes: &[u8]) -> u64 {
        Digest::of(bytes)
    }
}

fn biomes(reader: &mut Reader<'_>) -> Result<[Biome; CELL_COUNT], BaselineError> {
    let mut cells = [Biome::DeepWater; CELL_COUNT];
    let (mut filled, mut last) = (0, None);
    for _ in 0..reader.byte()? {
        let (length, number) = (usize::from(reader.byte()?), reader.byte()?);
        let biome = Biome::from_byte(number).ok_or(BaselineError::Biome(number))?;
        if length == 0 || length > CELL_COUNT - filled || last == Some(biome) {
            return Err(BaselineError::Runs);
        }
        cells[filled..filled + length].fill(biome);
        filled += length;
        last = Some(biome);
    }
    if filled == CELL_COUNT { Ok(cells) } else { Err(BaselineError::Runs) }
}

fn props(reader: &mut Reader<'_>) -> Result<Vec<Prop>, BaselineError> {
    let count = reader.word()?;
    if usize::from(count) > MAX_PROPS {
        return Err(BaselineError::TooManyProps(count));
    }
    let mut props: Vec<Prop> = Vec::with_capacity(usize::from(count).min(reader.rest.len() / PROP_BYTES));
    for _ in 0..count {
        let number = reader.byte()?;
        let kind = PropKind::from_byte(number).ok_or(BaselineError::Kind(number))?;
        let (x, y, index) = (reader.word()?, reader.word()?, reader.word()?);
        if i32::from(x.max(y)) >= CHUNK_UNITS {
            return Err(BaselineError::Outside(index));
        }
        if props.last().is_some_and(|last| last.index >= index) {
            return Err(BaselineError::Order(index));
        }
        props.push(Prop { index, kind, x, y });
    }
    Ok(props)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, BaselineError> {
        let (&byte, rest) = self.rest.split_first().ok_or(BaselineError::Truncated)?;
        self.rest = rest;
        Ok(byte)
    }

    fn word(&mut self) -> Result<u16, BaselineError> {
        Ok(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }
}
