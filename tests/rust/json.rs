//! JSON of a caller, checked; members of an answer, found or explained.

use httpclient::client::json::{pointer, well_formed};
use serde_json::json;

#[test]
fn well_formed_json_passes() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for text in ["{}", "[]", "null", "1e400", "\"a\\u0041\"", " {\"a\":[1,2.5,-3e-4,true,{\"b\":null}]}\n", &deep] {
        assert_eq!(well_formed(text), Ok(()), "{}", &text[..text.len().min(40)]);
    }
}

#[test]
fn malformed_json_is_refused_with_its_position() {
    let cases = [
        ("", "the JSON is empty, at line 1 column 1"),
        (" \n ", "the JSON is empty, at line 1 column 1"),
        ("{", "line 1 column 1"),
        ("{\"a\":1,}", "line 1 column 8"),
        ("{\n  \"a\": oops\n}", "line 2 column 8"),
        ("{'a':1}", "line 1 column 2"),
        ("[1,2", "line 1 column 4"),
        ("[01]", "line 1 column 3"),
        ("NaN", "line 1 column 1"),
        ("{} x", "line 1 column 4"),
        ("\"tab\there\"", "line 1 column 4"),
        ("\"\\x\"", "line 1 column 3"),
        ("\u{FEFF}{}", "line 1 column 1"),
    ];
    for (text, position) in cases {
        let reason = well_formed(text).expect_err(text);
        assert!(reason.ends_with(position), "{text:?}: {reason}");
        assert!(!reason.contains("oops"), "{reason}");
    }
}

#[test]
fn pointers_of_the_rfc_find_their_values() {
    let root = json!({
        "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8
    });
    let cases = [
        ("/foo", json!(["bar", "baz"])),
        ("/foo/0", json!("bar")),
        ("/", json!(0)),
        ("/a~1b", json!(1)),
        ("/c%d", json!(2)),
        ("/e^f", json!(3)),
        ("/g|h", json!(4)),
        ("/i\\j", json!(5)),
        ("/k\"l", json!(6)),
        ("/ ", json!(7)),
        ("/m~0n", json!(8)),
    ];
    assert_eq!(pointer(&root, ""), Ok(&root));
    for (path, expected) in cases {
        assert_eq!(pointer(&root, path), Ok(&expected), "{path}");
    }
    assert_eq!(pointer(&json!({"~1": 1}), "/~01"), Ok(&json!(1)), "~01 is ~1, not a slash");
}

#[test]
fn a_pointer_that_leads_nowhere_says_what_there_was() {
    let root = json!({
        "user": {"name": "x", "email": "y"}, "items": [1, 2], "one": [1], "none": {}, "nothing": null, "a\nb": {"c": 1},
        "many": {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1, "h": 1, "i": 1, "j": 1}
    });
    let cases = [
        ("/user/id", "no member \"id\" at /user (it has: email, name)"),
        ("/none/id", "no member \"id\" at /none (it has none)"),
        ("/many/id", "no member \"id\" at /many (it has: a, b, c, d, e, f, g, h, 2 more)"),
        ("/items/2", "no element 2 at /items (it has 2 elements)"),
        ("/items/-", "no element - at /items (it has 2 elements)"),
        ("/one/99999999999999999999999", "no element 99999999999999999999999 at /one (it has 1 element)"),
        ("/items/id", "\"id\" is not an index of the array at /items"),
        ("/items/01", "\"01\" is not an index of the array at /items"),
        ("/items/", "\"\" is not an index of the array at /items"),
        ("/items/+1", "\"+1\" is not an index of the array at /items"),
        ("/user/name/first", "no member \"first\" at /user/name, which is a string"),
        ("/nothing/x", "no member \"x\" at /nothing, which is null"),
        ("/a\nb/d", "no member \"d\" at /a b (it has: c)"),
    ];
    for (path, reason) in cases {
        assert_eq!(pointer(&root, path), Err(reason.to_owned()), "{path}");
    }
    assert_eq!(pointer(&json!({"a": 1}), "/b"), Err("no member \"b\" at the root (it has: a)".to_owned()));
    assert_eq!(pointer(&json!(7), "/b"), Err("no member \"b\" at the root, which is a number".to_owned()));
}

#[test]
fn a_pointer_that_is_none_is_named() {
    for (path, reason) in [
        ("user", "the JSON pointer \"user\" does not begin with /"),
        ("#/user", "the JSON pointer \"#/user\" does not begin with /"),
        ("/a~", "the JSON pointer \"/a~\" has a ~ that is neither ~0 (for ~) nor ~1 (for /)"),
        ("/a~2b", "the JSON pointer \"/a~2b\" has a ~ that is neither ~0 (for ~) nor ~1 (for /)"),
        ("/a~/0", "the JSON pointer \"/a~/0\" has a ~ that is neither ~0 (for ~) nor ~1 (for /)"),
    ] {
        assert_eq!(pointer(&json!({"user": 1}), path), Err(reason.to_owned()), "{path}");
    }
}

#[test]
fn names_that_a_server_chose_are_printable_in_a_reason() {
    let root = json!({"a\u{0}\u{1b}[2J": 1, "\u{202E}b": 2, "x".repeat(500): 3});
    let reason = pointer(&root, "/y").unwrap_err();
    assert!(!reason.chars().any(char::is_control) && !reason.contains('\u{202E}'), "{reason:?}");
    assert!(reason.chars().count() < 200, "{reason}");
}
