//! Takes settings as they are written, from a file and from the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::table::{SETTINGS, Setting};

/// How the place of a value from the environment begins.
const VARIABLE: &str = "environment variable";

/// What is wrong with a setting.
#[derive(Debug, thiserror::Error)]
pub enum BadSetting {
    /// The file cannot be read.
    #[error("the settings file {path} cannot be read: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no TOML.
    #[error("the settings file {path} is not valid TOML: {error}")]
    Toml {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// There is no such setting.
    #[error("there is no setting {key} ({place}){hint}\nAll settings are listed by: postern settings")]
    Unknown {
        /// The key.
        key: String,
        /// Where it stands.
        place: String,
        /// What may have been meant.
        hint: String,
    },
    /// The value makes no sense.
    #[error("{key} = \"{value}\" ({place}): {what}\nExample: {key} = \"{example}\"")]
    Value {
        /// The key.
        key: &'static str,
        /// What was set.
        value: String,
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        what: String,
        /// A value that could stand there.
        example: &'static str,
    },
}

/// Values as they were written, each with the place where it stands.
#[derive(Debug, Default)]
pub(super) struct Values(pub(super) BTreeMap<&'static str, (String, String)>);

impl Values {
    /// Takes the settings of a file.
    pub(super) fn add_file(&mut self, path: &Path) -> Result<(), BadSetting> {
        let text = std::fs::read_to_string(path).map_err(|error| BadSetting::File { path: path.into(), error })?;
        let table: toml::Table =
            text.parse().map_err(|error| BadSetting::Toml { path: path.into(), error: Box::new(error) })?;
        self.add_table("", &table, &path.display().to_string())
    }

    /// Takes the settings of one section of a file.
    fn add_table(&mut self, prefix: &str, table: &toml::Table, place: &str) -> Result<(), BadSetting> {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => self.add_table(&key, inner, place)?,
                other => self.add(&key, plain(other), place)?,
            }
        }
        Ok(())
    }

    /// Takes the settings of the environment.
    pub(super) fn add_environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(), BadSetting> {
        for (name, value) in variables {
            if let Some(rest) = name.strip_prefix("POSTERN_").filter(|rest| !is_of_a_cluster(rest, &value)) {
                let key = rest.to_ascii_lowercase().replace("__", ".");
                self.add(&key, value, &format!("{VARIABLE} {name}"))?;
            }
        }
        Ok(())
    }

    /// Takes one setting.
    fn add(&mut self, key: &str, value: String, place: &str) -> Result<(), BadSetting> {
        let Some(setting) = SETTINGS.iter().find(|s| s.key == key) else {
            let hint = match nearest(key) {
                _ if key == "demo" => "; the demonstration is started by: postern serve --demo".to_owned(),
                Some(near) => format!("; did you mean {}?\nExample: {}", near.key, example(near, place)),
                None => String::new(),
            };
            return Err(BadSetting::Unknown { key: key.to_owned(), place: place.to_owned(), hint });
        };
        self.0.insert(setting.key, (value, place.to_owned()));
        Ok(())
    }

    /// The value of a setting, set or default.
    pub(super) fn text(&self, key: &str) -> &str {
        let default = SETTINGS.iter().find(|s| s.key == key).map_or("", |s| s.default);
        self.0.get(key).map_or(default, |(value, _)| value.trim())
    }

    /// The value of a setting, read by `read`.
    pub(super) fn get<T, E: ToString>(
        &self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, BadSetting> {
        let value = self.text(key);
        read(value).map_err(|what| BadSetting::Value {
            key,
            value: value.to_owned(),
            place: self.0.get(key).map_or("default", |(_, place)| place).to_owned(),
            what: what.to_string(),
            example: SETTINGS.iter().find(|s| s.key == key).map_or("", |s| s.example),
        })
    }
}

/// A TOML value as the text that an environment variable would hold.
fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        toml::Value::Boolean(true) => "yes".to_owned(),
        toml::Value::Boolean(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// Whether a variable tells where a service named postern is, as Kubernetes does without being asked.
fn is_of_a_cluster(rest: &str, value: &str) -> bool {
    let names_a_service = rest.ends_with("SERVICE_HOST") || rest.contains("SERVICE_PORT") || rest.contains("PORT_");
    !rest.contains("__") && (names_a_service || value.starts_with("tcp://") || value.starts_with("udp://"))
}

/// How a setting is written where a wrong one stands.
fn example(setting: &Setting, place: &str) -> String {
    if place.starts_with(VARIABLE) {
        format!("{}=\"{}\"", variable(setting.key), setting.example)
    } else {
        format!("{} = \"{}\"", setting.key, setting.example)
    }
}

/// The environment variable of a setting.
pub(super) fn variable(key: &str) -> String {
    format!("POSTERN_{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// The setting whose name is most alike, if one is.
fn nearest(key: &str) -> Option<&'static Setting> {
    let letters = |k: &str| k.replace(['.', '_', '-'], "");
    let last = |k: &str| k.rsplit('.').next().unwrap_or_default().to_owned();
    let wanted = letters(key);
    let far = |s: &&Setting| distance(&letters(s.key), &wanted);
    let close = SETTINGS.iter().min_by_key(far).filter(|s| far(s) <= (wanted.len() / 5).max(2));
    close.or_else(|| SETTINGS.iter().find(|s| last(s.key) == last(key)))
}

/// How many letters must be changed, added or left out to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut next = vec![i + 1];
        for ((y, pair), left) in b.bytes().zip(row.windows(2)).zip(0..) {
            let (Some(&corner), Some(&above), Some(&before)) = (pair.first(), pair.last(), next.get(left)) else {
                break;
            };
            next.push((corner + usize::from(x != y)).min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
