//! A browser without a screen: keeps cookies, sends forms, reads pages.

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// Somebody's browser.
pub(crate) struct Browser {
    /// The portal it talks to.
    router: Router,
    /// Its cookies, as `name=value`.
    cookies: Vec<String>,
}

/// What came back.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body as text.
    pub(crate) text: String,
}

impl Answer {
    /// The page it leads to.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// Fails unless it leads to another page.
    pub(crate) fn assert_redirect(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.location()
    }

    /// Fails unless the page has this status and holds this text.
    pub(crate) fn assert_page(&self, status: u16, text: &str) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert!(self.text.contains(text), "“{text}” is missing in: {}", self.text);
        self
    }
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new(router: Router) -> Self {
        Self { router, cookies: Vec::new() }
    }

    /// Opens a page.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// Sends an ordinary form.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, &[("content-type", "application/x-www-form-urlencoded")], Body::from(body)).await
    }

    /// Sends a form with files: `(field, file name, bytes)`.
    pub(crate) async fn post_files(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend_from_slice(part(&format!("name=\"{name}\""), "").as_bytes());
            body.extend_from_slice(value.as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        for (name, file, bytes) in files {
            let kind = "Content-Type: application/octet-stream\r\n";
            body.extend_from_slice(part(&format!("name=\"{name}\"; filename=\"{file}\""), kind).as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--frontier--\r\n");
        self.send(Method::POST, path, &[("content-type", "multipart/form-data; boundary=frontier")], Body::from(body))
            .await
    }

    /// Sends anything.
    pub(crate) async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "portal.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            request = request.header(COOKIE, self.cookies.join("; "));
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE).iter().filter_map(|v| v.to_str().ok()) {
            let pair = cookie.split(';').next().unwrap_or_default().to_owned();
            let name = pair.split('=').next().unwrap_or_default().to_owned();
            self.cookies.retain(|c| c.split('=').next() != Some(&name));
            if !pair.ends_with('=') {
                self.cookies.push(pair);
            }
        }
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let html = parts.headers.get(CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
        assert!(!html || !text.contains("Internal Server Error"), "{text}");
        Answer { status: parts.status, headers: parts.headers, text }
    }
}

/// The head of one part of a multipart body.
fn part(disposition: &str, more: &str) -> String {
    format!("--frontier\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n")
}
