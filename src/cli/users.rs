//! Users from the terminal: for the first one, and for whoever is locked out.

use std::io::{self, BufRead, IsTerminal};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::{close, open_prepared};
use crate::audit::Actor;
use crate::auth::model::PersonForm;
use crate::auth::{actions, queries};
use crate::config::DatabaseConfig;
use crate::db::Db;
use crate::kernel::clock::Clock;
use crate::kernel::fields::FieldErrors;
use crate::kernel::people::{Department, Role};

#[derive(Subcommand)]
pub enum UserCommand {
    /// Make a user. The password is asked for, or read as the first line of standard input.
    Create(CreateArgs),
    /// List users.
    List(ListArgs),
    /// Set a user's password and end their sessions. It is asked for, or read as the first line of standard input.
    Password(PasswordArgs),
}

#[derive(Args)]
pub struct CreateArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    /// E-mail address to sign in with.
    #[arg(long)]
    email: String,

    /// First and last name.
    #[arg(long)]
    name: String,

    /// marketing or sales.
    #[arg(long)]
    department: Department,

    /// member, manager or admin. A manager signs the agreement for the department; an admin keeps users.
    #[arg(long, default_value = "member")]
    role: Role,

    /// Time zone, such as Europe/Berlin.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    time_zone: String,
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    db: DatabaseConfig,
}

#[derive(Args)]
pub struct PasswordArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    /// E-mail address that the user signs in with.
    email: String,
}

/// Does one thing to users.
pub async fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Create(args) => create(args).await,
        UserCommand::List(args) => list(args).await,
        UserCommand::Password(args) => set_password(args).await,
    }
}

async fn create(args: CreateArgs) -> anyhow::Result<()> {
    let form = PersonForm {
        name: args.name,
        email: args.email,
        department: args.department.key().into(),
        role: args.role.key().into(),
        time_zone: args.time_zone,
        away_until: String::new(),
    };
    // Before the password is asked for.
    form.check().map_err(|errors| refusal(&errors))?;
    let password = new_password()?;
    let db = open_prepared(&args.db, &Clock::Wall).await?;
    let done = create_in(&db, &form, &password).await;
    close(db).await?;
    done?;
    println!("{} can sign in.", form.email);
    Ok(())
}

async fn create_in(db: &Db, form: &PersonForm, password: &str) -> anyhow::Result<()> {
    let mut conn = db.pool.acquire().await?;
    actions::create_user(&mut conn, form, password, &Actor::System, Clock::Wall.now())
        .await?
        .map_err(|errors| refusal(&errors))?;
    Ok(())
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let db = open_prepared(&args.db, &Clock::Wall).await?;
    let users = queries::users(&mut *db.pool.acquire().await?).await?;
    close(db).await?;
    if users.is_empty() {
        println!("There are no users yet. “baton user create” makes one.");
    }
    let width = users.iter().map(|user| user.email.chars().count()).max().unwrap_or(0);
    for user in users {
        let state = if user.active { "" } else { "  inactive" };
        println!(
            "{:<width$}  {:<9}  {:<7}  {}{state}",
            user.email,
            user.department.label(),
            user.role.label(),
            user.name
        );
    }
    Ok(())
}

async fn set_password(args: PasswordArgs) -> anyhow::Result<()> {
    let db = open_prepared(&args.db, &Clock::Wall).await?;
    let done = set_password_in(&db, &args.email).await;
    close(db).await?;
    done?;
    println!("The password is set, and all sessions of {} have ended.", args.email);
    Ok(())
}

async fn set_password_in(db: &Db, email: &str) -> anyhow::Result<()> {
    let mut conn = db.pool.acquire().await?;
    let account = queries::credentials_by_email(&mut conn, &email.trim().to_lowercase()).await?;
    let Some(account) = account else {
        bail!("Nobody signs in as {email}. “baton user list” shows who does.")
    };
    let password = new_password()?;
    actions::reset_password(&mut conn, account.id, &password, &Actor::System, Clock::Wall.now())
        .await?
        .map_err(|errors| refusal(&errors))
}

/// The problems, one a line.
fn refusal(errors: &FieldErrors) -> anyhow::Error {
    let problems: Vec<String> = errors.iter().map(|(field, problem)| format!("{field}: {problem}")).collect();
    anyhow::anyhow!("That user was refused.\n{}", problems.join("\n"))
}

/// Asked for twice at a terminal, without showing it; else the first line of standard input.
fn new_password() -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("New password: ")?;
    if password != rpassword::prompt_password("Once more: ")? {
        bail!("The two passwords differ. Nothing was changed.");
    }
    Ok(password)
}
