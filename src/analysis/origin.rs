//! The origin of a server's build, as far as its version says it.

/// Who packaged a build, and for which platform: `Debian, x86_64-pc-linux-gnu`.
///
/// Two builds of the same origin were made with the same tools and options, so that what differs
/// between them is PostgreSQL's version. `version()` reads
/// `PostgreSQL 16.4 (Debian 16.4-1.pgdg120+1) on x86_64-pc-linux-gnu, compiled by gcc ...`: taken
/// are the words of the note before its own version (with PGDG, whose packages name themselves in
/// that version, set apart from the distribution's), and the platform after `on`. Numbers of
/// PostgreSQL, of the package and of the compiler are left out: a patch release of any of them is
/// no other origin. A build that names no packager may be anybody's: of it the compiler counts as
/// well. A text of another form is its own origin, as a whole.
pub(crate) fn build_origin(version: &str) -> String {
    let Some((head, tail)) = version.split_once(" on ") else {
        return version.to_string();
    };
    let platform = tail.split(',').next().unwrap_or(tail).trim();
    let Some((_, note)) = head.split_once('(') else {
        // Then the compiler is all there is to tell builds apart by.
        let built = tail.split_once(',').map_or("", |(_, built)| built.trim().trim_end_matches(", 64-bit"));
        return format!("no packager named, {platform}, {built}");
    };
    let numbered = |word: &&str| !word.starts_with(|c: char| c.is_ascii_digit());
    let vendor: Vec<&str> = note.trim_end_matches(')').split_whitespace().take_while(numbered).collect();
    let vendor = vendor.join(" ");
    let packager = if note.contains(".pgdg") { format!("PGDG for {vendor}") } else { vendor };
    format!("{packager}, {platform}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAIL: &str = "on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit";

    #[test]
    fn the_origin_is_packager_and_platform() {
        for (head, origin) in [
            ("PostgreSQL 15.18 (Debian 15.18-0+deb12u1)", "Debian, x86_64-pc-linux-gnu"),
            ("PostgreSQL 16.4 (Debian 16.4-1.pgdg120+1)", "PGDG for Debian, x86_64-pc-linux-gnu"),
            ("PostgreSQL 16.4 (Ubuntu 16.4-1.pgdg22.04+1)", "PGDG for Ubuntu, x86_64-pc-linux-gnu"),
            ("PostgreSQL 18beta1 (Debian 18~beta1-1.pgdg120+1)", "PGDG for Debian, x86_64-pc-linux-gnu"),
            (
                "PostgreSQL 17.0",
                "no packager named, x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0",
            ),
        ] {
            assert_eq!(build_origin(&format!("{head} {TAIL}")), origin);
        }
        let alpine =
            "PostgreSQL 16.4 on x86_64-pc-linux-musl, compiled by gcc (Alpine 13.2.1) 13.2.1, 64-bit";
        assert_eq!(
            build_origin(alpine),
            "no packager named, x86_64-pc-linux-musl, compiled by gcc (Alpine 13.2.1) 13.2.1"
        );
        let other = "PostgreSQL 16.4, compiled by Visual C++ build 1940, 64-bit";
        assert_eq!(build_origin(other), other);
    }

    #[test]
    fn a_patch_release_is_no_other_origin() {
        let of_release = |n: u32| {
            build_origin(&format!(
                "PostgreSQL 15.{n} (Debian 15.{n}-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc 12.{n}"
            ))
        };
        assert_eq!(of_release(17), of_release(18));
    }
}
