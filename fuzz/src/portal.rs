//! A portal whose list has an address, a range with an exemption's hole and an IPv6 network: what the listeners answer from.

use std::future::Future;
use std::sync::LazyLock;

use postern::app;
use postern::config::Config;
use postern::domain::block::NewBlock;
use postern::domain::net::Net;
use postern::domain::ticket::Who;
use postern::domain::time::Clock;
use postern::gateways::Judge;
use tokio::runtime::{Builder, Runtime};

/// What the listeners answer from.
pub static JUDGE: LazyLock<Judge> = LazyLock::new(|| wait(judge()));

/// What the database and the readers run on.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

/// Runs to the end what never has to wait for anybody else.
pub fn wait<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// Makes a portal in a folder that stays.
async fn judge() -> Judge {
    let folder = tempfile::tempdir().unwrap().keep();
    let settings = format!(
        "database.url = \"sqlite:{}/fuzz.db\"\ngateways.dnsbl.zone = \"bl.test\"\ngateways.dnsbl.rate = 100000000\n",
        folder.display()
    );
    let file = folder.join("postern.toml");
    std::fs::write(&file, settings).unwrap();
    let desk = app::open(Config::read(Some(&file), false).unwrap(), Clock::System).await.unwrap().desk;
    for net in ["203.0.113.7", "198.51.100.0/24", "2001:db8:7::/64"] {
        let new = NewBlock {
            net: Net::parse(net).unwrap(),
            cause: "PB-SPAM".to_owned(),
            lasts: None,
            note: String::new(),
            source: "fuzz".to_owned(),
            evidence_at: None,
        };
        desk.add_block(&Who::operator(), new).await.unwrap();
    }
    desk.lift_only(&Who::operator(), Net::parse("198.51.100.9").unwrap(), "a hole").await.unwrap();
    Judge {
        blocklist: desk.blocklist.clone(),
        content: desk.content.clone(),
        config: desk.config.clone(),
        clock: desk.clock.clone(),
        sightings: tokio::sync::mpsc::channel(1).0,
    }
}
