//! Every permission of the product, on this page.
//!
//! A route names an [`Access`] in the route table; the guard asks [`Access::allows`] before the handler runs.
//! What depends on the record, not the route, is decided by loading it through the user's scope.

use super::User;
use crate::kernel::people::{Department, Role};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone, signed in or not. The list of these is tested.
    Public,
    /// Anyone who is signed in.
    SignedIn,
    /// Marketing logs leads and events, imports files, withdraws offers and answers hand-backs.
    Marketing,
    /// Sales claims, works, converts and hands back.
    Sales,
    /// Managers of both departments negotiate the agreement and rule on disputes.
    Manager,
    /// Admins keep users.
    Admin,
}

impl Access {
    /// Whether a signed-in person may, or why not.
    pub fn allows(self, user: &User) -> Result<(), &'static str> {
        match self {
            Access::Public | Access::SignedIn => Ok(()),
            Access::Marketing if user.department == Department::Marketing => Ok(()),
            Access::Marketing => {
                Err("This is marketing's side of the handoff agreement. Ask a colleague in Marketing.")
            }
            Access::Sales if user.department == Department::Sales => Ok(()),
            Access::Sales => Err("This is sales' side of the handoff agreement. Ask a colleague in Sales."),
            Access::Manager if user.role == Role::Manager => Ok(()),
            Access::Manager => {
                Err("Managers of the two departments negotiate the agreement. Ask one of yours.")
            }
            Access::Admin if user.role == Role::Admin => Ok(()),
            Access::Admin => Err("Only admins keep users and settings. Ask one of your admins."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::UserId;

    fn may(access: Access, department: Department, role: Role) -> bool {
        let user = User {
            id: UserId(uuid::Uuid::nil()),
            name: "Anna Meyer".into(),
            email: "anna@example.com".into(),
            department,
            role,
            time_zone: chrono_tz::Tz::UTC,
            away_until: None,
        };
        access.allows(&user).is_ok()
    }

    #[test]
    fn a_department_does_its_own_side_whatever_the_role_only_managers_negotiate_and_only_admins_keep_users() {
        for role in Role::ALL {
            assert!(may(Access::Marketing, Department::Marketing, role));
            assert!(!may(Access::Marketing, Department::Sales, role));
            assert!(may(Access::Sales, Department::Sales, role));
            assert!(!may(Access::Sales, Department::Marketing, role));
            for department in Department::ALL {
                assert!(may(Access::SignedIn, department, role));
                assert_eq!(may(Access::Admin, department, role), role == Role::Admin);
                assert_eq!(may(Access::Manager, department, role), role == Role::Manager);
            }
        }
    }
}
