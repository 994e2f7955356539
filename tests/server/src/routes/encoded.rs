//! Bodies in content codings (RFC 9110 section 8.4), whole and broken.

use super::{parameter, pattern, status_code};
use crate::plan::{Asked, Planned};
use crate::request::{Fault, bad};
use crate::response::Response;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write;
use std::sync::OnceLock;

/// `codings` in the order in which they are applied.
pub fn answer(x: &Asked, codings: &str) -> Planned {
    let query = &x.request.query;
    let plain = match query.get("body") {
        Some(body) => body.to_vec(),
        None => pattern(0..parameter(x.request, "bytes", 1000)?),
    };
    let mut body = codings.split(',').try_fold(plain, |plain, coding| apply(coding, &plain))?;
    match query.text("fault").as_deref() {
        None => {}
        Some("truncate") => body.truncate(body.len() - body.len().min(5)),
        Some("corrupt") => {
            let middle = body.len() / 2;
            body[middle..].iter_mut().for_each(|byte| *byte ^= 0x55);
        }
        Some("behind") => body.extend(b"\0\0behind it"),
        Some("padding") => body.resize(body.len() + (1 << 20), 0),
        Some(other) => return bad(format!("bad fault: {other}")),
    }
    let name = query.text("name").unwrap_or_else(|| codings.replace("raw-", ""));
    let kind = query.text("type").unwrap_or_else(|| "application/octet-stream".to_owned());
    let status = status_code(&query.text("status").unwrap_or_else(|| "200".to_owned()))?;
    x.reply(Response::new(status, &kind, body).header("Content-Encoding", name))
}

fn apply(coding: &str, plain: &[u8]) -> Result<Vec<u8>, Fault> {
    let level = Compression::default();
    let done = match coding {
        "identity" => Ok(plain.to_vec()),
        "gzip" => written(GzEncoder::new(Vec::new(), level), plain, GzEncoder::finish),
        "deflate" => written(ZlibEncoder::new(Vec::new(), level), plain, ZlibEncoder::finish),
        "raw-deflate" => written(DeflateEncoder::new(Vec::new(), level), plain, DeflateEncoder::finish),
        "br" => {
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &plain[..], &mut out, &Default::default()).map(|_| out)
        }
        "zstd" => {
            let mut out = Vec::with_capacity(zstd_safe::compress_bound(plain.len()));
            zstd_safe::compress(&mut out, plain, 3).expect("as much room as it may need");
            Ok(out)
        }
        other => return bad(format!("bad coding: {other}")),
    };
    Ok(done.expect("memory takes all"))
}

fn written<W: Write>(
    mut encoder: W,
    plain: &[u8],
    finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>,
) -> std::io::Result<Vec<u8>> {
    encoder.write_all(plain)?;
    finish(encoder)
}

/// So many gigabytes of zeros in a thousandth of that.
pub fn bomb(x: &Asked) -> Planned {
    static MEMBER: OnceLock<Vec<u8>> = OnceLock::new();
    const MEMBER_MB: usize = 64;
    let member = MEMBER.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1 << 20];
        (0..MEMBER_MB).try_for_each(|_| encoder.write_all(&zeros)).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    });
    let gb: usize = parameter(x.request, "gb", 4)?;
    let body = member.repeat(gb * 1024 / MEMBER_MB);
    x.reply(Response::new(200, "application/octet-stream", body).header("Content-Encoding", "gzip"))
}
