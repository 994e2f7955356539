//! Content codings (RFC 9110 section 8.4), undone piece by piece.

use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use httpclient::client::content::{Coding, DecodeError, Decoder};
use proptest::prelude::*;
use std::io::Write;

fn coded(name: &str, plain: &[u8]) -> Vec<u8> {
    let level = Compression::default();
    match name {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
        }
        "raw deflate" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(plain).and_then(|()| encoder.finish()).expect("memory")
        }
        "zstd" => {
            let mut out = Vec::with_capacity(zstd_safe::compress_bound(plain.len()));
            zstd_safe::compress(&mut out, plain, 3).expect("room");
            out
        }
        "br" => {
            let mut out = Vec::new();
            brotli::BrotliCompress(&mut &plain[..], &mut out, &Default::default()).expect("memory");
            out
        }
        other => panic!("{other}"),
    }
}

fn decoder(content_encoding: &str) -> Decoder {
    Decoder::new(std::iter::once(content_encoding.as_bytes())).expect("something to undo")
}

/// In pieces of `piece` bytes, with `room` for so many at once.
fn decoded(decoder: &mut Decoder, coded: &[u8], piece: usize, room: usize) -> Result<Vec<u8>, DecodeError> {
    let mut all = Vec::new();
    for mut input in coded.chunks(piece.max(1)) {
        loop {
            let mut some = Vec::new();
            decoder.decode(&mut input, &mut some, room)?;
            all.extend_from_slice(&some);
            if some.len() < room {
                break;
            }
        }
        assert!(input.is_empty(), "what has no more output is taken whole");
    }
    decoder.finish().map(|()| all)
}

fn name_of(coding: &str) -> &str {
    if coding == "raw deflate" { "deflate" } else { coding }
}

const ALL: [&str; 5] = ["gzip", "deflate", "raw deflate", "br", "zstd"];

#[test]
fn every_coding_is_undone() {
    for coding in ALL {
        let body = coded(coding, b"the quick brown fox");
        assert_eq!(
            decoded(&mut decoder(name_of(coding)), &body, 4096, 4096).as_deref(),
            Ok(&b"the quick brown fox"[..]),
            "{coding}"
        );
    }
}

#[test]
fn names_are_compared_without_case_and_x_gzip_is_gzip() {
    for name in ["GZIP", "x-gzip", "identity, gzip", " gzip ,"] {
        assert_eq!(decoded(&mut decoder(name), &coded("gzip", b"x"), 9, 9).as_deref(), Ok(&b"x"[..]), "{name}");
    }
    for name in ["", "identity", " , identity"] {
        assert!(Decoder::new(std::iter::once(name.as_bytes())).is_none(), "{name}");
    }
}

#[test]
fn codings_on_top_of_each_other_are_undone_from_the_last_to_the_first() {
    let plain: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    let body = coded("br", &coded("zstd", &coded("gzip", &plain)));
    let fields = [&b"gzip, zstd"[..], b"br"];
    let mut decoder = Decoder::new(fields.into_iter()).expect("codings");
    assert_eq!(decoded(&mut decoder, &body, 100, 1000), Ok(plain));
}

#[test]
fn a_coding_may_wait_long_for_the_one_on_top_of_it() {
    let plain: Vec<u8> = (0..3000_u32).map(|i| (i * i % 253) as u8).collect();
    for inner in ALL {
        let inside = coded(inner, &plain);
        let (begin, rest) = inside.split_at(inside.len() / 2);
        // The name in its header is no content.
        let mut second = GzBuilder::new().filename("long".repeat(30)).write(Vec::new(), Compression::default());
        let second = second.write_all(rest).and_then(|()| second.finish()).expect("memory");
        let body = [coded("gzip", begin), second].concat();
        let names = format!("{}, gzip", name_of(inner));
        assert!(decoded(&mut decoder(&names), &body, 1, 4096).as_ref() == Ok(&plain), "{inner}");
    }
}

#[test]
fn more_than_five_codings_are_refused() {
    let mut six = decoder("gzip, gzip, gzip, gzip, gzip, gzip");
    assert_eq!(decoded(&mut six, b"x", 1, 1), Err(DecodeError::TooManyCodings));
    assert!(decoded(&mut decoder("br, br, br, br, br"), b"", 1, 1).is_ok());
}

#[test]
fn an_unknown_coding_is_named_once_there_is_a_body() {
    let mut unknown = decoder("gzip, compress\u{7}");
    assert_eq!(decoded(&mut unknown, b"", 1, 1), Ok(Vec::new()));
    let refusal = decoded(&mut unknown, b"x", 1, 1).expect_err("unknown").to_string();
    assert!(refusal.contains("compress") && !refusal.contains('\u{7}'), "{refusal}");
}

#[test]
fn an_empty_body_is_an_empty_body_in_any_coding() {
    for coding in ALL {
        assert_eq!(decoded(&mut decoder(name_of(coding)), b"", 1, 1), Ok(Vec::new()), "{coding}");
    }
}

#[test]
fn a_body_that_ends_early_is_noticed_wherever_it_ends() {
    let plain: Vec<u8> = (0..3000_u32).map(|i| (i * i % 253) as u8).collect();
    for coding in ALL {
        let body = coded(coding, &plain);
        for end in 1..body.len() {
            let outcome = decoded(&mut decoder(name_of(coding)), &body[..end], 64, 512);
            assert!(matches!(outcome, Err(DecodeError::Truncated(_))), "{coding} cut at {end}: {outcome:?}");
        }
    }
}

#[test]
fn a_checksum_that_is_wrong_is_noticed() {
    for coding in ["gzip", "deflate"] {
        let mut body = coded(coding, b"the quick brown fox");
        let last = body.len() - 1 - if coding == "gzip" { 4 } else { 0 };
        body[last] ^= 1;
        let outcome = decoded(&mut decoder(coding), &body, 5, 64);
        assert!(matches!(outcome, Err(DecodeError::Corrupt(_))), "{coding}: {outcome:?}");
    }
}

#[test]
fn gzip_files_may_have_several_members_and_something_behind_them() {
    let mut body = [coded("gzip", b"one "), coded("gzip", b"two")].concat();
    for piece in [1, 7, 4096] {
        assert_eq!(decoded(&mut decoder("gzip"), &body, piece, 64).as_deref(), Ok(&b"one two"[..]));
    }
    body.extend(b"\0\0\0behind");
    assert_eq!(decoded(&mut decoder("gzip"), &body, 3, 64).as_deref(), Ok(&b"one two"[..]));
    let cut_off = [coded("gzip", b"one"), vec![0x1f]].concat();
    assert_eq!(decoded(&mut decoder("gzip"), &cut_off, 3, 64), Err(DecodeError::Truncated(Coding::Gzip)));
}

#[test]
fn zstd_may_have_several_frames() {
    let body = [coded("zstd", b"one "), coded("zstd", b"two")].concat();
    assert_eq!(decoded(&mut decoder("zstd"), &body, 2, 64).as_deref(), Ok(&b"one two"[..]));
}

#[test]
fn zstd_windows_above_8_mib_are_refused() {
    // Magic number, a frame header with a window of 16 MiB, and a block.
    let body = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 0x01, 0x00, 0x00];
    assert_eq!(decoded(&mut decoder("zstd"), &body, 64, 64), Err(DecodeError::Corrupt(Coding::Zstd)));
}

#[test]
fn a_bomb_gives_no_more_at_once_than_there_is_room() {
    let zeros = vec![0; 8 << 20];
    for coding in ["gzip", "br", "zstd"] {
        let body = coded(coding, &zeros);
        let mut bomb = decoder(coding);
        let (mut input, mut out) = (&body[..], Vec::new());
        bomb.decode(&mut input, &mut out, 1000).expect("sound");
        assert!((1000..100_000).contains(&out.len()), "{coding} gave {}", out.len());
        assert!(out.capacity() < 200_000);
    }
}

proptest! {
    #[test]
    fn any_body_comes_back_however_it_is_cut(
        plain in prop::collection::vec(any::<u8>(), 0..20_000),
        repeated in 1_usize..20,
        coding in prop::sample::select(&ALL[..]),
        piece in 1_usize..5000,
        room in 1_usize..50_000,
    ) {
        let plain = plain.repeat(repeated);
        let body = coded(coding, &plain);
        let whole = decoded(&mut decoder(name_of(coding)), &body, piece, room);
        prop_assert_eq!(whole, Ok(plain));
    }

    #[test]
    fn nonsense_ends_in_an_error_and_never_in_a_panic(
        body in prop::collection::vec(any::<u8>(), 1..2000),
        coding in prop::sample::select(&["gzip", "deflate", "br", "zstd", "br, gzip"][..]),
        piece in 1_usize..500,
    ) {
        let mut decoder = decoder(coding);
        for mut input in body.chunks(piece) {
            let mut out = Vec::new();
            if decoder.decode(&mut input, &mut out, 1 << 20).is_err() {
                break;
            }
        }
    }
}
