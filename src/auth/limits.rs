//! How often sign-in may be tried: by one address, and for one account whatever the address.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use axum::http::HeaderMap;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::AppError;

/// Token buckets by key, on this node.
pub struct SignInLimits {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_account: DefaultKeyedRateLimiter<String>,
}

impl SignInLimits {
    /// `per_minute` attempts for an address, half of that for an account.
    pub fn new(per_minute: u32) -> SignInLimits {
        let quota = |n: u32| Quota::per_minute(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        SignInLimits {
            by_address: RateLimiter::keyed(quota(per_minute)),
            by_account: RateLimiter::keyed(quota(per_minute / 2)),
        }
    }

    /// Counts an attempt, or refuses it with the time to wait.
    pub fn check(&self, address: IpAddr, account: &str) -> Result<(), AppError> {
        let now = DefaultClock::default().now();
        let wait =
            |not_until: governor::NotUntil<_>| AppError::TooMany(not_until.wait_time_from(now).as_secs() + 1);
        self.by_address.check_key(&address).map_err(wait)?;
        self.by_account.check_key(&account.trim().to_lowercase()).map_err(wait)
    }

    /// Forgets keys that are full again, so that strangers cannot fill the memory.
    pub fn forget_idle(&self) {
        self.by_address.retain_recent();
        self.by_account.retain_recent();
    }
}

/// The address of the person: the peer, or what a trusted proxy says of it.
pub fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted_proxies: &[IpAddr]) -> IpAddr {
    if !trusted_proxies.contains(&peer.ip()) {
        return peer.ip();
    }
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(",");
    // Each proxy appends the address it saw: the last one that is not itself a trusted proxy is the person.
    forwarded
        .rsplit(',')
        .filter_map(|part| part.trim().parse().ok())
        .find(|address| !trusted_proxies.contains(address))
        .unwrap_or(peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 198.51.100.7, 10.0.0.2".parse().unwrap());
        let proxies: Vec<IpAddr> = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let through = |peer: &str| client_address(peer.parse().unwrap(), &headers, &proxies).to_string();
        assert_eq!(through("10.0.0.1:5000"), "198.51.100.7");
        assert_eq!(through("203.0.113.9:5000"), "203.0.113.9");
    }

    #[test]
    fn attempts_beyond_the_limit_wait() {
        let limits = SignInLimits::new(4);
        let address = "198.51.100.7".parse().unwrap();
        assert!(limits.check(address, "anna@example.com").is_ok());
        assert!(limits.check(address, "Anna@example.com ").is_ok());
        assert!(matches!(limits.check(address, "anna@example.com"), Err(AppError::TooMany(s)) if s > 0));
        assert!(limits.check(address, "other@example.com").is_ok());
        assert!(matches!(limits.check(address, "third@example.com"), Err(AppError::TooMany(_))));
    }
}
