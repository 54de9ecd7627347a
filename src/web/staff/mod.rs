//! Pages for staff: the queue, tickets, the block list, the outbox, the team.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub mod account;
pub mod acts;
pub mod audit;
pub mod block;
pub mod blocks;
pub mod bulk;
pub mod canned;
pub mod effect;
pub mod evidence;
pub mod exemptions;
pub mod facts;
pub mod gateways;
pub mod imports;
pub mod lift;
pub mod outbox;
pub mod pieces;
pub mod queue;
pub mod search;
pub mod setup;
pub mod sign_in;
pub mod team;
pub mod ticket;
pub mod timeline;
pub mod view;

/// All routes of staff, below `/staff`, but the forms that sign somebody in.
pub fn router() -> Router<App> {
    Router::new()
        .route("/staff", get(queue::home))
        .route("/staff/sign-in", get(sign_in::form))
        .route("/staff/sign-out", post(sign_in::leave))
        .route("/staff/setup", get(setup::form))
        .route("/staff/tickets", get(queue::show))
        .route("/staff/tickets/{code}", get(ticket::show))
        .route("/staff/tickets/{code}/assignment", post(acts::assign))
        .route("/staff/tickets/{code}/notes", post(acts::note))
        .route("/staff/tickets/{code}/answers", post(acts::answer))
        .route("/staff/tickets/{code}/resolution", post(acts::resolve))
        .route("/staff/tickets/{code}/reopening", post(acts::reopen))
        .route("/staff/tickets/{code}/clearance", post(acts::clear))
        .route("/staff/tickets/{code}/checks", post(acts::check_again))
        .route("/staff/tickets/{code}/lift", post(acts::lift))
        .route("/staff/evidence/{id}", get(evidence::download))
        .route("/staff/blocks", get(blocks::show).post(blocks::add))
        .route("/staff/blocks/{id}", get(block::show))
        .route("/staff/blocks/{id}/end-set", post(block::set_end))
        .route("/staff/blocks/{id}/lift", post(block::lift))
        .route("/staff/exemptions", get(exemptions::show).post(exemptions::add))
        .route("/staff/exemptions/{id}/end", post(exemptions::end))
        .route("/staff/imports", get(imports::show))
        .route("/staff/imports/lifts", get(bulk::form).post(bulk::begin))
        .route("/staff/imports/lifts/{id}", get(bulk::show))
        .route("/staff/imports/lifts/{id}/undo", post(bulk::undo))
        .route("/staff/imports/{id}/undo", post(imports::undo))
        .route("/staff/gateways", get(gateways::show))
        .route("/staff/outbox", get(outbox::index))
        .route("/staff/outbox/{id}", get(outbox::show))
        .route("/staff/outbox/{id}/retry", post(outbox::retry))
        .route("/staff/team", get(team::show).post(team::add))
        .route("/staff/team/{id}/role", post(team::set_role))
        .route("/staff/team/{id}/disable", post(team::disable))
        .route("/staff/team/{id}/enable", post(team::enable))
        .route("/staff/team/{id}/password", post(team::set_password))
        .route("/staff/account", get(account::show))
        .route("/staff/account/password", post(account::set_password))
        .route("/staff/account/sessions", post(account::end_session))
        .route("/staff/audit", get(audit::show))
}
