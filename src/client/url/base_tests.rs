use super::*;
use proptest::prelude::*;

/// Whatever the fast path takes, the general one reads the same; and the fast path takes what it was made for.
fn assert_same(base: &str, url: &str) {
    let base = Base::parse(base).unwrap();
    let Some(end) = plain(url.as_bytes()) else { return };
    let fast = base.under(&url[..end], url.get(end + 1..).map(str::to_owned));
    let general = base.target_of_any(url).unwrap_or_else(|error| panic!("{url:?}: {error}"));
    assert_eq!((&fast.path, &fast.query), (&general.path, &general.query), "{url:?}");
    assert_eq!(fast.origin, general.origin);
}

#[test]
fn ordinary_paths_take_the_fast_path() {
    for url in [
        "/items",
        "items",
        "/items/42?page=2&q=a%20b",
        "/a.b/c..d/~x",
        "/users:batch",
        "/a%2Fb/@me",
        "/",
        "a//b/",
        "/x?",
        "/x?a=/?:@",
    ] {
        assert!(plain(url.as_bytes()).is_some(), "{url}");
        assert_same("https://h/v1", url);
    }
}

#[test]
fn whatever_needs_a_closer_look_leaves_the_fast_path() {
    for url in [
        "",
        "//h",
        "?x",
        "/..",
        "./a",
        "/.well-known",
        "/%2e%2E",
        "a:b",
        "http://h/",
        "/a b",
        "/é",
        "/a\\b",
        "/a%zz",
        "/a%2",
        "/a#b",
        "/a?b#c",
        "/a?b[]=1",
        "/a\n",
        "/a?b\r",
        "/a[1]",
    ] {
        assert!(plain(url.as_bytes()).is_none(), "{url:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn fast_and_general_path_agree(url in "[/a-c.:%2eE0?=&@ #\\[\\\\é~-]{0,16}") {
        assert_same("https://h/v1/", &url);
        assert_same("http://h:81", &url);
    }

    #[test]
    fn fast_and_general_path_agree_on_any_text(url in any::<String>()) {
        assert_same("https://h/v1", &url);
    }

    #[test]
    fn no_path_leaves_its_base(url in "[/a.%2eE?\\\\]{0,16}") {
        if let Ok(target) = Base::parse("https://h/v1/x").unwrap().target(&url) {
            let below = target.path.strip_prefix("/v1/x").unwrap_or_else(|| panic!("{url:?} gave {}", target.path));
            prop_assert!(below.is_empty() || below.starts_with('/'));
            let dots = |s: &str| matches!(s.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..");
            prop_assert!(!target.path.split('/').any(dots), "{:?}", target.path);
        }
    }
}
