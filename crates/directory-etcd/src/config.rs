//! How to reach etcd, and how patient to be with it.

use std::fmt;
use std::time::Duration;

use node::ports::directory::{DirectoryError, check_name};
use node::ports::roster::Damping;

/// Seconds of the shortest lease. etcd grants no shorter one at its default election timeout of 1 s.
pub const LEASE_TTL_LEAST_S: u32 = 2;
/// Seconds of the longest lease. A crashed host stays in the directory that long.
pub const LEASE_TTL_MOST_S: u32 = 600;

/// Where etcd is and how the directory uses it.
#[derive(Clone, Debug)]
pub struct EtcdConfig {
    /// The members of the etcd cluster, `http://host:port` or `https://host:port`.
    pub endpoints: Vec<String>,
    /// The world whose directory it is; the same rules as for a host's name.
    pub world: String,
    /// Seconds after which the record of a host that crashed vanishes. 2 to 600, default 5.
    pub lease_ttl_s: u32,
    /// How long one call to etcd may take. Default 2 s.
    pub call_deadline: Duration,
    /// How long `claim` and `join` try again while etcd is away before they answer `Unreachable`. Default 10 s.
    pub patience: Duration,
    /// How carefully vanished hosts are told. The grace should be twice the lease or more.
    pub damping: Damping,
    /// Who to be, if etcd asks.
    pub user: Option<EtcdUser>,
    /// How to speak TLS to `https` endpoints.
    pub tls: Option<EtcdTls>,
}

/// A user of etcd.
#[derive(Clone)]
pub struct EtcdUser {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

/// Certificates for etcd, as PEM text.
#[derive(Clone)]
pub struct EtcdTls {
    /// The authority that signed etcd's certificate.
    pub authority_pem: String,
    /// The own certificate and its key, if etcd demands one.
    pub identity_pem: Option<(String, String)>,
    /// The name in etcd's certificate, if it is not the endpoint's host name.
    pub server_name: Option<String>,
}

impl EtcdConfig {
    /// The defaults for a world at these endpoints.
    #[must_use]
    pub fn new(endpoints: Vec<String>, world: impl Into<String>) -> Self {
        Self {
            endpoints,
            world: world.into(),
            lease_ttl_s: 5,
            call_deadline: Duration::from_secs(2),
            patience: Duration::from_secs(10),
            damping: Damping::default(),
            user: None,
            tls: None,
        }
    }

    /// Refuses what cannot work, before anything is connected.
    pub fn check(&self) -> Result<(), DirectoryError> {
        check_name(&self.world).map_err(|_| refused(format!("{:?} is not a name for a world", self.world)))?;
        if self.endpoints.is_empty() {
            return Err(refused("there is no etcd endpoint".to_owned()));
        }
        if !(LEASE_TTL_LEAST_S..=LEASE_TTL_MOST_S).contains(&self.lease_ttl_s) {
            return Err(refused(format!(
                "a lease of {} s is not between {LEASE_TTL_LEAST_S} and {LEASE_TTL_MOST_S} s",
                self.lease_ttl_s
            )));
        }
        if self.call_deadline.is_zero() {
            return Err(refused("the deadline of a call is zero".to_owned()));
        }
        Ok(())
    }
}

fn refused(reason: String) -> DirectoryError {
    DirectoryError::Refused(reason)
}

impl fmt::Debug for EtcdUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdUser").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for EtcdTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdTls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}
