//! What a gateway counts.

use std::cell::RefCell;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals since the gateway opened. All but `connections` and `pending_bytes` grow only.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters { $($(#[$doc])* pub $name: u64,)* }

        impl Counters {
            /// Every counter with its name.
            #[must_use]
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }

            /// Adds another gateway's totals.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Connections now.
    connections,
    /// Bytes kept now for clients that do not read.
    pending_bytes,
    /// Connections accepted.
    accepted,
    /// Connections refused because the gateway was full.
    refused_full,
    /// Connections refused because too many came from their address.
    refused_address,
    /// Connections refused because new ones came too fast from their address.
    refused_arrivals,
    /// Connections closed because they sent too much, in all.
    rate_limited,
    /// Of these, those that sent too many bytes.
    limited_bytes,
    /// Those that sent too many messages of all kinds.
    limited_messages,
    /// Too many hellos.
    limited_hello,
    /// Too many inputs.
    limited_input,
    /// Too many lines of speech.
    limited_speak,
    /// Too many deeds.
    limited_deed,
    /// Too many requests for baselines.
    limited_baseline,
    /// Too many pings.
    limited_ping,
    /// Too many farewells.
    limited_bye,
    /// Too many messages of other kinds.
    limited_other,
    /// Connections closed because they sent what cannot be a message.
    malformed,
    /// Connections cut because they did not read and more had to be kept than the limits allow.
    overflowed,
    /// Connections cut because they did not read for too long.
    stuck,
    /// Connections that broke while something was written.
    broken,
    /// Connections that TLS was made ready on.
    secured,
    /// Connections closed because they came without TLS where it is required.
    refused_plain,
    /// Connections closed because what they sent is not TLS that this server speaks.
    refused_greeting,
    /// Connections closed because TLS, or the first bytes, took too long.
    late_greeting,
    /// Messages read.
    messages_in,
    /// Bytes read.
    bytes_in,
    /// Bytes taken by the sockets.
    bytes_out,
    /// System calls that wrote.
    writes,
    /// Writes whose frames were dropped.
    blocked,
}

/// Counters as the parts of a gateway share them.
#[derive(Debug, Default)]
pub(crate) struct Tally(RefCell<Counters>);

impl Tally {
    pub(crate) fn count(&self, change: impl FnOnce(&mut Counters)) {
        change(&mut self.0.borrow_mut());
    }

    pub(crate) fn read(&self) -> Counters {
        *self.0.borrow()
    }
}
