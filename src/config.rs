//! What an operator may set, by flag or environment. A wrong value is refused at the start.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

/// Where the database is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseConfig {
    /// Postgres to use, version 15 or newer, as postgres://user:password@host/database.
    /// Without it Baton keeps a private Postgres of its own in the data directory.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Directory of the private Postgres.
    #[arg(long, env = "BATON_DATA_DIR", default_value = "data", value_name = "DIR")]
    pub data_dir: PathBuf,

    /// Connections that this node opens at most; two of them only listen.
    #[arg(long, env = "BATON_DB_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(4..=500))]
    pub db_connections: u32,
}

impl DatabaseConfig {
    /// The address of the database, unless Baton keeps its own. Empty is as good as absent.
    pub fn url(&self) -> Option<&str> {
        self.database_url.as_deref().filter(|url| !url.is_empty())
    }
}

/// How a node serves.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Serving")]
pub struct ServeConfig {
    /// Address and port to serve on.
    #[arg(long, env = "BATON_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", value_parser = address)]
    pub listen: SocketAddr,

    /// Address of this installation as people type it, such as <https://baton.example.com>.
    /// With https, cookies are sent over https only.
    #[arg(long, env = "BATON_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// Address and port of the metrics for Prometheus, at /metrics. Not served when absent.
    #[arg(long, env = "BATON_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = address)]
    pub metrics_listen: Option<SocketAddr>,

    /// Addresses of reverse proxies whose X-Forwarded-For is believed, separated by commas.
    #[arg(long, env = "BATON_TRUSTED_PROXIES", value_delimiter = ',', value_name = "ADDRESS", value_parser = ip)]
    pub trusted_proxies: Vec<IpAddr>,

    /// Hours without use after which a session ends.
    #[arg(long, env = "BATON_SESSION_IDLE_HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub session_idle_hours: u32,

    /// Days after sign-in when a session ends, used or not.
    #[arg(long, env = "BATON_SESSION_DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub session_days: u32,

    /// Sign-in attempts that one address may make a minute; one account may take half as many.
    #[arg(long, env = "BATON_SIGN_INS_PER_MINUTE", default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=10000))]
    pub sign_ins_per_minute: u32,

    /// Largest request body, in megabytes; bounds a file uploaded for import.
    #[arg(long, env = "BATON_MAX_UPLOAD_MB", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub max_upload_mb: u32,

    /// Seconds to wait for the answer to a request, or for the next part of one that is being sent. The work itself
    /// goes on to its end.
    #[arg(long, env = "BATON_REQUEST_TIMEOUT_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub request_timeout_seconds: u32,

    /// Background jobs that this node works on at once; 0 leaves them to other nodes.
    #[arg(long, env = "BATON_WORKERS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=64))]
    pub workers: u32,
}

impl ServeConfig {
    /// The installation's address: as set, or where it listens.
    pub fn url(&self) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None if self.listen.ip().is_unspecified() => format!("http://localhost:{}", self.listen.port()),
            None => format!("http://{}", self.listen),
        }
    }

    /// Whether people reach this installation over https.
    pub fn is_https(&self) -> bool {
        self.url().starts_with("https://")
    }
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "it must be an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080")
}

fn ip(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "it must be an IP address, such as 10.0.0.2 or fd00::2")
}

/// An http or https origin without path.
fn public_url(text: &str) -> Result<String, String> {
    let allowed =
        "it must be http:// or https:// and a host, without a path, as in https://baton.example.com";
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or(allowed)?;
    if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
        return Err(allowed.to_owned());
    }
    Ok(url.to_owned())
}
