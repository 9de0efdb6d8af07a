//! What a person sees while something runs: the dashboard on a terminal, or a line that renews itself there; a line
//! every few seconds into a file; nothing for machines.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use host::HostView;

use crate::atlas::Atlas;
use crate::dashboard;
use crate::screen::Screen;

/// What there is to show.
pub struct Scene {
    /// What runs.
    pub title: String,
    /// Where clients may enter.
    pub addresses: Vec<String>,
    /// Where the map is.
    pub map: Option<String>,
    /// The hosts of this process.
    pub views: Vec<(String, HostView)>,
    /// The same, put together for showing; without it there is no dashboard.
    pub atlas: Option<Arc<Atlas>>,
}

/// What the bots said last.
#[derive(Clone, Debug, Default)]
pub struct BotBoard(Arc<Mutex<bots::Progress>>);

impl BotBoard {
    /// Takes in the bots' progress.
    pub fn bots(&self, progress: &bots::Progress) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = *progress;
    }

    /// What they said last.
    pub fn last(&self) -> bots::Progress {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where it is shown.
enum Place {
    Nowhere,
    Lines,
    Terminal,
    Dashboard(Arc<Atlas>),
}

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Nothing: a machine reads the result.
    Nothing,
    /// Lines, on a terminal too.
    Lines,
    /// The most that the output can take.
    All,
}

/// The display of a run.
pub struct Display {
    place: Place,
    board: BotBoard,
}

/// How often a terminal's line is renewed, and a file gets one.
const TERMINAL_EVERY: Duration = Duration::from_millis(500);
const LINES_EVERY: Duration = Duration::from_secs(5);

impl Display {
    /// Opens the display and says where everything is.
    pub fn open(scene: &Scene, show: Show) -> Self {
        let place = match (show, &scene.atlas) {
            (Show::Nothing, _) => Place::Nowhere,
            (Show::All, Some(atlas)) if Screen::is_possible() => Place::Dashboard(Arc::clone(atlas)),
            (Show::All | Show::Lines, _) if std::io::stdout().is_terminal() => Place::Terminal,
            (Show::All | Show::Lines, _) => Place::Lines,
        };
        if show != Show::Nothing {
            println!("{}", scene.title);
            println!("  clients  {}", scene.addresses.join("  "));
            if let Some(map) = &scene.map {
                println!("  map      {map}");
            }
            if let Some(address) = scene.addresses.first() {
                println!("  walk in  tombolo play --connect {address}");
            }
            println!("  stop     Ctrl-C");
        }
        Self { place, board: BotBoard::default() }
    }

    /// Where the bots tell how they are.
    pub fn board(&self) -> BotBoard {
        self.board.clone()
    }

    /// Shows how the run goes on, until somebody at the dashboard has seen enough.
    pub async fn follow(&self, scene: &Scene) {
        match &self.place {
            Place::Nowhere => std::future::pending().await,
            Place::Lines => self.lines(scene, LINES_EVERY).await,
            Place::Terminal => self.lines(scene, TERMINAL_EVERY).await,
            Place::Dashboard(atlas) => {
                if let Err(e) = dashboard::show(scene, atlas, &self.board).await {
                    tracing::warn!("the terminal does not do as told, so there is no dashboard: {e}");
                    self.lines(scene, LINES_EVERY).await;
                }
            }
        }
    }

    async fn lines(&self, scene: &Scene, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let line = self.line(scene);
            let mut out = std::io::stdout().lock();
            // Nobody reads: there is nothing better to do than to go on.
            let _ = match self.place {
                Place::Terminal => write!(out, "\r\x1b[2K{line}").and_then(|()| out.flush()),
                Place::Lines | Place::Nowhere | Place::Dashboard(_) => writeln!(out, "{line}"),
            };
        }
    }

    fn line(&self, scene: &Scene) -> String {
        let mut node = node::Counters::default();
        scene.views.iter().for_each(|(_, view)| node.add(&view.counters().node));
        let bots = self.board.last();
        let sessions = node.sessions_begun - node.sessions_ended;
        format!(
            "{:>4} s  {sessions} sessions  {} crossings  {} updates  {} gaps  {} keyframes  {} violations",
            bots.elapsed_ms / 1000,
            node.border_crossings,
            node.updates_delivered,
            node.gaps,
            node.keyframes_sent,
            bots.violations,
        )
    }

    /// Ends the display.
    pub fn close(&self) {
        if matches!(self.place, Place::Terminal) {
            println!();
        }
    }
}

/// Prints a result for people: the figures of the first level, one a line.
pub fn print_result(result: &serde_json::Value) {
    let Some(figures) = result.as_object() else { return };
    for (name, value) in figures {
        match value {
            serde_json::Value::Object(inner) if name == "latency_ms" => {
                let figure = |key: &str| inner.get(key).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
                println!("{name:<18} p50 {:.1}  p99 {:.1}  p999 {:.1}", figure("p50"), figure("p99"), figure("p999"));
            }
            serde_json::Value::Object(inner) if name == "deeds" => {
                let counts = inner.iter().filter(|(_, value)| value.as_u64().is_some_and(|n| n > 0));
                let counts: Vec<String> = counts.map(|(name, n)| format!("{n} {name}")).collect();
                println!("{name:<18} {}", if counts.is_empty() { "none".to_owned() } else { counts.join("  ") });
            }
            serde_json::Value::Object(_) | serde_json::Value::Array(_) => {}
            serde_json::Value::Number(n) if n.is_f64() => println!("{name:<18} {:.2}", n.as_f64().unwrap_or(0.0)),
            other => println!("{name:<18} {other}"),
        }
    }
}
