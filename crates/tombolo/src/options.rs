//! Options that several commands share, and how their values are read.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use client::tcp::Trust;
use node::View;
use world::island::{GeneratorVersion, MAX_SIZE_CHUNKS, MIN_SIZE_CHUNKS};
use world::{IslandPlan, Planted, TickRate};

use crate::failure::Failure;

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// It is in force.
    On,
    /// It is not.
    Off,
}

/// The world itself.
#[derive(Clone, Debug, Args)]
pub struct WorldOptions {
    /// Seed of the island's nature and of the bots
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub seed: u64,
    /// Side of the island in chunks of 30 m, 8 to 512
    #[arg(long, default_value_t = 24, value_name = "CHUNKS")]
    pub island: u16,
    /// Ticks per second: 5, 8, 10, 20, 25 or 40
    #[arg(long, default_value_t = 10, value_name = "HZ")]
    pub tick_hz: u32,
    /// Rings of chunks seen at full rate, and rings seen at all
    #[arg(long, default_value = "1,2", value_name = "NEAR,FAR")]
    pub view: ViewOption,
}

/// How a client reaches a world that takes clients by TLS.
#[derive(Clone, Debug, Args)]
pub struct TlsOptions {
    /// Connect by TLS; the server must prove that it is the host of the address
    #[arg(long)]
    tls: bool,
    /// A PEM file with the authority that signed the server's certificate [default: those of this machine]
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca: Option<PathBuf>,
}

impl TlsOptions {
    /// Whom to believe; nobody needs to be without TLS.
    pub fn trust(&self) -> Result<Option<Trust>, Failure> {
        match (self.tls, &self.ca) {
            (false, _) => Ok(None),
            (true, None) => Trust::of_this_machine().map(Some).map_err(|e| Failure::usage(format!("--tls: {e}"))),
            (true, Some(file)) => Trust::in_file(file).map(Some).map_err(|e| Failure::usage(format!("--ca: {e}"))),
        }
    }
}

/// `NEAR,FAR`.
#[derive(Clone, Copy, Debug)]
pub struct ViewOption(pub View);

impl FromStr for ViewOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rings =
            text.split_once(',').and_then(|(near, far)| Some((near.trim().parse().ok()?, far.trim().parse().ok()?)));
        match rings {
            Some((near, far)) if near <= far && far <= 8 => Ok(Self(View { near, far, ..View::default() })),
            _ => Err("expected two numbers such as 1,2, the first not above the second, the second at most 8".into()),
        }
    }
}

impl WorldOptions {
    /// The island's plan.
    pub fn plan(&self) -> Result<IslandPlan, Failure> {
        let plan = IslandPlan { seed: self.seed, size_chunks: self.island, version: GeneratorVersion::LATEST };
        world::Island::new(plan).map_err(|e| Failure::usage(format!("--island, --seed: {e}")))?;
        Ok(plan)
    }

    /// The tick rate.
    pub fn rate(&self) -> Result<TickRate, Failure> {
        TickRate::new(self.tick_hz).ok_or_else(|| {
            let allowed = TickRate::ALLOWED_HZ.map(|hz| hz.to_string()).join(", ");
            Failure::usage(format!("--tick-hz {} is not possible; choose one of {allowed}", self.tick_hz))
        })
    }
}

/// The sides that an island may have, for messages.
pub const ISLAND_SIDES: std::ops::RangeInclusive<u16> = MIN_SIZE_CHUNKS..=MAX_SIZE_CHUNKS;

/// A time such as `500ms`, `20s`, `2m` or `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong_duration())?;
    let ms = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    ms.filter(|ms| *ms > 0).map(Duration::from_millis).ok_or_else(wrong_duration)
}

fn wrong_duration() -> String {
    "expected a time such as 500ms, 20s, 2m or 1h".into()
}

/// Whether each of these is `HOST:PORT`.
pub fn addresses(connect: &[String]) -> Result<(), Failure> {
    for address in connect {
        let port = address.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then_some(port));
        if port.is_none_or(|port| port.parse::<u16>().is_err()) {
            return Err(Failure::usage(format!("--connect {address}: expected HOST:PORT, such as 127.0.0.1:7700")));
        }
    }
    Ok(())
}

/// The planted bug with this name.
#[cfg(feature = "plants")]
pub fn planted(name: Option<&str>) -> Result<Planted, Failure> {
    let Some(name) = name else { return Ok(Planted::none()) };
    world::Plant::from_name(name).map(Planted::with).ok_or_else(|| {
        let names = world::Plant::ALL.map(|(_, name, _)| name);
        let near = nearest(name, names.iter().copied()).map(|n| format!(", did you mean {n}?"));
        let near = near.unwrap_or_default();
        Failure::usage(format!("--plant {name}: no such plant{near}; `tombolo simulate --plant list` names them"))
    })
}

/// The planted bug with this name: this build has none.
#[cfg(not(feature = "plants"))]
pub fn planted(name: Option<&str>) -> Result<Planted, Failure> {
    match name {
        None => Ok(Planted::none()),
        Some(_) => Err(Failure::usage("--plant: this build has no planted bugs; build with the feature `plants`")),
    }
}

/// The word nearest to what was written, if any is near.
pub fn nearest<'a>(written: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    words
        .map(|word| (strsim::damerau_levenshtein(written, word), word))
        .filter(|(distance, word)| *distance <= word.len().max(3) / 3 + 1)
        .min()
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        let cases = [("500ms", Some(500)), ("20s", Some(20_000)), ("2m", Some(120_000)), ("1h", Some(3_600_000))];
        for (text, ms) in
            cases.into_iter().chain(["", "20", "s", "0s", "-1s", "1 s", "99999999999999999999h"].map(|t| (t, None)))
        {
            assert_eq!(duration(text).ok().map(|d| d.as_millis()), ms, "{text}");
        }
    }

    #[test]
    fn views_are_two_rings() {
        for (text, good) in [("1,2", true), ("0,0", true), ("2,1", false), ("1", false), ("1,9", false), ("a,b", false)]
        {
            assert_eq!(text.parse::<ViewOption>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn a_near_word_is_found() {
        let words = ["wander", "commute", "gather"];
        assert_eq!(nearest("wnader", words.into_iter()), Some("wander"));
        assert_eq!(nearest("xyzzy", words.into_iter()), None);
    }
}
