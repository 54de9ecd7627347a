//! Configurations as the documentation shows them: tests run these very texts, so that they cannot drift apart.

/// The first text in a fence behind a line of a page that ends so, in `docs/gateways`, with some words changed; each has to be there.
pub(crate) fn snippet(page: &str, line: &str, changes: &[(&str, &str)]) -> String {
    let path = format!("{}/docs/gateways/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let behind = text.split_once(&format!("{line}\n")).unwrap_or_else(|| panic!("{path} has no line “{line}”")).1;
    let mut found = behind.split("```\n").nth(1).expect("a fence").to_owned();
    for (from, to) in changes {
        assert!(found.contains(from), "“{from}” is not in the snippet of {path}");
        found = found.replace(from, to);
    }
    found
}
