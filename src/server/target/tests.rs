use super::*;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

/// Reads a target as in this environment.
fn with(text: &str, variables: &[(&str, &str)], home: Option<&Path>) -> Result<Target> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    read(text, &Environment { variable: &variable, home: home.map(Path::to_owned), user: Some("ada".into()) })
}

fn plain(text: &str) -> Result<Target> {
    with(text, &[], None)
}

fn error(text: &str) -> String {
    match plain(text) {
        Ok(target) => panic!("{text} was read as {target}"),
        Err(error) => format!("{error:#}"),
    }
}

#[test]
fn a_broken_url_is_not_repeated() {
    for url in [
        "postgres://u:hush@h:port/d",
        "postgres://u:hu@sh@h/d",
        "postgres://u:hu/sh@h/d",
        "postgres://u:hu/@h/d?x=1",
        "password=hush hst=h",
    ] {
        let error = error(url);
        assert!(!error.contains("hu"), "{error}");
    }
    for url in ["postgres://u:hu@sh@h/d", "password=hush hst=h"] {
        assert!(error(url).contains("PGPASSWORD"));
    }
    assert!(error("hst=h user=u").contains("`hst`; did you mean `host`?"));
}

#[test]
fn each_wrong_value_is_named_with_its_rule() {
    assert!(error("postgres://u@h:99999/d").contains("port 99999 is none; ports are 1 to 65535"));
    assert!(error("postgres://u@h:0/d").contains("port 0"));
    let mode = error("postgres://u@h/d?sslmode=verify");
    assert!(mode.contains("sslmode=verify") && mode.contains("allow, prefer, require, verify-ca"), "{mode}");
    let direct = error("postgres://u@h/d?sslnegotiation=direct");
    assert!(direct.contains("sslmode=prefer") && direct.contains("sslmode=require"), "{direct}");
    assert!(error("host=h hostaddr=h").contains("hostaddr `h` is no IP address"));
    assert!(error("host=h connect_timeout=soon").contains("connect_timeout=soon is no whole number"));
    assert!(error("host=h requirepeer=postgres").contains("`requirepeer`"));
    assert!(error("host=h target_session_attrs=standby").contains("any, read-write, primary"));
    let system = error("host=h sslmode=require sslrootcert=system");
    assert!(system.contains("sslmode=verify-full"), "{system}");
}

#[test]
fn all_modes_of_libpq_are_taken() {
    for mode in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
        assert_eq!(plain(&format!("postgres://u@h/d?sslmode={mode}")).unwrap().tls.mode.name(), mode);
    }
    assert_eq!(plain("host=h").unwrap().tls.mode, TlsMode::Prefer);
    assert_eq!(plain("host=h sslrootcert=system").unwrap().tls.mode, TlsMode::VerifyFull);
    let dir = tempfile::tempdir().unwrap();
    let roots = dir.path().join("root.crt");
    std::fs::write(&roots, "").unwrap();
    let require = plain(&format!("host=h sslmode=require sslrootcert={}", roots.display())).unwrap();
    assert_eq!((require.tls.mode, require.tls.roots), (TlsMode::VerifyCa, Roots::File(roots)));
}

#[test]
fn what_a_url_leaves_out_comes_from_the_environment() {
    let environment = [
        ("PGHOST", "db.example"),
        ("PGPORT", "5433"),
        ("PGUSER", "eve"),
        ("PGDATABASE", "work"),
        ("PGPASSWORD", "hush"),
        ("PGSSLMODE", "require"),
        ("PGCONNECT_TIMEOUT", "7"),
        ("PGOPTIONS", "-c search_path=x"),
        ("PGAPPNAME", "mine"),
        ("PGCHANNELBINDING", "disable"),
        ("PGTARGETSESSIONATTRS", "read-write"),
    ];
    for bare in ["postgres://", "postgresql://", "postgresql:///"] {
        let target = with(bare, &environment, None).unwrap();
        assert_eq!(target.to_string(), "eve@db.example:5433/work");
        assert_eq!(target.tls.mode, TlsMode::Require);
        assert_eq!(target.config.get_password(), Some(&b"hush"[..]));
        assert_eq!(target.config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(target.config.get_application_name(), Some("mine"));
        assert_eq!(target.config.get_channel_binding(), ChannelBinding::Disable);
        assert_eq!(target.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(target.settings().unwrap()["search_path"], "x");
    }
    let target = with("postgres://u@h:1/d?sslmode=allow&options=", &environment, None).unwrap();
    assert_eq!((target.to_string().as_str(), target.tls.mode), ("u@h:1/d", TlsMode::Allow));
    let address = with("postgresql:///d", &[("PGHOSTADDR", "127.0.0.9")], None).unwrap();
    assert_eq!(
        (address.to_string().as_str(), address.transport().as_str()),
        ("ada@127.0.0.9:5432/d", "tcp 127.0.0.1")
    );
}

#[test]
fn without_anything_it_is_this_machine_s_server_and_this_user() {
    let target = plain("postgres://").unwrap();
    assert_eq!(
        (target.user(), target.database(), target.transport().as_str()),
        ("ada", "ada", "unix socket")
    );
    let host = plain("postgres://h").unwrap();
    assert_eq!(host.to_string(), "ada@h:5432/ada");
}

#[test]
fn a_service_comes_after_the_url_and_before_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("services");
    std::fs::write(&file, "[mine]\nhost=s\nport=5434\ndbname=sd\n").unwrap();
    let environment = [
        ("PGSERVICE", "mine"),
        ("PGSERVICEFILE", file.to_str().unwrap()),
        ("PGHOST", "environment"),
        ("PGUSER", "eve"),
    ];
    let target = with("postgres:///ud", &environment, Some(home.path())).unwrap();
    assert_eq!(target.to_string(), "eve@s:5434/ud");
    std::fs::write(home.path().join(".pg_service.conf"), "[own]\nhost=o\n").unwrap();
    let named = with("service=own user=u", &[], Some(home.path())).unwrap();
    assert_eq!(named.to_string(), "u@o:5432/u");
    let missing = with("service=none", &[], Some(home.path())).map(|_| ()).unwrap_err().to_string();
    assert!(missing.contains("no service `none`") && missing.contains(".pg_service.conf"), "{missing}");
}

/// As in libpq, where `host=''` is the default socket although PGHOST is set.
#[test]
fn an_empty_value_is_the_default_whatever_the_environment_says() {
    let environment = [("PGHOST", "elsewhere.example"), ("PGPORT", "5433")];
    for text in ["host='' user=u dbname=d", "postgres:///d?host=&user=u"] {
        let target = with(text, &environment, None).unwrap();
        assert!(target.to_string().starts_with("u@/") && target.to_string().contains(":5433/d"), "{target}");
    }
    let left_out = with("postgres://u@:5434/d", &environment, None).unwrap();
    assert_eq!(left_out.to_string(), "u@elsewhere.example:5434/d");
}

#[test]
fn a_password_comes_from_the_file_for_the_host_as_it_was_given() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join(".pgpass");
    std::fs::write(&file, "h:5433:d:u:right\nlocalhost:*:*:*:socket\n").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let password = |url: &str, variables: &[(&str, &str)]| {
        let target = with(url, variables, Some(home.path())).unwrap();
        target.config.get_password().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    };
    assert_eq!(password("postgres://u@h:5433/d", &[]).as_deref(), Some("right"));
    assert_eq!(password("postgres://u@h:5432/d", &[]), None);
    assert_eq!(password("postgres:///d", &[]).as_deref(), Some("socket"));
    assert_eq!(password("postgres://u@h:5433/d", &[("PGPASSWORD", "env")]).as_deref(), Some("env"));
    assert_eq!(password("postgres://u:url@h:5433/d", &[("PGPASSWORD", "env")]).as_deref(), Some("url"));
    assert_eq!(password("postgres://u@h:5433/d", &[("PGPASSFILE", "/none")]), None);
    // One of several hosts must not be offered what is another's.
    let several = with("postgres://u@h:5433,other:5433/d", &[], Some(home.path())).map(|_| ()).unwrap_err();
    assert!(several.to_string().contains("not the same password for all hosts"), "{several}");
    let several = "postgres://u@h:5433,other:5433/d";
    assert_eq!(password(several, &[("PGPASSWORD", "env")]).as_deref(), Some("env"));
    assert_eq!(password("postgres://u@h:5433,h:5433/d", &[]).as_deref(), Some("right"));
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let target = with("postgres://u@h:5433/d", &[], Some(home.path())).unwrap();
    assert_eq!(target.config.get_password(), None);
    assert!(target.warnings()[0].contains("chmod 600"), "{:?}", target.warnings());
}

#[test]
fn transports_are_distinguished() {
    let of = |url: &str| plain(url).unwrap().transport();
    assert_eq!(of("postgres://u@%2Fvar%2Frun%2Fpostgresql/d"), "unix socket");
    assert_eq!(of("postgres://u@127.0.0.1/d"), "tcp 127.0.0.1");
    assert_eq!(of("postgres://u@db.example.org/d"), "tcp, another host");
}
