//! One stream: its request, and the means to answer it.

use super::{Connection, routes};
use crate::{
    body::KEPT,
    journal::Place,
    plan::Asked,
    request::{Fault, Request, bad},
    response::Response,
    routes::{plan, wants_body},
};
use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream, server::SendResponse};
use http::{HeaderName, HeaderValue, request::Parts};
use serde_json::json;
use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::UnixStream;

pub type Answer = Result<(), Fault>;

pub struct Exchange {
    pub connection: Rc<Connection>,
    /// Which request of its connection it is.
    pub nth: u32,
    pub request: Request,
    place: Option<Place>,
    upload: RecvStream,
    respond: SendResponse<Bytes>,
    sending: Option<SendStream<Bytes>>,
}

impl From<h2::Error> for Fault {
    fn from(_: h2::Error) -> Self {
        Fault::Gone
    }
}

impl Exchange {
    /// Logs the request at once: the connection may end before it is answered.
    pub fn new(
        connection: &Rc<Connection>,
        nth: u32,
        request: http::Request<RecvStream>,
        respond: SendResponse<Bytes>,
    ) -> Self {
        let (parts, upload) = request.into_parts();
        let request = head(&parts);
        let logged = !request.path.starts_with("/_");
        let place = logged.then(|| connection.shared.journal.write(&request, connection.id, nth));
        Exchange { connection: Rc::clone(connection), nth, request, place, upload, respond, sending: None }
    }

    /// Answers, or does what is wanted instead.
    pub async fn run(mut self) {
        if let Err(Fault::Bad(message)) = self.answer().await {
            // The client may have left meanwhile.
            let _ = self.reply(Response::json(400, &json!({"error": message}))).await;
        }
    }

    async fn answer(&mut self) -> Answer {
        if wants_body(&self.request.path) {
            self.request.body = self.read_body().await?;
            if let Some(place) = self.place.take() {
                self.connection.shared.journal.add_body(place, self.request.body.clone());
            }
        }
        match plan(&self.asked())? {
            Some(plan) => routes::perform(self, plan).await,
            None => routes::answer(self).await,
        }
    }

    async fn read_body(&mut self) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        while let Some(part) = self.receive().await? {
            let room = KEPT.saturating_sub(body.len()).min(part.len());
            body.extend_from_slice(&part[..room]);
            self.make_room(part.len())?;
        }
        Ok(body)
    }

    /// More of the request's body; nothing at its end.
    pub async fn receive(&mut self) -> Result<Option<Bytes>, Fault> {
        Ok(self.upload.data().await.transpose()?)
    }

    /// So many bytes of it were taken: the client may send as many more.
    pub fn make_room(&mut self, bytes: usize) -> Answer {
        Ok(self.upload.flow_control().release_capacity(bytes)?)
    }

    pub fn turn(&self) -> u64 {
        self.asked().turn()
    }

    fn asked(&self) -> Asked<'_> {
        Asked { request: &self.request, shared: &self.connection.shared }
    }

    pub fn id(&self) -> u32 {
        self.respond.stream_id().as_u32()
    }

    pub async fn reply(&mut self, response: Response) -> Answer {
        let (status, fields, body) = response.into_parts(self.request.is_head());
        self.begin(status, &fields, body.is_empty())?;
        if body.is_empty() { Ok(()) } else { self.send(body.into(), true).await }
    }

    pub fn begin(&mut self, status: u16, fields: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)], last: bool) -> Answer {
        let last = last || self.request.is_head();
        let stream = self.respond.send_response(message(status, fields)?, last)?;
        self.sending = (!last).then_some(stream);
        Ok(())
    }

    pub fn inform(&mut self, status: u16, fields: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> Answer {
        Ok(self.respond.send_informational(message(status, fields)?)?)
    }

    /// As fast as the client takes it.
    pub async fn send(&mut self, mut bytes: Bytes, last: bool) -> Answer {
        let Some(stream) = &mut self.sending else { return Err(Fault::Gone) };
        while !bytes.is_empty() {
            stream.reserve_capacity(bytes.len());
            let capacity = match poll_fn(|cx| stream.poll_capacity(cx)).await {
                Some(capacity) => capacity?.min(bytes.len()),
                None => return Err(Fault::Gone),
            };
            let part = bytes.split_to(capacity);
            stream.send_data(part, last && bytes.is_empty())?;
        }
        Ok(())
    }

    /// Ends a body with trailers.
    pub fn end(&mut self, trailers: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> Answer {
        let Some(stream) = &mut self.sending else { return Err(Fault::Gone) };
        Ok(stream.send_trailers(message(200, trailers)?.into_parts().0.headers)?)
    }

    pub fn reset(&mut self, code: u32) -> Answer {
        self.respond.send_reset(Reason::from(code));
        Ok(())
    }

    /// Silence until the client gives up.
    pub async fn hold(&mut self) -> Answer {
        poll_fn(|cx| self.poll_left(cx)).await
    }

    /// Silence; ends early when the client gives up.
    pub async fn pause(&mut self, duration: Duration) -> Answer {
        self.unless_left(tokio::time::sleep(duration)).await
    }

    /// Silence until the gate lets it through; ends early when the client gives up.
    pub async fn pass_gate(&mut self) -> Answer {
        let entrance = self.connection.shared.gates.entrance(&self.request.key)?;
        // Many streams may wait in one runtime, which takes each descriptor once.
        let entrance = UnixStream::from_std(entrance.try_clone()?)?;
        let passed = self.unless_left(async {
            loop {
                entrance.readable().await?;
                match entrance.try_read(&mut [0]) {
                    // Somebody else was faster.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    outcome => return outcome,
                }
            }
        });
        passed.await??;
        Ok(())
    }

    async fn unless_left<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Fault> {
        let mut future = pin!(future);
        poll_fn(|cx| match self.poll_left(cx) {
            Poll::Ready(_) => Poll::Ready(Err(Fault::Gone)),
            Poll::Pending => future.as_mut().poll(cx).map(Ok),
        })
        .await
    }

    fn poll_left(&mut self, cx: &mut Context) -> Poll<Answer> {
        let reset = match &mut self.sending {
            Some(stream) => stream.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        };
        reset.map(|_| Err(Fault::Gone))
    }
}

/// As HTTP/1.1 would have it: what the authority says stands in `host`.
fn head(parts: &Parts) -> Request {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let mut headers: Vec<(String, String)> =
        parts.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    if let Some(authority) = parts.uri.authority()
        && !parts.headers.contains_key("host")
    {
        headers.insert(0, ("host".to_owned(), authority.to_string()));
    }
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    Request::new("2", parts.method.as_str(), target, headers)
}

fn message(status: u16, fields: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> Result<http::Response<()>, Fault> {
    let mut message = http::Response::builder().status(status);
    for (name, value) in fields {
        let (name, value) = (HeaderName::from_bytes(name.as_ref()), HeaderValue::from_bytes(value.as_ref()));
        match (name, value) {
            (Ok(name), Ok(value)) => message = message.header(name, value),
            _ => return bad("the h2 crate refuses this header"),
        }
    }
    message.body(()).or_else(|_| bad("the h2 crate refuses this status"))
}
