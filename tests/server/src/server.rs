//! All listeners together.

use crate::{
    connection,
    files::Folder,
    http2,
    listener::{Handler, Listener},
    names::{Kind, NAMES, Pem},
    nowhere::{Blackhole, Refused},
    routes,
    shared::Shared,
    socket::{End, Stream},
    tls::{self, Flavour, Pki},
    tunnel,
};
use std::{
    io,
    sync::{Arc, atomic::Ordering},
    thread,
};

/// A running server. Dropping it stops accepting and ends the open connections.
pub struct Server {
    values: Vec<(&'static str, String)>,
    shared: Arc<Shared>,
    listeners: Vec<Listener>,
    refused: Refused,
    blackhole: Blackhole,
    folder: Folder,
}

impl Server {
    pub fn start() -> io::Result<Self> {
        // Making sure that it hangs takes time, during which keys can be made.
        let blackhole = thread::spawn(Blackhole::open);
        let pki = Pki::new()?;
        let mut server = Server {
            values: Vec::new(),
            shared: Arc::new(Shared::new()),
            listeners: Vec::new(),
            refused: Refused::bind()?,
            blackhole: blackhole.join().map_err(|_| io::Error::other("the blackhole panicked"))??,
            folder: Folder::create()?,
        };
        for &(name, kind) in NAMES {
            let value = server.open(name, kind, &pki)?;
            server.values.push((name, value));
        }
        Ok(server)
    }

    fn open(&mut self, name: &str, kind: Kind, pki: &Pki) -> io::Result<String> {
        Ok(match kind {
            Kind::Http => {
                let port =
                    self.listen(|tcp, id, shared| connection::serve(Stream::Plain(tcp), id, shared, routes::answer))?;
                format!("http://127.0.0.1:{port}")
            }
            Kind::Tls(flavour) => format!("https://localhost:{}", self.listen_tls(flavour, pki)?),
            Kind::Http2 { tls: false, settings } => {
                let port =
                    self.listen(move |tcp, id, shared| http2::serve(Stream::Plain(tcp), id, shared, settings))?;
                format!("http://127.0.0.1:{port}")
            }
            Kind::Http2 { tls: true, settings } => {
                let port =
                    self.listen_alpn(pki, move |stream, id, shared| http2::serve(stream, id, shared, settings))?;
                format!("https://localhost:{port}")
            }
            Kind::Http2Trap(trap) => {
                let port = self.listen_alpn(pki, move |stream, _, _| trap.spring(stream))?;
                format!("https://localhost:{port}")
            }
            Kind::Proxy => {
                let context = pki.context(Flavour::OptionalClientCertificate)?;
                let port = self.listen(move |tcp, _, _| match tls::accept(&context, tcp) {
                    (stream, true) => tunnel::serve(Stream::Tls(stream)),
                    (stream, false) => (Stream::Tls(stream), End::Cut),
                })?;
                format!("https://localhost:{port}")
            }
            Kind::Trap(trap) => {
                let port = self.listen(move |tcp, _, _| trap.spring(tcp))?;
                format!("{}:{port}", trap.scheme())
            }
            Kind::Refused => format!("http://127.0.0.1:{}", self.refused.port),
            Kind::Blackhole => format!("http://127.0.0.1:{}", self.blackhole.port()?),
            Kind::File(pem) => {
                let file = format!("{name}.{}", pem.suffix());
                self.folder.write(&file, &pki.pem(pem)?)?.display().to_string()
            }
            Kind::Directory => {
                let file = self.folder.write_below(name, &pki.hashed_name(), &pki.pem(Pem::Authority)?)?;
                file.parent().map_or_else(String::new, |directory| directory.display().to_string())
            }
            Kind::Pin => pki.pin()?,
        })
    }

    fn listen(&mut self, handler: impl Handler) -> io::Result<u16> {
        let listener = Listener::start(&self.shared, handler)?;
        let port = listener.port();
        self.listeners.push(listener);
        Ok(port)
    }

    fn listen_tls(&mut self, flavour: Flavour, pki: &Pki) -> io::Result<u16> {
        let context = pki.context(flavour)?;
        let route = if flavour == Flavour::Truncate { routes::without_close_notify } else { routes::answer };
        self.listen(move |tcp, id, shared| match tls::accept(&context, tcp) {
            (stream, true) => connection::serve(Stream::Tls(stream), id, shared, route),
            (stream, false) => (Stream::Tls(stream), End::Cut),
        })
    }

    /// Clients that do not choose HTTP/2 get the routes over HTTP/1.1.
    fn listen_alpn(
        &mut self,
        pki: &Pki,
        speak: impl Fn(Stream, u64, &Arc<Shared>) -> (Stream, End) + Send + Sync + 'static,
    ) -> io::Result<u16> {
        let context = pki.context(Flavour::Http2)?;
        self.listen(move |tcp, id, shared| match tls::accept(&context, tcp) {
            (stream, true) if tls::chose_http2(&stream) => speak(Stream::Tls(stream), id, shared),
            (stream, true) => connection::serve(Stream::Tls(stream), id, shared, routes::answer),
            (stream, false) => (Stream::Tls(stream), End::Cut),
        })
    }

    /// The URL (or path of a file) behind a name of [`crate::names::NAMES`].
    ///
    /// # Panics
    /// When there is no such name.
    pub fn url(&self, name: &str) -> &str {
        match self.values.iter().find(|(other, _)| *other == name) {
            Some((_, value)) => value,
            None => panic!("testserver has no name {name:?}"),
        }
    }

    /// Every name with its value.
    pub fn values(&self) -> &[(&'static str, String)] {
        &self.values
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.listeners.iter_mut().for_each(Listener::stop);
        self.shared.connections.shut_down();
    }
}
