//! Tells the linker that the module must stay in memory once it is loaded.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Lua unloads its C modules when a state closes. The guard (src/runtime.rs) stops our threads before that, but
    // waits for them a limited time only: a thread that is still in a slow system call would come back to code that
    // is gone. Code that is never unloaded cannot be missed. Windows has no such switch; there the guard stands alone.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
