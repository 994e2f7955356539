//! URLs: absolute, under a base, in a redirect; and what a person is told about a bad one.

use httpclient::client::url::{Base, Target, UrlError, absolute};
use proptest::prelude::*;
use std::sync::Arc;

fn parse(url: &str) -> Target {
    Target::parse(url).unwrap_or_else(|error| panic!("{url:?}: {error}"))
}

fn refused(result: Result<Target, UrlError>) -> UrlError {
    result.map(|target| target.full()).expect_err("accepted")
}

#[test]
fn absolute_urls_are_taken_as_they_are() {
    let cases = [
        ("https://h", "https://h/"),
        ("HTTPS://Example.COM:443/A", "https://example.com/A"),
        ("http://h:80", "http://h/"),
        ("http://h:443/", "http://h:443/"),
        ("http://h:/x", "http://h/x"),
        ("http://h:0080/x", "http://h/x"),
        ("http://h?x", "http://h/?x"),
        ("http://h/x?", "http://h/x?"),
        ("http://h#f", "http://h/"),
        ("http://h/x?a=1#f?g", "http://h/x?a=1"),
        ("http://h/a?b?c/../d", "http://h/a?b?c/../d"),
        ("http://h/a/./b/../c", "http://h/a/c"),
        ("http://h/a/b/..", "http://h/a/"),
        ("http://h/a/.", "http://h/a/"),
        ("http://h/../../a", "http://h/a"),
        ("http://h/a/%2e%2E/b/%2e", "http://h/b/"),
        ("http://h/...", "http://h/..."),
        ("http://h//a//b", "http://h//a//b"),
        ("http://h/.well-known/x", "http://h/.well-known/x"),
        ("http://h/a;b=c/@me!$&'()*+,:", "http://h/a;b=c/@me!$&'()*+,:"),
        ("http://example.com./x", "http://example.com./x"),
        ("http://my_service/", "http://my_service/"),
    ];
    for (url, full) in cases {
        assert_eq!(parse(url).full(), full, "{url}");
    }
}

#[test]
fn what_may_not_stand_in_a_url_is_encoded_once() {
    let cases = [
        ("http://h/a b", "http://h/a%20b"),
        ("http://h/é?ü=ß", "http://h/%C3%A9?%C3%BC=%C3%9F"),
        ("http://h/a%20b%c3", "http://h/a%20b%c3"),
        ("http://h/100%", "http://h/100%25"),
        ("http://h/%zz%4", "http://h/%25zz%254"),
        ("http://h/%é", "http://h/%25%C3%A9"),
        ("http://h/?%&a=5%!", "http://h/?%25&a=5%25!"),
        ("http://h/\"<>[]^`{|}", "http://h/%22%3C%3E%5B%5D%5E%60%7B%7C%7D"),
        ("http://h/x?f[a]=\"<>", "http://h/x?f%5Ba%5D=%22%3C%3E"),
        ("http://h/a\\..\\b?\\", "http://h/a%5C..%5Cb?%5C"),
        ("http://h/x?a+b", "http://h/x?a+b"),
        ("http://h/\u{1F600}", "http://h/%F0%9F%98%80"),
    ];
    for (url, full) in cases {
        assert_eq!(parse(url).full(), full, "{url}");
        assert_eq!(parse(full).full(), full, "a second time");
    }
}

#[test]
fn hosts_are_read_as_browsers_read_them() {
    let cases = [
        ("http://EXAMPLE.com", "example.com", 80),
        ("https://bücher.example", "xn--bcher-kva.example", 443),
        ("https://例え.jp:8443", "xn--r8jz45g.jp", 8443),
        ("http://ex%61mple.com", "example.com", 80),
        ("http://[::1]:8080", "[::1]", 8080),
        ("http://[2001:DB8:0:0::1]", "[2001:db8::1]", 80),
        ("http://127.0.0.1:65535", "127.0.0.1", 65535),
        ("http://0x7f.1", "127.0.0.1", 80),
        ("http://2130706433", "127.0.0.1", 80),
    ];
    for (url, host, port) in cases {
        let origin = parse(url).origin;
        assert_eq!((origin.host.as_str(), origin.port), (host, port), "{url}");
    }
}

#[test]
fn user_and_password_are_decoded_and_kept_apart() {
    let cases = [
        ("http://u:p@h/", Some(("u", "p"))),
        ("http://u@h/", Some(("u", ""))),
        ("http://:p@h/", Some(("", "p"))),
        ("http://u:a:b@h/", Some(("u", "a:b"))),
        ("http://me%40x.org:p%2Fq%25@h/", Some(("me@x.org", "p/q%"))),
        ("http://me@x.org:p@h/", Some(("me@x.org", "p"))),
        ("http://%C3%BC:ß@h/", Some(("ü", "ß"))),
        ("http://@h/", None),
        ("http://:@h/", None),
        ("http://h/@me", None),
    ];
    for (url, userinfo) in cases {
        let target = parse(url);
        let got = target.userinfo.as_deref().map(|(user, password)| (user.as_str(), password.as_str()));
        assert_eq!(got, userinfo, "{url}");
        assert_eq!(target.origin.host, "h", "{url}");
    }
}

#[test]
fn urls_that_cannot_be_fetched_say_why() {
    let cases = [
        ("items", "\"items\" is not an absolute URL and the client has no base URL"),
        ("/items?key=s3cret", "\"/items\" is not an absolute URL and the client has no base URL"),
        ("//h/x", "\"//h/x\" is not an absolute URL and the client has no base URL"),
        ("//s3cret@h/x", "the URL is not an absolute URL and the client has no base URL"),
        ("1:s3cret@h/x", "the URL is not an absolute URL and the client has no base URL"),
        ("ftp://h/x", "the URL's scheme is ftp, and only http and https are fetched"),
        ("ftp://s3cret:s3cret@h/x", "the URL's scheme is ftp, and only http and https are fetched"),
        ("file:///etc/passwd", "the URL's scheme is file, and only http and https are fetched"),
        ("localhost:8080/x", "the URL's scheme is localhost, and only http and https are fetched"),
        ("s3cret:s3cret@h/x", "the URL does not begin with http:// or https://"),
        ("http:h/x", "the URL lacks // after http:"),
        ("https:/s3cret@h/x", "the URL lacks // after https:"),
        ("https:\\\\s3cret@h", "the URL lacks // after https:"),
        ("http://", "the URL has no host"),
        ("http:///x", "the URL has no host"),
        ("http://:80/", "the URL has no host"),
        ("http://u:s3cret@/", "the URL has no host"),
        ("http://?s3cret", "the URL has no host"),
        ("http://h:0/", "the URL's port is not a number from 1 to 65535"),
        ("http://h:65536/", "the URL's port is not a number from 1 to 65535"),
        ("http://h:99999999999/", "the URL's port is not a number from 1 to 65535"),
        ("http://h:+80/", "the URL's port is not a number from 1 to 65535"),
        ("http://h:-1/", "the URL's port is not a number from 1 to 65535"),
        ("http://u:s3cret/s@h/", "the URL's port is not a number from 1 to 65535"),
        ("http://::1/", "the URL's host has several colons (an IPv6 address needs brackets)"),
        ("http://[::1/", "the URL's IPv6 address lacks its closing ]"),
        ("http://[::1]x/", "the URL has characters between its IPv6 address and its path"),
        ("http://[fe80::1%25eth0]/", "the URL's IPv6 address has a zone, which is not supported"),
        ("http://[::g]/", "\"[::g]\" is not a valid host name"),
        ("http://a b/", "\"a b\" is not a valid host name"),
        ("http://1.2.3.4.5/", "\"1.2.3.4.5\" is not a valid host name"),
        ("http://h%00/", "\"h%00\" is not a valid host name"),
        ("http://\u{AD}/", "\"\u{AD}\" is not a valid host name"),
        ("http://s3cret |/x@h", "the URL's host name is not valid"),
        ("http://h\\@evil/", "the URL has a backslash before its path"),
        ("http://h\\x", "the URL has a backslash before its path"),
        ("http://u:%0d%0as3cret@h/", "the user name or password in the URL has a control character"),
        ("http://u:%00@h/", "the user name or password in the URL has a control character"),
        ("http://%ff:s3cret@h/", "the user name or password in the URL is not UTF-8"),
        ("http://s3%3Acret@h/", "the user name in the URL has a colon"),
    ];
    for (url, reason) in cases {
        let error = refused(absolute(url));
        assert_eq!((error.reason.as_str(), error.argument_is_malformed), (reason, false), "{url}");
        assert!(!error.reason.contains("s3cret"), "{url}");
    }
    let long = format!("http://{}/", "a.".repeat(200));
    assert_eq!(refused(absolute(&long)).reason, "the URL's host name is too long");
    assert_eq!(refused(absolute(&format!("http://{}/", "é".repeat(9000)))).reason, "the URL's host name is too long");
}

#[test]
fn control_characters_anywhere_are_a_malformed_argument() {
    let base = Base::parse("https://h/v1").unwrap();
    for url in [
        "http://h/a\r\nX: y",
        "http://h/?a\n",
        "http://h\0/",
        "http://u\t@h/",
        "ht\ntp://h/",
        "http://h/#\r",
        "\thttp://h/",
        "http://h/\u{7f}",
        "http://h/\u{85}",
        "/a\rb",
        "/a?b\n",
        "/a\t",
        "\n",
        "?\0",
    ] {
        for error in [absolute(url), base.target(url), parse("http://h/").join(url)].map(refused) {
            assert!(error.argument_is_malformed, "{url:?}");
            assert!(error.reason.starts_with("the URL has a control character (U+00"), "{}", error.reason);
        }
        assert!(Base::parse(url).unwrap_err().argument_is_malformed, "{url:?}");
    }
}

#[test]
fn an_empty_url_is_a_malformed_argument() {
    let base = Base::parse("https://h/v1").unwrap();
    for (error, reason) in [
        (refused(absolute("")), "the URL is empty"),
        (refused(base.target("")), "the URL has neither a path nor a query"),
        (refused(base.target("#top")), "the URL has neither a path nor a query"),
        (refused(base.target(" https://h/")), "the URL begins with a space"),
        (Base::parse("").unwrap_err(), "the base URL is empty"),
    ] {
        assert_eq!((error.reason.as_str(), error.argument_is_malformed), (reason, true));
    }
}

#[test]
fn a_path_is_always_under_the_base() {
    let cases = [
        ("https://h/v1", "items", "https://h/v1/items"),
        ("https://h/v1", "/items", "https://h/v1/items"),
        ("https://h/v1/", "items", "https://h/v1/items"),
        ("https://h/v1/", "/items", "https://h/v1/items"),
        ("https://h", "items", "https://h/items"),
        ("https://h/", "/items", "https://h/items"),
        ("https://h/v1", "/", "https://h/v1/"),
        ("https://h/v1", "./", "https://h/v1/"),
        ("https://h/v1", ".", "https://h/v1/"),
        ("https://h/v1", "a/../b/./c", "https://h/v1/b/c"),
        ("https://h/v1", "a/..", "https://h/v1/"),
        ("https://h/v1", "a/%2e%2e/b", "https://h/v1/b"),
        ("https://h/v1", "/a//b", "https://h/v1/a//b"),
        ("https://h/v1", "./a:b", "https://h/v1/a:b"),
        ("https://h/v1", "/a:b", "https://h/v1/a:b"),
        ("https://h/v1", "1:2", "https://h/v1/1:2"),
        ("https://h/v1", "a/http://x", "https://h/v1/a/http://x"),
        ("https://h/v1", "a?u=http://x", "https://h/v1/a?u=http://x"),
        ("https://h/v1", "?x", "https://h/v1?x"),
        ("https://h/v1/", "?x=1#f", "https://h/v1/?x=1"),
        ("https://h", "?x", "https://h/?x"),
        ("https://h/v1", "a#f", "https://h/v1/a"),
        ("https://h/v1", "a?b#f", "https://h/v1/a?b"),
        ("https://h/v1", "a b/é", "https://h/v1/a%20b/%C3%A9"),
        ("https://h/v1", "\\\\evil\\x", "https://h/v1/%5C%5Cevil%5Cx"),
        ("https://h/v1", "/\\evil", "https://h/v1/%5Cevil"),
        ("https://h/v1/../v2", "x", "https://h/v2/x"),
        ("https://h/v1//", "x", "https://h/v1//x"),
        ("https://h/v1", "http://other/x", "http://other/x"),
        ("https://h/v1", "HTTPS://h/x", "https://h/x"),
    ];
    for (base, url, full) in cases {
        let target = Base::parse(base).unwrap().target(url).unwrap_or_else(|error| panic!("{base} {url}: {error}"));
        assert_eq!(target.full(), full, "{base} with {url}");
    }
}

#[test]
fn a_path_that_leaves_the_base_is_refused() {
    let base = Base::parse("https://u:p@h/v1").unwrap();
    for url in ["..", "../x", "/..", "a/../../x", "/%2E%2e/x", ".%2e", "../v1/x", "x/../..?q"] {
        let error = refused(base.target(url));
        assert_eq!(error.reason, "the URL's path climbs above the client's base URL with ..", "{url}");
        assert!(!error.argument_is_malformed);
    }
    let error = refused(base.target("//evil/x"));
    assert!(error.reason.starts_with("a URL that begins with // names a host without a scheme"), "{error}");
    assert!(refused(base.target("ftp://h/")).reason.contains("ftp"));
    assert!(refused(base.target("items:batch")).reason.contains("scheme is items"));
}

#[test]
fn user_and_password_of_the_base_stay_with_its_paths() {
    let base = Base::parse("https://u:p@h/v1").unwrap();
    let both = ("u".to_owned(), "p".to_owned());
    for url in ["x", "./x", "?x"] {
        assert_eq!(base.target(url).unwrap().userinfo.as_deref(), Some(&both), "{url}");
    }
    assert_eq!(base.target("https://h/v1/x").unwrap().userinfo, None);
    assert_eq!(base.target("https://other/").unwrap().userinfo, None);
}

#[test]
fn targets_under_a_base_share_its_origin() {
    let base = Base::parse("https://h/v1").unwrap();
    let first = base.target("a").unwrap();
    for url in ["b", "./b", "?b", "https://H:443/b"] {
        assert!(Arc::ptr_eq(&first.origin, &base.target(url).unwrap().origin), "{url}");
    }
    assert!(Arc::ptr_eq(&first.origin, &first.join("https://h/b").unwrap().origin));
    assert!(!Arc::ptr_eq(&first.origin, &base.target("https://h:444/b").unwrap().origin));
}

#[test]
fn bad_base_urls_say_why() {
    let cases = [
        ("https://h/v1?key=s3cret", true, "the base URL has a query; give it with each request instead"),
        ("https://h/v1?", true, "the base URL has a query; give it with each request instead"),
        ("https://h/v1#x", true, "the base URL has a fragment"),
        ("h/v1", false, "the base URL \"h/v1\" does not begin with http:// or https://"),
        ("s3cret@h/v1", false, "the base URL does not begin with http:// or https://"),
        ("ftp://h", false, "the base URL's scheme is ftp, and only http and https are fetched"),
        ("https://", false, "the base URL has no host"),
    ];
    for (url, malformed, reason) in cases {
        let error = Base::parse(url).unwrap_err();
        assert_eq!((error.reason.as_str(), error.argument_is_malformed), (reason, malformed), "{url}");
    }
}

#[test]
fn query_members_are_encoded_to_the_last_character() {
    let mut target = parse("https://h/x");
    target.push_query("a b", "1+1=2&3");
    target.push_query("é~-._", "%20\r\n#");
    target.push_query("", "");
    assert_eq!(target.query.as_deref(), Some("a%20b=1%2B1%3D2%263&%C3%A9~-._=%2520%0D%0A%23&="));
    let mut target = parse("https://h/x?y");
    target.push_query("z", "1");
    assert_eq!(target.query.as_deref(), Some("y&z=1"));
    let mut target = parse("https://h/x?");
    target.push_query("z", "1");
    assert_eq!(target.query.as_deref(), Some("z=1"));
}

#[test]
fn what_is_shown_has_no_secrets() {
    let target = parse("https://user:s3cret@Example.com:8443/a b?key=s3cret#s3cret");
    assert_eq!(target.shown(), "https://example.com:8443/a%20b");
    assert_eq!(target.full(), "https://example.com:8443/a%20b?key=s3cret");
    assert!(parse(&format!("https://h/{}", "x".repeat(5000))).shown().ends_with("xxx…"));
}

/// RFC 3986 section 5.4, but for what only other schemes have.
#[test]
fn redirects_resolve_as_in_the_rfc() {
    let base = parse("http://a/b/c/d;p?q");
    let cases = [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"),
        ("g?y#s", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/../x", "http://a/b/c/g"),
        ("https://x/y", "https://x/y"),
        ("a b?c d", "http://a/b/c/a%20b?c%20d"),
    ];
    for (location, full) in cases {
        assert_eq!(base.join(location).map(|target| target.full()).as_deref(), Ok(full), "{location}");
    }
    for location in ["ftp://a/", "javascript:alert(1)", "http:g", "http://", "//", "//h:0", "/a\nb", "data:,x"] {
        assert!(base.join(location).is_err(), "{location}");
    }
    assert_eq!(parse("https://a/").join("//b/x").unwrap().full(), "https://b/x");
}

#[test]
fn user_and_password_follow_only_relative_redirects() {
    let target = parse("http://u:p@a/b");
    assert!(target.join("c").unwrap().userinfo.is_some());
    assert!(target.join("?c").unwrap().userinfo.is_some());
    assert_eq!(target.join("http://a/c").unwrap().userinfo, None);
    assert_eq!(target.join("//a/c").unwrap().userinfo, None);
    assert_eq!(target.join("//x:y@a/c").unwrap().userinfo.as_deref(), Some(&("x".to_owned(), "y".to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn no_url_panics_or_yields_what_may_not_go_out(url in any::<String>(), near in "(https?:)?[/a-c.:%2e@?#\\[\\]\\\\ é]{0,20}") {
        let base = Base::parse("https://u:p@h/v1").unwrap();
        for url in [url, near] {
            for result in [absolute(&url), base.target(&url), parse("http://h/a?b").join(&url)] {
                check(&url, result)?;
            }
        }
    }

    /// A second opinion: what goes out means the same to a browser's parser.
    #[test]
    fn browsers_read_what_goes_out_as_it_is(url in "https?://[a-c.]{1,4}(:[0-9]{1,5})?/[/a-c.:%2e@?#\\[\\]\\\\ é]{0,20}") {
        if let Ok(target) = absolute(&url) {
            let full = target.full();
            let parsed = url::Url::parse(&full).unwrap();
            prop_assert_eq!(parsed.host_str(), Some(target.origin.host.as_str()));
            prop_assert_eq!(parsed.port_or_known_default(), Some(target.origin.port));
            prop_assert_eq!(parsed.path(), target.path.as_str());
            prop_assert_eq!(parsed.query(), target.query.as_deref());
        }
    }
}

fn check(url: &str, result: Result<Target, UrlError>) -> Result<(), TestCaseError> {
    match result {
        Ok(target) => {
            let full = target.full();
            prop_assert!(full.bytes().all(|byte| byte.is_ascii_graphic()), "{:?} gave {:?}", url, full);
            prop_assert!(target.path.starts_with('/') && !target.path.contains(['?', '#', '\\']));
            prop_assert!(!target.shown().contains('?') && !target.shown().is_empty());
            prop_assert_eq!(Target::parse(&full).unwrap().full(), full.clone(), "reading it again changes nothing");
        }
        Err(error) => prop_assert!(!error.reason.is_empty() && !error.reason.chars().any(char::is_control)),
    }
    Ok(())
}
