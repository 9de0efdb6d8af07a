//! A scenario file of any kind: which kind it is, single values set from outside, and errors that name the line.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::{Table, Value};

use crate::outcome::Bound;
use crate::scenario::{Scenario, ScenarioError, out_of_range};
use crate::{ecology, heart, population};

/// A scenario of any kind.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum ScenarioFile {
    /// Nodes, clients and a store under faults. A file that names no kind is of this one.
    Faults(Box<Scenario>),
    /// People, islands, the queue and the allocator.
    Population(Box<population::Scenario>),
    /// What grows and grazes on an island, and whom it feeds.
    Ecology(Box<ecology::Scenario>),
    /// Nodes and clients under a crowd.
    Heart(Box<heart::Scenario>),
}

/// The kinds of files, by their names.
pub const KINDS: [&str; 4] = ["faults", "population", "ecology", "heart"];

/// `key = value`, from outside the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Section and key, with dots between.
    pub key: String,
    /// The value, as the file would say it. A word needs no quotes.
    pub value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("expected section.key=value, such as people.session_min=30")?;
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() || value.is_empty() {
            return Err("expected section.key=value, such as people.session_min=30".to_owned());
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// One key with several values.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Section and key, with dots between.
    pub key: String,
    /// The values.
    pub values: Vec<String>,
}

impl FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Setting { key, value } = text.parse()?;
        let values: Vec<String> = value.split(',').map(|value| value.trim().to_owned()).collect();
        if values.iter().any(String::is_empty) {
            return Err("expected section.key=a,b,c, such as policy.window_s=1,5,30".to_owned());
        }
        Ok(Self { key, values })
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.values.join(","))
    }
}

impl Sweep {
    /// The settings one by one.
    pub fn settings(&self) -> impl Iterator<Item = Setting> + '_ {
        self.values.iter().map(|value| Setting { key: self.key.clone(), value: value.clone() })
    }
}

/// A setting that does not fit the file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{setting}: {why}")]
pub struct SettingError {
    setting: String,
    why: String,
}

/// Why a file with settings cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] ScenarioError),
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
}

impl ScenarioFile {
    /// Reads a scenario of any kind.
    ///
    /// # Errors
    /// A message that names the line, the key and what is allowed; or the setting and what is.
    pub fn parse(text: &str, settings: &[Setting]) -> Result<Self, FileError> {
        let file = Self::of_kind(text, settings)?;
        if let Some(rival) = file.rival() {
            rival_runs(text, settings, rival)?;
        }
        Ok(file)
    }

    /// The runs that the file's rival asks for, in their order: each value, and the file as it stands with it.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn rivals(&self, text: &str, settings: &[Setting]) -> Result<Option<(Sweep, Runs)>, FileError> {
        self.rival().map(|rival| rival_runs(text, settings, rival)).transpose()
    }

    fn of_kind(text: &str, settings: &[Setting]) -> Result<Self, FileError> {
        let head: Head = toml::from_str(text).map_err(|error| syntax(&error))?;
        let kind = head.kind.as_deref().unwrap_or(KINDS[0]);
        match kind {
            "faults" => {
                Scenario::parse(text)?;
                Ok(Self::Faults(Box::new(read(text, settings, |s: &Scenario| s.check().map(drop))?)))
            }
            "population" => Ok(Self::Population(Box::new(read(text, settings, population::Scenario::check)?))),
            "ecology" => Ok(Self::Ecology(Box::new(read(text, settings, ecology::Scenario::check)?))),
            "heart" => Ok(Self::Heart(Box::new(read(text, settings, heart::Scenario::check)?))),
            other => {
                let allowed = format!("one of {}", KINDS.join(", "));
                Err(out_of_range("kind", other, allowed).placed(text).into())
            }
        }
    }

    /// Its kind, by name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Faults(_) => KINDS[0],
            Self::Population(_) => KINDS[1],
            Self::Ecology(_) => KINDS[2],
            Self::Heart(_) => KINDS[3],
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Faults(scenario) => &scenario.name,
            Self::Population(scenario) => &scenario.name,
            Self::Ecology(scenario) => &scenario.name,
            Self::Heart(scenario) => &scenario.name,
        }
    }

    /// The comparison that the file asks for.
    #[must_use]
    pub fn rival(&self) -> Option<&population::Rival> {
        match self {
            Self::Faults(_) | Self::Ecology(_) => None,
            Self::Population(scenario) => scenario.rival.as_ref(),
            Self::Heart(scenario) => scenario.rival.as_ref(),
        }
    }

    /// What the file demands.
    #[must_use]
    pub fn demands(&self) -> &[Bound] {
        match self {
            Self::Faults(_) => &[],
            Self::Population(scenario) => &scenario.assert,
            Self::Ecology(scenario) => &scenario.assert,
            Self::Heart(scenario) => &scenario.assert,
        }
    }
}

/// Values of a sweep, each with the file that it makes.
pub type Runs = Vec<(String, ScenarioFile)>;

/// What is wrong with a rival is told when the file is read, and not after the run that it is compared with.
fn rival_runs(text: &str, settings: &[Setting], rival: &population::Rival) -> Result<(Sweep, Runs), FileError> {
    let wrong = |key: &str, found: &str, why: String| out_of_range(key, found, why).placed(text);
    let sweep: Sweep = rival.sweep.parse().map_err(|why| wrong("rival.sweep", &rival.sweep, why))?;
    let mut all = settings.to_vec();
    for (n, found) in rival.set.iter().enumerate() {
        let key = format!("rival.set.{n}");
        all.push(found.parse().map_err(|why| wrong(&key, found, why))?);
        ScenarioFile::of_kind(text, &all).map_err(|error| wrong(&key, found, error.to_string()))?;
    }
    let run = |setting: Setting| {
        let value = setting.value.clone();
        let with: Vec<Setting> = all.iter().cloned().chain([setting]).collect();
        let file = ScenarioFile::of_kind(text, &with);
        file.map(|file| (value, file)).map_err(|error| wrong("rival.sweep", &rival.sweep, error.to_string()))
    };
    let runs = sweep.settings().map(run).collect::<Result<_, ScenarioError>>()?;
    Ok((sweep, runs))
}

fn syntax(error: &toml::de::Error) -> ScenarioError {
    ScenarioError::Syntax(error.to_string().trim_end().to_owned())
}

/// Reads the text as it stands first, so that what is wrong with it is told with its line.
fn read<T: DeserializeOwned>(
    text: &str,
    settings: &[Setting],
    check: impl Fn(&T) -> Result<(), ScenarioError>,
) -> Result<T, FileError> {
    let mut scenario: T = toml::from_str(text).map_err(|error| syntax(&error))?;
    check(&scenario).map_err(|error| error.placed(text))?;
    let mut table: Table = toml::from_str(text).map_err(|error| syntax(&error))?;
    for setting in settings {
        let refused = |why: String| SettingError { setting: setting.to_string(), why };
        set(&mut table, setting).map_err(&refused)?;
        scenario = Value::Table(table.clone())
            .try_into()
            .map_err(|error: toml::de::Error| refused(error.message().to_owned()))?;
    }
    // All of them together: two that only fit each other may come in any order.
    check(&scenario).map_err(|error| blamed(settings, &error))?;
    Ok(scenario)
}

/// The setting that an error is about: the last one of its key, or of all.
fn blamed(settings: &[Setting], error: &ScenarioError) -> SettingError {
    let about = |setting: &&Setting| matches!(error, ScenarioError::Range { key, .. } if *key == setting.key);
    let setting = settings.iter().rev().find(about).or(settings.last());
    SettingError { setting: setting.map(Setting::to_string).unwrap_or_default(), why: error.to_string() }
}

/// Sets one value, making the sections on the way to it.
fn set(table: &mut Table, setting: &Setting) -> Result<(), String> {
    let value = value(&setting.value);
    let mut parts: Vec<&str> = setting.key.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let mut at = table;
    for part in parts {
        let inner = at.entry(part).or_insert_with(|| Value::Table(Table::new()));
        at = match inner {
            Value::Table(inner) => inner,
            _ => return Err(format!("`{part}` is no section")),
        };
    }
    at.insert(last.to_owned(), value);
    Ok(())
}

/// What a text means as a value; a word without quotes is itself.
fn value(text: &str) -> Value {
    let read: Result<Table, _> = toml::from_str(&format!("value = {text}"));
    read.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "kind = \"population\"\nname = \"mine\"\n[people]\nsession_min = 30\n";

    fn sessions(settings: &[&str]) -> Result<u64, String> {
        let settings: Vec<Setting> = settings.iter().map(|text| text.parse().expect("a setting")).collect();
        match ScenarioFile::parse(TEXT, &settings) {
            Ok(ScenarioFile::Population(scenario)) => Ok(scenario.people.session_min),
            Ok(other) => Err(other.kind().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn settings_are_the_file_with_other_values() {
        assert_eq!(sessions(&[]), Ok(30));
        assert_eq!(sessions(&["people.session_min=45"]), Ok(45));
        assert_eq!(sessions(&["policy.kind=round-robin", "people.session_min = 5"]), Ok(5));
    }

    #[test]
    fn a_setting_that_does_not_fit_names_itself_and_what_is_allowed() {
        for (setting, parts) in [
            ("people.sesion_min=5", &["people.sesion_min=5", "unknown field `sesion_min`", "`session_min`"][..]),
            ("people.session_min=0", &["people.session_min=0", "is 0; allowed: 1 to 44640"]),
            ("people.session_min=long", &["people.session_min=long", "invalid type"]),
            ("name.first=x", &["name.first=x", "`name` is no section"]),
            ("policy.kind=best", &["policy.kind=best", "`allocator`", "`windowed-density`"]),
        ] {
            let error = sessions(&[setting]).expect_err(setting);
            for part in parts {
                assert!(error.contains(part), "{part:?} is not in: {error}");
            }
        }
        assert!("people.session_min".parse::<Setting>().is_err());
        assert!("a.b=1,,2".parse::<Sweep>().is_err());
    }

    #[test]
    fn settings_that_only_fit_each_other_come_in_any_order() {
        for settings in [["world.capacity=90", "world.band=[30,60]"], ["world.band=[30,60]", "world.capacity=90"]] {
            assert_eq!(sessions(&settings), Ok(30), "{settings:?}");
        }
        let error = sessions(&["world.capacity=90", "people.session_min=5"]).expect_err("the band is above it");
        assert!(error.contains("`world.band` is [120, 200]"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_a_rival_is_told_with_its_line_before_anything_runs() {
        let rival = |lines: &str| format!("{TEXT}[rival]\nname = \"other\"\nbest = \"over_cap\"\n{lines}");
        let set = |set: &str, sweep: &str| rival(&format!("set = [\"{set}\"]\nsweep = \"{sweep}\"\n"));
        let (good, window) = ("policy.kind=windowed-density", "policy.window_s=1,30");
        assert!(ScenarioFile::parse(&set(good, window), &[]).is_ok());
        for (text, parts) in [
            (set("policy.kind", window), &["line 8: `rival.set.0` is policy.kind; allowed: expected section.key"][..]),
            (set("policy.kind=best", window), &["line 8: `rival.set.0`", "`windowed-density`"]),
            (set(good, "policy.window_s"), &["line 9: `rival.sweep` is policy.window_s; allowed: expected"]),
            (set(good, "policy.windows=1,2"), &["line 9: `rival.sweep`", "unknown field `windows`", "`window_s`"]),
            (set(good, "policy.window_s=1,9999"), &["line 9: `rival.sweep`", "is 9999; allowed: 0 to 3600"]),
        ] {
            let error = ScenarioFile::parse(&text, &[]).expect_err(&text).to_string();
            for part in parts {
                assert!(error.contains(part), "{part:?} is not in: {error}");
            }
        }
    }

    #[test]
    fn a_kind_that_is_none_is_told_with_its_line() {
        let error = ScenarioFile::parse("# a\nkind = \"weather\"\nname = \"x\"", &[]).expect_err("no such kind");
        assert_eq!(error.to_string(), "line 2: `kind` is weather; allowed: one of faults, population, ecology, heart");
    }
}
