//! Whole journeys with real servers: Postfix, an SMTP sink, a browser, a process that is killed.

mod browser;
mod crash;
mod edges;
mod feeds;
mod gateways;
mod inbound;
mod postfix;
mod resolver;
