//! Where a result is: from URIs with bases and indices to a path.
//!
//! What must stay true: a path is relative wherever the log says to what; a base that only says where the checkout lay on
//! some machine is left out.

use std::borrow::Cow;

use super::log::{ArtifactLocation, Location, LogicalLocation, Run};

/// Bases of a run, and bases of bases, beyond which a log is only playing.
pub(super) const BASES: usize = 64;

/// What a location points to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file.
    Path(String),
    /// A page or an end point, or something else that is no file.
    Url(String),
}

/// What the physical location points to.
pub(super) fn place(run: &Run<'_>, location: &Location<'_>) -> Option<Place> {
    let artifact = resolved(run, location.physical_location.get()?.artifact_location.get()?);
    let uri = artifact.uri.get()?.trim();
    if is_url(uri) {
        return Some(Place::Url(uri.to_owned()));
    }
    let path = decoded(without_scheme(uri));
    let absolute = uri.starts_with("file:") || is_absolute(&path);
    let path = if absolute {
        within_checkout(run, &path).unwrap_or(&path).to_owned()
    } else {
        below_base(run, artifact, &path)
    };
    (!path.is_empty()).then_some(Place::Path(path))
}

/// The resource or symbol that the logical location names.
pub(super) fn symbol<'r>(run: &'r Run<'_>, location: &'r Location<'_>) -> Option<&'r str> {
    let name = |logical: &'r LogicalLocation<'_>| logical.fully_qualified_name.get().or(logical.name.get());
    location.logical_locations.sound().find_map(|logical| {
        name(logical).or_else(|| name(run.logical_locations.at(usize::try_from(logical.index.whole()?).ok()?)?))
    })
}

/// The location itself, or the artifact of the run that it points to.
fn resolved<'r, 'a>(run: &'r Run<'a>, artifact: &'r ArtifactLocation<'a>) -> &'r ArtifactLocation<'a> {
    if artifact.uri.get().is_some() {
        return artifact;
    }
    let index = artifact.index.whole().and_then(|index| usize::try_from(index).ok());
    index.and_then(|index| run.artifacts.at(index)?.location.get()).unwrap_or(artifact)
}

/// The path below the relative parts of its bases: `src/` of `PROJECT` of `file:///home/build/` gives `src/…`.
fn below_base(run: &Run<'_>, artifact: &ArtifactLocation<'_>, path: &str) -> String {
    let mut path = path.to_owned();
    let mut base = artifact.uri_base_id.get();
    for _ in 0..BASES {
        let Some(next) = base.and_then(|id| run.original_uri_base_ids.get(id)?.get()) else { break };
        let uri = next.uri.get().unwrap_or_default().trim();
        if is_url(uri) || uri.starts_with("file:") || is_absolute(uri) {
            break;
        }
        if !uri.is_empty() {
            path = format!("{}/{path}", decoded(uri).trim_end_matches('/'));
        }
        base = next.uri_base_id.get();
    }
    path
}

/// An absolute path relative to where the log says the run took place.
fn within_checkout<'p>(run: &Run<'_>, path: &'p str) -> Option<&'p str> {
    let bases = run.original_uri_base_ids.0.iter().filter_map(|(_, base)| base.get());
    let directories = run.invocations.0.sound().filter_map(|invocation| invocation.working_directory.get());
    bases
        .take(BASES)
        .chain(directories.take(BASES))
        .filter_map(|base| {
            let root = decoded(without_scheme(base.uri.get()?.trim()));
            let root = root.trim_end_matches('/');
            let below = path.strip_prefix(root)?.strip_prefix('/')?;
            (is_absolute(root) && !below.is_empty()).then_some(below)
        })
        .min_by_key(|below| below.len())
}

/// True for `https://…`, `pkg:…` and the like; a drive letter and `file:` are no schemes here.
fn is_url(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && !scheme.eq_ignore_ascii_case("file")
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn is_absolute(path: &str) -> bool {
    let drive = path.as_bytes();
    path.starts_with(['/', '\\']) || matches!(drive, [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// `file:///home/a` as `/home/a`, `file:///C:/a` as `C:/a`, `file://host/a` as `/a`.
fn without_scheme(uri: &str) -> &str {
    let Some(rest) = uri.strip_prefix("file:") else { return uri };
    let path = match rest.strip_prefix("//") {
        Some(authority) => authority.find('/').and_then(|at| authority.get(at..)).unwrap_or(""),
        None => rest,
    };
    path.strip_prefix('/').filter(|path| is_absolute(path) && !path.starts_with('/')).unwrap_or(path)
}

/// Percent-encoding undone; a text that it would make invalid or give a NUL stays as it is.
fn decoded(uri: &str) -> Cow<'_, str> {
    if !uri.contains('%') {
        return Cow::Borrowed(uri);
    }
    let hex = |digit: Option<&u8>| char::from(*digit?).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let bytes = uri.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = if *byte == b'%' { hex(bytes.get(at + 1)).zip(hex(bytes.get(at + 2))) } else { None };
        match pair {
            Some((high, low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    match String::from_utf8(out) {
        Ok(text) if !text.contains('\0') => Cow::Owned(text),
        _ => Cow::Borrowed(uri),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(location: &str) -> Option<Place> {
        let run: Run<'_> = serde_json::from_str(
            r#"{"artifacts":[{"location":{"uri":"a%20b.c","uriBaseId":"SRC"}}],
                "originalUriBaseIds":{"ROOT":{"uri":"file:///home/x/"},"SRC":{"uri":"src/","uriBaseId":"ROOT"},
                    "LOOP":{"uri":"l/","uriBaseId":"LOOP"}},
                "invocations":[{"workingDirectory":{"uri":"file:///home/x/web"}}]}"#,
        )
        .unwrap();
        let text = format!(r#"{{"physicalLocation":{{"artifactLocation":{location}}}}}"#);
        place(&run, &serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_uri_becomes_a_path() {
        for (location, path) in [
            (r#"{"uri":"web/cart.js"}"#, "web/cart.js"),
            (r#"{"uri":"web/cart.js","uriBaseId":"%SRCROOT%"}"#, "web/cart.js"),
            (r#"{"uri":"list.h","uriBaseId":"SRC"}"#, "src/list.h"),
            (r#"{"uri":"list.h","uriBaseId":"ROOT"}"#, "list.h"),
            (r#"{"index":0}"#, "src/a b.c"),
            (r#"{"uri":"file:///home/x/web/cart.js"}"#, "cart.js"),
            (r#"{"uri":"file:///home/x/api/a.py"}"#, "api/a.py"),
            (r#"{"uri":"file:///home/xy/a.py"}"#, "/home/xy/a.py"),
            (r#"{"uri":"file:///C:/src/a%2Bb.cs"}"#, "C:/src/a+b.cs"),
            (r#"{"uri":"C:\\src\\a.cs"}"#, "C:\\src\\a.cs"),
            (r#"{"uri":"100%.txt"}"#, "100%.txt"),
            (r#"{"uri":"a%00b%ff"}"#, "a%00b%ff"),
        ] {
            assert_eq!(read(location), Some(Place::Path(path.to_owned())), "{location}");
        }
        assert_eq!(
            read(r#"{"uri":"https://shop.example/cart?x=1"}"#),
            Some(Place::Url("https://shop.example/cart?x=1".into()))
        );
        for location in ["{}", r#"{"index":7}"#, r#"{"uri":""}"#, r#"{"uri":[1]}"#] {
            assert_eq!(read(location), None, "{location}");
        }
    }

    #[test]
    fn a_base_of_itself_ends() {
        assert!(matches!(read(r#"{"uri":"a","uriBaseId":"LOOP"}"#), Some(Place::Path(path)) if path.len() < 256));
    }
}
