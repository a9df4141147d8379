//! A load's connection as the environment variables that every program built on libpq reads
//! (PostgreSQL manual, libpq, "Environment Variables"). So a latency proxy, the settings of a case
//! and the run's schema hold for external programs too, and no password stands in an argument.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use tokio_postgres::config::{ChannelBinding, Host, LoadBalanceHosts, TargetSessionAttrs};

use crate::server::Connector;
use crate::server::tls::{Negotiation, Roots, Tls, TlsMode};

/// The variable whose settings come on top of the run's.
pub(crate) const PGOPTIONS: &str = "PGOPTIONS";

/// The address that a connector leads to, for programs that take it in an argument or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The host's name or address, or the directory of a Unix socket; the first where there are several.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
}

/// The address that a connector leads to.
///
/// # Errors
/// When it names no host or no user, or a socket's directory that is not UTF-8.
pub(crate) fn address(connector: &Connector) -> Result<Address> {
    let config = connector.config();
    let user = config.get_user().context("the connection names no user")?;
    Ok(Address {
        host: hosts(connector)?.into_iter().next().context("the connection names no host")?,
        port: config.get_ports().first().copied().unwrap_or(5432),
        user: user.into(),
        database: config.get_dbname().unwrap_or(user).into(),
    })
}

/// Gives `command` the connector's parameters as `PG*` variables, and takes from it all others of
/// that kind that this program was started with: they would lead elsewhere. Its messages are English
/// and its texts UTF-8 whatever the user's locale is, as its output may be searched for numbers.
///
/// # Errors
/// As [`address`].
pub(crate) fn apply(connector: &Connector, command: &mut Command) -> Result<()> {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
        command.env_remove(name);
    }
    command.envs(variables(connector)?).env("LC_ALL", "C.UTF-8").env_remove("LANGUAGE");
    Ok(())
}

/// The variables and their values.
fn variables(connector: &Connector) -> Result<Vec<(&'static str, OsString)>> {
    let config = connector.config();
    let Address { user, database, .. } = address(connector)?;
    let listed = |values: Vec<String>| OsString::from(values.join(","));
    let ports = if config.get_ports().is_empty() { &[5432] } else { config.get_ports() };
    let mut all = vec![
        ("PGHOST", listed(hosts(connector)?)),
        ("PGPORT", listed(ports.iter().map(u16::to_string).collect())),
        ("PGUSER", user.into()),
        ("PGDATABASE", database.into()),
        ("PGSSLMODE", connector.ssl_mode().name().into()),
        // As the driver of our own methods has it; the dataset's files are in it.
        ("PGCLIENTENCODING", "UTF8".into()),
    ];
    let mut add = |name, value: Option<OsString>| all.extend(value.map(|value| (name, value)));
    add("PGPASSWORD", config.get_password().map(|password| OsString::from_vec(password.to_vec())));
    add("PGOPTIONS", config.get_options().map(OsString::from));
    add("PGAPPNAME", config.get_application_name().map(OsString::from));
    add(
        "PGCONNECT_TIMEOUT",
        config.get_connect_timeout().map(|limit| limit.as_secs().max(1).to_string().into()),
    );
    if verifies(connector) {
        add("PGHOSTADDR", addresses(connector).map(listed));
    }
    if let Some(tls) = connector.tls().map(Tls::parameters) {
        add("PGSSLROOTCERT", tls.mode.verifies().then(|| trusted(&tls.roots).into()));
        add("PGSSLNEGOTIATION", (tls.negotiation == Negotiation::Direct).then(|| "direct".into()));
        let (certificate, key) = tls.client.clone().unzip();
        add("PGSSLCERT", certificate.map(PathBuf::into));
        add("PGSSLKEY", key.map(PathBuf::into));
    }
    add(
        "PGCHANNELBINDING",
        match config.get_channel_binding() {
            ChannelBinding::Disable => Some("disable".into()),
            ChannelBinding::Require => Some("require".into()),
            _ => None,
        },
    );
    add(
        "PGTARGETSESSIONATTRS",
        match config.get_target_session_attrs() {
            TargetSessionAttrs::ReadWrite => Some("read-write".into()),
            TargetSessionAttrs::ReadOnly => Some("read-only".into()),
            _ => None,
        },
    );
    let random = config.get_load_balance_hosts() == LoadBalanceHosts::Random;
    add("PGLOADBALANCEHOSTS", random.then(|| "random".into()));
    Ok(all)
}

fn verifies(connector: &Connector) -> bool {
    connector.ssl_mode() == TlsMode::VerifyFull
}

/// The values of PGHOST. An address that a proxy or the user gave comes before the name, as not every program
/// knows PGHOSTADDR, and would go past the proxy; unless the name has to be verified.
fn hosts(connector: &Connector) -> Result<Vec<String>> {
    if let Some(addresses) = addresses(connector).filter(|_| !verifies(connector)) {
        return Ok(addresses);
    }
    let name = |host: &Host| match host {
        Host::Tcp(name) => Ok(name.clone()),
        Host::Unix(dir) => dir
            .to_str()
            .map(str::to_owned)
            .with_context(|| format!("the socket's directory {} is not UTF-8", dir.display())),
    };
    connector.config().get_hosts().iter().map(name).collect()
}

fn addresses(connector: &Connector) -> Option<Vec<String>> {
    let addresses = connector.config().get_hostaddrs();
    (!addresses.is_empty()).then(|| addresses.iter().map(ToString::to_string).collect())
}

/// The file of the certificates to trust. (`system` has libpq 16 and later look for this machine's.)
fn trusted(roots: &Roots) -> PathBuf {
    match roots {
        Roots::File(file) => file.clone(),
        Roots::System => openssl_probe::probe().cert_file.unwrap_or_else(|| "system".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interrupt::Interrupt;
    use crate::server::tls::TlsParameters;

    fn text(connector: &Connector) -> String {
        let line = |(name, value): (&str, OsString)| format!("{name}={}\n", value.to_str().unwrap());
        variables(connector).unwrap().into_iter().map(line).collect()
    }

    #[test]
    fn a_socket_and_what_a_case_sets() {
        let config = "host=/run/a port=5433 user=u dbname=d password=hush options='-c a=b'";
        let connector = Connector::new(config.parse().unwrap(), Interrupt::new());
        assert_eq!(
            text(&connector),
            "PGHOST=/run/a\nPGPORT=5433\nPGUSER=u\nPGDATABASE=d\nPGSSLMODE=disable\nPGCLIENTENCODING=UTF8\n\
             PGPASSWORD=hush\nPGOPTIONS=-c a=b\n"
        );
        let address = address(&connector).unwrap();
        assert_eq!((address.host.as_str(), address.port), ("/run/a", 5433));
    }

    #[test]
    fn a_proxy_s_address_comes_before_the_name_unless_the_name_is_verified() {
        let config: tokio_postgres::Config =
            "host=db.example hostaddr=127.0.0.1 port=71 user=u sslmode=require".parse().unwrap();
        let tls = |mode| {
            let parameters = TlsParameters {
                mode,
                negotiation: Negotiation::default(),
                roots: Roots::System,
                client: None,
            };
            Tls::new(parameters).unwrap()
        };
        let connector = |mode| Connector::with_tls(config.clone(), tls(mode), Interrupt::new());
        let plain = text(&connector(TlsMode::Require));
        assert!(plain.starts_with("PGHOST=127.0.0.1\nPGPORT=71\n") && !plain.contains("HOSTADDR"), "{plain}");
        assert!(plain.contains("PGDATABASE=u\nPGSSLMODE=require\n"), "{plain}");
        let verified = text(&connector(TlsMode::VerifyFull));
        assert!(verified.starts_with("PGHOST=db.example\n"), "{verified}");
        assert!(verified.contains("PGHOSTADDR=127.0.0.1\nPGSSLROOTCERT="), "{verified}");
    }
}
