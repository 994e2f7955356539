//! The work of flight.h: so many requests in flight on one thread, with hyper and with reqwest's asynchronous client.

use super::cpu_us;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// Each of `in_flight` tasks makes one request after the other until all are made; the CPU of each after a warm-up.
fn keep_in_flight<F: Future<Output = usize>>(count: u64, in_flight: u64, length: usize, request: impl Fn() -> F + 'static)
where
    F: 'static,
{
    let warm_up = count / 10 + 2 * in_flight;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (ended, before) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0.0)));
    let request = Rc::new(request);
    let launched = Rc::new(Cell::new(0));
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let (request, launched, ended, before) = (request.clone(), launched.clone(), ended.clone(), before.clone());
                tokio::task::spawn_local(async move {
                    while launched.get() < count + warm_up {
                        launched.set(launched.get() + 1);
                        assert_eq!(request().await, length);
                        ended.set(ended.get() + 1);
                        if ended.get() == warm_up {
                            before.set(cpu_us());
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    println!("cpu_us {:.4} kb 0", (cpu_us() - before.get()) / count as f64);
}

pub fn hyper(count: u64, in_flight: u64, url: &str, length: usize) {
    let url: hyper::Uri = url.parse().unwrap();
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    keep_in_flight(count, in_flight, length, move || {
        let response = client.get(url.clone());
        async move { response.await.unwrap().into_body().collect().await.unwrap().to_bytes().len() }
    });
}

pub fn reqwest(count: u64, in_flight: u64, url: &str, length: usize) {
    let url: reqwest::Url = url.parse().unwrap();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
    keep_in_flight(count, in_flight, length, move || {
        let request = client.get(url.clone()).send();
        async move { request.await.unwrap().bytes().await.unwrap().len() }
    });
}
