//! The one line that a person gets out of an error body, whatever its shape.

use httpclient::client::error_body::detail;
use proptest::prelude::*;

const STATUS_LINE: &str = "HTTP 500 Internal Server Error";

fn of(content_type: &str, body: impl AsRef<[u8]>) -> String {
    let content_type = (!content_type.is_empty()).then_some(content_type.as_bytes());
    detail(500, b"Internal Server Error", content_type, body.as_ref())
}

fn json(body: &str) -> String {
    of("application/json", body)
}

#[test]
fn known_members_are_found_in_their_order() {
    let cases = [
        (r#"{"error":{"message":"from error.message","code":7},"detail":"x","message":"x"}"#, "from error.message"),
        (r#"{"error":"invalid_grant","error_description":"expired","message":"x"}"#, "invalid_grant: expired"),
        (r#"{"error":"not_found","detail":"x"}"#, "not_found"),
        (r#"{"error":"not_found","error_description":""}"#, "not_found"),
        (r#"{"error":"not_found","error_description":5}"#, "not_found"),
        (r#"{"detail":"from detail","message":"x","title":"x"}"#, "from detail"),
        (r#"{"message":"from message","errors":[{"message":"x"}]}"#, "from message"),
        (r#"{"errors":[{"message":"graph","detail":"x"},{"message":"y"}],"data":null}"#, "graph"),
        (r#"{"errors":[{"status":"422","title":"x","detail":"api detail"}]}"#, "api detail"),
        (r#"{"errors":[{"title":"api title"}],"Message":"x"}"#, "api title"),
        (r#"{"__type":"com.amazon#Denied","Message":"aws message"}"#, "aws message"),
        (r#"{"__type":"com.amazon#Denied"}"#, "com.amazon#Denied"),
    ];
    for (body, expected) in cases {
        assert_eq!(json(body), expected, "{body}");
    }
}

#[test]
fn a_problem_is_read_by_its_type() {
    let body = r#"{"type":"about:blank","title":"Out of credit","detail":"You have 30","error":"other"}"#;
    for media in ["application/problem+json", "Application/Problem+JSON; charset=utf-8", " application/problem+json "] {
        assert_eq!(of(media, body), "You have 30", "{media}");
    }
    assert_eq!(json(body), "other");
    assert_eq!(of("application/problem+json", r#"{"title":"Out of credit","detail":""}"#), "Out of credit");
    assert_eq!(of("application/problem+json", r#"{"title":3,"message":"m"}"#), "m");
}

#[test]
fn validation_errors_name_each_field() {
    let cases = [
        (
            r#"{"detail":[{"loc":["body","name"],"msg":"field required"},{"loc":["query","page",0],"msg":"not a number"}]}"#,
            "body.name: field required; query.page.0: not a number",
        ),
        (r#"{"detail":[{"msg":"no place"},{"loc":[],"msg":"empty place"}]}"#, "no place; empty place"),
        (r#"{"detail":[{"loc":"body","msg":"odd place"}]}"#, "odd place"),
        (r#"{"detail":[7,{"loc":[null,"a"],"msg":"m"},{"loc":["b"]},{"loc":["c"],"msg":4}]}"#, "a: m"),
    ];
    for (body, expected) in cases {
        assert_eq!(json(body), expected, "{body}");
    }
}

#[test]
fn members_of_another_type_are_skipped() {
    for odd in [
        "null",
        "true",
        "7",
        "-1.5e9",
        "[]",
        "{}",
        "\"\"",
        "\" \\n\\u0000 \"",
        "[[]]",
        "[7]",
        "[{}]",
        "{\"message\":7}",
    ] {
        for name in ["error", "detail", "errors", "Message"] {
            let body = format!(r#"{{"{name}":{odd},"__type":"found"}}"#);
            assert_eq!(json(&body), "found", "{body}");
        }
        let body = format!(r#"{{"error":{odd},"detail":{odd},"errors":{odd},"message":"found"}}"#);
        assert_eq!(json(&body), "found", "{body}");
    }
}

#[test]
fn other_json_is_shown_compact_as_it_was_written() {
    let cases = [
        (
            "{ \"z\" : 1.50,\n\t\"a\" : [ 1, \"two  spaces\", \"q\\\" [\" ] }",
            "{\"z\":1.50,\"a\":[1,\"two spaces\",\"q\\\" [\"]}",
        ),
        ("[{\"message\": \"in a list\"}]", "[{\"message\":\"in a list\"}]"),
        ("42", "42"),
        ("false", "false"),
        ("\"just a string\"", "just a string"),
    ];
    for (body, expected) in cases {
        assert_eq!(json(body), expected, "{body}");
    }
}

#[test]
fn a_body_that_says_nothing_leaves_the_status_line() {
    for body in ["", " \r\n ", "\u{FEFF}", "null", "{}", "[]", " { } ", "\"\"", "\"\\n\"", "\u{0}\u{1}"] {
        assert_eq!(json(body), STATUS_LINE, "{body:?}");
        assert_eq!(of("", body.replace("null", "")), STATUS_LINE, "{body:?}");
    }
}

#[test]
fn the_status_line_is_printable_and_whole_without_a_reason() {
    assert_eq!(detail(404, b"", None, b""), "HTTP 404");
    assert_eq!(detail(404, b"Not\x1b[1m\0 F\xffund ", None, b""), "HTTP 404 Not [1m F\u{FFFD}und");
    assert_eq!(detail(404, &[b'x'; 9000], None, b"").chars().count(), 500);
}

#[test]
fn json_is_recognized_under_any_type() {
    for media in ["", "text/html", "text/plain", "application/octet-stream", "application/vnd.api+json", "nonsense;;"] {
        assert_eq!(of(media, " {\"message\":\"m\"}"), "m", "{media}");
    }
    assert_eq!(of("", "\u{FEFF}{\"message\":\"after a mark\"}"), "after a mark");
}

#[test]
fn broken_json_is_text() {
    let cases = [
        ("{\"message\":\"cut of", "{\"message\":\"cut of"),
        ("{'message':\n 'x'}", "{'message': 'x'}"),
        ("{\"message\":\"x\"} trailing", "{\"message\":\"x\"} trailing"),
        ("{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\"}"),
        ("{\"a\":1e999}", "{\"a\":1e999}"),
        ("Internal error", "Internal error"),
        ("\"half", "\"half"),
    ];
    for (body, expected) in cases {
        assert_eq!(json(body), expected, "{body}");
    }
}

#[test]
fn broken_utf8_inside_json_does_not_hide_the_message() {
    assert_eq!(of("application/json", b"{\"message\":\"caf\xe9\"}"), "caf\u{FFFD}");
    assert_eq!(of("text/plain", b"caf\xe9"), "caf\u{FFFD}");
}

#[test]
fn json_is_read_to_a_depth_of_64() {
    let nested =
        |depth: usize| format!("{{\"message\":\"m\",\"x\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert_eq!(json(&nested(64)), "m");
    assert!(json(&nested(65)).starts_with("{\"message\":\"m\",\"x\":[[["));
    let bomb = "[".repeat(60_000);
    assert_eq!(json(&bomb).chars().count(), 500);
    let brackets = format!("{{\"message\":\"m\",\"x\":\"{}\\\"{}\"}}", "[".repeat(100), "{".repeat(100));
    assert_eq!(json(&brackets), "m", "brackets in strings are no depth");
}

#[test]
fn json_is_read_to_a_length_of_64_kib() {
    let padded = |len: usize| {
        let frame = "{\"message\":\"m\",\"x\":\"\"}".len();
        format!("{{\"message\":\"m\",\"x\":\"{}\"}}", "y".repeat(len - frame))
    };
    assert_eq!(json(&padded(64 * 1024)), "m");
    let cut = json(&padded(64 * 1024 + 1));
    assert!(cut.starts_with("{\"message\":\"m\",\"x\":\"yyy") && cut.ends_with("y…"), "{cut}");
    assert_eq!(json(&padded(10_000_000)), cut);
}

#[test]
fn a_detail_is_cut_at_500_characters() {
    let long = "ü".repeat(501);
    for body in [
        format!("{{\"message\":\"{long}\"}}"),
        format!("{{\"error\":\"a\",\"error_description\":\"{long}\"}}"),
        format!("{{\"detail\":[{{\"loc\":[\"{long}\"],\"msg\":\"{long}\"}}]}}"),
        format!("{{\"other\":\"{long}\"}}"),
        format!("<html><title>{long}</title>"),
        long,
    ] {
        let text = of("", &body);
        assert_eq!((text.chars().count(), text.ends_with('…')), (500, true), "{body}");
    }
    assert_eq!(json(&format!("{{\"message\":\"{}\"}}", "ü".repeat(500))), "ü".repeat(500));
}

#[test]
fn xml_gives_its_message() {
    let s3 = "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>";
    let cases = [
        (s3, "The key does not exist."),
        ("<a:R xmlns:a='x'><a:Error><a:Message>in a namespace</a:Message></a:Error></a:R>", "in a namespace"),
        ("<E><Message>a &lt;b&gt; &amp; &quot;c&quot; &apos;d&apos; &#65;&#x42;</Message></E>", "a <b> & \"c\" 'd' AB"),
        ("<E><Message><![CDATA[1 < 2 & more]]></Message></E>", "1 < 2 & more"),
        ("<E><Message>a <b>bold</b> word</Message></E>", "a bold word"),
        ("<E><Message/><Message> </Message><Message>third</Message></E>", "third"),
        ("<E><Message lang='en'>with\n attributes</Message></E>", "with attributes"),
        ("<E><Message>before it breaks</Message><<<", "before it breaks"),
        ("<E><Message>bell&#7;&#0;&#xD800;&#99999999;</Message></E>", "bell &#xD800;&#99999999;"),
    ];
    for (body, expected) in cases {
        for media in ["application/xml", "text/xml; charset=utf-8", "application/problem+xml", ""] {
            assert_eq!(of(media, body), expected, "{media} {body}");
        }
    }
}

#[test]
fn xml_entities_are_never_expanded() {
    let bomb = "<!DOCTYPE E [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>\
                <E><Message>x &b; &c;</Message></E>";
    assert_eq!(of("application/xml", bomb), "x &b; &c;");
}

#[test]
fn xml_without_a_message_is_text() {
    for body in ["<E><message>lower</message></E>", "<E><Message>never closed", "<E", "<E><Message></Message></E>"] {
        assert_eq!(of("application/xml", body), body);
    }
}

#[test]
fn html_gives_its_title_or_nothing() {
    let cases = [
        ("<html><head><title>502 Bad Gateway</title></head><body><h1>x</h1></body></html>", "502 Bad Gateway"),
        (
            "<!DOCTYPE html>\n<HTML><TITLE lang=\"en\">\n  Down &amp; out&nbsp;&#8211; &copy;\n</TITLE >",
            "Down & out – &copy;",
        ),
        ("<html><title>a & b &toolonganame; &</title>", "a & b &toolonganame; &"),
        ("<html><titles>no</titles><title>yes</title>", "yes"),
        ("<html><title></title><body>text</body>", STATUS_LINE),
        ("<html><title>never closed", STATUS_LINE),
        ("<html><title", STATUS_LINE),
        ("<html><body>no title, <Message>and no XML</Message></body></html>", STATUS_LINE),
    ];
    for (body, expected) in cases {
        for media in ["text/html", "", "TEXT/HTML;charset=utf-8"] {
            assert_eq!(of(media, body), expected, "{media} {body}");
        }
    }
    assert_eq!(of("text/html", "<h1>Oops</h1>"), STATUS_LINE);
    assert_eq!(of("application/xhtml+xml", "<?xml version='1.0'?><html><title>t</title></html>"), "t");
}

#[test]
fn text_is_one_printable_line() {
    assert_eq!(of("text/plain", "upstream\r\n  connect\terror \x1b[31m\0"), "upstream connect error [31m");
    assert_eq!(of("", "no healthy upstream"), "no healthy upstream");
    assert_eq!(of("application/octet-stream", "still text: é"), "still text: é");
}

#[test]
fn bytes_that_are_no_text_leave_the_status_line() {
    let cases: [(&str, &[u8]); 4] = [
        ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0"),
        ("application/octet-stream", b"\xff\xfe\xfd"),
        ("application/grpc", b"\0\0\0\0\x05hello"),
        ("application/zip", b"PK\x03\x04\0"),
    ];
    for (media, body) in cases {
        assert_eq!(of(media, body), STATUS_LINE, "{media}");
    }
    let long = format!("x{}", "é".repeat(2000));
    assert!(of("application/octet-stream", &long).starts_with("xéé"), "a sample may end inside a character");
}

#[test]
fn ten_megabytes_of_anything_take_no_time() {
    let start = std::time::Instant::now();
    for piece in ["<", "<title", "<Message>", "&", "&amp;", "[", "{\"a\":", "\"\\", "\0", "\u{202E}", " "] {
        let body = piece.repeat(10_000_000 / piece.len());
        for media in ["text/html", "application/xml", "application/json", ""] {
            let text = of(media, format!("<html><title>{body}"));
            assert!(text.chars().count() <= 500);
            assert!(of(media, &body).chars().count() <= 500);
        }
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

fn json_like() -> impl Strategy<Value = String> {
    let names =
        prop::sample::select(vec!["error", "message", "detail", "errors", "Message", "loc", "msg", "title", "__type"]);
    let leaf = prop_oneof![
        any::<String>().prop_map(|text| serde_json::Value::String(text).to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        let member = (names.clone(), inner.clone()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop_oneof![
            prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(","))),
            prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(","))),
        ]
    })
}

fn media() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "application/json",
        "application/problem+json",
        "text/html",
        "application/xml",
        "image/png",
    ])
}

fn check(media: &str, body: &[u8]) -> Result<(), TestCaseError> {
    let text = of(media, body);
    prop_assert!(!text.is_empty() && text.chars().count() <= 500);
    prop_assert!(!text.chars().any(char::is_control), "{text:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_printable_line(media in media(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        check(media, &body)?;
    }

    #[test]
    fn any_json_gives_a_printable_line(media in media(), body in json_like()) {
        check(media, body.as_bytes())?;
    }

    #[test]
    fn any_markup_gives_a_printable_line(
        media in media(),
        parts in prop::collection::vec(prop::sample::select(vec![
            "<html>", "<title>", "</title>", "<Message>", "</Message>", "<Message/>", "<![CDATA[", "]]>", "&amp;", "&#0;",
            "&#x1b;", "&x;", "&", ";", "<!DOCTYPE ", "<?", "?>", "<!--", "-->", "<", ">", "text", "\u{0}", "\"", "é",
        ]), 0..20),
    ) {
        check(media, parts.concat().as_bytes())?;
    }
}
