//! What recognition looks at.

/// The shape of the beginning of a report.
#[derive(Debug)]
pub struct Head<'a> {
    /// The text.
    pub text: &'a str,
}
