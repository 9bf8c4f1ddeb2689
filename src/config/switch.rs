//! What is off, and why: decided on the tree, before anything else is asked of a check that is not going to run.

use super::env;
use super::tree::{Content, Node, children};

/// Why a platform, component or check is off by its own switch.
pub(super) fn off(node: &Node) -> Option<String> {
    let reason = || {
        node.text("off_reason")
            .unwrap_or("enabled: false")
            .to_owned()
    };
    node.says("enabled", false).then(reason)
}

/// Why a check is off: by its own switch, by `respect_robots`, or for want of its credential.
pub(super) fn check_off(check: &Node, root: &Node) -> Option<String> {
    off(check)
        .or_else(|| robots_off(check, root))
        .or_else(|| credential_off(check, root))
}

fn robots_off(check: &Node, root: &Node) -> Option<String> {
    let forbidden = root.says("respect_robots", true) && check.text("robots") == Some("forbidden");
    forbidden.then(|| "robots.txt forbids it, and respect_robots is on".to_owned())
}

fn credential_off(check: &Node, root: &Node) -> Option<String> {
    let name = check.text("credential")?;
    let configured = root
        .get("credentials")
        .is_some_and(|all| all.get(name).is_some());
    (!configured).then(|| format!("needs the credential {name}"))
}

/// Frees the checks that are off from variables: whether they are set matters only to what runs.
pub(super) fn name_variables_of_off(root: &mut Node) {
    let settings = without_platforms(root);
    for platform in children(root, "platforms") {
        let platform_off = off(platform).is_some();
        for component in children(platform, "components") {
            let component_off = platform_off || off(component).is_some();
            for check in children(component, "checks") {
                if component_off || check_off(check, &settings).is_some() {
                    env::name_variables(check);
                }
            }
        }
    }
}

fn without_platforms(root: &Node) -> Node {
    let settings = root
        .entries()
        .iter()
        .filter(|entry| entry.key != "platforms");
    let content = Content::Map(settings.cloned().collect());
    Node {
        place: root.place.clone(),
        content,
    }
}
