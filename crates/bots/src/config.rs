//! Behaviours in TOML files. A key that does not exist, or a value out of bounds, is an error that names file and key.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;
use world::Gait;

/// The kinds of behaviour, which are also the names of those that are built in.
pub const BUILT_IN: [(&str, &str); 12] = [
    ("wander", include_str!("../../../config/bots/wander.toml")),
    ("commute", include_str!("../../../config/bots/commute.toml")),
    ("gather", include_str!("../../../config/bots/gather.toml")),
    ("idle", include_str!("../../../config/bots/idle.toml")),
    ("cheat-speed", include_str!("../../../config/bots/cheat-speed.toml")),
    ("cheat-teleport", include_str!("../../../config/bots/cheat-teleport.toml")),
    ("chatter", include_str!("../../../config/bots/chatter.toml")),
    ("gatherer", include_str!("../../../config/bots/gatherer.toml")),
    ("builder", include_str!("../../../config/bots/builder.toml")),
    ("trader", include_str!("../../../config/bots/trader.toml")),
    ("thief", include_str!("../../../config/bots/thief.toml")),
    ("retrier", include_str!("../../../config/bots/retrier.toml")),
];

/// Why a behaviour cannot be read.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not TOML, or a key is unknown, missing or of the wrong type.
    #[error("{}: {message}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Where, and what is expected.
        message: String,
    },
    /// A value is not allowed.
    #[error("{}: `{key}` is {found}; allowed: {allowed}", file.display())]
    NotAllowed {
        /// The file.
        file: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        allowed: String,
    },
    /// No behaviour has this name, and it is no file.
    #[error("no behaviour is named `{name}`; there are {known}, or give a path to a .toml file")]
    Unknown {
        /// The name.
        name: String,
        /// The names that exist.
        known: String,
    },
}

/// From the least to the most, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "[u64; 2]")]
pub struct Span {
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl From<[u64; 2]> for Span {
    fn from([least, most]: [u64; 2]) -> Self {
        Self { least, most }
    }
}

/// The names of gaits in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they are the gaits of `world::Gait`")]
pub enum GaitName {
    Stand,
    Creep,
    Walk,
    Stride,
    Jog,
    Run,
    Sprint,
    Gallop,
}

impl From<GaitName> for Gait {
    fn from(name: GaitName) -> Self {
        match name {
            GaitName::Stand => Self::Stand,
            GaitName::Creep => Self::Creep,
            GaitName::Walk => Self::Walk,
            GaitName::Stride => Self::Stride,
            GaitName::Jog => Self::Jog,
            GaitName::Run => Self::Run,
            GaitName::Sprint => Self::Sprint,
            GaitName::Gallop => Self::Gallop,
        }
    }
}

macro_rules! files {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// The kind of behaviour; it chose this struct.
                pub kind: String,
                $($(#[$field_doc])* pub $field: $kind,)*
            }
        )*
    };
}

mod folk;

pub use folk::{Builder, Gatherer, Retrier, Thief, Trader};

files! {
    /// `kind = "idle"`
    Idle {}
    /// `kind = "wander"`
    Wander {
        /// Milliseconds between two turns.
        turn_every_ms: Span,
        /// Gaits to choose from.
        gaits: Vec<GaitName>,
        /// Turns in 100 that are a rest.
        rest_percent: u32,
        /// Metres from the place of arrival beyond which it turns back.
        radius_m: u32,
    }
    /// `kind = "commute"`
    Commute {
        /// Metres from end to end.
        distance_m: u32,
        /// The gait.
        gait: GaitName,
        /// Milliseconds between two looks at where it is.
        steer_every_ms: Span,
        /// Milliseconds of rest at each end.
        wait_ms: Span,
    }
    /// `kind = "gather"`
    Gather {
        /// The place in metres; where the first bot arrived, if left out.
        place_m: Option<[i32; 2]>,
        /// Metres around the place.
        radius_m: u32,
        /// The gait on the way there.
        gait: GaitName,
        /// Milliseconds between two turns.
        turn_every_ms: Span,
    }
    /// `kind = "cheat-speed"`
    CheatSpeed {
        /// Milliseconds between two claims.
        claim_every_ms: Span,
        /// Percent of a sprint.
        speed_percent: u32,
    }
    /// `kind = "cheat-teleport"`
    CheatTeleport {
        /// Milliseconds between two claims.
        leap_every_ms: Span,
        /// Metres of a leap.
        leap_m: Span,
    }
    /// `kind = "chatter"`
    Chatter {
        /// Milliseconds between two turns.
        turn_every_ms: Span,
        /// Milliseconds between two lines.
        speak_every_ms: Span,
        /// Milliseconds between two changes of tint.
        dress_every_ms: Span,
        /// Metres from the place of arrival beyond which it turns back.
        radius_m: u32,
        /// What it says.
        lines: Vec<String>,
    }
}

/// A behaviour as its file states it, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant holds the struct of its name")]
pub enum BehaviourConfig {
    Idle(Idle),
    Wander(Wander),
    Commute(Commute),
    Gather(Gather),
    CheatSpeed(CheatSpeed),
    CheatTeleport(CheatTeleport),
    Chatter(Chatter),
    Gatherer(Gatherer),
    Builder(Builder),
    Trader(Trader),
    Thief(Thief),
    Retrier(Retrier),
}

#[derive(Deserialize)]
struct Probe {
    kind: String,
}

impl BehaviourConfig {
    /// A behaviour by the name of a built-in one, or by the path of a file that ends in `.toml`.
    ///
    /// # Errors
    /// Says which file, which key and what is allowed.
    pub fn load(name: &str) -> Result<Self, ConfigError> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            return Self::parse(&Path::new("config/bots").join(format!("{name}.toml")), text);
        }
        let path = Path::new(name);
        if path.extension().is_none_or(|e| e != "toml") {
            let known = BUILT_IN.map(|(known, _)| known).join(", ");
            return Err(ConfigError::Unknown { name: name.to_owned(), known });
        }
        let unreadable = |source| ConfigError::Unreadable { file: path.to_owned(), source };
        Self::parse(path, &std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// The behaviour in the text of a file.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let check = Check { file };
        match check.read::<Probe>(text)?.kind.as_str() {
            "idle" => Ok(Self::Idle(check.read(text)?)),
            "wander" => check.wander(check.read(text)?),
            "commute" => check.commute(check.read(text)?),
            "gather" => check.gather(check.read(text)?),
            "cheat-speed" => check.cheat_speed(check.read(text)?),
            "cheat-teleport" => check.cheat_teleport(check.read(text)?),
            "chatter" => check.chatter(check.read(text)?),
            "gatherer" => check.gatherer(check.read(text)?),
            "builder" => check.builder(check.read(text)?),
            "trader" => check.trader(check.read(text)?),
            "thief" => check.thief(check.read(text)?),
            "retrier" => check.retrier(check.read(text)?),
            other => {
                let allowed = BUILT_IN.map(|(known, _)| known).join(", ");
                Err(check.not_allowed("kind", format!("\"{other}\""), allowed))
            }
        }
    }
}

/// Milliseconds between two acts: not below half a tick at 10 Hz, not above ten minutes.
const ACT_MS: (u64, u64) = (50, 600_000);
/// Milliseconds between two requests.
const REQUEST_MS: (u64, u64) = (200, 600_000);
/// Metres.
const METRES: (u64, u64) = (1, 10_000);

struct Check<'a> {
    file: &'a Path,
}

impl Check<'_> {
    fn read<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, ConfigError> {
        let malformed =
            |e: toml::de::Error| ConfigError::Malformed { file: self.file.to_owned(), message: e.to_string() };
        toml::from_str(text).map_err(malformed)
    }

    fn not_allowed(&self, key: &'static str, found: String, allowed: String) -> ConfigError {
        ConfigError::NotAllowed { file: self.file.to_owned(), key, found, allowed }
    }

    fn span(&self, key: &'static str, span: Span, (least, most): (u64, u64)) -> Result<(), ConfigError> {
        if least <= span.least && span.least <= span.most && span.most <= most {
            return Ok(());
        }
        let found = format!("[{}, {}]", span.least, span.most);
        Err(self.not_allowed(key, found, format!("[least, most] with {least} <= least <= most <= {most}")))
    }

    fn number(&self, key: &'static str, found: u32, (least, most): (u64, u64)) -> Result<(), ConfigError> {
        if (least..=most).contains(&u64::from(found)) {
            return Ok(());
        }
        Err(self.not_allowed(key, found.to_string(), format!("{least} to {most}")))
    }

    fn moving(&self, gait: GaitName) -> Result<(), ConfigError> {
        if !matches!(gait, GaitName::Stand | GaitName::Gallop) {
            return Ok(());
        }
        let found = format!("{gait:?}").to_lowercase();
        Err(self.not_allowed("gait", found, "creep, walk, stride, jog, run, sprint".into()))
    }

    fn wander(&self, c: Wander) -> Result<BehaviourConfig, ConfigError> {
        self.span("turn_every_ms", c.turn_every_ms, ACT_MS)?;
        self.number("rest_percent", c.rest_percent, (0, 100))?;
        self.number("radius_m", c.radius_m, METRES)?;
        if c.gaits.is_empty() {
            return Err(self.not_allowed("gaits", "[]".into(), "at least one gait".into()));
        }
        Ok(BehaviourConfig::Wander(c))
    }

    fn commute(&self, c: Commute) -> Result<BehaviourConfig, ConfigError> {
        self.number("distance_m", c.distance_m, METRES)?;
        self.moving(c.gait)?;
        self.span("steer_every_ms", c.steer_every_ms, ACT_MS)?;
        self.span("wait_ms", c.wait_ms, (0, ACT_MS.1))?;
        Ok(BehaviourConfig::Commute(c))
    }

    fn gather(&self, c: Gather) -> Result<BehaviourConfig, ConfigError> {
        self.number("radius_m", c.radius_m, METRES)?;
        self.moving(c.gait)?;
        self.span("turn_every_ms", c.turn_every_ms, ACT_MS)?;
        Ok(BehaviourConfig::Gather(c))
    }

    fn cheat_speed(&self, c: CheatSpeed) -> Result<BehaviourConfig, ConfigError> {
        self.span("claim_every_ms", c.claim_every_ms, ACT_MS)?;
        self.number("speed_percent", c.speed_percent, (110, 10_000))?;
        Ok(BehaviourConfig::CheatSpeed(c))
    }

    fn cheat_teleport(&self, c: CheatTeleport) -> Result<BehaviourConfig, ConfigError> {
        self.span("leap_every_ms", c.leap_every_ms, ACT_MS)?;
        self.span("leap_m", c.leap_m, METRES)?;
        Ok(BehaviourConfig::CheatTeleport(c))
    }

    fn chatter(&self, c: Chatter) -> Result<BehaviourConfig, ConfigError> {
        self.span("turn_every_ms", c.turn_every_ms, ACT_MS)?;
        self.span("speak_every_ms", c.speak_every_ms, REQUEST_MS)?;
        self.span("dress_every_ms", c.dress_every_ms, REQUEST_MS)?;
        self.number("radius_m", c.radius_m, METRES)?;
        if !(1..=64).contains(&c.lines.len()) {
            return Err(self.not_allowed("lines", format!("{} lines", c.lines.len()), "1 to 64 lines".into()));
        }
        match c.lines.iter().find(|line| !protocol::client::valid_speech(line)) {
            Some(line) => Err(self.not_allowed(
                "lines",
                format!("{line:?}"),
                format!("not blank, at most {} bytes, no control characters", protocol::limits::SPEECH_BYTES),
            )),
            None => Ok(BehaviourConfig::Chatter(c)),
        }
    }
}
