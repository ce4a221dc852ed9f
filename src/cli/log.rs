//! What the program says of itself while it runs.

use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

#[derive(Args)]
#[command(next_help_heading = "Logging")]
pub struct LogConfig {
    /// What is logged, to standard error: error, warn, info, debug or trace, also by part of the program,
    /// as in “info,baton::handoffs=debug”.
    #[arg(long = "log", env = "BATON_LOG", default_value = "info,sqlx=warn,graphile_worker=warn,memory_serve=warn", value_name = "FILTER", global = true, value_parser = filter)]
    filter: String,

    /// How a line of the log is written.
    #[arg(
        long = "log-format",
        env = "BATON_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT",
        global = true
    )]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

impl LogConfig {
    /// Logs from now on.
    pub fn start(&self) {
        let log =
            tracing_subscriber::fmt().with_env_filter(EnvFilter::new(&self.filter)).with_writer(io::stderr);
        match self.format {
            Format::Text => log.with_ansi(io::stderr().is_terminal()).init(),
            Format::Json => {
                log.json().flatten_event(true).with_current_span(true).with_span_list(false).init()
            }
        }
    }
}

fn filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(
            "it must be error, warn, info, debug or trace, or a list such as “info,baton::handoffs=debug”"
                .to_owned(),
        ),
    }
}
