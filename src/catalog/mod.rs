//! The built-in catalogue: one YAML file per platform, in the schema of the user's own file, and the list of them.
//!
//! Every expectation stands beside its evidence, which begins with how far it is to be believed: `[D]` documented or
//! observed by others, `[M]` from memory, `[INF]` inferred. None was ever confirmed live, hence the default trust
//! `once_proven`. Meta's and X's platforms, which have `page: true`, are on; the others wait to be named by the user.

macro_rules! files {
    ($($name:literal)*) => {
        /// Name and text of every file, in the order in which the platforms are shown.
        pub const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".yaml"))),)*];
    };
}

files! {
    "facebook" "messenger" "instagram" "threads" "whatsapp" "whatsapp_business" "x"
    "telegram" "signal" "discord" "bluesky" "youtube" "reddit" "tiktok" "linkedin" "snapchat"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_list_and_the_folder_agree() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog");
        let found: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| {
                entry
                    .unwrap()
                    .file_name()
                    .to_str()?
                    .strip_suffix(".yaml")
                    .map(str::to_owned)
            })
            .collect();
        assert_eq!(
            found,
            FILES.iter().map(|(name, _)| (*name).to_owned()).collect()
        );
    }

    #[test]
    fn each_file_holds_the_platform_it_is_named_after() {
        for (name, text) in FILES {
            let tree: Value =
                serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                tree.as_object().unwrap().keys().collect::<Vec<_>>(),
                ["platforms"],
                "{name}"
            );
            assert_eq!(
                tree["platforms"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .collect::<Vec<_>>(),
                [name]
            );
        }
    }

    #[test]
    fn every_check_says_how_deep_it_looks_and_how_far_to_believe_it() {
        for_each_check(|place, check| {
            assert!(check["depth"].is_string(), "{place} has no depth");
            let evidence = check["evidence"].as_str().unwrap_or_default();
            let marked = ["[D] ", "[M] ", "[INF] "]
                .iter()
                .any(|mark| evidence.starts_with(mark));
            assert!(
                marked,
                "{place}: its evidence does not begin with a mark: {evidence:?}"
            );
        });
    }

    #[test]
    fn every_regex_compiles_and_no_fixed_text_is_empty() {
        for_each_check(|place, check| {
            for rule in check["rules"].as_array().into_iter().flatten() {
                if let Some(regex) = rule["body"]["regex"].as_str() {
                    assert!(regex::bytes::Regex::new(regex).is_ok(), "{place}: {regex}");
                }
                assert_ne!(rule["body"]["contains"], "", "{place}");
            }
        });
    }

    #[test]
    fn the_regexes_know_the_pages_that_they_are_about() {
        let error_page =
            r#"<!DOCTYPE html><html lang="en" id="facebook"><head><title>Error</title>"#;
        let front_page = r#"<!DOCTYPE html><html lang="en" id="facebook" class="no_js"><head><title>Facebook</title>"#;
        let outage = "<h1>Sorry, something went wrong.</h1>\n<p>We&#039;re working on getting this fixed as soon as we can.</p>";
        let strings = r#"{"title":"Sorry, something went wrong","text":"We're working on getting this fixed as soon as we can."}"#;
        let fret = "<p>Something went wrong, but don’t fret — let’s give it another shot.</p>";
        let table = [
            ("facebook/web/front", 0, error_page, true),
            ("facebook/web/front", 0, front_page, false),
            ("facebook/web/front", 1, outage, true),
            (
                "facebook/web/front",
                1,
                "Something went wrong — we're working on it",
                true,
            ),
            ("facebook/web/front", 1, strings, false),
            ("facebook/web/front", 1, fret, false),
            ("facebook/web/front", 3, " \r\n", false),
            (
                "facebook/login/page",
                3,
                "<input name=\"email\">\n<input name=\"pass\">",
                true,
            ),
            (
                "facebook/login/page",
                3,
                "<input name=\"pass\">\n<input name=\"email\">",
                true,
            ),
            ("facebook/login/page", 3, "<input name=\"email\">", false),
            ("whatsapp/web/front", 0, error_page, true),
            (
                "whatsapp/web/front",
                1,
                r#"{"client_revision":1029384756,"#,
                true,
            ),
            ("x/web/front", 3, r#"<div id="react-root">"#, true),
            ("x/web/front", 3, fret, false),
            ("x/login/page", 3, "Rate limit exceeded", true),
            ("x/login/page", 3, fret, false),
        ];
        for (place, rule, page, expected) in table {
            assert_eq!(
                body_regex(place, rule).is_match(page.as_bytes()),
                expected,
                "{place} rule {rule}: {page}"
            );
        }
    }

    fn body_regex(place: &str, rule: usize) -> regex::bytes::Regex {
        let mut found = None;
        for_each_check(|here, check| {
            if here == place {
                found = check["rules"][rule]["body"]["regex"]
                    .as_str()
                    .map(|regex| regex::bytes::Regex::new(regex).unwrap());
            }
        });
        found.unwrap_or_else(|| panic!("{place} has no regex in rule {rule}"))
    }

    #[test]
    fn defaults_reach_every_check() {
        for_each_check(|place, check| {
            for key in ["interval", "timeout", "recheck", "fall", "rise"] {
                assert!(check.get(key).is_none(), "{place} pins its {key}");
            }
        });
    }

    fn for_each_check(mut look: impl FnMut(&str, &Value)) {
        for (name, text) in FILES {
            let tree: Value = serde_saphyr::from_str(text).unwrap();
            for (component, part) in tree["platforms"][name]["components"].as_object().unwrap() {
                for (check, body) in part["checks"].as_object().unwrap() {
                    look(&format!("{name}/{component}/{check}"), body);
                }
            }
        }
    }
}
