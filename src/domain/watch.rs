//! Watches: somebody who showed control over a network is told when it is blocked or lifted.

use super::block::BlockState;
use super::email::Email;
use super::id::Id;
use super::net::Net;
use super::time::{DAY, HOUR, MINUTE, Time};
use super::words::words;

/// The shortest pause between two mails of a watch.
const PAUSE_LEAST: i64 = 15 * MINUTE;

/// The longest.
const PAUSE_MOST: i64 = 6 * HOUR;

words! {
    /// What happened to a watched network.
    What {
        /// It was blocked.
        Blocked = "blocked",
        /// The block was lifted.
        Lifted = "lifted",
        /// The block ended by itself.
        Ended = "ended",
    }
}

impl What {
    /// What a block in this state tells.
    #[must_use]
    pub fn of(state: BlockState) -> Option<Self> {
        match state {
            BlockState::Live => Some(Self::Blocked),
            BlockState::Lifted => Some(Self::Lifted),
            BlockState::Expired | BlockState::Dropped => Some(Self::Ended),
            BlockState::Staged => None,
        }
    }
}

/// A watch. Only hashes of its secrets are stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Watch {
    /// Its key.
    pub id: Id,
    /// What is watched.
    pub net: Net,
    /// Who is told.
    pub email: Email,
    /// The language of its mails.
    pub lang: String,
    /// The request by which control was shown.
    pub ticket_id: Id,
    /// When it was asked for.
    pub created_at: Time,
    /// When the mail address confirmed it.
    pub begun_at: Option<Time>,
    /// When it was ended.
    pub ended_at: Option<Time>,
    /// When its last mail was queued.
    pub told_at: Option<Time>,
    /// How long it was quiet after that.
    pub pause: i64,
}

impl Watch {
    /// Whether it tells.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.begun_at.is_some() && self.ended_at.is_none()
    }

    /// How long it is quiet after a mail at `now`: longer each time, unless there was a day of peace.
    #[must_use]
    pub fn next_pause(&self, now: Time) -> i64 {
        match self.told_at {
            Some(told) if now.since(told) < DAY => (self.pause * 2).clamp(PAUSE_LEAST, PAUSE_MOST),
            _ => PAUSE_LEAST,
        }
    }
}

/// One thing that happened to a watched network.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct News {
    /// Its key.
    pub id: Id,
    /// What it happened to: the network of the block, or what was taken out of it.
    pub net: Net,
    /// What happened.
    pub what: What,
    /// When.
    pub at: Time,
    /// The cause of the block.
    pub cause: String,
    /// The code of its case link.
    pub case_code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_a_day_of_peace() {
        let mut watch = Watch {
            id: Id(1),
            net: Net::parse("203.0.113.7").unwrap(),
            email: Email::parse("ann@sender.example").unwrap(),
            lang: "en".to_owned(),
            ticket_id: Id(1),
            created_at: Time(0),
            begun_at: Some(Time(0)),
            ended_at: None,
            told_at: None,
            pause: 0,
        };
        let mut now = Time(1_000);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            watch.pause = watch.next_pause(now);
            watch.told_at = Some(now);
            pauses.push(watch.pause / MINUTE);
            now = now.plus(watch.pause);
        }
        assert_eq!(pauses, [15, 30, 60, 120, 240, 360, 360]);
        assert_eq!(watch.next_pause(now.plus(DAY)), PAUSE_LEAST);
    }
}
