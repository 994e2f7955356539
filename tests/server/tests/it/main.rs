//! Each route and listener really does what it says, seen from raw sockets.

mod broken;
mod client;
mod demo;
mod events;
mod http2;
mod log;
mod nowhere;
mod pace;
mod plain;
mod retry;
mod stale;
mod tls;
mod wrapper;

use testserver::Server;

fn start() -> Server {
    Server::start().expect("the server starts")
}
