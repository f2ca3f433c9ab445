//! `net.cidr_contains` as the language has it: an IPv4 address that is written as IPv6 is that IPv4 address.
//!
//! What must stay true: an address is in a network here when it is in OPA. The engine's own built-in takes `::ffff:10.0.0.1` for an
//! address of another kind, so a rule about `10.0.0.0/8` would pass it by.

// Addresses as values: `core` has no network.
use core::net::IpAddr;

use regorus::{Engine, Value};

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Puts the built-in in the place of the engine's.
pub(super) fn install(engine: &mut Engine) -> Result<(), String> {
    let run = |args: Vec<Value>| {
        contains(&args)
            .map(Value::Bool)
            .map_err(|fault| std::io::Error::other(format!("net.cidr_contains: {fault}")).into())
    };
    engine.add_extension("net.cidr_contains".to_owned(), 2, Box::new(run)).map_err(|error| error.to_string())
}

fn contains(args: &[Value]) -> Result<bool, Fault> {
    let [Value::String(network), Value::String(other)] = args else { return Err("expects two texts".into()) };
    let network = Network::parse(network)?;
    match other.parse::<IpAddr>() {
        Ok(address) => Ok(network.holds(&Network::single(address))),
        Err(_) => Ok(network.holds(&Network::parse(other)?)),
    }
}

/// The first address as a number, and how many bits are fixed, of how many.
struct Network {
    first: u128,
    fixed: u32,
    bits: u32,
}

impl Network {
    fn single(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self { first: u128::from(u32::from(address)), fixed: 32, bits: 32 },
            IpAddr::V6(address) => Self { first: u128::from(address), fixed: 128, bits: 128 },
        }
    }

    /// `address/length`; a network in the range of IPv4 that is written as IPv6 is one of IPv4.
    fn parse(text: &str) -> Result<Self, Fault> {
        let sound = || {
            let (address, length) = text.split_once('/')?;
            let address: IpAddr = address.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let is_plain = length.bytes().all(|b| b.is_ascii_digit());
            let length: u32 = length.parse().ok().filter(|length| *length <= most && is_plain)?;
            let mut network = Self::single(address);
            network.fixed = match (most, network.bits) {
                (128, 32) => length.checked_sub(96)?,
                _ => length,
            };
            network.first = network.masked(network.first);
            Some(network)
        };
        sound().ok_or_else(|| format!("`{}` is no network", crate::model::text::neutral(text)).into())
    }

    fn masked(&self, address: u128) -> u128 {
        let free = self.bits - self.fixed;
        address.checked_shr(free).unwrap_or(0).checked_shl(free).unwrap_or(0)
    }

    fn holds(&self, other: &Self) -> bool {
        self.bits == other.bits && self.fixed <= other.fixed && self.masked(other.first) == self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What OPA 1.21.1 answered.
    #[test]
    fn networks_hold_what_they_hold_in_opa() {
        for (network, other, is) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.5/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("::ffff:10.0.0.0/104", "10.0.0.1", true),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "10.0.0.1", false),
            ("2001:db8::/32", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("10.0.0.1/32", "10.0.0.1", true),
            ("10.0.0.0/08", "10.1.2.3", true),
        ] {
            let args = [Value::from(network), Value::from(other)];
            assert_eq!(contains(&args).unwrap(), is, "{network} {other}");
        }
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "010.0.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "x/8", "::/129"] {
            assert!(contains(&[Value::from(bad), Value::from("10.0.0.1")]).is_err(), "{bad}");
            let is_address = bad.parse::<IpAddr>().is_ok();
            assert!(is_address || contains(&[Value::from("10.0.0.0/8"), Value::from(bad)]).is_err(), "{bad}");
        }
    }
}
