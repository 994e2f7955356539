//! Absolute URLs of a client without a base URL. Most go to the origin of the one before, which is remembered for each
//! thread: reading a host name by all its rules costs more than the rest of a request's preparation together.

use super::base::Base;
use super::{Target, UrlError};
use std::cell::RefCell;

struct Recent {
    /// Scheme and authority as they were written.
    prefix: Box<str>,
    base: Base,
}

thread_local! {
    static RECENT: RefCell<Option<Recent>> = const { RefCell::new(None) };
}

pub fn absolute(url: &str) -> Result<Target, UrlError> {
    // Programs may call when a thread's destructors have run: then there is no memory, and nothing is remembered.
    let remembered = RECENT.try_with(|recent| recent.borrow().as_ref().and_then(|recent| recent.target(url)));
    if let Ok(Some(target)) = remembered {
        return Ok(target);
    }
    let target = Target::parse(url)?;
    if target.userinfo.is_none()
        && let Some(prefix) = origin_of(url)
    {
        let recent = Recent { prefix: prefix.into(), base: Base::of_origin(target.origin.clone()) };
        let _ = RECENT.try_with(|place| place.replace(Some(recent)));
    }
    Ok(target)
}

impl Recent {
    /// `None`: another origin, or a path that needs a closer look.
    fn target(&self, url: &str) -> Option<Target> {
        let path = url.strip_prefix(&*self.prefix).filter(|path| path.starts_with('/'))?;
        self.base.plain_target(path)
    }
}

/// What is written before the path. A slash may also stand in the query or fragment of a URL that has none.
fn origin_of(url: &str) -> Option<&str> {
    let authority = url.find("://")? + 3;
    let end = authority + url[authority..].find(['/', '?', '#'])?;
    url[end..].starts_with('/').then_some(&url[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_url_without_a_path_reads_the_same_the_second_time() {
        for url in ["http://h?next=/a", "http://h#/a"] {
            let read = || absolute(url).unwrap().full();
            assert_eq!(read(), read(), "{url}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

        #[test]
        fn what_is_remembered_changes_no_reading(
            first in "(http|https)://(h|h:81|u@h|[?]|g)(/|)[a:/?#@.]{0,4}",
            second in "(http|https)://(h|h:81|u@h|[?]|g)(/|)[a:/?#@.]{0,4}",
        ) {
            let _ = absolute(&first);
            let facts = |target: Target| (target.full(), target.userinfo);
            let read = Target::parse(&second).map(facts);
            prop_assert_eq!(absolute(&second).map(facts), read.clone());
            prop_assert_eq!(absolute(&second).map(facts), read);
        }
    }
}
