//! Staff sign in and out; passwords; the first admin.

use std::net::IpAddr;
use std::time::Duration;

use super::bounds::Bound;
use super::password::{fitting_hash, verify};
use super::{About, Desk, Done, Refusal};
use crate::domain::email::Email;
use crate::domain::id::{Id, Secret};
use crate::domain::net::visitor;
use crate::domain::staff::{PASSWORD_MAX, Role, Staff};
use crate::domain::ticket::{Who, storable_line};
use crate::domain::time::{DAY, HOUR, MINUTE};
use crate::locale::Sentence;
use crate::store::api_tokens::{self, ApiToken};
use crate::store::sessions::{self, Session};
use crate::store::{Tx, limits, staff};

/// How long an attempt takes for an account that many tried in vain.
const SLOW: Duration = Duration::from_secs(2);

/// What came of an attempt to sign in.
#[derive(Debug)]
pub enum SignIn {
    /// Welcome: the token of the session.
    Welcome(Secret),
    /// Address or password are wrong, or the account is disabled: one answer for all.
    Wrong,
    /// Too many failures; later.
    Later,
}

impl Desk {
    /// Signs a member of the staff in.
    pub async fn sign_in(&self, email: &str, password: &str, client: IpAddr) -> Done<SignIn> {
        let now = self.now();
        let email = Email::parse(email).ok();
        let by_client = format!("signin:{}", visitor(client));
        let by_account = format!("signin:{}", email.as_ref().map(Email::folded).unwrap_or_default());
        // Each try counts before it is looked at: many at once would all find that there were few before them.
        if self.is_one_too_many(&by_client).await? {
            return Ok(SignIn::Later);
        }
        // Failures of others slow an account down, but never lock its owner out.
        if self.is_one_too_many(&by_account).await? {
            tokio::time::sleep(SLOW).await;
        }
        let member = match &email {
            Some(email) => staff::find_active(self.db.pool(), email).await?,
            None => None,
        };
        let stored = match &member {
            Some(member) => staff::password_hash(self.db.pool(), member.id).await?,
            None => None,
        };
        let password: String = password.chars().take(PASSWORD_MAX + 1).collect();
        let Some(member) = member.filter(|_| stored.is_some()) else {
            verify(password, None).await?;
            return Ok(SignIn::Wrong);
        };
        if !verify(password, stored).await? {
            return Ok(SignIn::Wrong);
        }
        limits::reset(self.db.pool(), &by_account).await?;
        limits::give_back(self.db.pool(), &by_client, HOUR, now).await?;
        self.known.forget(&[&by_account, &by_client]);
        Ok(SignIn::Welcome(self.begin_session(&member, client).await?))
    }

    /// Counts a try; says whether these are too many within the hour. What is known to be too many costs no write.
    async fn is_one_too_many(&self, bucket: &str) -> Done<bool> {
        Ok(!self.count(&Bound::new(bucket.to_owned(), HOUR, self.config.limits.sign_ins_per_hour)).await?)
    }

    /// Begins a session.
    async fn begin_session(&self, member: &Staff, client: IpAddr) -> Done<Secret> {
        let now = self.now();
        let token = Secret::new();
        let session = Session {
            token_hash: token.hash(),
            staff_id: member.id,
            created_at: now,
            seen_at: now,
            expires_at: now.plus(self.config.session),
            client: client.to_string(),
        };
        let mut tx = self.db.begin().await?;
        sessions::insert(&mut *tx, &session).await?;
        staff::signed_in(&mut *tx, member.id, now).await?;
        self.record(&mut tx, &Who::staff(&member.name), "staff.signed-in", "", About::default()).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// The member whose session this is; a session in use is prolonged, at most once a minute.
    pub async fn session(&self, token: &Secret) -> Done<Option<(Staff, Session)>> {
        let now = self.now();
        let Some(session) = sessions::find_live(self.db.pool(), &token.hash(), now).await? else { return Ok(None) };
        let Some(member) = staff::find(self.db.pool(), session.staff_id).await? else { return Ok(None) };
        if now.since(session.seen_at) >= MINUTE {
            let expires = now.plus(self.config.session);
            // Who it is has been found; a database that is busy writing is no reason to show no page.
            if let Err(error) = sessions::seen(self.db.pool(), &session.token_hash, now, expires).await {
                tracing::warn!(error = error.to_string(), "a session could not be prolonged");
            }
        }
        Ok(Some((member, session)))
    }

    /// Ends a session.
    pub async fn sign_out(&self, member: &Staff, token_hash: &str) -> Done<bool> {
        let mut tx = self.db.begin().await?;
        let ended = sessions::end(&mut *tx, member.id, token_hash).await?;
        if ended {
            self.record(&mut tx, &Who::staff(&member.name), "staff.signed-out", "", About::default()).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Gives oneself another password; all other sessions end.
    pub async fn change_password(&self, member: &Staff, session: &str, old: &str, new: &str) -> Done<()> {
        let tries = format!("password:{}", member.id);
        if self.is_one_too_many(&tries).await? {
            return Err(Refusal::invalid("password-tries"));
        }
        let stored = staff::password_hash(self.db.pool(), member.id).await?;
        if !verify(old.to_owned(), stored).await? {
            return Err(Refusal::invalid("password-wrong"));
        }
        limits::reset(self.db.pool(), &tries).await?;
        self.known.forget(&[&tries]);
        let hashed = fitting_hash(new).await?;
        let mut tx = self.db.begin().await?;
        staff::set_password(&mut *tx, member.id, &hashed).await?;
        sessions::end_others(&mut *tx, member.id, session).await?;
        self.record(&mut tx, &Who::staff(&member.name), "staff.password-changed", "", About::default()).await?;
        Ok(tx.commit().await?)
    }

    /// Adds a member of the staff.
    ///
    /// # Errors
    /// When the password is too short or long, the name is empty, or the address is taken.
    pub async fn add_staff(&self, who: &Who, email: &Email, name: &str, role: Role, password: &str) -> Done<Staff> {
        let hashed = fitting_hash(password).await?;
        let mut tx = self.db.begin().await?;
        let member = self.insert_staff(&mut tx, who, email, name, role, &hashed).await?;
        tx.commit().await?;
        Ok(member)
    }

    /// Adds a member of the staff inside a transaction.
    async fn insert_staff(
        &self,
        tx: &mut Tx,
        who: &Who,
        email: &Email,
        name: &str,
        role: Role,
        password_hash: &str,
    ) -> Done<Staff> {
        let name = storable_line(name, 80);
        let name = if name.is_empty() { email.as_str().to_owned() } else { name };
        let now = self.now();
        let member = Staff {
            id: Id::new(now),
            email: email.clone(),
            name,
            role,
            created_at: now,
            signed_in_at: None,
            disabled_at: None,
        };
        match staff::insert(&mut **tx, &member, password_hash).await {
            Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
                return Err(Refusal::Invalid(Sentence::new("staff-taken").with("email", email)));
            }
            other => other?,
        }
        self.record(tx, who, "staff.added", &format!("{email} {role}"), About::default()).await?;
        Ok(member)
    }

    /// Gives a member another role.
    pub async fn set_role(&self, by: &Staff, id: Id, role: Role) -> Done<()> {
        self.manage(by, id, "staff.role-set", role.as_str(), async |tx| staff::set_role(&mut **tx, id, role).await)
            .await
    }

    /// Takes or gives back a member's right to sign in; taking it ends the sessions.
    pub async fn set_disabled(&self, by: &Staff, id: Id, disabled: bool) -> Done<()> {
        let now = self.now();
        let what = if disabled { "staff.disabled" } else { "staff.enabled" };
        self.manage(by, id, what, "", async |tx| {
            if disabled {
                sessions::end_others(&mut **tx, id, "").await?;
                staff::disable(&mut **tx, id, now).await
            } else {
                staff::enable(&mut **tx, id).await
            }
        })
        .await
    }

    /// Gives a member a password that an admin chose; their sessions end.
    pub async fn reset_password(&self, by: &Staff, id: Id, password: &str) -> Done<()> {
        let hashed = fitting_hash(password).await?;
        self.manage(by, id, "staff.password-reset", "", async |tx| {
            sessions::end_others(&mut **tx, id, "").await?;
            staff::set_password(&mut **tx, id, &hashed).await
        })
        .await
    }

    /// One change of a member by an admin.
    async fn manage(
        &self,
        by: &Staff,
        id: Id,
        what: &str,
        detail: &str,
        change: impl AsyncFnOnce(&mut Tx) -> sqlx::Result<bool>,
    ) -> Done<()> {
        if !by.role.may_manage_staff() {
            return Err(Refusal::NotAllowed);
        }
        let mut tx = self.db.begin().await?;
        // Two admins who demote each other at the same moment take turns, so that one of them stays.
        limits::take_turn(&mut tx, "staff").await?;
        let member = staff::find(&mut *tx, id).await?.ok_or(Refusal::NotFound)?;
        if !change(&mut tx).await? {
            return Err(Refusal::invalid("staff-unchanged"));
        }
        let detail = format!("{} {detail}", member.email);
        self.record(&mut tx, &Who::staff(&by.name), what, detail.trim(), About::default()).await?;
        Ok(tx.commit().await?)
    }

    /// A one-time link that makes the first admin, when there is none yet.
    pub async fn setup_link(&self) -> Done<Option<String>> {
        if staff::has_admin(self.db.pool()).await? {
            return Ok(None);
        }
        let token = Secret::new();
        let now = self.now();
        staff::add_setup_link(self.db.pool(), &token.hash(), now, now.plus(7 * DAY)).await?;
        Ok(Some(format!("{}/staff/setup?key={}", self.config.http.public_url, token.reveal())))
    }

    /// Whether a link that makes the first admin is good.
    pub async fn setup_is_open(&self, token: &Secret) -> Done<bool> {
        let good = staff::setup_link_is_good(self.db.pool(), &token.hash(), self.now()).await?;
        Ok(good && !staff::has_admin(self.db.pool()).await?)
    }

    /// Makes the first admin.
    pub async fn set_up(&self, token: &Secret, email: &Email, name: &str, password: &str) -> Done<()> {
        if !self.setup_is_open(token).await? {
            return Err(Refusal::NotFound);
        }
        let hashed = fitting_hash(password).await?;
        let mut tx = self.db.begin().await?;
        limits::take_turn(&mut tx, "staff").await?;
        if !staff::use_setup_link(&mut *tx, &token.hash(), self.now()).await? {
            return Err(Refusal::NotFound);
        }
        self.insert_staff(&mut tx, &Who::operator(), email, name, Role::Admin, &hashed).await?;
        Ok(tx.commit().await?)
    }

    /// Makes a token for a program; gives its secret, which is shown once.
    pub async fn add_token(&self, who: &Who, name: &str, scopes: &[&str]) -> Done<Secret> {
        let name = storable_line(name, 60);
        if name.is_empty() {
            return Err(Refusal::invalid("token-nameless"));
        }
        let (now, secret) = (self.now(), Secret::new());
        let token = ApiToken {
            id: Id::new(now),
            name: name.clone(),
            scopes: scopes.join(" "),
            created_at: now,
            used_at: None,
            revoked_at: None,
        };
        let mut tx = self.db.begin().await?;
        match api_tokens::insert(&mut *tx, &token, &secret.hash()).await {
            Err(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) => {
                return Err(Refusal::Invalid(Sentence::new("token-taken").with("name", name)));
            }
            other => other?,
        }
        self.record(&mut tx, who, "token.added", &format!("{name} {}", token.scopes), About::default()).await?;
        tx.commit().await?;
        Ok(secret)
    }

    /// The token of a program, if it is good for `scope`.
    pub async fn token_for(&self, secret: &Secret, scope: &str) -> Done<ApiToken> {
        let token = api_tokens::find_live(self.db.pool(), &secret.hash()).await?.ok_or(Refusal::NotFound)?;
        if !token.allows(scope) {
            return Err(Refusal::NotAllowed);
        }
        let now = self.now();
        api_tokens::used(self.db.pool(), token.id, now, now.plus(-MINUTE)).await?;
        Ok(token)
    }
}
