//! A text that is not taken as a value.

use std::borrow::Cow;

/// Why a text is not taken as a value of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The rule that it breaks, and the next step: the rest of a sentence that begins with the text.
    pub rule: Cow<'static, str>,
    /// Whether no server takes it. Otherwise the client cannot tell: PostgreSQL knows spellings of this type
    /// that are not known here.
    pub certain: bool,
}

/// A refusal of one of many small steps, whose results fit into registers so.
pub(super) type Fault = Box<Refused>;

impl Refused {
    /// One that no server takes.
    #[cold]
    pub(crate) fn wrong(rule: impl Into<Cow<'static, str>>) -> Self {
        Self { rule: rule.into(), certain: true }
    }

    /// One that the client cannot read.
    #[cold]
    pub(crate) fn unread(rule: impl Into<Cow<'static, str>>) -> Self {
        Self { rule: rule.into(), certain: false }
    }
}
