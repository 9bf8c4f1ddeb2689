//! The catalogue with everything on that can be on.

use platform_exporter::config::Platform;

/// A user's file that turns on every check of these platforms; `credential`: where each token comes from, such as
/// `{ env: TOKEN }`.
pub fn everything(platforms: &[Platform], credential: &str) -> String {
    let mut text = String::from("credentials:\n");
    for name in ["meta_token", "meta_app_token", "whatsapp_token", "x_bearer"] {
        text += &format!("  {name}: {credential}\n");
    }
    text += "platforms:\n";
    for platform in platforms {
        text += &format!("  {}: {{ enabled: true, components: {{ ", platform.name);
        for component in &platform.components {
            text += &format!("{}: {{ enabled: true, checks: {{ ", component.name);
            for check in &component.checks {
                text += &format!("{}: {{ enabled: true }}, ", check.id.check);
            }
            text += "} }, ";
        }
        text += "} }\n";
    }
    text
}
