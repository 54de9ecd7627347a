//! What a web page or an editor made of the text when it was copied: links of host names and addresses, bold words.

use std::borrow::Cow;

/// How far apart the ends of a link may stand.
const LABEL: usize = 1000;

/// The text with every Markdown link that only repeats its target replaced by what it shows:
/// `[mx.example](http://mx.example/)` becomes `mx.example`. Lines stay where they are.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    for (at, _) in text.match_indices("](") {
        let Some((start, end)) = ends(text, from, at) else { continue };
        out.push_str(text.get(from..start).unwrap_or_default());
        out.push_str(text.get(start + 1..at).unwrap_or_default());
        from = end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where a link around `](` starts and ends, if its label is its target.
fn ends(text: &str, from: usize, at: usize) -> Option<(usize, usize)> {
    let low = from.max(text.ceil_char_boundary(at.saturating_sub(LABEL)));
    let head = text.get(low..at)?;
    let start = low + head.rfind('[')?;
    let label = text.get(start + 1..at)?;
    let tail = text.get(at + 2..text.floor_char_boundary((at + 2 + LABEL).min(text.len())))?;
    let target = tail.get(..tail.find([')', '\n'])?)?;
    let closed = tail.as_bytes().get(target.len()) == Some(&b')');
    (closed && !label.contains('\n') && repeats(label, target)).then_some((start, at + 2 + target.len() + 1))
}

/// Whether a label is its target, with or without the scheme.
fn repeats(label: &str, target: &str) -> bool {
    let linked = ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme));
    let bare = |text: &str| {
        let text = text.trim_matches(['<', '>', ' ']);
        let text =
            ["http://", "https://", "mailto:"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        text.trim_end_matches('/').to_ascii_lowercase()
    };
    linked && !label.trim().is_empty() && bare(label) == bare(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_repeat_their_target_become_plain() {
        let text = "from [mx.example](http://mx.example/) ([mx.example](http://mx.example). [192.0.2.1])\nsee [https://a.example/b?c=1](https://a.example/b?c=1)";
        assert_eq!(plain(text), "from mx.example (mx.example. [192.0.2.1])\nsee https://a.example/b?c=1");
        assert_eq!(plain("by [ann@mx.example](mailto:ann@mx.example);"), "by ann@mx.example;");
    }

    #[test]
    fn other_brackets_stay() {
        for text in ["[help](https://mx.example/)", "host[192.0.2.1](25)", "[a](http://", "[a\n](http://a)", "]("] {
            assert_eq!(plain(text), text);
        }
        let many = "](".repeat(50_000);
        assert_eq!(plain(&many), many);
    }
}
