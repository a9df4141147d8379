//! The kinds of things that are taken out of texts.

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// The password of a connection.
    Password,
    /// A path, with what it is called in braces.
    Path(&'static str),
    /// The directory of a server's socket.
    Socket,
    /// A server's host.
    Host,
    /// A server's IP address.
    Address,
    /// The name of this machine.
    Machine,
    /// The name of a user, of the server's or of this machine's.
    User,
    /// A database that is named after a user.
    Database,
}

impl Thing {
    /// The text in its place.
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Thing::Password => "{password}",
            Thing::Path(name) => name,
            Thing::Socket => "{socket}",
            Thing::Host => "{host}",
            Thing::Address => "{address}",
            Thing::Machine => "{machine}",
            Thing::User => "{user}",
            Thing::Database => "{database}",
        }
    }
}
