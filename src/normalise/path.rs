//! Paths in one spelling: relative, with `/`, without `.` and `..`.
//!
//! What must stay true: a path never changes the place that it names. One that is absolute or climbs out of its root keeps
//! its spelling, so that no pattern for a path inside can match it by accident.

use std::borrow::Cow;

/// What absolute paths of a report are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// Unknown: an absolute path stays absolute.
    Unknown,
    /// The root of an image's file system: `/lib/x` and `lib/x` are the same file.
    Image,
}

/// The path in its one spelling; nearly all have it already.
pub(super) fn normalised(raw: &str, root: Root) -> Cow<'_, str> {
    let plain = raw.strip_prefix("file://").unwrap_or(raw);
    let plain = if plain.contains('\\') { Cow::Owned(plain.replace('\\', "/")) } else { Cow::Borrowed(plain) };
    if plain.contains("://") {
        return raw.into();
    }
    let relative = match root {
        Root::Image => plain.trim_start_matches('/'),
        Root::Unknown => &plain,
    };
    if is_absolute(relative) {
        return if plain.len() == raw.len() && plain == raw { raw.into() } else { plain.into_owned().into() };
    }
    if relative == raw && is_straight(raw) {
        return raw.into();
    }
    match inside(relative) {
        Some(path) if !path.is_empty() => path.into(),
        _ => raw.into(),
    }
}

/// True where no component is empty, `.` or `..`.
fn is_straight(path: &str) -> bool {
    path.split('/').all(|component| !matches!(component, "" | "." | ".."))
}

/// True for `/x` and `C:/x`.
fn is_absolute(path: &str) -> bool {
    let mut chars = path.chars();
    match (chars.next(), chars.next()) {
        (Some('/'), _) => true,
        (Some(drive), Some(':')) => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The path without empty, `.` and `..` components; `None` where it leaves its root.
fn inside(path: &str) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                kept.pop()?;
            }
            name => kept.push(name),
        }
    }
    Some(kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_spelling() {
        for (raw, path) in [
            ("./src/app.py", "src/app.py"),
            ("src//app.py", "src/app.py"),
            ("src\\app.py", "src/app.py"),
            ("file://src/app.py", "src/app.py"),
            ("src/../src/./app.py", "src/app.py"),
            ("src/app.py", "src/app.py"),
        ] {
            assert_eq!(normalised(raw, Root::Unknown), path, "{raw}");
        }
    }

    #[test]
    fn a_path_that_leaves_its_root_keeps_its_spelling() {
        for raw in ["../web/app.py", "web/../../api/app.py", "/src/web/app.py", "C:/src/app.py", ".", "https://x/y"] {
            assert_eq!(normalised(raw, Root::Unknown), raw);
        }
        assert_eq!(normalised("file:///src/app.py", Root::Unknown), "/src/app.py");
    }

    #[test]
    fn an_image_has_one_root() {
        assert_eq!(normalised("/usr/lib/x", Root::Image), "usr/lib/x");
        assert_eq!(normalised("usr/lib/x", Root::Image), "usr/lib/x");
        assert_eq!(normalised("/../x", Root::Image), "/../x");
    }
}
