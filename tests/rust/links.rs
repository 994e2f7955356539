//! Link headers (RFC 8288).

use httpclient::client::links::find;

fn target<'v>(value: &'v str, rel: &str) -> Option<&'v str> {
    find(std::iter::once(value.as_bytes()), rel)
}

#[test]
fn a_link_is_found_by_its_relation() {
    let value = r#"</items?page=1>; rel="prev", </items?page=3>; rel="next""#;
    assert_eq!(target(value, "next"), Some("/items?page=3"));
    assert_eq!(target(value, "prev"), Some("/items?page=1"));
    assert_eq!(target(value, "last"), None);
}

#[test]
fn relations_are_compared_without_case_and_may_be_several() {
    assert_eq!(target(r#"</a>; REL="first Next""#, "next"), Some("/a"));
    assert_eq!(target("</a>; rel=next", "NEXT"), Some("/a"));
    assert_eq!(target(r#"</a>; rel="nextish""#, "next"), None);
}

#[test]
fn commas_and_semicolons_inside_targets_and_quotes_separate_nothing() {
    assert_eq!(target(r#"</a,b;c>; title="x, y; \"z\" <q>"; rel=next, </d>; rel=last"#, "next"), Some("/a,b;c"));
    assert_eq!(target(r#"</a,b;c>; title="x, y; \"z\" <q>"; rel=next, </d>; rel=last"#, "last"), Some("/d"));
}

#[test]
fn of_several_rel_parameters_the_first_counts() {
    assert_eq!(target(r#"</a>; rel="prev"; rel="next""#, "next"), None);
    assert_eq!(target(r#"</a>; rel="prev"; rel="next""#, "prev"), Some("/a"));
}

#[test]
fn a_link_about_something_else_does_not_count() {
    assert_eq!(target(r##"</a>; anchor="#part"; rel="next", </b>; rel="next""##, "next"), Some("/b"));
}

#[test]
fn several_fields_are_one_list() {
    let values = [&b"</a>; rel=prev"[..], b"</b>; rel=next"];
    assert_eq!(find(values.into_iter(), "next"), Some("/b"));
}

#[test]
fn what_is_malformed_is_skipped_and_never_a_panic() {
    for value in [
        "",
        "<",
        ">",
        "<a",
        "rel=next",
        "<a>",
        "<a>;",
        "<a>;rel",
        "<a>;rel=",
        "<a>; rel=\"next",
        "<a>;=;,,<b>;;rel=\"",
        "é<é>;é=\"\\",
    ] {
        let found = target(value, "next");
        assert!(found.is_none() || value == "<a>; rel=\"next", "{value:?} gave {found:?}");
    }
    assert_eq!(target("nonsense, <b>; rel=next", "next"), Some("b"));
}
