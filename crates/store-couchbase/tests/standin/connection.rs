//! One node: its listener, and its conversation with each client.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::auth::Login;
use super::faults::{Fate, Met};
use super::packet::{Asked, Said, op, read, split_collection, status};
use super::{BUCKET, COLLECTION, Shared, lock, tls};

/// Features of the protocol that are granted when asked for: JSON, extended errors, the choice of a bucket, answers out
/// of order, frames, durable writes, collections.
const FEATURES: [u16; 7] = [0x0b, 0x07, 0x08, 0x0e, 0x10, 0x11, 0x12];

/// Serves a node until the tasks are dropped.
pub fn serve(shared: Arc<Shared>, node: usize, listener: TcpListener) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut clients = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    // A reset tells the client at once, as a process that was killed would.
                    let _ = stream.set_nodelay(true);
                    let shared = Arc::clone(&shared);
                    clients.spawn(async move {
                        let _open = Open::new(&shared);
                        // How a client ends is its own affair.
                        let _ = match shared.setup.tls {
                            true => match tls::accept(stream).await {
                                Ok(stream) => converse(Arc::clone(&shared), node, stream).await,
                                Err(error) => Err(error),
                            },
                            false => converse(Arc::clone(&shared), node, stream).await,
                        };
                    });
                }
                Some(_) = clients.join_next() => {}
            }
        }
    });
    tasks
}

/// Counts a connection while it is open.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What goes to the client.
enum Out {
    Bytes(Vec<u8>),
    Close,
}

async fn converse(shared: Arc<Shared>, node: usize, stream: impl AsyncRead + AsyncWrite + Send) -> io::Result<()> {
    let (mut reader, mut writer) = split(stream);
    let (say, mut said) = mpsc::unbounded_channel();
    let mut frozen = shared.frozen[node].subscribe();
    let mut client = Client {
        shared: Arc::clone(&shared),
        node,
        login: Login::default(),
        bucket: false,
        say,
        later: JoinSet::new(),
    };
    let mut frozen_too = frozen.clone();
    let write = async {
        while let Some(out) = said.recv().await {
            thawed(&mut frozen_too).await;
            match out {
                Out::Bytes(bytes) => writer.write_all(&bytes).await?,
                Out::Close => break,
            }
        }
        io::Result::Ok(())
    };
    let listen = async {
        while let Some(asked) = read(&mut reader).await? {
            thawed(&mut frozen).await;
            client.hear(asked);
        }
        io::Result::Ok(())
    };
    tokio::select! {
        ended = listen => ended,
        ended = write => ended,
    }
}

async fn thawed(frozen: &mut watch::Receiver<bool>) {
    let _ = frozen.wait_for(|frozen| !frozen).await;
}

/// A connected client.
struct Client {
    shared: Arc<Shared>,
    node: usize,
    login: Login,
    bucket: bool,
    say: mpsc::UnboundedSender<Out>,
    /// What is still to happen. It happens even if the client goes.
    later: JoinSet<()>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.later.detach_all();
    }
}

impl Client {
    fn hear(&mut self, asked: Asked) {
        let said = match asked.op {
            op::HELLO => Said::value(granted(&asked.value)),
            op::GET_ERROR_MAP => Said::value(*br#"{"version":2,"revision":1,"errors":{}}"#),
            op::SASL_LIST => Said::value(*b"SCRAM-SHA512 PLAIN"),
            op::SASL_AUTH => self.login.begin(&self.shared.user, &asked.key, &asked.value),
            op::SASL_STEP => self.login.finish(&self.shared.user, &asked.value),
            op::NOOP => Said::default(),
            _ if !self.login.is_in() => Said::status(status::NO_ACCESS),
            op::SELECT_BUCKET => {
                self.bucket = asked.key == BUCKET.as_bytes();
                Said::status(if self.bucket { status::SUCCESS } else { status::NO_ACCESS })
            }
            op::GET_CLUSTER_CONFIG => Said::value(lock(&self.shared.map).terse(self.bucket.then_some(BUCKET))),
            op::GET_COLLECTION_ID => collection_id(&asked.value),
            op::GET | op::SET | op::ADD | op::REPLACE | op::DELETE => return self.meet(asked),
            _ => Said::status(status::UNKNOWN_COMMAND),
        };
        tell(&self.say, &asked, &said);
    }

    /// A read or a write: it meets its fate.
    fn meet(&mut self, asked: Asked) {
        let key = match self.place_of(&asked) {
            Ok(place) => place,
            Err(said) => return tell(&self.say, &asked, &said),
        };
        let fate = self.fate(&asked, &key.1);
        if asked.op != op::GET {
            *lock(&self.shared.levels).entry(asked.durability.unwrap_or(0)).or_default() += 1;
        }
        let frozen = self.shared.frozen[self.node].subscribe();
        let deed = Deed { shared: Arc::clone(&self.shared), asked, place: key, say: self.say.clone(), frozen };
        self.later.spawn(deed.meet(fate));
        while self.later.try_join_next().is_some() {}
    }

    /// The collection and the key, if this node may be asked for them.
    fn place_of(&self, asked: &Asked) -> Result<(u32, Vec<u8>), Said> {
        if !self.bucket {
            return Err(Said::status(status::NO_BUCKET));
        }
        let map = lock(&self.shared.map);
        if map.owners.get(usize::from(asked.vbucket)) != Some(&self.node) {
            return Err(Said { status: status::NOT_MY_VBUCKET, ..Said::value(map.terse(Some(BUCKET))) });
        }
        match split_collection(&asked.key) {
            Some((collection @ (0 | 9), key)) if key.len() <= 250 => Ok((collection, key.to_vec())),
            Some((0 | 9, _)) | None => Err(Said::status(status::INVALID)),
            Some(_) => Err(Said::status(status::UNKNOWN_COLLECTION)),
        }
    }

    fn fate(&self, asked: &Asked, key: &[u8]) -> Fate {
        let key = String::from_utf8_lossy(key).into_owned();
        let mut met = lock(&self.shared.met);
        let count = met.entry(key.clone()).or_default();
        let met = Met { op: asked.op, key, before: *count };
        *count += 1;
        lock(&self.shared.decide)(&met)
    }
}

/// A read or a write under way.
struct Deed {
    shared: Arc<Shared>,
    asked: Asked,
    place: (u32, Vec<u8>),
    say: mpsc::UnboundedSender<Out>,
    frozen: watch::Receiver<bool>,
}

impl Deed {
    async fn meet(mut self, fate: Fate) {
        match fate {
            Fate::Serve => drop(self.serve().await),
            Fate::Slow(pause) => {
                let said = self.apply().await;
                sleep(pause).await;
                tell(&self.say, &self.asked, &said);
            }
            Fate::Late(pause) => {
                sleep(pause).await;
                self.serve().await;
            }
            Fate::LoseReply => drop(self.apply().await),
            Fate::LoseRequest => {}
            Fate::Refuse(status) => tell(&self.say, &self.asked, &Said::status(status)),
            Fate::ApplyAndSay(status) => {
                self.apply().await;
                tell(&self.say, &self.asked, &Said::status(status));
            }
            Fate::Rival => {
                self.documents(|documents, key| documents.rival(key));
                self.serve().await;
            }
            Fate::Close => drop(self.say.send(Out::Close)),
            Fate::ApplyAndClose => {
                self.apply().await;
                drop(self.say.send(Out::Close));
            }
            Fate::AnswerTwice => {
                let said = self.serve().await;
                tell(&self.say, &self.asked, &said);
            }
            Fate::Garbage => {
                self.apply().await;
                drop(self.say.send(Out::Bytes(vec![0xff; 64])));
            }
        }
    }

    async fn serve(&mut self) -> Said {
        let said = self.apply().await;
        tell(&self.say, &self.asked, &said);
        said
    }

    /// Carries it out: a durable write is pending for a while.
    async fn apply(&mut self) -> Said {
        thawed(&mut self.frozen).await;
        let sync = self.shared.setup.sync;
        if self.asked.op == op::GET || self.asked.durability.is_none() || sync == Duration::ZERO {
            return self.documents(|documents, key| documents.carry_out(&self.asked, key));
        }
        if let Err(refused) = self.documents(|documents, key| documents.prepare(&self.asked, key)) {
            return refused;
        }
        sleep(sync).await;
        thawed(&mut self.frozen).await;
        self.documents(|documents, key| documents.commit(&self.asked, key))
    }

    fn documents<T>(&self, act: impl FnOnce(&mut super::Documents, &[u8]) -> T) -> T {
        let (collection, key) = &self.place;
        act(lock(&self.shared.documents).entry(*collection).or_default(), key)
    }
}

fn tell(say: &mpsc::UnboundedSender<Out>, asked: &Asked, said: &Said) {
    // The client may be gone.
    drop(say.send(Out::Bytes(said.bytes(asked))));
}

fn granted(wanted: &[u8]) -> Vec<u8> {
    let wanted = wanted.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    wanted.filter(|feature| FEATURES.contains(feature)).flat_map(u16::to_be_bytes).collect()
}

fn collection_id(name: &[u8]) -> Said {
    let (scope, collection, id) = COLLECTION;
    let id: u32 = match std::str::from_utf8(name).ok().and_then(|name| name.split_once('.')) {
        Some(("_default", "_default")) => 0,
        Some(asked) if asked == (scope, collection) => id,
        Some((known, _)) if known == scope || known == "_default" => return Said::status(status::UNKNOWN_COLLECTION),
        _ => return Said::status(status::UNKNOWN_SCOPE),
    };
    let extras = [&7_u64.to_be_bytes()[..], &id.to_be_bytes()].concat();
    Said { extras, ..Said::default() }
}
