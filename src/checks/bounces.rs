//! Whether mail to the domain of the sender, such as a bounce, arrives anywhere (RFC 5321, 5.1; RFC 7505).

use futures_util::future::join_all;

use super::dns::{Answer, Exchanger, Inquiry, Miss};
use super::{Found, Outcome, end};

/// How many exchangers are followed.
const FOLLOWED_MOST: usize = 5;

/// Asks for the exchangers of the domain, or for its own address when it has none.
pub(super) async fn check(inquiry: &Inquiry<'_>, domain: &str) -> Found {
    let name = vec![("domain", domain.to_owned())];
    match inquiry.mx(domain).await {
        Ok(all) if all.iter().all(|mx| mx.host.is_empty()) => end(Outcome::Fail, "bounces-null-mx", name),
        Ok(all) => follow(inquiry, domain, &all).await,
        Err(Miss::Failed) => end(Outcome::Unknown, "no-answer", Vec::new()),
        Err(Miss::NoName) => end(Outcome::Fail, "bounces-no-domain", name),
        Err(Miss::NoData) => match inquiry.addrs(domain).await {
            Ok(_) => end(Outcome::Warn, "bounces-address-only", name),
            Err(Miss::Failed) => end(Outcome::Unknown, "no-answer", Vec::new()),
            Err(_) => end(Outcome::Fail, "bounces-nowhere", name),
        },
    }
}

/// Looks whether the exchangers exist.
async fn follow(inquiry: &Inquiry<'_>, domain: &str, all: &[Exchanger]) -> Found {
    let hosts: Vec<&str> =
        all.iter().map(|mx| mx.host.as_str()).filter(|host| !host.is_empty()).take(FOLLOWED_MOST).collect();
    let answers: Vec<Answer<_>> = join_all(hosts.iter().map(|host| inquiry.addrs(host))).await;
    let values = |hosts: Vec<&str>| vec![("domain", domain.to_owned()), ("hosts", hosts.join(", "))];
    let dead: Vec<&str> = hosts
        .iter()
        .zip(&answers)
        .filter(|(_, a)| matches!(a, Err(Miss::NoName | Miss::NoData)))
        .map(|(host, _)| *host)
        .collect();
    if answers.iter().any(Result::is_ok) {
        let whole = dead.is_empty();
        return if whole {
            end(Outcome::Pass, "bounces-mx", values(hosts))
        } else {
            end(Outcome::Warn, "bounces-mx-partly", values(dead))
        };
    }
    if answers.contains(&Err(Miss::Failed)) {
        return end(Outcome::Unknown, "no-answer", Vec::new());
    }
    end(Outcome::Fail, "bounces-mx-dead", values(hosts))
}
