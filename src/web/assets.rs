//! Static files: embedded, compressed and served under a name that holds a hash of their content, so that browsers may
//! keep them for ever.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use memory_serve::MemoryServe;

const PREFIX: &str = "/static";

/// Path below `static/` → URL with the hash in it.
static URLS: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
    files()
        .manifest()
        .iter()
        .map(|(route, served)| (route.trim_start_matches('/'), format!("{PREFIX}{served}")))
        .collect()
});

fn files() -> MemoryServe {
    memory_serve::load!().index_file(None).enable_hashed_routes(true)
}

/// Serves every file of `static/` below `/static`, to be merged into the application. Call once: it keeps the
/// unpacked files for the life of the process.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    Router::new().nest(PREFIX, files().into_router())
}

/// The URL of a static file, such as `url("css/app.css")`.
///
/// # Panics
/// When `static/` has no such file.
#[must_use]
pub fn url(path: &str) -> &'static str {
    URLS.get(path).unwrap_or_else(|| panic!("there is no static file {path:?}"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::url;

    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).expect("folder is readable") {
            let path = entry.expect("entry is readable").path();
            if path.is_dir() {
                found.extend(files_below(&path));
            } else {
                found.push(path);
            }
        }
        found
    }

    /// What stands between `opening` and the next quote, everywhere in the templates.
    fn quoted_in_templates(opening: &str) -> Vec<(PathBuf, String)> {
        let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut found = Vec::new();
        for file in files_below(&templates) {
            let text = fs::read_to_string(&file).expect("templates are UTF-8");
            for rest in text.split(opening).skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                found.push((file.clone(), name.to_owned()));
            }
        }
        found
    }

    #[test]
    fn every_static_file_that_a_template_names_exists() {
        let mut names = quoted_in_templates("layout.asset(\"");
        names.extend(quoted_in_templates("assets::url(\""));
        assert!(!names.is_empty());
        for (_, name) in names {
            assert!(url(&name).starts_with("/static/"), "{name}");
        }
    }

    #[test]
    fn every_icon_that_a_template_names_is_in_the_sprite() {
        let sprite = Path::new(env!("CARGO_MANIFEST_DIR")).join("static/img/icons.svg");
        let sprite = fs::read_to_string(sprite).expect("bin/vendor has built the sprite");
        let names: Vec<_> = ["icon(\"", "empty(\"", "event(\"", "symbol=\"", "symbol = \""]
            .into_iter()
            .flat_map(quoted_in_templates)
            .filter(|(_, name)| !name.is_empty())
            .collect();
        assert!(!names.is_empty());
        for (file, name) in names {
            assert!(
                sprite.contains(&format!("<symbol id=\"{name}\"")),
                "{} names the icon {name:?}: add it to static/img/icons.txt and run bin/vendor",
                file.display()
            );
        }
    }

    #[test]
    fn a_url_holds_a_hash_of_the_content() {
        let app = url("css/app.css");
        let name = app.strip_prefix("/static/css/app.").expect("prefix");
        let hash = name.strip_suffix(".css").expect("suffix");
        assert_eq!(hash.len(), 16, "{app}");
        assert!(hash.chars().all(|c| c.is_ascii_hexdigit()), "{app}");
    }

    #[test]
    #[should_panic(expected = "there is no static file \"css/none.css\"")]
    fn an_unknown_file_is_named_in_the_panic() {
        let _ = url("css/none.css");
    }
}
