//! Passwords: how strong they must be, and Argon2id over them.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// Fewest characters of a password.
pub const MIN_LENGTH: usize = 12;
/// Most characters; hashing time must not grow with what a stranger sends.
const MAX_LENGTH: usize = 200;

/// Refuses what is easily guessed. Length counts, not kinds of characters (NIST SP 800-63B).
pub fn check_strength(password: &str, name: &str, email: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < MIN_LENGTH {
        return Err(format!(
            "The password has {length} characters; use at least {MIN_LENGTH}. A few unrelated words do well."
        ));
    }
    if length > MAX_LENGTH {
        return Err(format!("The password has {length} characters; use at most {MAX_LENGTH}."));
    }
    let lower = password.to_lowercase();
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 {
        return Err("The password repeats a few characters over and over; use several different ones.".into());
    }
    let local = email.split('@').next().unwrap_or_default().to_lowercase();
    let own_words = name
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .chain([local])
        .filter(|w| w.len() >= 3)
        .collect::<Vec<_>>();
    let rest = own_words.iter().fold(lower.clone(), |rest, word| rest.replace(word.as_str(), ""));
    if rest.chars().count() < MIN_LENGTH / 2 {
        return Err(
            "The password is mostly your name or address; use something that others do not know of you."
                .into(),
        );
    }
    let common = ["password", "passwort", "qwertz", "qwerty", "123456", "letmein", "welcome", "baton"];
    let rest = common.iter().fold(lower, |rest, word| rest.replace(word, ""));
    if rest.chars().count() < MIN_LENGTH / 2 {
        return Err("The password is made of words that everybody tries first; use others.".into());
    }
    Ok(())
}

/// Hashes a password. Takes tens of milliseconds of one core, so it runs outside the async threads.
pub async fn hash(password: String) -> anyhow::Result<String> {
    let hash = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())
    })
    .await?;
    hash.map_err(|error| anyhow::anyhow!("hashing failed: {error}"))
}

/// Whether the password is the hashed one. Without a hash, because no such account exists, it takes as long and says no.
pub async fn verify(password: String, hash: Option<String>) -> anyhow::Result<bool> {
    let known = hash.is_some();
    let hash = hash.unwrap_or_else(|| DECOY.to_owned());
    let matches = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await?;
    Ok(matches && known)
}

/// The hash of nobody's password, with the same cost as a real one.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$mZyqHcS6mBo6MOjT6mTmSAUoVZw6xqtvS6jHzDQzdSs";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_against_its_own_hash_only() {
        let hash = hash("correct horse battery".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify("correct horse battery".into(), Some(hash.clone())).await.unwrap());
        assert!(!verify("correct horse batterx".into(), Some(hash)).await.unwrap());
        assert!(!verify("correct horse battery".into(), None).await.unwrap());
    }

    #[test]
    fn the_decoy_costs_what_a_real_hash_costs() {
        let hash = Argon2::default().hash_password(b"x").unwrap().to_string();
        let cost = |hash: &str| hash.split('$').nth(3).map(str::to_owned);
        assert_eq!(cost(DECOY), cost(&hash));
        assert!(PasswordHash::new(DECOY).is_ok());
    }

    #[test]
    fn weak_passwords_are_refused_with_the_remedy() {
        let refused =
            |password: &str| check_strength(password, "Anna Meyer", "anna.meyer@example.com").unwrap_err();
        assert!(refused("short").contains("at least 12"));
        assert!(refused("aaaaaaaaaaaaaaaa").contains("different"));
        assert!(refused("annameyer1234").contains("your name"));
        assert!(refused("password123456").contains("everybody"));
        assert!(check_strength("correct horse battery", "Anna Meyer", "anna.meyer@example.com").is_ok());
    }
}
