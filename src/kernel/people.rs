//! The two departments and what a person may be in one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A department, as an owner of statuses and a party to the agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Department {
    Marketing,
    Sales,
}

impl Department {
    pub const ALL: [Department; 2] = [Department::Marketing, Department::Sales];

    pub fn key(self) -> &'static str {
        match self {
            Department::Marketing => "marketing",
            Department::Sales => "sales",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Department::Marketing => "Marketing",
            Department::Sales => "Sales",
        }
    }

    pub fn other(self) -> Department {
        match self {
            Department::Marketing => Department::Sales,
            Department::Sales => Department::Marketing,
        }
    }
}

/// What a person may do beyond the work of their department. Only a manager signs for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    Member,
    Manager,
    Admin,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Member, Role::Manager, Role::Admin];

    pub fn key(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Manager => "manager",
            Role::Admin => "admin",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Role::Member => "Member",
            Role::Manager => "Manager",
            Role::Admin => "Admin",
        }
    }
}

impl fmt::Display for Department {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Department {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|d| d.key() == text)
            .ok_or_else(|| format!("“{text}” is not a department; it is marketing or sales"))
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|r| r.key() == text)
            .ok_or_else(|| format!("“{text}” is not a role; it is member, manager or admin"))
    }
}
