//! A real browser: Chromium through its driver, on a port of its own, both killed when the test ends.

use std::process::{Child, Command, Stdio};

use serde_json::json;
use thirtyfour::LoggingPrefsLogLevel;
use thirtyfour::prelude::*;

use super::{free_port, until_listening};

/// A window of a running Chromium.
pub(crate) struct Chromium {
    /// The process of the driver.
    process: Child,
    /// The window.
    pub(crate) window: WebDriver,
    /// Where the browser keeps its profile.
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Opens a window.
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let process = Command::new("chromedriver")
            .args([format!("--port={port}"), "--log-level=OFF".to_owned()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (scripts/test install)");
        until_listening(port);
        let profile = tempfile::tempdir().unwrap();
        let mut wants = DesiredCapabilities::chrome();
        for flag in [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-quic",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--window-size=1280,1000",
        ] {
            wants.add_arg(flag).unwrap();
        }
        wants.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        wants.set_logging_prefs("browser", LoggingPrefsLogLevel::All).unwrap();
        let window = WebDriver::new(format!("http://127.0.0.1:{port}"), wants).await.unwrap();
        Self { process, window, _profile: profile }
    }

    /// Sends a command of the `DevTools` protocol.
    pub(crate) async fn cdp(&self, command: &str, arguments: serde_json::Value) {
        self.window.cdp().send_raw(command, arguments).await.unwrap();
    }

    /// Turns scripts of pages off or on.
    pub(crate) async fn scripts(&self, on: bool) {
        self.cdp("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await;
    }

    /// Opens a page.
    pub(crate) async fn open(&self, url: &str) {
        self.window.goto(url).await.unwrap();
    }

    /// Presses keys wherever the focus is.
    pub(crate) async fn press(&self, keys: impl Into<TypingData>) {
        self.window.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// Presses Tab until the focus is on what `css` names.
    pub(crate) async fn tab_to(&self, css: &str) {
        for _ in 0..150 {
            self.press(Key::Tab + "").await;
            let here = format!("return document.activeElement !== null && document.activeElement.matches({css:?});");
            if self.window.execute(here, Vec::new()).await.unwrap().json().as_bool() == Some(true) {
                return;
            }
        }
        panic!("{css} cannot be reached by Tab on {}: {}", self.url().await, self.text().await);
    }

    /// Goes to a field by Tab and types into it.
    pub(crate) async fn fill(&self, css: &str, text: &str) {
        self.tab_to(css).await;
        self.press(text).await;
    }

    /// Goes to a link or button by Tab and presses Enter; waits for the page it leads to.
    pub(crate) async fn follow(&self, css: &str) {
        self.tab_to(css).await;
        let before = self.window.find(By::Tag("html")).await.unwrap();
        self.press(Key::Enter + "").await;
        for _ in 0..500 {
            if before.tag_name().await.is_err() && self.window.find(By::Tag("main")).await.is_ok() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{css} led nowhere: {}", self.text().await);
    }

    /// Presses Enter where the focus is.
    pub(crate) async fn press_enter(&self) {
        self.press(Key::Enter + "").await;
    }

    /// Waits until the page shows this text.
    pub(crate) async fn until_text(&self, text: &str) {
        self.until(text, async |browser| browser.text_or_nothing().await.contains(text)).await;
    }

    /// Waits until the page is this one.
    pub(crate) async fn until_path(&self, path: &str) {
        self.until(path, async |browser| browser.url().await.contains(path)).await;
    }

    /// Waits until something is so.
    async fn until(&self, what: &str, is_so: impl AsyncFn(&Self) -> bool) {
        for _ in 0..500 {
            if is_so(self).await {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("“{what}” did not come on {}: {}", self.url().await, self.text_or_nothing().await);
    }

    /// The visible text of the page, or nothing while it is loading.
    async fn text_or_nothing(&self) -> String {
        match self.window.find(By::Tag("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// The value of a field.
    pub(crate) async fn value(&self, css: &str) -> String {
        self.window.find(By::Css(css)).await.unwrap().value().await.unwrap().unwrap_or_default()
    }

    /// The visible text of the page.
    pub(crate) async fn text(&self) -> String {
        self.window.find(By::Tag("body")).await.unwrap().text().await.unwrap()
    }

    /// The address of the page.
    pub(crate) async fn url(&self) -> String {
        self.window.current_url().await.unwrap().to_string()
    }

    /// Fails when the page is not this wide or less.
    pub(crate) async fn assert_no_sideways_scrolling(&self) {
        let wide = "return document.documentElement.scrollWidth - window.innerWidth;";
        let over = self.window.execute(wide, Vec::new()).await.unwrap().json().as_i64().unwrap();
        assert!(over <= 0, "{} is {over} px too wide", self.url().await);
    }

    /// Fails when a box of the page has more in it than fits its width.
    pub(crate) async fn assert_nothing_beyond_the_edge(&self, css: &str) {
        let over =
            format!("return [...document.querySelectorAll({css:?})].map(box => box.scrollWidth - box.clientWidth);");
        let over = self.window.execute(over, Vec::new()).await.unwrap().json().clone();
        let over: Vec<i64> = serde_json::from_value(over).unwrap();
        assert!(!over.is_empty() && over.iter().all(|px| *px <= 0), "{css} on {}: {over:?}", self.url().await);
    }

    /// Makes the window so wide.
    pub(crate) async fn width(&self, px: u32) {
        let size = json!({ "width": px, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Makes the window as narrow as a telephone, 380 px, or a desk again. As a true telephone it would zoom out of what is too
    /// wide, and nothing would ever be too wide.
    pub(crate) async fn narrow(&self, on: bool) {
        if on {
            let size = json!({ "width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": false });
            self.cdp("Emulation.setDeviceMetricsOverride", size).await;
        } else {
            self.cdp("Emulation.clearDeviceMetricsOverride", json!({})).await;
        }
    }

    /// Fails when the browser's console has errors.
    pub(crate) async fn assert_quiet_console(&self) {
        let log = self.window.get_log("browser").await.unwrap();
        // A form that comes back with its mistakes has status 422, which the browser reports as a failed load.
        let errors: Vec<_> =
            log.iter().filter(|entry| entry.level == "SEVERE" && !entry.message.contains("status of 422")).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }

    /// Closes the window.
    pub(crate) async fn close(self) {
        let _ = self.window.clone().quit().await;
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
