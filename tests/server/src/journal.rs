//! The log of requests, by key: what a test asks afterwards.

use crate::{request::Request, shared::lock};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::Instant,
};

/// Older requests of a key are dropped (but still counted), so that a day's soak fits into memory.
const KEPT_PER_KEY: usize = 10_000;

pub struct Journal {
    start: Instant,
    pages: Mutex<HashMap<String, Page>>,
}

#[derive(Default)]
struct Page {
    written: u64,
    lines: VecDeque<Line>,
}

struct Line {
    number: u64,
    request: Value,
    body: Option<Vec<u8>>,
}

/// Where a request stands in the log, so that its body can be added.
pub struct Place {
    key: String,
    number: u64,
}

impl Journal {
    pub fn new() -> Self {
        Journal { start: Instant::now(), pages: Mutex::default() }
    }

    pub fn write(&self, request: &Request, connection: u64, request_on_connection: u32) -> Place {
        let mut headers = serde_json::Map::new();
        for (name, value) in &request.headers {
            let values = headers.entry(name.to_ascii_lowercase()).or_insert_with(|| json!([]));
            values.as_array_mut().expect("only arrays are put in").push(json!(value));
        }
        let value = json!({
            "version": request.version, "method": request.method, "path": request.path, "query": request.query.raw, "headers": headers,
            "connection": connection, "request_on_connection": request_on_connection,
            "t_ms": self.start.elapsed().as_secs_f64() * 1000.0,
        });
        let mut pages = lock(&self.pages);
        let page = pages.entry(request.key.clone()).or_default();
        page.written += 1;
        page.lines.push_back(Line { number: page.written, request: value, body: None });
        if page.lines.len() > KEPT_PER_KEY {
            page.lines.pop_front();
        }
        Place { key: request.key.clone(), number: page.written }
    }

    pub fn add_body(&self, place: Place, body: Vec<u8>) {
        let mut pages = lock(&self.pages);
        let Some(page) = pages.get_mut(&place.key) else { return };
        if let Some(line) = page.lines.iter_mut().rev().find(|line| line.number == place.number) {
            line.body = Some(body);
        }
    }

    pub fn count(&self, key: &str) -> u64 {
        lock(&self.pages).get(key).map_or(0, |page| page.written)
    }

    pub fn count_body(&self, key: &str, text: &[u8]) -> usize {
        let pages = lock(&self.pages);
        let bodies =
            pages.get(key).into_iter().flat_map(|page| page.lines.iter().filter_map(|line| line.body.as_ref()));
        bodies.filter(|body| text.is_empty() || body.windows(text.len()).any(|window| window == text)).count()
    }

    pub fn lines(&self, key: &str) -> Value {
        let pages = lock(&self.pages);
        pages.get(key).into_iter().flat_map(|page| page.lines.iter().map(Line::to_json)).collect()
    }

    pub fn forget(&self, key: Option<&str>) {
        match key {
            Some(key) => drop(lock(&self.pages).remove(key)),
            None => lock(&self.pages).clear(),
        }
    }
}

impl Line {
    fn to_json(&self) -> Value {
        let mut value = self.request.clone();
        value["body"] = json!(String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()));
        value["body_complete"] = json!(self.body.is_some());
        value
    }
}
