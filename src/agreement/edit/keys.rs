//! Keys made from labels: nobody edits a key, and it stays when the label changes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest slug of a label, so that a number fits behind it.
const LONGEST: usize = 50;

/// Lower-case letters, digits and underscores, beginning with a letter.
pub fn slug(label: &str) -> String {
    let mut slug = String::new();
    for c in label.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if !slug.is_empty() && !slug.ends_with('_') => slug.push('_'),
            _ => {}
        }
    }
    if !slug.starts_with(|c: char| c.is_ascii_lowercase()) {
        slug.insert_str(0, "n_");
    }
    slug.truncate(LONGEST);
    slug.trim_end_matches('_').to_owned()
}

/// A slug of the label that is not taken: with `_2`, `_3` … when it is.
pub fn unique(label: &str, taken: &[String]) -> String {
    let slug = slug(label);
    if !taken.contains(&slug) {
        return slug;
    }
    (2..).map(|n| format!("{slug}_{n}")).find(|key| !taken.contains(key)).unwrap_or(slug)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_label_becomes_a_key_and_a_taken_one_gets_a_number() {
        assert_eq!(slug("Kunden, die großes Ärgernis äußern"), "kunden_die_gro_es_argernis_au_ern");
        assert_eq!(slug("  3 days later… "), "n_3_days_later");
        assert_eq!(slug("日本"), "n");
        let taken = ["partner".to_owned(), "partner_2".to_owned()];
        assert_eq!(unique("Partner", &taken), "partner_3");
        assert_eq!(unique("Partners", &taken), "partners");
    }

    proptest! {
        #[test]
        fn every_label_gives_a_sound_key(label in ".{0,80}") {
            let key = slug(&label);
            prop_assert!(key.starts_with(|c: char| c.is_ascii_lowercase()) && key.len() <= LONGEST);
            prop_assert!(key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
            prop_assert_eq!(slug(&key), key);
        }
    }
}
