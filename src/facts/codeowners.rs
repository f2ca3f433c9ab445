//! CODEOWNERS of GitHub and GitLab.
//!
//! What must stay true: a path has the owners that the platform gives it. A line that the platform skips is skipped here too, and
//! is said; nothing in the file can make the program fail.

use globset::{GlobBuilder, GlobMatcher};

use crate::model::text::Untrusted;

/// Whose rules a CODEOWNERS file follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The last line that matches counts.
    GitHub,
    /// The last line of each section that matches counts.
    GitLab,
}

impl Dialect {
    /// By where the file lies, else by its content: only GitLab knows sections.
    #[must_use]
    pub fn of(path: &str, text: &str) -> Self {
        let sections = || text.lines().any(|line| section(line).is_some());
        if path.contains(".github/") {
            Self::GitHub
        } else if path.contains(".gitlab/") || sections() {
            Self::GitLab
        } else {
            Self::GitHub
        }
    }
}

/// The places where the platforms look, in the order in which they do. The first that is there counts.
pub const PLACES: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// A CODEOWNERS file, compiled.
#[derive(Clone, Debug, Default)]
pub struct CodeOwners {
    sections: Vec<Vec<Row>>,
    /// Lines that the platform skips, and why, in their order.
    pub skipped: Vec<Untrusted>,
}

#[derive(Clone, Debug)]
struct Row {
    line: usize,
    globs: Vec<GlobMatcher>,
    owners: Vec<Untrusted>,
    excludes: bool,
}

impl CodeOwners {
    /// Reads a file.
    #[must_use]
    pub fn parse(text: &str, dialect: Dialect) -> Self {
        let mut read = Self { sections: vec![Vec::new()], skipped: Vec::new() };
        let mut names: Vec<String> = vec![String::new()];
        let mut current = 0;
        let mut defaults: Vec<Untrusted> = Vec::new();
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if dialect == Dialect::GitLab
                && let Some((name, rest)) = section(line)
            {
                defaults = words(rest).into_iter().filter(|word| is_owner(word)).map(Untrusted::from).collect();
                // Sections of one name are one, whatever the case.
                let name = name.to_lowercase();
                current = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                    names.push(name);
                    read.sections.push(Vec::new());
                    read.sections.len() - 1
                });
                continue;
            }
            match row(number, line, dialect, &defaults) {
                Ok(row) => {
                    if let Some(section) = read.sections.get_mut(current) {
                        section.push(row);
                    }
                }
                Err(why) => read.skipped.push(Untrusted::new(format!("line {number}: {why}"))),
            }
        }
        read
    }

    /// Everybody who owns something.
    pub fn everybody(&self) -> impl Iterator<Item = &Untrusted> {
        self.sections.iter().flatten().flat_map(|row| &row.owners)
    }

    /// The owners of a path and the lines that say so; empty where nobody owns it.
    #[must_use]
    pub fn owners_of(&self, path: &str) -> (Vec<Untrusted>, Vec<usize>) {
        let (mut owners, mut lines) = (Vec::new(), Vec::new());
        for section in &self.sections {
            let matches = |row: &&Row| row.globs.iter().any(|glob| glob.is_match(path));
            if section.iter().any(|row| row.excludes && matches(&row)) {
                continue;
            }
            if let Some(row) = section.iter().rev().find(matches) {
                for owner in &row.owners {
                    if !owners.contains(owner) {
                        owners.push(owner.clone());
                    }
                }
                lines.push(row.line);
            }
        }
        (owners, lines)
    }
}

/// The name of a section, and what follows it: `[Name]`, `^[Name]` (optional) and `[Name][2]`.
fn section(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let inner = line.strip_prefix('^').unwrap_or(line).strip_prefix('[')?;
    let (name, rest) = inner.split_once(']')?;
    let rest = match rest.strip_prefix('[').and_then(|count| count.split_once(']')) {
        Some((count, rest)) if count.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => rest,
    };
    (!name.trim().is_empty()).then_some((name.trim(), rest))
}

fn row(line: usize, text: &str, dialect: Dialect, defaults: &[Untrusted]) -> Result<Row, &'static str> {
    let mut words = words(text).into_iter();
    let pattern = words.next().ok_or("no pattern")?;
    let excludes = dialect == Dialect::GitLab && pattern.starts_with('!');
    let pattern = if excludes { pattern.trim_start_matches('!') } else { &pattern };
    if dialect == Dialect::GitHub && (pattern.starts_with('!') || pattern.contains(['[', ']'])) {
        return Err("`!` and `[ ]` mean nothing here, so the platform skips it");
    }
    let owners: Vec<String> = words.take_while(|word| !word.starts_with('#')).collect();
    if owners.iter().any(|owner| !is_owner(owner)) && dialect == Dialect::GitHub {
        return Err("an owner is @name, @organisation/team or an address, so the platform skips it");
    }
    let mut owners: Vec<Untrusted> = owners.into_iter().filter(|owner| is_owner(owner)).map(Untrusted::new).collect();
    if owners.is_empty() {
        owners = defaults.to_vec();
    }
    Ok(Row { line, globs: globs(pattern)?, owners, excludes })
}

/// Words of a line; `\ ` is a space within one.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if matches!(characters.peek(), Some(' ' | '#' | '\\')) => {
                if let (Some(word), Some(next)) = (words.last_mut(), characters.next()) {
                    word.push(next);
                }
            }
            c if c.is_whitespace() => words.push(String::new()),
            c => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_owner(word: &str) -> bool {
    match word.strip_prefix('@') {
        Some(name) => !name.is_empty(),
        None => word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')),
    }
}

/// What a pattern matches: as in an ignore file, but `docs/*` is only what lies directly in `docs`.
fn globs(pattern: &str) -> Result<Vec<GlobMatcher>, &'static str> {
    let below = pattern.ends_with('/');
    let inner = pattern.trim_matches('/');
    if inner.is_empty() {
        return compile("**").map(|glob| vec![glob]);
    }
    let anchored = pattern.trim_end_matches('/').contains('/');
    let start = if anchored { inner.to_owned() } else { format!("**/{inner}") };
    let last = inner.rsplit('/').next().unwrap_or(inner);
    let mut globs = Vec::new();
    if !below {
        globs.push(compile(&start)?);
    }
    // `*` alone is everything; elsewhere a star at the end stays in its directory.
    if inner == "*" || below || !last.contains('*') {
        globs.push(compile(&format!("{start}/**"))?);
    }
    Ok(globs)
}

fn compile(glob: &str) -> Result<GlobMatcher, &'static str> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|_| "the pattern cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(file: &CodeOwners, path: &str) -> Vec<String> {
        file.owners_of(path).0.iter().map(|owner| owner.as_raw().to_owned()).collect()
    }

    /// The example of GitHub's documentation, in our words: what each line matches is what that page says.
    #[test]
    fn github_patterns_match_what_its_documentation_says() {
        let text = "\
*       @global-owner1 @global-owner2
*.js    @js-owner #inline comment
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/scripts/ @doctocat @octocat
**/logs @logs-owner
/apps/github
My\\ Documents/ @space
!negated @nobody
src/[ab].c @nobody
bad owner
";
        let file = CodeOwners::parse(text, Dialect::GitHub);
        for (path, expected) in [
            ("README.md", &["@global-owner1", "@global-owner2"][..]),
            ("deep/er/x.js", &["@js-owner"]),
            ("build/logs/a/b.txt", &["@logs-owner"]),
            ("docs/getting-started.md", &["docs@example.com"]),
            ("docs/build-app/troubleshooting.md", &["@global-owner1", "@global-owner2"]),
            ("apps/x/y.rs", &["@octocat"]),
            ("sub/apps/x.rs", &["@octocat"]),
            ("scripts/a.sh", &["@doctocat", "@octocat"]),
            ("deeply/nested/logs/x", &["@logs-owner"]),
            ("apps/github/x.rs", &[]),
            ("My Documents/x.txt", &["@space"]),
            ("src/a.c", &["@global-owner1", "@global-owner2"]),
        ] {
            assert_eq!(owners(&file, path), expected, "{path}");
        }
        let skipped: Vec<_> = file.skipped.iter().map(|line| line.as_raw().split(':').next().unwrap()).collect();
        assert_eq!(skipped, ["line 10", "line 11", "line 12"]);
    }

    #[test]
    fn gitlab_sections_each_have_their_last_line_and_their_defaults() {
        let text = "\
* @default
[Database] @dba
model/db/
config/db/database.rb @special
^[Docs][2] @docs
*.md
!docs/generated.md
[DATABASE]
*.sql
";
        let file = CodeOwners::parse(text, Dialect::GitLab);
        assert_eq!(owners(&file, "model/db/x.rb"), ["@default", "@dba"]);
        assert_eq!(owners(&file, "config/db/database.rb"), ["@default", "@special"]);
        assert_eq!(owners(&file, "README.md"), ["@default", "@docs"]);
        assert_eq!(owners(&file, "docs/generated.md"), ["@default"]);
        assert_eq!(owners(&file, "a/b.sql"), ["@default"], "a section without defaults gives a bare line no owner");
        assert_eq!(file.owners_of("README.md").1, [1, 6]);
    }

    #[test]
    fn the_dialect_is_that_of_the_place_or_of_the_content() {
        assert_eq!(Dialect::of(".github/CODEOWNERS", "[Docs] @a\n"), Dialect::GitHub);
        assert_eq!(Dialect::of(".gitlab/CODEOWNERS", "* @a\n"), Dialect::GitLab);
        assert_eq!(Dialect::of("CODEOWNERS", "* @a\n[Docs]\n*.md @b\n"), Dialect::GitLab);
        assert_eq!(Dialect::of("CODEOWNERS", "* @a\n"), Dialect::GitHub);
    }

    #[test]
    fn nothing_in_a_file_can_make_it_fail() {
        for text in ["", "\u{feff}* @a", "\\", "@", "[", "[]", "^[", "/ @a", "** @a", "{a,b @c", "a\0b @c", "\\ \\ @a"]
        {
            for dialect in [Dialect::GitHub, Dialect::GitLab] {
                let (owners, lines) = CodeOwners::parse(text, dialect).owners_of("a/b");
                assert!(owners.len() <= 1 && lines.len() <= 1, "{text:?}");
            }
        }
    }
}
