//! The Link header (RFC 8288): where a response says that related things are.

/// The target of the first link with the relation `rel`, as it stands there. Links about something other than the response
/// (with an `anchor`) do not count.
pub fn find<'v>(values: impl Iterator<Item = &'v [u8]>, rel: &str) -> Option<&'v str> {
    values.filter_map(|value| std::str::from_utf8(value).ok()).find_map(|value| find_in(value, rel))
}

fn find_in<'v>(mut rest: &'v str, rel: &str) -> Option<&'v str> {
    loop {
        // What stands before the next link is a separator, or nothing that could be one.
        let (target, after) = rest[rest.find('<')? + 1..].split_once('>')?;
        let (link, after) = parameters(after);
        if link.is_about_the_response && link.rel.is_some_and(|own| has_relation(&own, rel)) {
            return Some(target);
        }
        rest = after;
    }
}

fn has_relation(own: &str, rel: &str) -> bool {
    own.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(rel))
}

struct Link {
    rel: Option<String>,
    is_about_the_response: bool,
}

/// Up to the comma that ends the link, and what is behind it.
fn parameters(mut rest: &str) -> (Link, &str) {
    let mut link = Link { rel: None, is_about_the_response: true };
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() || rest.starts_with(',') {
            return (link, rest);
        }
        let end = rest.find([';', ',', '=']).unwrap_or(rest.len());
        let name = rest[..end].trim_end();
        let (value, after) = match rest[end..].strip_prefix('=') {
            Some(after) => value(after.trim_start_matches([' ', '\t'])),
            None => (String::new(), &rest[end..]),
        };
        if name.eq_ignore_ascii_case("anchor") {
            link.is_about_the_response = false;
        } else if name.eq_ignore_ascii_case("rel") {
            // Section 3.3: of several the first counts.
            link.rel.get_or_insert(value);
        }
        rest = after;
    }
}

/// A token or a quoted string.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim_end().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    (value, "")
}
