//! Postern, the postmaster portal of a mail provider.

pub mod app;
pub mod blocklist;
pub mod checks;
pub mod cli;
pub mod config;
pub mod content;
pub mod desk;
pub mod domain;
pub mod edge;
pub mod evidence;
pub mod gateways;
pub mod jobs;
pub mod locale;
pub mod mail;
pub mod store;
pub mod web;
