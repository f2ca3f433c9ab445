//! What recognition looks at: the shape of a report's beginning.
//!
//! What must stay true: looking never fails, never panics and costs little, whatever the text is; what lies beyond the
//! bounds is absent, so a format is claimed on what is there and never on what is missing.

use std::borrow::Cow;

use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Bytes of the text that are looked at first.
const FIRST_LOOK: usize = 256 * 1024;
/// Levels of JSON whose members are kept.
const DEPTH: u8 = 8;
/// Members of an object that are kept.
const MEMBERS: usize = 256;
/// Elements of an array that are kept.
const ELEMENTS: usize = 4;
/// Values of a stream that are kept.
const VALUES: usize = 4;
/// Bytes of a string that are kept; of a longer one only that it is a string.
const STRING: usize = 512;
/// Lines of a text that are kept.
const LINES: usize = 16;
/// Child elements of an XML root that are kept.
const CHILDREN: usize = 16;

/// The shape of the beginning of a report.
#[derive(Debug)]
pub struct Head<'a> {
    text: &'a str,
    values: Vec<Node<'a>>,
    xml: Option<XmlRoot>,
    first: Option<char>,
    /// Whether text was left that nobody looked at.
    cut: bool,
}

/// A JSON value, as far as it was looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    /// There is none, or it lies beyond the bounds.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(&'a str),
    /// A string; `None` where it is too long to matter, or cut off.
    Text(Option<Cow<'a, str>>),
    /// An array and its first elements.
    Array(Vec<Self>),
    /// An object and its members in order.
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// The root element of an XML text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XmlRoot {
    /// Its name without a prefix.
    pub name: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its attributes without those that declare namespaces; names without a prefix.
    pub attributes: Vec<(String, String)>,
    /// Names of the first elements right below it, without a prefix.
    pub children: Vec<String>,
}

static ABSENT: Node<'static> = Node::Absent;

impl<'a> Head<'a> {
    /// Looks at the beginning of the text.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Self::within(text, FIRST_LOOK)
    }

    /// Looks at the whole text, for a report whose tell-tale key comes late.
    #[must_use]
    pub fn whole(text: &'a str) -> Self {
        Self::within(text, text.len())
    }

    fn within(text: &'a str, bytes: usize) -> Self {
        let seen = text.get(..text.floor_char_boundary(bytes)).unwrap_or(text);
        let first = seen.trim_start().chars().next();
        let (values, xml) = match first {
            Some('<') => (Vec::new(), xml_root(seen)),
            _ => (Scanner { text: seen, at: 0 }.stream(), None),
        };
        Self { text: seen, values, xml, first, cut: seen.len() < text.len() }
    }

    /// Whether there is text beyond what was looked at.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The first lines of the text that are not blank, for what is neither JSON nor XML.
    pub fn lines(&self) -> impl Iterator<Item = &'a str> {
        self.text.lines().map(str::trim).filter(|line| !line.is_empty()).take(LINES)
    }

    /// The first character that is no white space.
    #[must_use]
    pub fn first_char(&self) -> Option<char> {
        self.first
    }

    /// The first JSON value.
    #[must_use]
    pub fn root(&self) -> &Node<'a> {
        self.values.first().unwrap_or(&ABSENT)
    }

    /// Whether several JSON values follow one another (NDJSON, concatenated documents).
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.values.len() > 1
    }

    /// The member of the root object.
    #[must_use]
    pub fn key(&self, name: &str) -> &Node<'a> {
        self.root().key(name)
    }

    /// Whether the root object has a member of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.root().has(name)
    }

    /// The text of a member of the root object.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        self.key(name).text()
    }

    /// The first element of the array that a member of the root object is.
    #[must_use]
    pub fn first(&self, name: &str) -> &Node<'a> {
        self.key(name).first()
    }

    /// The root element, where the text is XML.
    #[must_use]
    pub fn xml(&self) -> Option<&XmlRoot> {
        self.xml.as_ref()
    }
}

impl<'a> Node<'a> {
    /// The member of an object.
    #[must_use]
    pub fn key(&self, name: &str) -> &Self {
        match self {
            Node::Object(members) => members.iter().find(|(key, _)| key == name).map_or(absent(), |(_, node)| node),
            _ => absent(),
        }
    }

    /// Whether an object has a member of this name, whatever its value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.key(name).is_present()
    }

    /// The first element of an array.
    #[must_use]
    pub fn first(&self) -> &Self {
        match self {
            Node::Array(elements) => elements.first().unwrap_or(absent()),
            _ => absent(),
        }
    }

    /// The elements of an array that were kept.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        if let Node::Array(elements) = self { elements } else { &[] }
    }

    /// The members of an object that were kept.
    #[must_use]
    pub fn members(&self) -> &[(Cow<'a, str>, Self)] {
        if let Node::Object(members) = self { members } else { &[] }
    }

    /// Whether there is a value, `null` included.
    #[must_use]
    pub fn is_present(&self) -> bool {
        !matches!(self, Node::Absent)
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Node::Null)
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self, Node::Array(_))
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        matches!(self, Node::Object(_))
    }

    /// Whether it is a string.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self, Node::Text(_))
    }

    /// Whether it is a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Node::Number(_))
    }

    /// The text of a short string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Node::Text(Some(text)) = self { Some(text) } else { None }
    }
}

/// The one absent node, at any lifetime.
fn absent<'n, 'a>() -> &'n Node<'a> {
    &ABSENT
}

/// Reads JSON as far as it goes: what is cut off or broken ends the look, and what was seen is kept.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// The text ended, or is no JSON from here on.
struct Ends;

impl<'a> Scanner<'a> {
    fn stream(mut self) -> Vec<Node<'a>> {
        let mut values = Vec::new();
        while values.len() < VALUES {
            let mut node = Node::Absent;
            let ended = self.value(DEPTH, &mut node).is_err();
            if node.is_present() {
                values.push(node);
            }
            if ended {
                break;
            }
        }
        values
    }

    /// Reads one value into `node`, which holds what was seen even when the text ends within it.
    fn value(&mut self, depth: u8, node: &mut Node<'a>) -> Result<(), Ends> {
        match self.peek()? {
            b'{' if depth > 0 => self.object(depth, node),
            b'[' if depth > 0 => self.array(depth, node),
            b'{' => {
                *node = Node::Object(Vec::new());
                self.skip()
            }
            b'[' => {
                *node = Node::Array(Vec::new());
                self.skip()
            }
            b'"' => {
                *node = Node::Text(None);
                *node = Node::Text(self.string()?);
                Ok(())
            }
            _ => self.word(node),
        }
    }

    fn object(&mut self, depth: u8, node: &mut Node<'a>) -> Result<(), Ends> {
        self.at += 1;
        *node = Node::Object(Vec::new());
        let Node::Object(members) = node else { return Err(Ends) };
        loop {
            match self.peek()? {
                b'}' => return self.advance(),
                b',' => self.advance()?,
                b'"' => {
                    let name = self.string()?;
                    if self.peek()? != b':' {
                        return Err(Ends);
                    }
                    self.advance()?;
                    match name {
                        Some(name) if members.len() < MEMBERS => {
                            let mut value = Node::Absent;
                            let read = self.value(depth - 1, &mut value);
                            if value.is_present() {
                                members.push((name, value));
                            }
                            read?;
                        }
                        _ => self.skip()?,
                    }
                }
                _ => return Err(Ends),
            }
        }
    }

    fn array(&mut self, depth: u8, node: &mut Node<'a>) -> Result<(), Ends> {
        self.at += 1;
        *node = Node::Array(Vec::new());
        let Node::Array(elements) = node else { return Err(Ends) };
        loop {
            match self.peek()? {
                b']' => return self.advance(),
                b',' => self.advance()?,
                _ if elements.len() < ELEMENTS => {
                    let mut value = Node::Absent;
                    let read = self.value(depth - 1, &mut value);
                    if value.is_present() {
                        elements.push(value);
                    }
                    read?;
                }
                _ => self.skip()?,
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self, node: &mut Node<'a>) -> Result<(), Ends> {
        let rest = self.text.get(self.at..).ok_or(Ends)?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        let word = rest.get(..end).ok_or(Ends)?;
        *node = match word {
            "null" => Node::Null,
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            _ if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => Node::Number(word),
            _ => return Err(Ends),
        };
        self.at += end;
        Ok(())
    }

    /// A string, `None` where it is longer than what matters.
    fn string(&mut self) -> Result<Option<Cow<'a, str>>, Ends> {
        let start = self.at;
        self.skip_string()?;
        let quoted = self.text.get(start..self.at).ok_or(Ends)?;
        if quoted.len() > STRING {
            return Ok(None);
        }
        if quoted.contains('\\') {
            return Ok(serde_json::from_str(quoted).ok().map(Cow::Owned));
        }
        Ok(quoted.get(1..quoted.len() - 1).map(Cow::Borrowed))
    }

    /// Passes over a value of any depth without looking into it.
    fn skip(&mut self) -> Result<(), Ends> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1).ok_or(Ends)?;
                    self.at += 1;
                }
                b'"' => self.skip_string()?,
                b',' | b':' if open > 0 => self.at += 1,
                b',' | b':' => return Err(Ends),
                _ => self.word(&mut Node::Absent)?,
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), Ends> {
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..).ok_or(Ends)?;
            let stop = rest.iter().position(|b| matches!(b, b'"' | b'\\')).ok_or(Ends)?;
            let escaped = rest.get(stop) == Some(&b'\\');
            self.at += stop + if escaped { 2 } else { 1 };
            if !escaped {
                return Ok(());
            }
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<u8, Ends> {
        let rest = self.text.as_bytes().get(self.at..).ok_or(Ends)?;
        // NUL separates the records of some streams.
        let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0)).count();
        self.at += blank;
        rest.get(blank).copied().ok_or(Ends)
    }

    fn advance(&mut self) -> Result<(), Ends> {
        self.at += 1;
        Ok(())
    }
}

/// The root element and the first elements below it; nothing where the text is no XML.
fn xml_root(text: &str) -> Option<XmlRoot> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut root: Option<XmlRoot> = None;
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                match root.as_mut() {
                    None => root = Some(named_root(&start)),
                    Some(root) if depth == 1 => root.children.push(start.local_name().into_inner().to_owned()),
                    Some(_) => {}
                }
                depth += 1;
            }
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) | Err(_) => return root,
            Ok(_) => {}
        }
        let enough = root.as_ref().is_some_and(|root| depth == 0 || root.children.len() >= CHILDREN);
        if enough {
            return root;
        }
    }
}

fn named_root(start: &quick_xml::events::BytesStart<'_>) -> XmlRoot {
    let name = start.name();
    let binding = match name.prefix() {
        Some(prefix) => format!("xmlns:{}", prefix.into_inner()),
        None => "xmlns".to_owned(),
    };
    let mut root = XmlRoot { name: name.local_name().into_inner().to_owned(), ..XmlRoot::default() };
    for attribute in start.attributes().flatten() {
        let value = attribute.value.into_owned();
        if attribute.key.into_inner() == binding {
            root.namespace = Some(value);
        } else if attribute.key.as_namespace_binding().is_none() {
            root.attributes.push((attribute.key.local_name().into_inner().to_owned(), value));
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_with_its_shape() {
        let head =
            Head::of(r#" {"version":"2.1.0","runs":[{"tool":{"driver":{"n\u0061me":"x"}}}],"n":1.5e3,"z":null}"#);
        assert_eq!(head.string("version"), Some("2.1.0"));
        assert_eq!(head.first("runs").key("tool").key("driver").key("name").text(), Some("x"));
        assert_eq!(head.key("n"), &Node::Number("1.5e3"));
        assert!(head.has("z") && head.key("z").is_null() && !head.has("tool") && !head.is_stream());
    }

    #[test]
    fn a_text_that_is_cut_off_keeps_what_was_seen() {
        let text = r#"{"results":[{"check_id":"a","path":"b"},{"check_id":"#;
        for end in 14..text.len() {
            let head = Head::of(text.get(..end).unwrap());
            assert!(head.key("results").is_array() || head.key("results") == &Node::Absent, "{end}");
        }
        assert_eq!(Head::of(text).first("results").key("check_id").text(), Some("a"));
        let late = format!("{{\"pad\":\"{}\",\"late\":[]}}", "x".repeat(FIRST_LOOK));
        assert!(!Head::of(&late).has("late") && Head::of(&late).is_cut() && Head::whole(&late).has("late"));
    }

    #[test]
    fn many_and_deep_values_are_bounded() {
        let wide = format!("[{}1]", "1,".repeat(10_000));
        assert_eq!(Head::of(&wide).root().elements().len(), ELEMENTS);
        let deep = "[".repeat(200_000);
        assert!(Head::of(&deep).root().is_array());
        let closed = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(50_000), "]".repeat(50_000));
        assert!(Head::of(&closed).has("b"));
    }

    #[test]
    fn a_stream_is_one() {
        for text in ["{\"a\":1}\n{\"b\":2}", "[][]", "{}\0{}"] {
            assert!(Head::of(text).is_stream(), "{text:?}");
        }
        assert!(!Head::of("{} trailing").is_stream());
    }

    #[test]
    fn an_xml_root_tells_name_namespace_and_children() {
        let head = Head::of(
            "<?xml version=\"1.0\"?><!-- x --><c:bom xmlns:c=\"http://example.org/1\" c:version=\"1\"><c:a/><c:b><d/></c:b><c:e",
        );
        let root = head.xml().unwrap();
        assert_eq!(
            (root.name.as_str(), root.namespace.as_deref(), root.children.join(" ").as_str()),
            ("bom", Some("http://example.org/1"), "a b")
        );
        assert_eq!(root.attributes, [("version".to_owned(), "1".to_owned())]);
        assert!(Head::of("<").xml().is_none() && Head::of("<!DOCTYPE html").xml().is_none());
    }
}
