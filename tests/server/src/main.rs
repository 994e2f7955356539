//! The scripted server as a program: it wraps a command, or serves until its input ends.

mod signals;
mod wrap;

use serde_json::{Map, Value};
use std::{
    ffi::OsString,
    io::{self, Read, Write},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};
use testserver::Server;

const USAGE: &str = "usage: testserver run [--lifetime SECONDS] -- COMMAND ARG...\n       testserver serve";

/// What the server's own failures exit with, as with env(1) and timeout(1).
const FAILED: u8 = 125;

enum Order {
    Run { lifetime: Duration, command: Vec<OsString> },
    Serve,
}

fn main() -> ExitCode {
    // Before any thread starts, since threads inherit the mask.
    signals::block();
    signals::die_with_parent();
    let Some(order) = parse(std::env::args_os().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(FAILED);
    };
    let outcome = Server::start().and_then(|server| match order {
        Order::Run { lifetime, command } => wrap::run(&server, lifetime, &command),
        Order::Serve => serve(&server),
    });
    ExitCode::from(outcome.unwrap_or_else(|error| {
        eprintln!("testserver: {error}");
        FAILED
    }))
}

fn parse(mut words: impl Iterator<Item = OsString>) -> Option<Order> {
    let order = words.next()?;
    if order == "serve" {
        return words.next().is_none().then_some(Order::Serve);
    }
    let mut lifetime = Duration::from_secs(120);
    let mut word = words.next()?;
    if word == "--lifetime" {
        lifetime = Duration::try_from_secs_f64(words.next()?.to_str()?.parse().ok()?).ok()?;
        word = words.next()?;
    }
    let command: Vec<OsString> = words.collect();
    (order == "run" && word == "--" && !command.is_empty()).then_some(Order::Run { lifetime, command })
}

fn serve(server: &Server) -> io::Result<u8> {
    let values: Map<String, Value> =
        server.values().iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    let mut output = io::stdout().lock();
    writeln!(output, "{}", Value::from(values))?;
    output.flush()?;
    let (sender, receiver) = mpsc::channel();
    let input_ended = sender.clone();
    thread::spawn(move || {
        // An unreadable input is an ended one.
        let _ = io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink());
        let _ = input_ended.send(0);
    });
    signals::on_signal(move |signal| {
        // The main thread may be on its way out already.
        let _ = sender.send(signals::exit_code(signal));
    });
    receiver.recv().map_err(io::Error::other)
}
