//! Small help for forms and addresses.

use std::fmt::Write;

/// Percent-encodes a value for a query string.
pub fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

/// A query string from pairs; blank values are left out.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let parts: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

/// A path within this installation to go on to, or home. Anything else could lead people astray.
pub fn local_path(path: &str) -> &str {
    let local = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    if local { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_paths_are_followed() {
        assert_eq!(local_path("/leads?q=a"), "/leads?q=a");
        for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "leads", ""] {
            assert_eq!(local_path(elsewhere), "/");
        }
    }

    #[test]
    fn queries_are_encoded_and_blanks_left_out() {
        assert_eq!(query(&[("q", "a&b ü"), ("status", "")]), "?q=a%26b%20%C3%BC");
        assert_eq!(query(&[("q", "")]), "");
    }
}
