//! A list of the statements that a load sends, phase by phase.

use std::sync::{Mutex, MutexGuard};

use super::run_schema::WHERE;
use crate::model::{Phase, Statement};

/// Characters of a statement above which its middle is left out.
const LONGEST: usize = 480;
/// Characters that are left at its end.
const END: usize = 80;

/// A log of the statements of a load, each with the phase it was sent in. Shared by the threads
/// of the load and of the proxy that it goes through.
#[derive(Debug, Default)]
pub struct StatementLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    phase: Option<Phase>,
    heard: Vec<Heard>,
}

#[derive(Debug)]
struct Heard {
    /// The text without its values.
    shape: String,
    statement: Statement,
}

impl StatementLog {
    /// The phase that what is heard from now on belongs to.
    pub fn enter(&self, phase: Option<Phase>) {
        self.lock().phase = phase;
    }

    /// Adds a statement that was sent.
    pub fn hear(&self, sql: &str) {
        let sql = sql.trim();
        // Our own look at where a connection is belongs to no load.
        if sql.is_empty() || sql == WHERE {
            return;
        }
        let mut state = self.lock();
        let (phase, shape) = (state.phase, shape(sql));
        let same = |heard: &&mut Heard| heard.statement.phase == phase && heard.shape == shape;
        match state.heard.iter_mut().find(same) {
            Some(heard) => heard.statement.times += 1,
            None => {
                let statement = Statement { phase, sql: shortened(sql), times: 1 };
                state.heard.push(Heard { shape, statement });
            }
        }
    }

    /// The statements so far, each kind once, in the order in which they were first sent; the log is empty then.
    pub fn take(&self) -> Vec<Statement> {
        let heard = std::mem::take(&mut self.lock().heard);
        heard.into_iter().map(|heard| heard.statement).collect()
    }

    // A panic of one thread must not hide what the others heard.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// A statement without its string literals and numbers, which is the same for two of a kind. Lists of any
/// length are the same: `VALUES (?, ?)` stands for two rows as well.
fn shape(sql: &str) -> String {
    let mut out = String::new();
    let mut chars = sql.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                // A doubled quote ends one literal and begins the next.
                while chars.next().is_some_and(|c| c != '\'') {}
                out.push('?');
            }
            '"' => {
                out.push(c);
                out.extend(std::iter::from_fn(|| chars.next_if(|c| *c != '"')));
                out.extend(chars.next());
            }
            // A sign belongs to its number: the rows of a list may be below zero or not.
            '-' if matches!(before, ',' | '(' | ' ') && chars.peek().is_some_and(char::is_ascii_digit) => {
                continue;
            }
            _ if c.is_ascii_digit() && !before.is_alphanumeric() && before != '_' => {
                while chars.next_if(|c| c.is_ascii_digit() || *c == '.').is_some() {}
                out.push('?');
            }
            _ => out.push(c),
        }
        before = c;
    }
    collapsed(&out)
}

/// `(?, ?), (?, ?), (?, ?)` as `(?, ?)`.
fn collapsed(shape: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for part in shape.split("), (") {
        if out.last() != Some(&part) {
            out.push(part);
        }
    }
    // The first and the last part have what is around the list.
    match &out[..] {
        [first, .., last] if out.len() <= 3 => format!("{first}), ({last}"),
        _ => out.join("), ("),
    }
}

fn shortened(sql: &str) -> String {
    let length = sql.chars().count();
    if length <= LONGEST {
        return sql.to_owned();
    }
    let start: String = sql.chars().take(LONGEST - END).collect();
    let end: String = sql.chars().skip(length - END).collect();
    format!("{start} ... {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_a_kind_are_one_in_each_phase() {
        let log = StatementLog::default();
        log.hear("CREATE TABLE \"t\" (a int4)");
        log.enter(Some(Phase::Load));
        for row in 0..3 {
            log.hear(&format!("INSERT INTO \"t2\" VALUES ('it''s', {})", row - 1));
        }
        log.hear(" COMMIT ");
        log.enter(Some(Phase::Commit));
        log.hear("COMMIT");
        log.hear("  ");
        let of = |phase, sql: &str, times| Statement { phase, sql: sql.into(), times };
        assert_eq!(
            log.take(),
            [
                of(None, "CREATE TABLE \"t\" (a int4)", 1),
                of(Some(Phase::Load), "INSERT INTO \"t2\" VALUES ('it''s', -1)", 3),
                of(Some(Phase::Load), "COMMIT", 1),
                of(Some(Phase::Commit), "COMMIT", 1),
            ]
        );
        assert_eq!(log.take(), []);
    }

    #[test]
    fn lists_of_any_length_are_of_a_kind_and_long_texts_lose_their_middle() {
        let rows = |n: usize| {
            let rows: Vec<String> = (0..n).map(|row| format!("('u{row}', {row})")).collect();
            format!("INSERT INTO t (a, b) VALUES {}", rows.join(", "))
        };
        assert_eq!(shape(&rows(1000)), shape(&rows(999)));
        assert_ne!(shape("SELECT a1"), shape("SELECT a2"));
        assert_ne!(shape("SELECT \"1\""), shape("SELECT \"2\""));
        let short = shortened(&rows(1000));
        assert_eq!(short.chars().count(), LONGEST + " ... ".len());
        assert!(
            short.starts_with("INSERT INTO t (a, b) VALUES ('u0', 0)") && short.ends_with("('u999', 999)")
        );
    }
}
