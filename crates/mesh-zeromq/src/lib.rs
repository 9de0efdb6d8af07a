//! mesh-zeromq: to be built.
