//! Text that has been checked and brought to one form, so that equal things are equal strings.

use phonenumber::country::Id as Country;
use rust_decimal::Decimal;
use unicode_normalization::UnicodeNormalization;

/// An e-mail address in the one form by which a person is recognised: NFKC, lower case, the domain in ASCII.
/// Dots and plus tags in the local part are left alone: they mean something to some providers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// Parses an address as a person types it.
    pub fn parse(text: &str) -> Result<Email, String> {
        let refuse = |why: &str| Err(format!("“{}” is not an e-mail address: {why}", excerpt(text)));
        let normal: String = text.trim().nfkc().collect::<String>().to_lowercase();
        let Some((local, domain)) = normal.rsplit_once('@') else {
            return refuse("it needs an @, as in name@example.com");
        };
        if local.is_empty() || local.len() > 64 {
            return refuse("the part before the @ must have 1 to 64 characters");
        }
        let odd = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;,\\\"@".contains(c);
        if local.chars().any(odd) || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return refuse("the part before the @ has a character or dot that cannot stand there");
        }
        match Domain::parse(domain) {
            Ok(domain) => Ok(Email(format!("{local}@{}", domain.as_str()))),
            Err(_) => refuse("the part after the @ is not a domain such as example.com"),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the @.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// A company's domain: ASCII, lower case, without scheme, `www.`, port or path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Domain(String);

impl Domain {
    /// Parses a domain or the address of a web page.
    pub fn parse(text: &str) -> Result<Domain, String> {
        let trimmed = text.trim();
        let bare = trimmed.split_once("://").map_or(trimmed, |(_, rest)| rest);
        let bare = bare.split(['/', '?', '#', ':']).next().unwrap_or_default().trim_end_matches('.');
        let refuse = || format!("“{}” is not a domain such as example.com", excerpt(text));
        let ascii = idna::domain_to_ascii_strict(bare).map_err(|_| refuse())?;
        let ascii = ascii.strip_prefix("www.").unwrap_or(&ascii);
        let labels_ok = ascii.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
        let top = ascii.rsplit_once('.').map(|(_, top)| top);
        if ascii.len() > 253
            || !labels_ok
            || !top.is_some_and(|top| top.bytes().any(|b| b.is_ascii_alphabetic()))
        {
            return Err(refuse());
        }
        Ok(Domain(ascii.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A phone number in E.164, such as `+4930123456`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

impl Phone {
    /// Parses a number as people write it. A national number needs the country that it was written in.
    pub fn parse(text: &str, country: Option<&str>) -> Result<Phone, String> {
        let refuse = |why: &str| format!("“{}” is not a phone number: {why}", excerpt(text));
        let country = country.and_then(country_code).and_then(|code| code.parse::<Country>().ok());
        let number = phonenumber::parse(country, text.trim())
            .map_err(|_| refuse("write it with the country's prefix, as in +49 30 123456"))?;
        if !phonenumber::is_valid(&number) {
            return Err(refuse("no such number can exist in its country"));
        }
        // The extension is left out: it leads to a desk, not to another person's line.
        let code = number.code().value();
        Ok(Phone(format!("+{code}{}", number.national())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The two-letter code of a country given by code or by its English name.
fn country_code(country: &str) -> Option<&'static str> {
    // The library knows names and codes without their spaces.
    let name: String = country.chars().filter(|c| c.is_alphanumeric()).collect();
    name.parse::<celes::Country>().ok().map(|country| country.alpha2)
}

/// Trims, and makes nothing of a blank.
pub fn filled(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// As much of a text as a message can carry.
pub fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Single-line text of at most `max` characters, without control characters.
pub fn line(text: &str, max: usize) -> Result<Option<String>, String> {
    let Some(text) = filled(text) else { return Ok(None) };
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(format!(
            "“{}” holds a control character (U+{:04X}); remove it",
            excerpt(&text),
            c as u32
        ));
    }
    let length = text.chars().count();
    if length > max {
        return Err(format!("“{}” has {length} characters; at most {max} are kept", excerpt(&text)));
    }
    Ok(Some(text.nfc().collect()))
}

/// Digits with their thousands set apart: “1,234,567”.
pub fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Amount and currency: “20,553.50 EUR”.
pub fn money(amount: Decimal, currency: &str) -> String {
    let amount = format!("{amount:.2}");
    let (whole, cents) = amount.split_once('.').unwrap_or((&amount, "00"));
    format!("{}.{cents} {currency}", grouped(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_reach_one_mailbox_are_equal() {
        let plain = Email::parse("anna.meyer@example.com").unwrap();
        assert_eq!(Email::parse("  Anna.Meyer@EXAMPLE.com ").unwrap(), plain);
        assert_eq!(Email::parse("ａnna.meyer@example.com").unwrap(), plain);
        assert_ne!(Email::parse("annameyer@example.com").unwrap(), plain);
        assert_eq!(Email::parse("info@bücher.de").unwrap().domain(), "xn--bcher-kva.de");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for text in
            ["", "anna", "@example.com", "a b@example.com", "anna@", "anna@localhost", "a..b@example.com"]
        {
            let refusal = Email::parse(text).unwrap_err();
            assert!(refusal.contains("is not an e-mail address"), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_domain_is_found_in_a_web_address() {
        for text in [
            "example.com",
            "WWW.Example.com",
            "https://www.example.com/about?x#y",
            "example.com:8080",
            "example.com.",
        ] {
            assert_eq!(Domain::parse(text).unwrap().as_str(), "example.com", "{text}");
        }
        assert!(Domain::parse("no domain").is_err());
        assert!(Domain::parse("10.0.0.1").is_err());
    }

    #[test]
    fn phones_become_e164() {
        assert_eq!(Phone::parse("+49 (0)30 901820", None).unwrap().as_str(), "+4930901820");
        assert_eq!(Phone::parse("(212) 736-5000", Some("United States")).unwrap().as_str(), "+12127365000");
        assert_eq!(Phone::parse("212-736-5000", Some("US")).unwrap().as_str(), "+12127365000");
        assert!(Phone::parse("212-736-5000", None).unwrap_err().contains("country's prefix"));
        assert!(Phone::parse("hello", Some("US")).is_err());
    }

    #[test]
    fn a_line_is_trimmed_and_bounded() {
        assert_eq!(line("  ", 5), Ok(None));
        assert_eq!(line(" abc ", 5), Ok(Some("abc".into())));
        assert!(line("abcdef", 5).unwrap_err().contains("6 characters"));
        assert!(line("a\u{0}b", 5).unwrap_err().contains("U+0000"));
    }
}
