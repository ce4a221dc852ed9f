//! The lines that keep the code in order. Each failure says where and why.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The slices from the bottom up: the code of one may name those before it, never those after it.
const SLICES: [&str; 9] =
    ["scoring", "agreement", "leads", "handoffs", "deals", "back_tests", "points", "transfer", "demo"];
/// What every slice stands on, and which therefore stands on none.
const FOUNDATION: [&str; 8] = ["kernel", "db", "web", "auth", "jobs", "audit", "config", "error"];
/// Joins everything together and may name whatever there is.
const JOINTS: [&str; 5] = ["app.rs", "main.rs", "lib.rs", "cli/", "jobs/registry.rs"];
/// Never know of requests or templates, even where their slice has pages.
const WITHOUT_PAGES: [&str; 9] = [
    "kernel/",
    "scoring/",
    "agreement/terms.rs",
    "handoffs/judge.rs",
    "handoffs/service_levels.rs",
    "/model.rs",
    "/queries.rs",
    "/actions.rs",
    "/intake.rs",
];
/// Where SQL stands beside the files called after it, and why.
const SQL: [(&str, &str); 7] = [
    ("db/", "migrations, partitions and the pool"),
    ("audit.rs", "one statement that every change goes through"),
    ("auth/sessions.rs", "the store that the session library calls"),
    ("jobs/", "the tables of the job library and how far runs have come"),
    ("web/live.rs", "LISTEN and NOTIFY"),
    ("handoffs/queues.rs", "read models of the pages that list handoffs"),
    ("demo/", "fills an empty database by sets"),
];
/// Parts of pages that need neither requests nor templates themselves.
const PARTS: [&str; 1] = ["leads/timeline.rs"];
const LONGEST: usize = 400;
/// Longer than that without a good place to cut.
const LONG: [&str; 3] = ["handoffs/actions.rs", "handoffs/intake.rs", "transfer/queries.rs"];

/// A file of `src/` without its tests and comments.
struct Source {
    path: String,
    code: String,
    lines: usize,
}

/// A path that begins with `crate::`.
struct Name {
    line: usize,
    module: String,
    /// What follows the module, when one thing does.
    item: String,
}

impl Source {
    fn top(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    fn rank(&self) -> Option<usize> {
        SLICES.iter().position(|slice| *slice == self.top())
    }

    fn module(&self) -> &str {
        self.path.rsplit('/').next().and_then(|file| file.strip_suffix(".rs")).unwrap_or_default()
    }

    /// Answers requests, fills a template, or is a part of what does.
    fn is_page(&self) -> bool {
        self.rank().is_some() && (is_in(&self.path, &PARTS) || self.line_of(&["axum", "askama"]).is_some())
    }

    /// The first line with one of these words.
    fn line_of(&self, words: &[&str]) -> Option<usize> {
        self.code.lines().position(|line| words.iter().any(|word| has_word(line, word))).map(|n| n + 1)
    }

    fn names(&self) -> Vec<Name> {
        let mut found = vec![];
        for (at, _) in self.code.match_indices("crate::") {
            let line = self.code[..at].matches('\n').count() + 1;
            let rest = &self.code[at + "crate::".len()..];
            let paths = rest.strip_prefix('{').map_or_else(|| vec![rest], members);
            found.extend(paths.into_iter().map(|path| {
                let (module, tail) = split_word(path.trim_start());
                let item = tail.strip_prefix("::").map(|tail| split_word(tail).0).unwrap_or_default();
                Name { line, module: module.into(), item: item.into() }
            }));
        }
        found
    }
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(is_part)
            && !line[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()))
}

/// The members of a group whose opening brace has been read.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, vec![]);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '}' | ',' if depth == 0 => {
                found.push(&group[start..at]);
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![];
    walk(&root, &mut files);
    files.sort();
    let found: Vec<Source> = files.iter().filter_map(|file| read(&root, file)).collect();
    assert!(found.iter().any(|source| source.path == "app.rs"), "src is not where it was");
    found
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => walk(&path, files),
            false => files.extend(path.extension().is_some_and(|e| e == "rs").then_some(path)),
        }
    }
}

/// None for a file of tests.
fn read(root: &Path, file: &Path) -> Option<Source> {
    let path = file.strip_prefix(root).expect("within src").to_string_lossy().replace('\\', "/");
    if path.ends_with("tests.rs") {
        return None;
    }
    let text = fs::read_to_string(file).expect("text");
    let own: Vec<&str> = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").collect();
    let code = own.iter().fold(String::new(), |mut code, line| {
        let line =
            if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or(line) };
        writeln!(code, "{line}").expect("memory");
        code
    });
    Some(Source { path, code, lines: own.len() })
}

fn refuse(problems: &[String]) {
    assert!(problems.is_empty(), "{} out of order:\n{}", problems.len(), problems.join("\n"));
}

fn is_in(path: &str, list: &[&str]) -> bool {
    list.iter().any(|place| path.starts_with(place) || (place.starts_with('/') && path.ends_with(place)))
}

#[test]
fn every_file_has_its_place() {
    let problems: Vec<String> = sources()
        .iter()
        .filter(|source| {
            source.rank().is_none() && !FOUNDATION.contains(&source.top()) && !is_in(&source.path, &JOINTS)
        })
        .map(|source| {
            format!(
                "src/{}: neither a slice nor the foundation; name it in tests/it/architecture.rs",
                source.path
            )
        })
        .collect();
    refuse(&problems);
}

#[test]
fn the_foundation_names_no_slice() {
    let mut problems = vec![];
    for source in sources().iter().filter(|s| FOUNDATION.contains(&s.top()) && !is_in(&s.path, &JOINTS)) {
        for name in source.names().iter().filter(|name| SLICES.contains(&name.module.as_str())) {
            problems.push(format!(
                "src/{}:{}: names `{}`, which stands on it; only {} join slices to the rest",
                source.path,
                name.line,
                name.module,
                JOINTS.join(", ")
            ));
        }
    }
    refuse(&problems);
}

#[test]
fn a_slice_names_none_above_it_but_in_its_pages() {
    let mut problems = vec![];
    for source in sources().iter().filter(|source| !source.is_page()) {
        let Some(own) = source.rank() else { continue };
        for name in source.names() {
            if SLICES.iter().position(|slice| *slice == name.module).is_some_and(|rank| rank > own) {
                problems.push(format!(
                    "src/{}:{}: names `{}`; the order is {}, and only pages may look up",
                    source.path,
                    name.line,
                    name.module,
                    SLICES.join(" ← ")
                ));
            }
        }
    }
    refuse(&problems);
}

#[test]
fn nothing_below_the_pages_names_them() {
    let all = sources();
    let mut problems = vec![];
    for page in all.iter().filter(|source| source.is_page()) {
        let (slice, module) = (page.top(), page.module());
        let relative = format!("super::{module}");
        for source in all.iter().filter(|s| s.rank().is_some() && !s.is_page() && s.module() != "mod") {
            let by_crate =
                source.names().iter().find(|n| n.module == slice && n.item == module).map(|n| n.line);
            let by_super = if source.top() == slice { source.line_of(&[&relative]) } else { None };
            if let Some(line) = by_crate.or(by_super) {
                problems.push(format!(
                    "src/{}:{line}: names the page src/{}; what both need belongs below",
                    source.path, page.path
                ));
            }
        }
    }
    refuse(&problems);
}

#[test]
fn what_decides_and_what_stores_know_no_requests() {
    let mut problems = vec![];
    for source in
        sources().iter().filter(|source| is_in(&source.path, &WITHOUT_PAGES) && source.top() != "web")
    {
        if let Some(line) = source.line_of(&["axum", "askama"]) {
            problems.push(format!("src/{}:{line}: uses axum or askama, which belong to pages", source.path));
        }
    }
    refuse(&problems);
}

#[test]
fn the_kernel_and_the_scores_need_nothing_but_their_arguments() {
    let mut problems = vec![];
    for source in sources().iter().filter(|source| {
        is_in(&source.path, &["kernel/", "scoring/", "handoffs/judge.rs", "handoffs/service_levels.rs"])
    }) {
        if let Some(line) = source.line_of(&["async", "tokio", "PgPool", "PgConnection"]) {
            problems.push(format!(
                "src/{}:{line}: waits or asks the database; it has to decide by what it is given",
                source.path
            ));
        }
    }
    refuse(&problems);
}

#[test]
fn sql_stands_in_queries() {
    let allowed: Vec<&str> = SQL.iter().map(|(place, _)| *place).collect();
    let mut problems = vec![];
    for source in sources() {
        let named_so = source.module() == "queries" || source.module().ends_with("_query");
        if named_so || is_in(&source.path, &allowed) {
            continue;
        }
        let is_sql = |line: &str| {
            line.contains("sqlx::query")
                || line.contains("sqlx::raw_sql")
                || ["query!", "query_as!", "query_scalar!", "QueryBuilder"]
                    .iter()
                    .any(|word| has_word(line, word))
        };
        if let Some(line) = source.code.lines().position(is_sql) {
            problems.push(format!(
                "src/{}:{}: SQL outside queries.rs; named exceptions are in tests/it/architecture.rs",
                source.path,
                line + 1
            ));
        }
    }
    refuse(&problems);
}

#[test]
fn only_the_clock_knows_the_time() {
    let mut problems = vec![];
    for source in sources().iter().filter(|source| source.path != "kernel/clock.rs") {
        if let Some(line) = source.code.lines().position(|line| {
            line.contains("Utc::now") || line.contains("Local::now") || line.contains("SystemTime::now")
        }) {
            problems.push(format!("src/{}:{}: reads the clock; time is an argument", source.path, line + 1));
        }
    }
    refuse(&problems);
}

#[test]
fn files_are_short_enough_to_read_at_once() {
    let mut problems = vec![];
    for source in sources() {
        match (source.lines > LONGEST, LONG.contains(&source.path.as_str())) {
            (true, false) => problems.push(format!(
                "src/{}: {} lines without tests; split it, {LONGEST} are enough",
                source.path, source.lines
            )),
            (false, true) => problems.push(format!(
                "src/{}: is short enough now; take it off the list of long files",
                source.path
            )),
            _ => {}
        }
    }
    refuse(&problems);
}
