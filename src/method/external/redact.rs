//! The output of a program without this machine's names and secrets: records may be published.

use std::path::Path;

use crate::redact::Redactor;
use crate::server::Connector;

/// `text` with names in braces in place of what `connector` leads to, of what is this machine's, and of
/// these paths, each with its name.
pub(crate) fn redacted(text: &str, connector: &Connector, paths: &[(&Path, &'static str)]) -> String {
    let mut redactor = Redactor::of_machine();
    redactor.hide_connection(connector.config());
    paths.iter().for_each(|(path, name)| redactor.hide_path(name, path));
    redactor.text(text)
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
                    user \"ada\": hush, canada, user=ada";
        assert_eq!(
            redacted(
                text,
                &connector,
                &[(Path::new("/c/scratch-1/votes.csv"), "{file}"), (Path::new("/c/scratch-1"), "{scratch}")]
            ),
            "psql:{file}:3: {scratch}/x: connection to \"{host}\" failed for user \"{user}\": {password}, canada, \
             user={user}"
        );
    }
}
