//! Deals.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{DealId, UserId};
use crate::kernel::text;

/// A deal as it is shown.
#[derive(Debug, Clone)]
pub struct Deal {
    pub id: DealId,
    pub name: String,
    pub amount: Decimal,
    pub currency: String,
    pub expected_close: NaiveDate,
    /// open, won or lost.
    pub state: String,
    pub reason: Option<String>,
    pub owner_id: UserId,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

impl Deal {
    /// Amount and currency: “20,553.50 EUR”.
    pub fn money(&self) -> String {
        text::money(self.amount, &self.currency)
    }
}

/// A new deal, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DealForm {
    pub name: String,
    pub amount: String,
    pub currency: String,
    pub expected_close: String,
}

/// A new deal, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeal {
    pub name: String,
    /// Two decimals at most, not negative.
    pub amount: Decimal,
    /// ISO 4217.
    pub currency: String,
    pub expected_close: NaiveDate,
}

impl DealForm {
    /// Checks every field.
    pub fn check(&self) -> Result<NewDeal, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.check(
            "name",
            text::line(&self.name, 200)
                .and_then(|name| name.ok_or_else(|| "Give the deal a name.".to_owned())),
        );
        let amount = errors.check("amount", amount(&self.amount));
        let currency = errors.check("currency", currency(&self.currency));
        let close = self.expected_close.trim();
        let expected_close = errors.check(
            "expected_close",
            close
                .parse::<NaiveDate>()
                .map_err(|_| format!("“{}” is not a date; write it as 2027-01-31", text::excerpt(close))),
        );
        match (name, amount, currency, expected_close) {
            (Some(name), Some(amount), Some(currency), Some(expected_close)) => {
                Ok(NewDeal { name, amount, currency, expected_close })
            }
            _ => Err(errors),
        }
    }
}

fn amount(text: &str) -> Result<Decimal, String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ',' | '\'' | ' ' | '\u{a0}')).collect();
    let refuse = |why: &str| format!("“{}” is not an amount: {why}", text::excerpt(text));
    let amount: Decimal = plain.parse().map_err(|_| refuse("write it as 12500.00"))?;
    if amount.is_sign_negative() {
        return Err(refuse("it cannot be negative"));
    }
    if amount.normalize().scale() > 2 {
        return Err(refuse("it has more than two decimals"));
    }
    if amount >= Decimal::from(1_000_000_000_000_i64) {
        return Err(refuse("it is a trillion or more"));
    }
    Ok(amount)
}

fn currency(text: &str) -> Result<String, String> {
    let code = text.trim().to_uppercase();
    if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(format!("“{}” is not a currency; write its three letters, such as EUR", text::excerpt(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> DealForm {
        DealForm {
            name: "Pilot".into(),
            amount: "12,500.5".into(),
            currency: "eur".into(),
            expected_close: "2027-01-31".into(),
        }
    }

    #[test]
    fn amounts_are_decimal_with_a_currency() {
        let deal = form().check().unwrap();
        assert_eq!(deal.amount.to_string(), "12500.5");
        assert_eq!(deal.currency, "EUR");
    }

    #[test]
    fn money_is_shown_with_its_thousands_apart() {
        for (amount, shown) in [
            ("0", "0.00 EUR"),
            ("999.5", "999.50 EUR"),
            ("1000", "1,000.00 EUR"),
            ("1234567.89", "1,234,567.89 EUR"),
        ] {
            let deal = Deal {
                id: DealId::new(DateTime::default()),
                name: "Pilot".into(),
                amount: amount.parse().unwrap(),
                currency: "EUR".into(),
                expected_close: NaiveDate::default(),
                state: "open".into(),
                reason: None,
                owner_id: UserId::new(DateTime::default()),
                opened_at: DateTime::default(),
                closed_at: None,
            };
            assert_eq!(deal.money(), shown);
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (field, form) in [
            ("name", DealForm { name: " ".into(), ..form() }),
            ("amount", DealForm { amount: "-1".into(), ..form() }),
            ("amount", DealForm { amount: "1.005".into(), ..form() }),
            ("amount", DealForm { amount: "1e3000".into(), ..form() }),
            ("currency", DealForm { currency: "€".into(), ..form() }),
            ("expected_close", DealForm { expected_close: "soon".into(), ..form() }),
        ] {
            assert!(form.check().unwrap_err().get(field).is_some(), "{field}");
        }
    }
}
