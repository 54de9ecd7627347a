//! Staff sign in and out; passwords, sessions, roles; the first admin.

use postern::desk::Refusal;
use postern::desk::auth::SignIn;
use postern::domain::email::Email;
use postern::domain::id::Secret;
use postern::domain::staff::{Role, Staff};
use postern::domain::ticket::Who;
use postern::domain::time::{DAY, HOUR, MINUTE};
use postern::store::{events, limits, sessions, staff};

use crate::support::{PASSWORD, TestApp};

/// Another password.
const OTHER: &str = "battery horse correct";

/// Signs in from some address.
async fn sign_in_from(app: &TestApp, email: &str, password: &str, client: &str) -> SignIn {
    app.desk().sign_in(email, password, client.parse().unwrap()).await.unwrap()
}

/// Signs in; gives the token of the session.
async fn session(app: &TestApp, email: &str, password: &str) -> Secret {
    match sign_in_from(app, email, password, "198.51.100.9").await {
        SignIn::Welcome(token) => token,
        other => panic!("{other:?}"),
    }
}

/// Who is signed in with this token.
async fn whose(app: &TestApp, token: &Secret) -> Option<Staff> {
    app.desk().session(token).await.unwrap().map(|(member, _)| member)
}

#[tokio::test]
async fn the_right_password_opens_a_session_and_signing_out_ends_it() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let token = session(&app, "ANN@Postern.example ", PASSWORD).await;
    let member = whose(&app, &token).await.unwrap();
    assert_eq!((member.id, member.signed_in_at), (ann.id, Some(app.desk().now())));
    assert!(app.desk().sign_out(&ann, &token.hash()).await.unwrap());
    assert!(whose(&app, &token).await.is_none());
    assert!(!app.desk().sign_out(&ann, &token.hash()).await.unwrap());
    let filter = events::Filter { actor: Some("ann".to_owned()), ..events::Filter::default() };
    let done = events::list(app.desk().db.pool(), &filter, 10).await.unwrap();
    assert_eq!(done.iter().map(|e| e.what.as_str()).collect::<Vec<_>>(), ["staff.signed-out", "staff.signed-in"]);
}

#[tokio::test]
async fn wrong_passwords_unknown_and_disabled_members_are_told_the_same() {
    let app = TestApp::start().await;
    let ada = app.staff("ada", Role::Admin).await;
    let ben = app.staff("ben", Role::Agent).await;
    app.desk().set_disabled(&ada, ben.id, true).await.unwrap();
    let long = "x".repeat(100_000);
    for (email, password) in [
        ("ada@postern.example", "wrong password 1"),
        ("ada@postern.example", ""),
        ("ada@postern.example", long.as_str()),
        ("nobody@postern.example", PASSWORD),
        ("ben@postern.example", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
        ("ada@postern.example' OR 1=1 --", PASSWORD),
    ] {
        let answer = sign_in_from(&app, email, password, "198.51.100.9").await;
        assert!(matches!(answer, SignIn::Wrong), "{email}: {answer:?}");
    }
}

#[tokio::test]
async fn repeated_failures_slow_an_account_down_but_lock_nobody_out() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "3")]).await;
    app.staff("ann", Role::Agent).await;
    app.staff("ben", Role::Agent).await;
    for n in 1..=3 {
        let answer = sign_in_from(&app, "ann@postern.example", "wrong password", &format!("198.51.100.{n}")).await;
        assert!(matches!(answer, SignIn::Wrong));
    }
    let begun = std::time::Instant::now();
    let answer = sign_in_from(&app, "ann@postern.example", PASSWORD, "198.51.100.4").await;
    assert!(matches!(answer, SignIn::Welcome(_)), "what others try does not lock the owner out");
    assert!(begun.elapsed() >= std::time::Duration::from_secs(2), "but it takes its time");
    let answer = sign_in_from(&app, "ben@postern.example", PASSWORD, "198.51.100.4").await;
    assert!(matches!(answer, SignIn::Welcome(_)), "others do not wait");
}

#[tokio::test]
async fn repeated_failures_make_a_visitor_wait_whatever_account_is_tried() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "3")]).await;
    app.staff("ann", Role::Agent).await;
    for n in 1..=3 {
        let client = format!("2001:db8:0:1::{n}");
        sign_in_from(&app, &format!("guess{n}@postern.example"), "wrong password", &client).await;
    }
    let same_network = sign_in_from(&app, "ann@postern.example", PASSWORD, "2001:db8:0:1:ffff::1").await;
    assert!(matches!(same_network, SignIn::Later), "an IPv6 visitor is a /64");
    let elsewhere = sign_in_from(&app, "ann@postern.example", PASSWORD, "2001:db8:0:2::1").await;
    assert!(matches!(elsewhere, SignIn::Welcome(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tries_at_once_are_no_more_than_many_one_after_the_other() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "3")]).await;
    app.staff("ann", Role::Agent).await;
    let tries: Vec<_> = (0..12)
        .map(|_| {
            let desk = app.desk().clone();
            let client = "198.51.100.9".parse().unwrap();
            tokio::spawn(async move { desk.sign_in("ann@postern.example", "wrong password", client).await })
        })
        .collect();
    let mut compared = 0;
    for done in tries {
        compared += usize::from(matches!(done.await.unwrap().unwrap(), SignIn::Wrong));
    }
    assert_eq!(compared, 3);
}

#[tokio::test]
async fn a_flood_of_tries_costs_no_more_writes_than_the_limit() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "3")]).await;
    for n in 0..50 {
        let answer = sign_in_from(&app, &format!("guess{n}@postern.example"), "wrong password", "198.51.100.9").await;
        assert_eq!(matches!(answer, SignIn::Later), n >= 3, "{n}");
    }
    let counted = limits::count(app.desk().db.pool(), "signin:198.51.100.9", HOUR, app.desk().now()).await.unwrap();
    assert_eq!(counted, 4, "three tries, and this look");
}

#[tokio::test]
async fn who_signs_in_uses_up_no_try_of_the_visitor() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "2")]).await;
    app.staff("ann", Role::Agent).await;
    for _ in 0..5 {
        session(&app, "ann@postern.example", PASSWORD).await;
    }
}

#[tokio::test]
async fn a_stolen_session_does_not_help_to_guess_the_password() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "2")]).await;
    let ann = app.staff("ann", Role::Agent).await;
    for _ in 0..2 {
        let wrong = app.desk().change_password(&ann, "", "not the old one", OTHER).await;
        assert!(matches!(wrong, Err(Refusal::Invalid(_))));
    }
    assert!(matches!(app.desk().change_password(&ann, "", PASSWORD, OTHER).await, Err(Refusal::Invalid(_))));
    app.wait(HOUR);
    app.desk().change_password(&ann, "", PASSWORD, OTHER).await.unwrap();
}

#[tokio::test]
async fn a_session_that_cannot_be_prolonged_is_one_all_the_same() {
    let app = TestApp::start().await;
    app.staff("ann", Role::Agent).await;
    let token = session(&app, "ann@postern.example", PASSWORD).await;
    app.wait(HOUR);
    let writing = app.desk().db.begin().await.unwrap();
    assert!(whose(&app, &token).await.is_some(), "SQLite has one writer at a time");
    drop(writing);
}

#[tokio::test]
async fn signing_in_forgives_the_accounts_failures() {
    let app = TestApp::with(&[("limits.sign_ins_per_hour", "3")]).await;
    app.staff("ann", Role::Agent).await;
    for round in 0..3 {
        for n in 0..2 {
            let client = format!("198.51.100.{}", 1 + round * 2 + n);
            assert!(matches!(
                sign_in_from(&app, "ann@postern.example", "wrong password", &client).await,
                SignIn::Wrong
            ));
        }
        session(&app, "ann@postern.example", PASSWORD).await;
    }
}

#[tokio::test]
async fn a_session_ends_when_it_lies_unused() {
    let app = TestApp::with(&[("staff.session", "2h")]).await;
    app.staff("ann", Role::Agent).await;
    let token = session(&app, "ann@postern.example", PASSWORD).await;
    for _ in 0..4 {
        app.wait(HOUR);
        assert!(whose(&app, &token).await.is_some(), "use prolongs it");
    }
    app.wait(2 * HOUR);
    assert!(whose(&app, &token).await.is_none());
    app.desk().forget().await.unwrap();
    let ann =
        staff::find_active(app.desk().db.pool(), &Email::parse("ann@postern.example").unwrap()).await.unwrap().unwrap();
    assert!(sessions::of_staff(app.desk().db.pool(), ann.id, app.desk().now().plus(-DAY)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_session_of_somebody_else_is_not_ended() {
    let app = TestApp::start().await;
    app.staff("ann", Role::Agent).await;
    let ben = app.staff("ben", Role::Agent).await;
    let token = session(&app, "ann@postern.example", PASSWORD).await;
    assert!(!app.desk().sign_out(&ben, &token.hash()).await.unwrap());
    assert!(whose(&app, &token).await.is_some());
    assert!(whose(&app, &Secret::presented(&token.hash())).await.is_none(), "the stored hash is no token");
}

#[tokio::test]
async fn changing_the_password_ends_all_other_sessions() {
    let app = TestApp::start().await;
    let ann = app.staff("ann", Role::Agent).await;
    let here = session(&app, "ann@postern.example", PASSWORD).await;
    let there = session(&app, "ann@postern.example", PASSWORD).await;
    let wrong = app.desk().change_password(&ann, &here.hash(), "not the old one", OTHER).await;
    assert!(matches!(wrong, Err(Refusal::Invalid(_))));
    for short in ["", "elevenchars", &"x".repeat(257)] {
        let bad = app.desk().change_password(&ann, &here.hash(), PASSWORD, short).await;
        assert!(matches!(bad, Err(Refusal::Invalid(_))), "{short}");
    }
    assert!(whose(&app, &there).await.is_some());
    app.desk().change_password(&ann, &here.hash(), PASSWORD, OTHER).await.unwrap();
    assert!(whose(&app, &here).await.is_some() && whose(&app, &there).await.is_none());
    assert!(matches!(sign_in_from(&app, "ann@postern.example", PASSWORD, "198.51.100.9").await, SignIn::Wrong));
    session(&app, "ann@postern.example", OTHER).await;
}

#[tokio::test]
async fn disabling_a_member_ends_the_sessions_at_once() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.staff("ada", Role::Admin).await, app.staff("ben", Role::Agent).await);
    let token = session(&app, "ben@postern.example", PASSWORD).await;
    app.desk().set_disabled(&ada, ben.id, true).await.unwrap();
    assert!(whose(&app, &token).await.is_none());
    assert!(matches!(app.desk().set_disabled(&ada, ben.id, true).await, Err(Refusal::Invalid(_))), "it is so already");
    app.desk().set_disabled(&ada, ben.id, false).await.unwrap();
    assert!(whose(&app, &token).await.is_none(), "an old session does not rise again");
    session(&app, "ben@postern.example", PASSWORD).await;
}

#[tokio::test]
async fn an_admin_gives_a_new_password() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.staff("ada", Role::Admin).await, app.staff("ben", Role::Agent).await);
    let token = session(&app, "ben@postern.example", PASSWORD).await;
    assert!(matches!(app.desk().reset_password(&ben, ben.id, OTHER).await, Err(Refusal::NotAllowed)));
    app.desk().reset_password(&ada, ben.id, OTHER).await.unwrap();
    assert!(whose(&app, &token).await.is_none());
    session(&app, "ben@postern.example", OTHER).await;
}

#[tokio::test]
async fn only_admins_manage_staff() {
    let app = TestApp::start().await;
    let (ada, lead) = (app.staff("ada", Role::Admin).await, app.staff("lead", Role::Lead).await);
    assert!(matches!(app.desk().set_role(&lead, lead.id, Role::Admin).await, Err(Refusal::NotAllowed)));
    assert!(matches!(app.desk().set_disabled(&lead, ada.id, true).await, Err(Refusal::NotAllowed)));
    app.desk().set_role(&ada, lead.id, Role::Reader).await.unwrap();
    let token = session(&app, "lead@postern.example", PASSWORD).await;
    assert_eq!(whose(&app, &token).await.unwrap().role, Role::Reader, "a role holds at once");
    let ghost = postern::domain::id::Id(5);
    assert!(matches!(app.desk().set_role(&ada, ghost, Role::Lead).await, Err(Refusal::NotFound)));
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.staff("ada", Role::Admin).await, app.staff("eve", Role::Admin).await);
    app.desk().set_disabled(&ada, eve.id, true).await.unwrap();
    assert!(matches!(app.desk().set_role(&ada, ada.id, Role::Lead).await, Err(Refusal::Invalid(_))));
    assert!(matches!(app.desk().set_disabled(&ada, ada.id, true).await, Err(Refusal::Invalid(_))));
    app.desk().set_role(&ada, ada.id, Role::Admin).await.expect("admin it may become again");
    app.desk().set_disabled(&ada, eve.id, false).await.unwrap();
    app.desk().set_role(&ada, ada.id, Role::Lead).await.unwrap();
    assert!(staff::has_admin(app.desk().db.pool()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_admins_who_demote_each_other_one_stays() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let ada = app.staff(&format!("ada{round}"), Role::Admin).await;
        let eve = app.staff(&format!("eve{round}"), Role::Admin).await;
        for other in staff::list(app.desk().db.pool()).await.unwrap() {
            if other.role == Role::Admin && other.id != ada.id && other.id != eve.id {
                app.desk().set_role(&ada, other.id, Role::Lead).await.unwrap();
            }
        }
        let mut tasks = Vec::new();
        for (by, whom) in [(ada.clone(), eve.id), (eve, ada.id)] {
            let desk = app.desk().clone();
            tasks.push(tokio::spawn(async move { desk.set_role(&by, whom, Role::Lead).await }));
        }
        for task in tasks {
            assert!(matches!(task.await.unwrap(), Ok(()) | Err(Refusal::Invalid(_))));
        }
        assert!(staff::has_admin(app.desk().db.pool()).await.unwrap(), "round {round}");
    }
}

#[tokio::test]
async fn an_address_belongs_to_one_member() {
    let app = TestApp::start().await;
    app.staff("ann", Role::Agent).await;
    let again = Email::parse("Ann@postern.example").unwrap();
    let refused = app.desk().add_staff(&Who::operator(), &again, "Ann", Role::Lead, PASSWORD).await;
    assert!(matches!(refused, Err(Refusal::Invalid(_))));
    let short = app
        .desk()
        .add_staff(&Who::operator(), &Email::parse("b@postern.example").unwrap(), "B", Role::Lead, "short")
        .await;
    assert!(matches!(short, Err(Refusal::Invalid(what)) if what.to_string().contains("12")));
    assert_eq!(staff::list(app.desk().db.pool()).await.unwrap().len(), 1);
}

/// The key of a link that makes the first admin.
async fn setup_key(app: &TestApp) -> Secret {
    let link = app.desk().setup_link().await.unwrap().expect("there is no admin yet");
    Secret::presented(link.split_once("key=").unwrap().1)
}

#[tokio::test]
async fn a_setup_link_makes_one_admin() {
    let app = TestApp::start().await;
    let (first, second) = (setup_key(&app).await, setup_key(&app).await);
    let email = |name: &str| Email::parse(&format!("{name}@postern.example")).unwrap();
    let unknown = app.desk().set_up(&Secret::new(), &email("eve"), "Eve", PASSWORD).await;
    assert!(matches!(unknown, Err(Refusal::NotFound)));
    let short = app.desk().set_up(&first, &email("ada"), "Ada", "short").await;
    assert!(matches!(short, Err(Refusal::Invalid(_))), "and the link stays good");
    assert!(app.desk().setup_is_open(&first).await.unwrap());
    app.desk().set_up(&first, &email("ada"), "Ada", PASSWORD).await.unwrap();
    for key in [&first, &second] {
        assert!(!app.desk().setup_is_open(key).await.unwrap());
        let late = app.desk().set_up(key, &email("eve"), "Eve", PASSWORD).await;
        assert!(matches!(late, Err(Refusal::NotFound)));
    }
    assert!(app.desk().setup_link().await.unwrap().is_none());
    assert_eq!(staff::list(app.desk().db.pool()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_setup_link_that_is_used_twice_at_once_makes_one_admin() {
    let app = TestApp::start().await;
    let keys = [setup_key(&app).await, setup_key(&app).await];
    let tasks: Vec<_> = (0..6)
        .map(|n| {
            let (desk, key) = (app.desk().clone(), keys[n % 2].clone());
            let email = Email::parse(&format!("a{n}@postern.example")).unwrap();
            tokio::spawn(async move { desk.set_up(&key, &email, "", PASSWORD).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => made += 1,
            Err(refused) => assert!(matches!(refused, Refusal::NotFound), "{refused:?}"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test]
async fn a_setup_link_that_met_a_taken_address_stays_good() {
    let app = TestApp::start().await;
    let ben = app.staff("ben", Role::Agent).await;
    let key = setup_key(&app).await;
    let taken = app.desk().set_up(&key, &ben.email, "Ben", PASSWORD).await;
    assert!(matches!(taken, Err(Refusal::Invalid(_))));
    let free = Email::parse("ada@postern.example").unwrap();
    app.desk().set_up(&key, &free, "Ada", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_setup_link_is_good_for_a_week() {
    let app = TestApp::start().await;
    let key = setup_key(&app).await;
    app.wait(7 * DAY - MINUTE);
    assert!(app.desk().setup_is_open(&key).await.unwrap());
    app.wait(MINUTE);
    assert!(!app.desk().setup_is_open(&key).await.unwrap());
    let late = app.desk().set_up(&key, &Email::parse("ada@postern.example").unwrap(), "Ada", PASSWORD).await;
    assert!(matches!(late, Err(Refusal::NotFound)));
}
