//! The command line. What each command does is in `cli`.

use std::process::ExitCode;

use baton::db::cluster;

/// Pages are many small strings, which this allocator is quicker at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before any thread or argument: the private Postgres is guarded by a process of this same program.
    if let Some(code) = cluster::run_guard_if_asked() {
        return code;
    }
    baton::cli::main()
}
