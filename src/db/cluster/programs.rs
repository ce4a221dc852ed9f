//! The server programs of the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;

/// The oldest major version that Baton works with.
const OLDEST: u32 = 15;

/// Folders that hold one folder for each version, and where the programs are in that.
const INSTALLATIONS: [(&str, &str); 5] = [
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "bin"),
];

/// The folder that holds `postgres` and `initdb` of one version.
#[derive(Debug)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// The programs in `given`, or else those of the machine: of the version that made the data, or the newest.
    pub fn find(data_dir: &Path, given: Option<&Path>) -> Result<Programs, ClusterError> {
        let (folders, looked) = match given {
            Some(folder) => (vec![folder.to_owned()], String::new()),
            None => (candidates(), looked_in()),
        };
        let folders: BTreeSet<PathBuf> = folders.iter().filter_map(|folder| resolved(folder)).collect();
        let found: BTreeMap<u32, PathBuf> = folders
            .into_iter()
            .filter_map(|folder| Some((version_in(&folder)?, folder)))
            .filter(|(version, _)| *version >= OLDEST)
            .collect();
        if found.is_empty() {
            return Err(match given {
                Some(programs) => {
                    ClusterError::WrongPrograms { programs: programs.to_owned(), oldest: OLDEST }
                }
                None => ClusterError::ProgramsMissing { oldest: OLDEST, looked },
            });
        }
        let made_by = made_by(data_dir);
        let fitting = match made_by {
            Some(version) => found.get(&version),
            None => found.values().next_back(),
        };
        match (fitting, made_by) {
            (Some(folder), _) => Ok(Programs(folder.clone())),
            (None, made_by) => Err(ClusterError::OtherVersion {
                data_dir: data_dir.to_owned(),
                made_by: made_by.unwrap_or_default(),
                found: found.keys().map(u32::to_string).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    pub fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    pub fn initdb(&self) -> PathBuf {
        self.0.join("initdb")
    }
}

/// The major version that made the data, if there is any.
fn made_by(data_dir: &Path) -> Option<u32> {
    leading_number(&fs::read_to_string(data_dir.join("PG_VERSION")).ok()?)
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()));
    }
    for (parent, programs) in INSTALLATIONS {
        let versions = fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(versions.map(|version| version.path().join(programs)));
    }
    folders
}

fn looked_in() -> String {
    let parents: Vec<String> =
        INSTALLATIONS.iter().map(|(parent, programs)| format!("{parent}/*/{programs}")).collect();
    format!("PATH, `pg_config --bindir`, {}", parents.join(", "))
}

/// The folder where the programs really are, if they are in this one: links in `PATH` lead to them.
fn resolved(folder: &Path) -> Option<PathBuf> {
    let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
    let folder = postgres.parent()?;
    folder.join("initdb").exists().then(|| folder.to_owned())
}

fn version_in(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    String::from_utf8_lossy(&output.stdout).split_whitespace().find_map(leading_number)
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..digits)?.parse().ok()
}
