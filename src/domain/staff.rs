//! Staff: who they are and what they may do.

use super::email::Email;
use super::id::Id;
use super::net::Net;
use super::time::Time;
use super::words::words;

words! {
    /// What a member of the staff may do; each role may all that the ones before it may.
    Role {
        /// Reads everything, changes nothing.
        Reader = "reader",
        /// Works on tickets, lifts single addresses and usual networks.
        Agent = "agent",
        /// Also lifts wide networks.
        Lead = "lead",
        /// Also manages staff.
        Admin = "admin",
    }
}

impl Role {
    /// Whether it may answer, assign, close and lift at all.
    #[must_use]
    pub fn may_work(self) -> bool {
        self >= Self::Agent
    }

    /// Whether it may lift a block of this network (wider than /24 or /48: leads and admins).
    #[must_use]
    pub fn may_lift(self, net: Net) -> bool {
        if net.is_wide() { self >= Self::Lead } else { self.may_work() }
    }

    /// Whether it may add and end exemptions and override protections.
    #[must_use]
    pub fn may_exempt(self) -> bool {
        self >= Self::Lead
    }

    /// Whether it may add, change and disable staff.
    #[must_use]
    pub fn may_manage_staff(self) -> bool {
        self == Self::Admin
    }
}

/// One member of the staff.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Staff {
    /// Its key.
    pub id: Id,
    /// The address that signs in.
    pub email: Email,
    /// The name that colleagues and senders see.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was added.
    pub created_at: Time,
    /// When it last signed in.
    pub signed_in_at: Option<Time>,
    /// Since when it may no longer sign in.
    pub disabled_at: Option<Time>,
}

/// The shortest password that is taken.
pub const PASSWORD_MIN: usize = 12;

/// The longest password that is taken, so that hashing stays bounded.
pub const PASSWORD_MAX: usize = 256;

/// Whether a password has a length that is taken.
#[must_use]
pub fn password_fits(password: &str) -> bool {
    (PASSWORD_MIN..=PASSWORD_MAX).contains(&password.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_leads_lift_wide_networks() {
        let net = |t: &str| Net::parse(t).unwrap();
        assert!(!Role::Reader.may_lift(net("192.0.2.1")));
        assert!(Role::Agent.may_lift(net("192.0.2.0/24")) && !Role::Agent.may_lift(net("192.0.0.0/16")));
        assert!(Role::Lead.may_lift(net("2001:db8::/32")) && !Role::Lead.may_manage_staff());
        assert!(Role::Admin.may_manage_staff());
    }
}
