use std::io;
use std::path::{Path, PathBuf};

/// Why there is no embedded cluster. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The machine has no usable server programs.
    #[error(
        "no PostgreSQL server programs of version {oldest} or newer were found (looked in {looked}). \
         Install them: Debian and Ubuntu `apt-get install postgresql`, Fedora `dnf install postgresql-server`, \
         Arch `pacman -S postgresql`, macOS `brew install postgresql@17`; \
         or set PG_BIN to the folder that holds `postgres` and `initdb`; \
         or set DATABASE_URL to use a server that runs elsewhere"
    )]
    ProgramsMissing { oldest: u32, looked: String },

    /// `Options::programs` was given and does not fit.
    #[error(
        "PG_BIN is {}, but that folder has no `postgres` and `initdb` of version {oldest} or newer. \
         Set it to one that has, or unset it to have them searched for",
        .programs.display()
    )]
    WrongPrograms { programs: PathBuf, oldest: u32 },

    /// The data was made by a major version that is not here.
    #[error(
        "the data in {} was made by PostgreSQL {made_by}, and the programs found are of version {found}. \
         Install PostgreSQL {made_by} or set PG_BIN to its programs; \
         to change versions, dump the database with the old programs and restore it into an empty folder",
        .data_dir.display()
    )]
    OtherVersion { data_dir: PathBuf, made_by: u32, found: String },

    /// Baton runs as root, and there is no account to run the server as.
    #[error(
        "the database server refuses to run as root, and this machine has neither an account `postgres` nor \
         `nobody` to run it as. Create one (`useradd --system postgres`) or run Baton as an ordinary user"
    )]
    NoAccount,

    /// The folder cannot be made, entered or written.
    #[error(
        "the database folder needs to be written, and {} cannot be: {source}. \
         Give the user that runs Baton the right to write there, or choose another data folder",
        .path.display()
    )]
    NotWritable { path: PathBuf, source: io::Error },

    /// Something that is not this cluster holds the place.
    #[error("the database folder {} is in use: {by}. Choose another data folder, or free this one", .path.display())]
    InUse { path: PathBuf, by: String },

    /// `initdb` failed.
    #[error("the database could not be made in {}. The PostgreSQL programs say:\n{output}", .data_dir.display())]
    NotMade { data_dir: PathBuf, output: String },

    /// The server ended during its start, or did not accept connections in time.
    #[error("the database server did not come up; its log {} ends with:\n{tail}", .log.display())]
    NotUp { log: PathBuf, tail: String },

    /// A program could not be started.
    #[error("{} could not be started: {source}", .program.display())]
    Program { program: PathBuf, source: io::Error },

    /// The guard process ended at once.
    #[error(
        "{} did not become the guard of the database server. See the end of {}",
        .program.display(), .log.display()
    )]
    Guard { program: PathBuf, log: PathBuf },
}

/// Names the path that an error of the file system is about.
pub(super) trait At<T> {
    fn at(self, path: &Path) -> Result<T, ClusterError>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, path: &Path) -> Result<T, ClusterError> {
        self.map_err(|source| ClusterError::NotWritable { path: path.to_owned(), source: source.into() })
    }
}
