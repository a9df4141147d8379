//! What the user says of a csv.

/// What the user says of a csv; the rest is found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whether there is a header.
    pub header: Option<bool>,
    /// The columns of the file in its order, an empty name for one to pass over.
    pub columns: Option<Vec<String>>,
    /// Between fields.
    pub delimiter: Option<u8>,
    /// Around fields, or that nothing is.
    pub quote: Option<Option<u8>>,
    /// Before a quote inside quotes.
    pub escape: Option<u8>,
    /// The spelling of NULL.
    pub null: Option<String>,
}

impl Asked {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
