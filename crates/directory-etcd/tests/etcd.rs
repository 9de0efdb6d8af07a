//! A real etcd with a data directory of its own, that can be killed, paused and started again.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use directory_etcd::{EtcdConfig, EtcdDirectory};
use etcd_client::Client;
use node::ports::directory::{Directory, DirectoryEvent, Membership};
use node::ports::directory_conformance::Open;
use node::ports::roster::Damping;
use tokio::time::{Instant, sleep, timeout};

/// How long etcd may take to answer after its start.
const START: Duration = Duration::from_secs(20);

/// A running etcd; it is killed and its data removed when dropped.
pub struct Etcd {
    child: Option<Child>,
    client_port: u16,
    peer_port: u16,
    data: PathBuf,
}

impl Etcd {
    /// A fresh etcd that answers.
    pub async fn start() -> Self {
        let (client_port, peer_port) = (free_port(), free_port());
        let data = std::env::temp_dir().join(format!("tombolo-etcd-{}-{client_port}", std::process::id()));
        let mut etcd = Self { child: None, client_port, peer_port, data };
        etcd.restart().await;
        etcd
    }

    /// Starts it on the data that it left.
    pub async fn restart(&mut self) {
        let (client, peer) = (self.address(), format!("http://127.0.0.1:{}", self.peer_port));
        let child = Command::new("etcd")
            .arg("--data-dir")
            .arg(&self.data)
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--initial-cluster", &format!("default={peer}"), "--log-level", "error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| {
            panic!(
                "etcd cannot be started ({error}); install it: apt-get install etcd-server, or etcd on older systems"
            )
        }));
        let deadline = Instant::now() + START;
        while self.compact_to_now().await.is_none() {
            assert!(Instant::now() < deadline, "etcd does not answer on {client}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Compacts its history; `None` if it does not answer.
    pub async fn compact_to_now(&self) -> Option<i64> {
        timeout(Duration::from_secs(2), async {
            let mut client = self.client().await;
            let written = client.put("/elsewhere", "x", None).await.ok()?;
            let revision = written.header()?.revision();
            client.compact(revision, None).await.ok()?;
            Some(revision)
        })
        .await
        .ok()?
    }

    /// Kills it without a word.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("etcd is killed");
            child.wait().expect("etcd has ended");
        }
    }

    /// Stops its clock and its answers; the connections stay open.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// Ends the pause.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// A client of its own.
    pub async fn client(&self) -> Client {
        Client::connect([self.address()], None).await.expect("a client without a user connects lazily")
    }

    /// Where clients find it.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.client_port)
    }

    /// A configuration with a lease of 2 s and little patience.
    pub fn config(&self, world: &str) -> EtcdConfig {
        EtcdConfig {
            lease_ttl_s: 2,
            call_deadline: Duration::from_secs(1),
            patience: Duration::from_secs(10),
            damping: Damping { share_percent: 25, grace_ms: 6_000 },
            ..EtcdConfig::new(vec![self.address()], world)
        }
    }

    /// Opens handles on one world.
    pub fn open(&self, world: &str) -> Open {
        let config = self.config(world);
        Arc::new(move || Arc::new(EtcdDirectory::new(config.clone()).expect("it can work")) as Arc<dyn Directory>)
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("etcd runs").id().to_string();
        let done = Command::new("kill").args([signal, &id]).status().expect("kill runs");
        assert!(done.success());
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// A port below those that the kernel gives to outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(31);
    for _ in 0..2_000 {
        let step = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(15_000 + step % 15_000).expect("below 30,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between 15,000 and 30,000");
}

/// The next event, within `limit`.
pub async fn next(member: &mut Box<dyn Membership>, limit: Duration) -> DirectoryEvent {
    timeout(limit, member.next()).await.expect("an event in time")
}

/// That nothing is told for a while.
pub async fn assert_quiet(member: &mut Box<dyn Membership>, pause: Duration) {
    if let Ok(event) = timeout(pause, member.next()).await {
        panic!("told {event:?}");
    }
}
