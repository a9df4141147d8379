//! The statements among the bytes that a client sends (PostgreSQL manual, "Frontend/Backend Protocol",
//! 53.7 Message Formats).

use std::collections::HashMap;
use std::sync::Arc;

use crate::server::statements::StatementLog;

/// Bytes of a message that are looked at; of a longer one, only its beginning is a statement that anyone
/// reads.
const MOST: usize = 64 << 10;

/// The codes of requests that come before the first message: to encrypt by TLS or by GSSAPI, and to cancel.
const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
/// The first byte of what a client sends once TLS was granted.
const TLS_HANDSHAKE: u8 = 0x16;

/// A reader of one client's bytes, in pieces of any size.
pub(super) struct FrontendReader {
    log: Arc<StatementLog>,
    state: State,
    /// The message at hand, as far as it has come and is looked at.
    message: Vec<u8>,
    /// The text of each prepared statement, and the statement of each portal.
    prepared: HashMap<Vec<u8>, String>,
    portals: HashMap<Vec<u8>, Vec<u8>>,
}

enum State {
    /// Before the first message, whose header has no tag.
    Start,
    /// A header is due.
    Header,
    /// So many bytes of a message with this tag are left.
    Body { tag: u8, left: usize },
    /// Bytes that cannot be read.
    Encrypted,
}

impl FrontendReader {
    /// A reader that tells `log` what it finds.
    pub(super) fn new(log: Arc<StatementLog>) -> Self {
        Self {
            log,
            state: State::Start,
            message: Vec::new(),
            prepared: HashMap::new(),
            portals: HashMap::new(),
        }
    }

    /// Takes the next bytes.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let header = match self.state {
                State::Encrypted => return,
                State::Start if self.message.is_empty() && bytes[0] == TLS_HANDSHAKE => {
                    self.state = State::Encrypted;
                    return;
                }
                State::Start => 8,
                State::Header => 5,
                State::Body { tag, left } => {
                    let taken = left.min(bytes.len());
                    let room = MOST.saturating_sub(self.message.len()).min(taken);
                    self.message.extend(&bytes[..room]);
                    bytes = &bytes[taken..];
                    self.state = State::Body { tag, left: left - taken };
                    if left == taken {
                        self.end(tag);
                    }
                    continue;
                }
            };
            let taken = (header - self.message.len()).min(bytes.len());
            self.message.extend(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.message.len() == header {
                self.begin();
            }
        }
    }

    /// The header is there.
    fn begin(&mut self) {
        let number = |at: usize| {
            let bytes = self.message.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, u32::from_be_bytes)
        };
        let (tag, left) = match self.state {
            State::Start => {
                let (length, code) = (number(0) as usize, number(4));
                self.message.clear();
                if matches!(code, SSL_REQUEST | GSS_REQUEST) {
                    return;
                }
                (0, length.saturating_sub(8))
            }
            _ => (self.message[0], (number(1) as usize).saturating_sub(4)),
        };
        self.message.clear();
        self.state = State::Body { tag, left };
        if left == 0 {
            self.end(tag);
        }
    }

    /// The message is complete.
    fn end(&mut self, tag: u8) {
        self.state = State::Header;
        let message = std::mem::take(&mut self.message);
        let mut words = message.split(|byte| *byte == 0);
        let mut word = || words.next().unwrap_or_default();
        match tag {
            b'Q' => self.log.hear(&String::from_utf8_lossy(word())),
            b'P' => {
                let (name, text) = (word().to_vec(), String::from_utf8_lossy(word()).into_owned());
                self.prepared.insert(name, text);
            }
            b'B' => {
                let (portal, statement) = (word().to_vec(), word().to_vec());
                self.portals.insert(portal, statement);
            }
            b'E' => {
                let statement = self.portals.get(word()).and_then(|statement| self.prepared.get(statement));
                if let Some(text) = statement {
                    self.log.hear(text);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Statement;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 4).to_be_bytes();
        [&[tag][..], &length, body].concat()
    }

    fn start() -> Vec<u8> {
        let ssl = [8_u32.to_be_bytes(), SSL_REQUEST.to_be_bytes()].concat();
        let body = b"\0\x03\0\0user\0u\0\0";
        [ssl, (body.len() as u32 + 4).to_be_bytes().to_vec(), body.to_vec()].concat()
    }

    /// Statements heard of these bytes in pieces of this size.
    fn heard(bytes: &[u8], piece: usize) -> Vec<(String, u64)> {
        let log = Arc::new(StatementLog::default());
        let mut reader = FrontendReader::new(log.clone());
        bytes.chunks(piece).for_each(|piece| reader.take(piece));
        log.take().into_iter().map(|Statement { sql, times, .. }| (sql, times)).collect()
    }

    #[test]
    fn queries_and_executions_are_found_in_pieces_of_any_size() {
        let mut bytes = start();
        bytes.extend(message(b'Q', b"BEGIN\0"));
        bytes.extend(message(b'P', b"s1\0INSERT INTO t VALUES ($1)\0\0\0"));
        for _ in 0..2 {
            bytes.extend(message(b'B', b"\0s1\0\0\0\0\x01\0\0\0\x01x\0\0"));
            bytes.extend(message(b'E', b"\0\0\0\0\0"));
            bytes.extend(message(b'S', b""));
        }
        // What looks like a query within the rows of a COPY is none.
        bytes.extend(message(b'd', &message(b'Q', b"DROP TABLE t\0")));
        bytes.extend(message(b'd', &vec![b'x'; 3 * MOST]));
        bytes.extend(message(b'c', b""));
        bytes.extend(message(b'Q', b"COMMIT\0"));
        let expected =
            [("BEGIN".to_owned(), 1), ("INSERT INTO t VALUES ($1)".into(), 2), ("COMMIT".into(), 1)];
        for piece in [1, 3, 7, 4096, bytes.len()] {
            assert_eq!(heard(&bytes, piece), expected, "{piece}");
        }
    }

    #[test]
    fn nothing_is_made_of_what_is_encrypted() {
        let mut bytes = start()[..8].to_vec();
        bytes.extend([TLS_HANDSHAKE, 3, 1, 0, 9]);
        bytes.extend(message(b'Q', b"SELECT 1\0"));
        assert_eq!(heard(&bytes, 8), []);
    }
}
