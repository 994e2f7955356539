//! The work of bench.h with isahc and with reqwest's blocking client, `peers COUNT THREADS URL LENGTH CA PEER`, on one thread; and
//! that of flight.h, with the number of requests in flight in place of threads.

mod many;

use std::io::Read;
use std::time::Duration;

fn cpu_us() -> f64 {
    let mut used = unsafe { std::mem::zeroed::<libc::rusage>() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut used) };
    let us = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
    us(used.ru_utime) + us(used.ru_stime)
}

fn measure(count: u64, mut request: impl FnMut()) {
    for _ in 0..count / 10 + 1 {
        request();
    }
    let before = cpu_us();
    for _ in 0..count {
        request();
    }
    println!("cpu_us {:.4} kb 0", (cpu_us() - before) / count as f64);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (count, url): (u64, &str) = (arguments[1].parse().unwrap(), &arguments[3]);
    let length: usize = arguments[4].parse().unwrap();
    match arguments[6].as_str() {
        "isahc" => {
            use isahc::config::Configurable;
            let client = isahc::HttpClient::builder().timeout(Duration::from_secs(60)).build().unwrap();
            measure(count, || {
                let mut body = Vec::new();
                client.get(url).unwrap().body_mut().read_to_end(&mut body).unwrap();
                assert_eq!(body.len(), length);
            });
        }
        "reqwest" => {
            let client = reqwest::blocking::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
            measure(count, || assert_eq!(client.get(url).send().unwrap().bytes().unwrap().len(), length));
        }
        "hyper" => many::hyper(count, arguments[2].parse().unwrap(), url, length),
        "reqwest-async" => many::reqwest(count, arguments[2].parse().unwrap(), url, length),
        other => panic!("no peer is called {other}"),
    }
}
