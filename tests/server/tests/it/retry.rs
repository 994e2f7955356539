use crate::{
    client::{Client, Ending, get},
    start,
};
use serde_json::json;

#[test]
fn a_sequence_goes_on_by_key_and_repeats_its_last() {
    let server = start();
    let mut client = Client::new(&server);
    let mut next = |key: &str| client.get(&format!("/sequence/429@2,503,200?key={key}"));
    let first = next("a");
    assert_eq!((first.status, first.header("retry-after")), (429, Some("2")));
    assert_eq!(first.json(), json!({"error": {"message": "scripted 429"}}));
    let second = next("a");
    assert_eq!((second.status, second.header("retry-after")), (503, None));
    assert_eq!(next("b").status, 429);
    assert_eq!(next("a").json(), json!({"ok": true, "n": 3}));
    assert_eq!(next("a").json(), json!({"ok": true, "n": 4}));
    get(&server, "/_reset?key=a");
    assert_eq!(next("a").status, 429);
}

#[test]
fn a_sequence_contains_faults_and_bodies() {
    let server = start();
    let path = "/sequence/reset,close,truncate,500,stall?body=oops&type=text/x&key=a";
    let rest = || {
        let mut client = Client::new(&server);
        client.ask(path);
        client.rest()
    };
    assert_eq!(rest(), (vec![], Ending::Reset));
    assert_eq!(rest(), (vec![], Ending::Fin));
    let (bytes, ending) = rest();
    assert!(bytes.ends_with(b"\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
    assert_eq!(ending, Ending::Fin);
    let error = get(&server, path);
    assert_eq!((error.status, error.text(), error.header("content-type")), (500, "oops", Some("text/x")));
    let mut client = Client::new(&server);
    client.ask(path);
    client.stream.set_read_timeout(Some(std::time::Duration::from_millis(50))).expect("sets a timeout");
    let error = std::io::Read::read(&mut client.stream, &mut [0]).expect_err("silence");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn retry_after_comes_in_every_form() {
    let server = start();
    let forms = [
        ("seconds-3", "3"),
        ("seconds--3", "-3"),
        ("raw-1%2C%202/x", "1, 2/x"),
        ("date-0", "GMT"),
        ("date--90", "GMT"),
        ("date-99999999999999", "GMT"),
        ("rfc850-5", "GMT"),
        ("asctime-5", ""),
    ];
    for (form, end) in forms {
        let target = format!("/retry-after/{form}?key=a&status=429");
        let reply = get(&server, &target);
        let value = reply.header("retry-after").expect("a value").to_owned();
        assert_eq!(reply.status, 429, "{form}");
        assert!(value.ends_with(end), "{form}: {value}");
        if form == "date-0" {
            assert_eq!(reply.headers("date"), [value]);
        }
        assert_eq!(get(&server, &target).json(), json!({"ok": true, "n": 2}), "{form}");
    }
}
