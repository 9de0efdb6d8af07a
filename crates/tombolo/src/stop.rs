//! Being told to stop: Ctrl-C, SIGTERM, or the end of the time that was asked for.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Turns true when the program is to stop. A second Ctrl-C ends the process at once.
///
/// Must be called within a runtime.
pub fn on_signals() -> std::io::Result<watch::Receiver<bool>> {
    let (tell, told) = watch::channel(false);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tell.send_replace(true);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        crate::screen::give_back();
        std::process::exit(130);
    });
    Ok(told)
}

/// Waits until told to stop.
pub async fn told(stop: &watch::Receiver<bool>) {
    let mut stop = stop.clone();
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until told to stop, or until the time is over.
pub async fn told_or_after(stop: &watch::Receiver<bool>, time: Option<Duration>) {
    match time {
        Some(time) => {
            let _ = tokio::time::timeout(time, told(stop)).await;
        }
        None => told(stop).await,
    }
}
