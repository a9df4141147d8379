//! What a program prints, without what is this machine's alone: records may be published.

use std::path::Path;

use super::environment;
use crate::server::Connector;

/// `text` with names in braces in place of the password, the host and the user that `connector` leads
/// to, and of these paths, each with its name; one that lies in another comes before it.
pub fn redacted(text: &str, connector: &Connector, paths: &[(&Path, &str)]) -> String {
    let mut text = text.to_owned();
    let mut hide = |value: &str, name: &str| {
        if !value.is_empty() {
            text = text.replace(value, name);
        }
    };
    if let Some(password) = connector.config().get_password() {
        hide(&String::from_utf8_lossy(password), "{password}");
    }
    for (path, name) in paths {
        if path.is_absolute() {
            hide(&path.display().to_string(), name);
        }
    }
    if let Ok(address) = environment::address(connector) {
        // A user's name may be a word of any message, so it is looked for where messages have it.
        hide(&format!("user \"{}\"", address.user), "user {user}");
        hide(&address.host, "{host}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interrupt::Interrupt;

    #[test]
    fn what_is_this_machine_s_is_taken_out() {
        let config = "host=db.example.org user=ada password=hush dbname=votes".parse().unwrap();
        let connector = Connector::new(config, Interrupt::new());
        let text = "psql:/c/scratch-1/votes.csv:3: /c/scratch-1/x: connection to \"db.example.org\" failed for \
                    user \"ada\": hush, canada";
        assert_eq!(
            redacted(
                text,
                &connector,
                &[(Path::new("/c/scratch-1/votes.csv"), "{file}"), (Path::new("/c/scratch-1"), "{scratch}")]
            ),
            "psql:{file}:3: {scratch}/x: connection to \"{host}\" failed for user {user}: {password}, canada"
        );
    }
}
