//! The system's hosts file: names that need no query.

use std::collections::HashMap;
use std::net::IpAddr;

/// Addresses by lower-case name.
#[derive(Debug, Default)]
pub(super) struct Hosts(HashMap<String, Vec<IpAddr>>);

impl Hosts {
    /// Reads the format of hosts(5); lines that are not understood are passed over, as the C library does.
    pub fn parse(text: &str) -> Self {
        let mut hosts: HashMap<String, Vec<IpAddr>> = HashMap::new();
        for line in text.lines() {
            let mut words = line
                .split('#')
                .next()
                .unwrap_or_default()
                .split_whitespace();
            let Some(address) = words.next().and_then(|word| word.parse().ok()) else {
                continue;
            };
            for name in words {
                hosts.entry(key(name)).or_default().push(address);
            }
        }
        Self(hosts)
    }

    /// The addresses of a name; none: the file does not know it.
    pub fn get(&self, name: &str) -> Option<&[IpAddr]> {
        self.0.get(&key(name)).map(Vec::as_slice)
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_aliases() {
        let hosts = Hosts::parse(
            "# names\n127.0.0.1 localhost\n::1\tlocalhost ip6 # both\nbad name\n10.0.0.1 A.example b.\n",
        );
        let get = |name| {
            hosts.get(name).map(|found| {
                found
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(get("localhost").as_deref(), Some("127.0.0.1 ::1"));
        assert_eq!(get("ip6").as_deref(), Some("::1"));
        assert_eq!(get("a.EXAMPLE.").as_deref(), Some("10.0.0.1"));
        assert_eq!(get("b").as_deref(), Some("10.0.0.1"));
        assert_eq!(get("name"), None);
        assert_eq!(get("both"), None);
    }
}
