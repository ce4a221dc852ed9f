//! Terms as files and as the text that is signed.

use sha2::{Digest, Sha256};

use super::terms::Terms;

/// The agreement that a new installation starts with.
const DEFAULT: &str = include_str!("default.toml");

impl Terms {
    /// Reads terms from TOML. The error names line and field. Sound terms also pass `validate`.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The terms as TOML, as [`from_toml`](Self::from_toml) reads them.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("terms hold nothing that TOML cannot write")
    }

    /// The terms as JSON with sorted keys and no optional space: equal terms are equal text.
    pub fn canonical_json(&self) -> String {
        // serde_json keeps the keys of a value sorted; no crate in the build asks it to keep insertion order.
        serde_json::to_value(self).expect("terms hold nothing that JSON cannot write").to_string()
    }

    /// The SHA-256 of the canonical JSON in lower-case hexadecimal: what a signature holds.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.canonical_json()))
    }

    /// The agreement of a new installation.
    pub fn default_agreement() -> Self {
        Self::from_toml(DEFAULT).expect("a test reads the default agreement")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_survive_toml_and_json() {
        let terms = Terms::default_agreement();
        assert_eq!(Terms::from_toml(&terms.to_toml()).unwrap(), terms);
        assert_eq!(serde_json::from_str::<Terms>(&terms.canonical_json()).unwrap(), terms);
    }

    #[test]
    fn canonical_json_has_sorted_keys() {
        let json = Terms::default_agreement().canonical_json();
        let calendar = json.find(r#""calendar":{"#).unwrap();
        let title = json.rfind(r#""title":"#).unwrap();
        assert!(json.starts_with(r#"{"calendar":{"#) && calendar < title, "{json}");
        let reordered: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::from_value::<Terms>(reordered).unwrap().canonical_json(), json);
    }

    #[test]
    fn the_hash_changes_with_the_terms() {
        let terms = Terms::default_agreement();
        let mut changed = terms.clone();
        changed.categories.fit_good += 1;
        assert_eq!(terms.sha256().len(), 64);
        assert_eq!(terms.sha256(), Terms::default_agreement().sha256());
        assert_ne!(terms.sha256(), changed.sha256());
    }

    #[test]
    fn a_misspelt_field_is_refused_by_name() {
        let text = Terms::default_agreement().to_toml().replacen("cool_off_days", "cooloff_days", 1);
        let error = Terms::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains("cooloff_days"), "{error}");
    }
}
