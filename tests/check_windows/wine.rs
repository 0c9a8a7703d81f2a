//! Wine, with a folder of its own for what it takes for a Windows.

use std::path::PathBuf;
use std::process::Command;

use cmgateway_examples::checkout::{run, target};
use cmgateway_tests::report::Skip;

/// Rust's standard library takes its random numbers from here, and Wine 8 does not have it.
const PROCESS_PRNG: &str = r#"
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    while (length) {
        ULONG part = length > 0x10000000 ? 0x10000000 : (ULONG)length;
        if (!SystemFunction036(data, part)) return FALSE;
        data += part;
        length -= part;
    }
    return TRUE;
}
"#;

/// A Wine that is ready to run programs.
pub(crate) struct Wine {
    prefix: PathBuf,
}

impl Wine {
    /// Makes its folder where it is missing.
    pub(crate) fn prepare() -> Result<Self, Skip> {
        let wine = Wine { prefix: target().join("wine") };
        let system = wine.prefix.join("drive_c/windows/system32");
        if system.join("bcryptprimitives.dll").is_file() {
            return Ok(wine);
        }
        let failed = |error: std::io::Error| Skip::Failed(format!("{}: {error}", wine.prefix.display()));
        std::fs::create_dir_all(&wine.prefix).map_err(failed)?;
        run(wine.command().args(["wineboot", "--init"])).map_err(Skip::Missing)?;
        run(wine.command().args(["winecfg", "/v", "win10"]))?;
        if !system.join("bcryptprimitives.dll").is_file() {
            let source = wine.prefix.join("process_prng.c");
            std::fs::write(&source, PROCESS_PRNG).map_err(failed)?;
            let mut compile = Command::new("x86_64-w64-mingw32-gcc");
            compile.args(["-O1", "-shared", "-o"]).arg(system.join("bcryptprimitives.dll"));
            run(compile.arg(&source).arg("-ladvapi32"))?;
        }
        Ok(wine)
    }

    /// A command for Wine; its first argument is the program.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("wine");
        command.envs(self.environment());
        command
    }

    /// What a command needs so that Wine started by it finds its folder.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("WINEPREFIX", self.prefix.display().to_string()),
            ("WINEDEBUG", "-all".to_owned()),
            // Neither is needed, and Wine would ask on a screen whether to install them.
            ("WINEDLLOVERRIDES", "mscoree,mshtml=".to_owned()),
        ]
    }

    /// Ends what Wine left running.
    pub(crate) fn stop(&self) {
        // Where nothing runs, it says so by its exit code.
        let _ = Command::new("wineserver").arg("-k").envs(self.environment()).status();
    }
}
