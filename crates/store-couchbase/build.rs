//! Tells the tests whether there is a real server to run against, so that they can say so where there is none.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CB_TEST_CONNSTR");
    println!("cargo::rustc-check-cfg=cfg(cb_test_server)");
    if std::env::var_os("CB_TEST_CONNSTR").is_some() {
        println!("cargo::rustc-cfg=cb_test_server");
    }
}
