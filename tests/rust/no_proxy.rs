//! Which hosts no_proxy makes an exception of.

use httpclient::client::no_proxy::excepts;

#[test]
fn a_name_stands_for_itself_and_all_below_it() {
    for host in ["example.com", "www.example.com", "a.b.example.com", "example.com."] {
        for list in ["example.com", ".example.com", "example.com.", "EXAMPLE.com", "other.test,example.com"] {
            assert!(excepts(list, host), "{host} in {list}");
        }
    }
    for host in ["nonexample.com", "example.com.evil.test", "com", "example.org"] {
        assert!(!excepts("example.com", host), "{host}");
    }
}

#[test]
fn an_asterisk_alone_stands_for_everything() {
    assert!(excepts("*", "example.com"));
    assert!(excepts("*", "[::1]"));
    assert!(!excepts("*.com", "example.com"));
    assert!(!excepts("other.test,*", "example.com"));
}

#[test]
fn addresses_are_compared_as_addresses() {
    assert!(excepts("127.0.0.1", "127.0.0.1"));
    assert!(excepts("0:0::1", "[::1]"));
    assert!(!excepts("0.0.1", "127.0.0.1"), "no domain of it");
    assert!(!excepts("127.0.0.1", "127.0.0.10"));
    assert!(!excepts("127.0.0.1", "[::1]"));
    assert!(!excepts("example.com", "127.0.0.1"));
}

#[test]
fn networks_cover_their_addresses() {
    assert!(excepts("10.0.0.0/8", "10.255.0.1"));
    assert!(!excepts("10.0.0.0/8", "11.0.0.1"));
    assert!(excepts("192.168.4.0/22", "192.168.7.255"));
    assert!(!excepts("192.168.4.0/22", "192.168.8.0"));
    assert!(excepts("10.1.2.3/32", "10.1.2.3"));
    assert!(excepts("fd00::/8", "[fdab::1]"));
    assert!(!excepts("fd00::/8", "[fe80::1]"));
    assert!(excepts("::/0", "[fe80::1]"));
}

#[test]
fn what_is_no_entry_excepts_nothing() {
    for list in ["", ",", " , ,", ".", "..", "/8", "10.0.0.0/33", "10.0.0.0/x", "10.0.0.0/", "10.0.0.0/-1", "::/129"] {
        for host in ["10.0.0.0", "[::]", "example.com"] {
            assert!(!excepts(list, host), "{host} in {list:?}");
        }
    }
}

#[test]
fn blanks_around_entries_do_not_count() {
    assert!(excepts(" a.test ,\tb.test", "a.test"));
    assert!(excepts(" a.test ,\tb.test", "b.test"));
    assert!(excepts("a.test,,b.test", "b.test"));
}
