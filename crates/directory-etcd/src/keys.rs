//! The keys of one world in etcd.

/// Makes the keys of one world.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    root: String,
}

impl Keys {
    pub(crate) fn new(world: &str) -> Self {
        Self { root: format!("/tombolo/{world}/") }
    }

    /// The prefix of all numbers.
    pub(crate) fn numbers(&self) -> String {
        format!("{}numbers/", self.root)
    }

    /// The number of a name.
    pub(crate) fn number(&self, name: &str) -> String {
        format!("{}numbers/{name}", self.root)
    }

    /// The newest life of a number.
    pub(crate) fn life(&self, host: u16) -> String {
        format!("{}lives/{host}", self.root)
    }

    /// The prefix of all records.
    pub(crate) fn hosts(&self) -> String {
        format!("{}hosts/", self.root)
    }

    /// The record of a number.
    pub(crate) fn host(&self, host: u16) -> String {
        format!("{}hosts/{host}", self.root)
    }

    /// The number in the key of a record.
    pub(crate) fn host_of(&self, key: &[u8]) -> Option<u16> {
        let number = std::str::from_utf8(key).ok()?.strip_prefix(&self.root)?.strip_prefix("hosts/")?;
        number.parse().ok().filter(|host| *host != 0 && number == format!("{host}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_records_have_a_number() {
        let keys = Keys::new("isle");
        let cases: [(&[u8], Option<u16>); 9] = [
            (b"/tombolo/isle/hosts/7", Some(7)),
            (b"/tombolo/isle/hosts/65535", Some(65_535)),
            (b"/tombolo/isle/hosts/65536", None),
            (b"/tombolo/isle/hosts/0", None),
            (b"/tombolo/isle/hosts/007", None),
            (b"/tombolo/isle/hosts/+7", None),
            (b"/tombolo/isle/hosts/7/x", None),
            (b"/tombolo/isle2/hosts/7", None),
            (b"/tombolo/isle/hosts/\xff", None),
        ];
        for (key, number) in cases {
            assert_eq!(keys.host_of(key), number, "{}", String::from_utf8_lossy(key));
        }
    }
}
