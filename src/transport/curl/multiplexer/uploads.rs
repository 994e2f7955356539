//! Long bodies that go out on one HTTP/2 connection. nghttp2 sends them one after the other, in the order in which they began
//! (RFC 9218, section 10: not incremental), so one that waits for those before it is none that the server does not take.

#[derive(Debug, Default)]
pub(super) struct Uploads {
    /// In the order in which they began: whose, and how much of it is out.
    running: Vec<(u32, u64)>,
    /// How often one of them got on, and who did last.
    steps: u64,
    stepped: u32,
}

impl Uploads {
    /// So much of the body of `id` is out. What comes back changes while those before it get on.
    pub fn note(&mut self, id: u32, sent: u64) -> u64 {
        let Some(at) = self.running.iter().position(|(other, _)| *other == id) else {
            self.running.push((id, sent));
            return self.note(id, sent);
        };
        if std::mem::replace(&mut self.running[at].1, sent) != sent {
            self.steps += 1;
            self.stepped = id;
        }
        let is_behind = self.running[..at].iter().any(|(other, _)| *other == self.stepped);
        if is_behind { self.steps } else { 0 }
    }

    pub fn end(&mut self, id: u32) {
        self.running.retain(|(other, _)| *other != id);
    }
}

#[cfg(test)]
mod tests {
    use super::Uploads;

    fn two() -> Uploads {
        let mut uploads = Uploads::default();
        uploads.note(7, 100);
        uploads.note(3, 100);
        uploads
    }

    #[test]
    fn one_gets_on_with_those_before_it() {
        let mut uploads = two();
        let before = uploads.note(3, 100);
        uploads.note(7, 200);
        assert_ne!(uploads.note(3, 100), before);
    }

    #[test]
    fn one_does_not_get_on_with_those_behind_it() {
        let mut uploads = two();
        let before = uploads.note(7, 100);
        uploads.note(3, 200);
        assert_eq!(uploads.note(7, 100), before);
    }

    #[test]
    fn nobody_gets_on_while_the_first_stalls() {
        let mut uploads = two();
        uploads.note(7, 200);
        let before = uploads.note(3, 100);
        uploads.note(7, 200);
        assert_eq!(uploads.note(3, 100), before);
    }

    #[test]
    fn one_gets_on_when_the_one_before_it_ends() {
        let mut uploads = two();
        uploads.note(7, 200);
        let before = uploads.note(3, 100);
        uploads.end(7);
        assert_ne!(uploads.note(3, 100), before);
    }
}
