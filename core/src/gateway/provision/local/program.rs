//! Where the program `cmgateway` is.

use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// The environment variable that names it.
pub(super) const VARIABLE: &str = "CMGATEWAY_PROGRAM";

/// The program: named by option, by `CMGATEWAY_PROGRAM`, beside the running program, or in `PATH`.
pub(super) fn find(option: Option<&Path>) -> Result<PathBuf> {
    let operation = "find the program cmgateway";
    let named = |path: &Path, by: &str| match path.is_file() {
        true => std::path::absolute(path)
            .map_err(|error| Error::new(ErrorKind::Unavailable, operation, error.to_string())),
        false => {
            let cause = format!("{by} names {}, where no file is", path.display());
            Err(Error::new(ErrorKind::NotFound, operation, cause))
        }
    };
    if let Some(path) = option {
        return named(path, "the option program");
    }
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return named(Path::new(&path), VARIABLE);
    }
    let name = format!("cmgateway{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().and_then(|here| here.parent().map(Path::to_path_buf));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = beside.into_iter().chain(std::env::split_paths(&path));
    let found = folders.map(|folder| folder.join(&name)).find(|path| path.is_file());
    found.ok_or_else(|| {
        let cause = format!(
            "{name} is neither beside the running program nor in PATH; name it with the option program or in {VARIABLE}, \
             or build it with `cargo build -p cmgateway-program --release`"
        );
        Error::new(ErrorKind::NotFound, operation, cause)
    })
}

/// Where gateways of this user are kept, unless an option says otherwise.
pub(super) fn usual_folder() -> Result<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let found = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        variable("XDG_STATE_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/state")))
    };
    found.map(|folder| folder.join("cmgateway")).ok_or_else(|| {
        let cause = "neither HOME nor LOCALAPPDATA is set; name a folder with the option folder";
        Error::new(ErrorKind::Config, "find a folder for gateways of this machine", cause)
    })
}
