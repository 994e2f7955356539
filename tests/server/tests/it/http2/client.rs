//! A client that keeps to the rules, the h2 crate's: what it takes for an answer or an error is one.

use crate::client::{Ending, address};
use bytes::Bytes;
use h2::{
    Error, Reason, RecvStream,
    client::{Builder, SendRequest},
};
use http::{HeaderMap, Request};
use serde_json::Value;
use std::{future::Future, time::Duration};
use testserver::Server;
use tokio::{
    net::TcpStream,
    runtime::{self, Runtime},
    task::JoinHandle,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client {
    runtime: Runtime,
    requests: SendRequest<Bytes>,
    connection: JoinHandle<Result<(), Error>>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// What came of a request: an answer, or the error and what had come before.
pub type Outcome = Result<Reply, (Option<Box<Reply>>, Error)>;

impl Client {
    /// On one connection without TLS.
    pub fn new(server: &Server) -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (requests, connection) = runtime.block_on(async {
            let tcp = TcpStream::connect(address(server.url("h2c"))).await.expect("connects");
            let (requests, connection) = Builder::new().enable_push(false).handshake(tcp).await.expect("greets");
            (requests, tokio::spawn(connection))
        });
        Client { runtime, requests, connection }
    }

    pub fn get(&mut self, target: &str) -> Reply {
        self.try_get(target).unwrap_or_else(|(_, error)| panic!("{target}: {error}"))
    }

    pub fn try_get(&mut self, target: &str) -> Outcome {
        let asked = self.ask(target);
        self.wait(asked)
    }

    /// Why the stream was reset.
    pub fn reason(&mut self, target: &str) -> Option<Reason> {
        self.try_get(target).expect_err(target).1.reason()
    }

    /// Sends the request, whose answer must be waited for.
    pub fn ask(&mut self, target: &str) -> impl Future<Output = Outcome> + use<> {
        self.send("GET", target, None)
    }

    pub fn head(&mut self, target: &str) -> Reply {
        let asked = self.send("HEAD", target, None);
        self.wait(asked).unwrap_or_else(|(_, error)| panic!("{target}: {error}"))
    }

    pub fn post(&mut self, target: &str, body: impl Into<Bytes>) -> Outcome {
        let asked = self.send("POST", target, Some(body.into()));
        self.wait(asked)
    }

    fn send(&mut self, method: &str, target: &str, body: Option<Bytes>) -> impl Future<Output = Outcome> + use<> {
        let uri = format!("http://test.example{target}");
        let request = Request::builder().method(method).uri(uri).body(()).expect("a request");
        let mut requests = self.runtime.block_on(self.requests.clone().ready()).expect("a living connection");
        let (response, mut upload) = requests.send_request(request, body.is_none()).expect("a stream");
        if let Some(body) = body {
            upload.send_data(body, true).expect("buffers");
        }
        // So that it is on its way before the next is asked.
        self.runtime.block_on(tokio::task::yield_now());
        async move {
            let response = response.await.map_err(|error| (None, error))?;
            let (parts, body) = response.into_parts();
            let mut reply = Reply { status: parts.status.as_u16(), headers: parts.headers, body: Vec::new() };
            match read(body, &mut reply.body).await {
                Ok(()) => Ok(reply),
                Err(error) => Err((Some(Box::new(reply)), error)),
            }
        }
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { timeout(PATIENCE, future).await.expect("in time") })
    }

    /// How the connection ends when the server ends it.
    pub fn ending(self) -> Ending {
        let ended = self.runtime.block_on(async { timeout(PATIENCE, self.connection).await.expect("in time") });
        // Before that it would have been the client that ended it.
        drop(self.requests);
        match ended {
            Ok(Ok(())) => Ending::Fin,
            Ok(Err(error)) => match error.get_io().expect("an error of the socket").kind() {
                std::io::ErrorKind::ConnectionReset => Ending::Reset,
                _ => Ending::Fin,
            },
            Err(error) => panic!("{error}"),
        }
    }
}

async fn read(mut stream: RecvStream, body: &mut Vec<u8>) -> Result<(), Error> {
    while let Some(part) = stream.data().await {
        let part = part?;
        stream.flow_control().release_capacity(part.len())?;
        body.extend(part);
    }
    Ok(())
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}
