//! A watch: its page, where it is begun and ended, and its feeds.

use askama::Template;
use askama_web::WebTemplate;
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::status::unlisted;
use crate::app::App;
use crate::domain::time::{MINUTE, Time};
use crate::domain::watch::{News, Watch};
use crate::locale::texts;
use crate::mail::notice;
use crate::store::watches;
use crate::web::client::Client;
use crate::web::error::Result;
use crate::web::extract::Path;
use crate::web::guard;
use crate::web::shell::Shell;

/// How many tokens a visitor may try in a minute.
const TRIES_MOST: i64 = 60;

/// How much of what happened is shown.
const NEWS_MOST: i64 = 50;

/// One thing that happened, as it is shown.
#[derive(Debug)]
struct Item {
    /// In a sentence.
    title: String,
    /// The case link; with what tells two items of one block apart.
    link: String,
    /// Its key.
    id: String,
    /// When.
    at: Time,
}

/// The page.
#[derive(Template, WebTemplate)]
#[template(path = "public/watch.html")]
struct Page {
    /// What all pages share.
    shell: Shell,
    /// The watch.
    watch: Watch,
    /// Its secret, for the targets of the forms.
    token: String,
    /// Where its feeds begin.
    feed: String,
    /// What happened.
    items: Vec<Item>,
}

/// The feed as Atom (RFC 4287).
#[derive(Template)]
#[template(path = "public/watch.xml")]
struct Atom {
    /// Its title.
    title: String,
    /// Its address, which is its name as well.
    link: String,
    /// The page of the network.
    page: String,
    /// Who writes it.
    author: String,
    /// When something happened last.
    updated: Time,
    /// What happened.
    items: Vec<Item>,
}

/// Shows the page. Opening it does nothing: scanners of mail open links too.
pub async fn show(
    State(app): State<App>,
    Client(client): Client,
    Path(token): Path<String>,
    shell: Shell,
) -> Result<Response> {
    guard::count(&app, "watch", client, MINUTE, TRIES_MOST).await?;
    let watch = app.desk.watch_of(&token).await?;
    page(&app, shell, watch, token).await
}

/// Begins it.
pub async fn begin(State(app): State<App>, Client(client): Client, Path(token): Path<String>) -> Result<Redirect> {
    guard::count(&app, "watch", client, MINUTE, TRIES_MOST).await?;
    app.desk.begin_watch(&token).await?;
    Ok(Redirect::to(&format!("/watches/{token}")))
}

/// Ends it: for the button of the page, and for mail programs that post there (RFC 8058), which follow no redirect.
pub async fn end(
    State(app): State<App>,
    Client(client): Client,
    Path(token): Path<String>,
    shell: Shell,
) -> Result<Response> {
    guard::count(&app, "watch", client, MINUTE, TRIES_MOST).await?;
    let watch = app.desk.end_watch(&token).await?;
    page(&app, shell, watch, token).await
}

/// Puts the page together.
async fn page(app: &App, shell: Shell, watch: Watch, token: String) -> Result<Response> {
    let items = items(app, &watch).await?;
    let feed = app.desk.feed_link(watch.id);
    Ok(unlisted(Page { shell, watch, token, feed, items }.into_response()))
}

/// What happened, newest first, in the language of the watch.
async fn items(app: &App, watch: &Watch) -> Result<Vec<Item>> {
    let (texts, setting) = (texts(&watch.lang), app.desk.notice_setting());
    let item = |news: News| {
        let link = notice::case_link(setting, &news.case_code);
        let title = notice::news_words(&texts, setting, &watch.lang, &news);
        Item { title, id: format!("{link}#{}", news.id), link, at: news.at }
    };
    Ok(watches::newest(app.desk.db.pool(), watch.id, NEWS_MOST).await?.into_iter().map(item).collect())
}

/// The title of the feeds.
fn feed_title(app: &App, watch: &Watch) -> String {
    texts(&watch.lang).t2("watch-feed-title", "net", watch.net, "provider", &app.desk.config.provider)
}

/// Where the address can be looked up; of a range, each of its addresses.
fn check_link(app: &App, watch: &Watch) -> String {
    let url = &app.desk.config.http.public_url;
    if watch.net.is_single() { format!("{url}/check?q={}", watch.net) } else { format!("{url}/check") }
}

/// The feed as Atom.
pub async fn atom(State(app): State<App>, Path(token): Path<String>) -> Result<Response> {
    let watch = app.desk.watch_of_feed(&token).await?;
    let items = items(&app, &watch).await?;
    let feed = Atom {
        title: feed_title(&app, &watch),
        link: format!("{}.atom", app.desk.feed_link(watch.id)),
        page: check_link(&app, &watch),
        author: app.desk.config.provider.clone(),
        updated: items.first().map_or(watch.begun_at.unwrap_or(watch.created_at), |item| item.at),
        items,
    };
    let text = feed.render().map_err(anyhow::Error::from)?;
    Ok(unlisted(([(CONTENT_TYPE, "application/atom+xml; charset=utf-8")], text).into_response()))
}

/// The feed as JSON (JSON Feed 1.1).
pub async fn json(State(app): State<App>, Path(token): Path<String>) -> Result<Response> {
    let watch = app.desk.watch_of_feed(&token).await?;
    let items: Vec<_> = items(&app, &watch).await?.into_iter().map(|item| {
        json!({ "id": item.id, "url": item.link, "title": item.title, "content_text": item.title, "date_published": item.at.rfc3339() })
    }).collect();
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed_title(&app, &watch),
        "home_page_url": check_link(&app, &watch),
        "feed_url": format!("{}.json", app.desk.feed_link(watch.id)),
        "authors": [{ "name": app.desk.config.provider }],
        "items": items,
    });
    Ok(unlisted(([(CONTENT_TYPE, "application/feed+json")], Json(feed)).into_response()))
}
