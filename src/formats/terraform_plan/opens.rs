//! Which attributes of a planned resource would open it to everybody.
//!
//! What must stay true: what comes out names an attribute of the table and one of the words that it is compared with, never
//! another value. What is only known after the plan was applied is not seen.

use serde_json::Value;

use crate::model::text::Untrusted;

/// What makes an attribute open something.
enum Open {
    /// This truth value.
    When(bool),
    /// One of these words, alone or in a list.
    Word(&'static [&'static str]),
    /// An address range that is everybody, where it is about traffic that comes in and is let in.
    Everybody,
}

const PUBLIC_ACLS: &[&str] = &["public-read", "public-read-write", "authenticated-read", "website"];
const ANYONE: &[&str] = &["allUsers", "allAuthenticatedUsers"];
const ADDRESSES: &[&str] = &["0.0.0.0/0", "::/0", "*", "0.0.0.0", "Internet", "Any"];

/// Attributes of the AWS, Azure, Google and Kubernetes providers, by name, at any depth.
const ATTRIBUTES: &[(&str, Open)] = &[
    ("acl", Open::Word(PUBLIC_ACLS)),
    ("allow_blob_public_access", Open::When(true)),
    ("allow_nested_items_to_be_public", Open::When(true)),
    ("assign_public_ip", Open::When(true)),
    ("associate_public_ip_address", Open::When(true)),
    ("block_public_acls", Open::When(false)),
    ("block_public_policy", Open::When(false)),
    ("cidr_blocks", Open::Everybody),
    ("cidr_ipv4", Open::Everybody),
    ("cidr_ipv6", Open::Everybody),
    ("endpoint_public_access", Open::When(true)),
    ("ignore_public_acls", Open::When(false)),
    ("ipv6_cidr_blocks", Open::Everybody),
    ("load_balancing_scheme", Open::Word(&["EXTERNAL", "EXTERNAL_MANAGED"])),
    ("map_public_ip_on_launch", Open::When(true)),
    ("member", Open::Word(ANYONE)),
    ("members", Open::Word(ANYONE)),
    ("public_network_access_enabled", Open::When(true)),
    ("publicly_accessible", Open::When(true)),
    ("restrict_public_buckets", Open::When(false)),
    ("source_address_prefix", Open::Everybody),
    ("source_address_prefixes", Open::Everybody),
    ("source_ranges", Open::Everybody),
];

/// Attributes that mean this in some types of resources only.
const OF_TYPES: &[(&str, &[&str], Open)] = &[
    ("internal", &["aws_alb", "aws_elb", "aws_lb"], Open::When(false)),
    ("type", &["kubernetes_service", "kubernetes_service_v1"], Open::Word(&["LoadBalancer"])),
    ("value", &["google_sql_database_instance"], Open::Everybody),
];

/// Everything in the planned state of a resource that would open it, as `attribute word`, sorted.
pub(super) fn opens(kind: &str, after: &Value) -> Vec<Untrusted> {
    let mut found = Vec::new();
    if !kind.contains("egress") {
        look(kind, after, &mut Vec::new(), &mut found);
    }
    found.sort();
    found.dedup();
    found.into_iter().map(Untrusted::from).collect()
}

fn look<'v>(kind: &str, value: &'v Value, path: &mut Vec<&'v str>, found: &mut Vec<String>) {
    match value {
        Value::Array(members) => members.iter().for_each(|member| look(kind, member, path, found)),
        Value::Object(fields) => {
            let inward = lets_in(fields);
            for (key, value) in fields.iter().filter(|(key, _)| *key != "egress") {
                path.push(key);
                for open in meanings(kind, key) {
                    let word = open.word(value, inward);
                    found.extend(word.map(|word| format!("{} {word}", path.join("."))));
                }
                look(kind, value, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn meanings<'t>(kind: &'t str, key: &'t str) -> impl Iterator<Item = &'t Open> {
    let general = ATTRIBUTES.iter().filter(move |(name, _)| *name == key).map(|(_, open)| open);
    let special = OF_TYPES.iter().filter(move |(name, kinds, _)| *name == key && kinds.contains(&kind));
    general.chain(special.map(|(_, _, open)| open))
}

/// False for rules about traffic that goes out, and for those that deny.
fn lets_in(fields: &serde_json::Map<String, Value>) -> bool {
    let says = |key: &str, word: &str| {
        fields.get(key).and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case(word))
    };
    let denies = fields.get("deny").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
    let goes_out = says("type", "egress") || says("direction", "egress") || says("direction", "outbound");
    !goes_out && !says("access", "deny") && !denies
}

impl Open {
    /// The word that opens, where the value is or holds it.
    fn word(&self, value: &Value, inward: bool) -> Option<&'static str> {
        match self {
            Self::When(wanted) => {
                let is = value.as_bool().or_else(|| value.as_str()?.parse().ok()) == Some(*wanted);
                is.then_some(if *wanted { "true" } else { "false" })
            }
            Self::Word(words) => held(value, words),
            Self::Everybody if inward => held(value, ADDRESSES),
            Self::Everybody => None,
        }
    }
}

fn held(value: &Value, words: &[&'static str]) -> Option<&'static str> {
    let is = |value: &Value, word: &str| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(word));
    words.iter().copied().find(|word| match value {
        Value::Array(members) => members.iter().any(|member| is(member, word)),
        value => is(value, word),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_opens_is_named_and_no_other_value() {
        for (kind, after, expected) in [
            (
                "aws_db_instance",
                json!({"publicly_accessible": true, "password": "THEVALUE"}),
                vec!["publicly_accessible true"],
            ),
            ("aws_db_instance", json!({"publicly_accessible": false}), vec![]),
            (
                "aws_security_group",
                json!({"ingress": [{"cidr_blocks": ["10.0.0.0/8", "0.0.0.0/0"]}], "egress": [{"cidr_blocks": ["0.0.0.0/0"]}]}),
                vec!["ingress.cidr_blocks 0.0.0.0/0"],
            ),
            ("aws_security_group_rule", json!({"type": "egress", "cidr_blocks": ["0.0.0.0/0"]}), vec![]),
            (
                "aws_security_group_rule",
                json!({"type": "ingress", "ipv6_cidr_blocks": ["::/0"]}),
                vec!["ipv6_cidr_blocks ::/0"],
            ),
            ("aws_vpc_security_group_egress_rule", json!({"cidr_ipv4": "0.0.0.0/0"}), vec![]),
            ("aws_vpc_security_group_ingress_rule", json!({"cidr_ipv4": "0.0.0.0/0"}), vec!["cidr_ipv4 0.0.0.0/0"]),
            ("aws_lb", json!({"internal": false}), vec!["internal false"]),
            ("other_thing", json!({"internal": false}), vec![]),
            ("aws_s3_bucket_acl", json!({"acl": "public-read"}), vec!["acl public-read"]),
            (
                "azurerm_network_security_group",
                json!({"security_rule": [
                    {"direction": "Inbound", "access": "Allow", "source_address_prefix": "*"},
                    {"direction": "Inbound", "access": "Deny", "source_address_prefix": "Internet"},
                    {"direction": "Outbound", "access": "Allow", "source_address_prefix": "Internet"}]}),
                vec!["security_rule.source_address_prefix *"],
            ),
            ("google_compute_firewall", json!({"source_ranges": ["0.0.0.0/0"], "deny": [{"protocol": "all"}]}), vec![]),
            ("google_storage_bucket_iam_member", json!({"member": "allUsers"}), vec!["member allUsers"]),
            ("kubernetes_service", json!({"spec": [{"type": "LoadBalancer"}]}), vec!["spec.type LoadBalancer"]),
            ("aws_db_instance", Value::Null, vec![]),
        ] {
            assert_eq!(opens(kind, &after), expected, "{kind} {after}");
        }
    }
}
