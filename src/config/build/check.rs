//! One check: its kind, its rules, its pace, and whether it is on.

use super::super::at::At;
use super::super::env;
use super::super::merge::KINDS;
use super::super::settings::{Check, CheckId, Credential, Kind, Trust};
use super::super::suggest::did_you_mean;
use super::super::{raw, switch};
use super::{Builder, secrets};

impl Builder<'_> {
    /// None where something is wrong that was reported.
    pub(super) fn check(
        &mut self,
        [platform, component, name]: [&str; 3],
        mut raw: raw::Check,
        at: &At<'_>,
        parent_off: bool,
    ) -> Option<Check> {
        self.switch(at);
        let off = switch::check_off(at.node, self.root.node);
        let pace = self.check_pace(&raw, at);
        let key = self.one_of(at, &KINDS);
        let rules = self.rules(raw.rules.take().unwrap_or_default(), at, key);
        let key = key?;
        let credential = self.credential(raw.credential.take().map(|name| name.0), key, at);
        let kind = self.kind(key, &mut raw, at, parent_off || off.is_some())?;
        let depth = raw.depth.unwrap_or(kind.depth());
        let trust = raw.trust.unwrap_or(Trust::Always);
        let block_signs = raw.block_signs.unwrap_or(false);
        let definition = definition(
            at,
            key,
            &kind,
            &format!("{depth:?} {trust:?} {block_signs}"),
        );
        let secrets = secrets::of(&kind, &at.near(key), self.around.file);
        Some(Check {
            id: CheckId {
                platform: platform.into(),
                component: component.into(),
                check: name.into(),
            },
            kind,
            rules,
            depth,
            trust,
            block_signs,
            interval: pace.interval,
            timeout: pace.timeout,
            recheck: pace.recheck,
            fall: pace.fall,
            rise: pace.rise,
            evidence: raw.evidence.unwrap_or_default(),
            robots: raw.robots,
            terms: raw.terms,
            credential,
            secrets,
            off,
            definition,
        })
    }

    fn check_pace(&mut self, raw: &raw::Check, at: &At<'_>) -> super::pace::Pace {
        let own = raw::Pace {
            interval: raw.interval.clone(),
            timeout: raw.timeout.clone(),
            recheck: raw.recheck.clone(),
            fall: raw.fall,
            rise: raw.rise,
        };
        self.pace(own, at)
    }

    /// The credential that a check names. In the catalogue it may be one that nobody configured: the check is off then.
    fn credential(&mut self, name: Option<String>, kind: &str, at: &At<'_>) -> Option<Credential> {
        let name = name?;
        let at = at.near("credential");
        if !matches!(kind, "http" | "websocket") {
            let message = "only http and websocket checks send a credential";
            self.errors.key(&at, message);
        }
        let configured = self.root.near("credentials").has(&name);
        if !configured && &*at.node.place.file == self.around.file {
            let known = self.root.near("credentials");
            let known = known.node.entries().iter().map(|entry| entry.key.as_str());
            let hint = did_you_mean(&name, known).unwrap_or_default();
            self.errors
                .value(&at, format!("there is no {name} under credentials{hint}"));
        }
        self.credentials
            .iter()
            .find(|credential| credential.name == name)
            .cloned()
    }
}

/// A hash of all that changes what a result means. It is taken of the text as written, so that no secret goes into it
/// and a changed token changes nothing; a target that comes out of a variable is added as it is shown.
fn definition(at: &At<'_>, key: &str, kind: &Kind, rest: &str) -> u64 {
    let mut text = format!("{key} {} {rest}", kind.target());
    for node in [at.node.get(key), at.node.get("rules")]
        .into_iter()
        .flatten()
    {
        node.canonical(&mut text);
    }
    fnv1a(text.as_bytes())
}

/// FNV-1a, 64 bits: written out, because it is kept on disk and must not change with a library.
fn fnv1a(bytes: &[u8]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(BASIS, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

/// Whether the value under a key has a variable in it, and so may be a secret.
pub(super) fn has_variable(at: &At<'_>, key: &str) -> bool {
    at.node.text(key).is_some_and(env::has_variable)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fnv1a_gives_the_published_values() {
        // From the reference's test suite: http://www.isthe.com/chongo/src/fnv/test_fnv.c
        assert_eq!(super::fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(super::fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
