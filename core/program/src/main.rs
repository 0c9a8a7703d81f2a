//! The program `cmgateway`; see the library beside it.

use std::process::ExitCode;

/// Requests are small and short: the allocator of the system takes a fifth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cmgateway_program::main(std::env::args_os()).into()
}
