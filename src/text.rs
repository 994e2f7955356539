//! Bytes that a server chose, made fit for a terminal and a log line.

use std::ffi::CString;

const ELLIPSIS: char = '…';

/// `bytes` as one line of valid UTF-8 of at most `max_chars` characters.
///
/// Control characters, line separators and characters that are invisible or reorder their neighbours count as spaces; runs
/// of them, and of plain spaces, become one space, and none remains at either end. What is too long ends in `…`, which
/// counts. Broken UTF-8 becomes U+FFFD.
pub fn printable(bytes: &[u8], max_chars: usize) -> String {
    let mut line = Line { text: String::new(), chars: 0, gap: false, max_chars };
    for chunk in bytes.utf8_chunks() {
        let broken = if chunk.invalid().is_empty() { None } else { Some(char::REPLACEMENT_CHARACTER) };
        for c in chunk.valid().chars().chain(broken) {
            if is_gap(c) {
                line.gap = true;
            } else if !line.push(c) {
                return line.cut();
            }
        }
    }
    line.text
}

/// For C: cut at a NUL, which no text of ours contains.
pub fn c_string(text: &str) -> CString {
    let end = memchr::memchr(0, text.as_bytes()).unwrap_or(text.len());
    CString::new(&text[..end]).unwrap_or_default()
}

/// Whether there is a control character of ASCII, in blocks, each of which the compiler looks at all at once; the last one
/// overlaps the one before.
pub fn has_control_bytes(bytes: &[u8]) -> bool {
    let in_block = |block: &[u8; 16]| block.iter().fold(false, |found, byte| found | byte.is_ascii_control());
    match bytes.last_chunk() {
        Some(last) => in_block(last) || bytes.as_chunks().0.iter().any(in_block),
        None => bytes.iter().any(u8::is_ascii_control),
    }
}

/// What a panic said.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    printable(said.unwrap_or("no message").as_bytes(), 300)
}

struct Line {
    text: String,
    chars: usize,
    gap: bool,
    max_chars: usize,
}

impl Line {
    /// False when there is no room left, and the line must end here.
    fn push(&mut self, c: char) -> bool {
        let gap = self.gap && self.chars > 0;
        if self.chars + usize::from(gap) >= self.max_chars {
            return false;
        }
        if gap {
            self.text.push(' ');
        }
        self.text.push(c);
        self.chars += 1 + usize::from(gap);
        self.gap = false;
        true
    }

    fn cut(mut self) -> String {
        if self.max_chars == 0 {
            return String::new();
        }
        if self.chars == self.max_chars {
            self.text.pop();
        }
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push(ELLIPSIS);
        self.text
    }
}

/// U+200C and U+200D stay: scripts and emoji need them, and they neither hide nor reorder anything.
fn is_gap(c: char) -> bool {
    c == ' '
        || c.is_control()
        || matches!(c,
            '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}'  // direction marks, zero width space
            | '\u{2028}'..='\u{202E}'                          // line and paragraph separator, bidi embeddings, overrides
            | '\u{2060}'..='\u{206F}'                          // invisible operators, bidi isolates
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'             // byte order mark, interlinear annotation
            | '\u{E0000}'..='\u{E007F}') // tags: text that nobody sees
}
