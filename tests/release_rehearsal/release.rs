//! The folders of one rehearsal, and how anything is built in them.

use std::path::{Path, PathBuf};
use std::process::Command;

use cmgateway_examples::checkout::{root, run, target};
use cmgateway_examples::python_environment::PythonEnvironment;

/// A release that is being made.
pub(crate) struct Release {
    pub(crate) python: PythonEnvironment,
    /// What is handed out.
    pub(crate) out: PathBuf,
    /// What is only needed on the way.
    pub(crate) work: PathBuf,
    /// The sources of the last commit, unpacked.
    pub(crate) sources: PathBuf,
    /// When that commit was made, in seconds since 1970: the time of everything that has one.
    commit_time: String,
}

/// The version of every package.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Release {
    /// Empties the folders and unpacks the sources.
    pub(crate) fn prepare(python: PythonEnvironment) -> Result<Self, String> {
        let top = target().join("release-rehearsal");
        let (out, work) = (top.join("release"), top.join("work"));
        for folder in [&out, &work] {
            let _ = std::fs::remove_dir_all(folder);
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let archive = out.join(format!("cmgateway-{VERSION}-source.tar.gz"));
        let prefix = format!("--prefix=cmgateway-{VERSION}/");
        let mut git = Command::new("git");
        git.current_dir(root()).args(["archive", "--format=tar.gz", &prefix, "-o"]).arg(&archive);
        run(git.arg("HEAD"))?;
        unpack(&archive, &work)?;
        let sources = work.join(format!("cmgateway-{VERSION}"));
        let commit_time = said(Command::new("git").current_dir(root()).args(["log", "-1", "--format=%ct"]))?;
        Ok(Release { python, out, work, sources, commit_time })
    }

    /// Where the first build puts what it makes; it is kept, so that the next rehearsal is short.
    pub(crate) fn build_folder(&self) -> PathBuf {
        self.out.with_file_name("build")
    }

    /// Maturin for sources below `top`, so that nothing it builds tells where they lay, or when it was.
    pub(crate) fn maturin(&self, top: &Path, build_folder: &Path) -> Command {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let user = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
        let home = home.or_else(|| user.map(|user| PathBuf::from(user).join(".cargo")));
        let mut moved = vec![(top.to_path_buf(), "/release"), (build_folder.to_path_buf(), "/build")];
        moved.extend(home.map(|home| (home, "/cargo")));
        let flags = |name: &str| {
            let each = moved.iter().map(|(from, to)| format!("{name}={}={to}", from.display()));
            each.collect::<Vec<_>>().join(" ")
        };
        let mut maturin = self.python.module("maturin");
        maturin.env("RUSTFLAGS", flags("--remap-path-prefix"));
        maturin.env("CFLAGS", flags("-ffile-prefix-map")).env("CXXFLAGS", flags("-ffile-prefix-map"));
        maturin.env("CARGO_TARGET_DIR", build_folder).env("CARGO_INCREMENTAL", "0");
        maturin.env("SOURCE_DATE_EPOCH", &self.commit_time);
        maturin
    }

    /// The one file of the release whose name ends so.
    pub(crate) fn file(&self, ending: &str) -> Result<PathBuf, String> {
        only_file(&self.out, ending)
    }

    /// `tar` for a folder below `work`, the same bytes each time.
    pub(crate) fn pack(&self, folder: &str, archive: &str) -> Result<(), String> {
        let plain = self.work.join(format!("{folder}.tar"));
        let mut tar = Command::new("tar");
        tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rwX,go+rX,go-w"]);
        tar.arg(format!("--mtime=@{}", self.commit_time)).arg("-C").arg(&self.work);
        run(tar.arg("-cf").arg(&plain).arg(folder))?;
        run(Command::new("gzip").args(["-9nf"]).arg(&plain))?;
        let (packed, named) = (self.work.join(format!("{folder}.tar.gz")), self.out.join(archive));
        std::fs::rename(&packed, &named).map_err(|error| format!("{}: {error}", packed.display()))
    }
}

/// Unpacks a `.tar.gz` into a folder.
pub(crate) fn unpack(archive: &Path, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder))
}

/// The only file of a folder whose name ends so.
pub(crate) fn only_file(folder: &Path, ending: &str) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut found = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending)));
    let first = found.next().ok_or_else(|| format!("{} has no *{ending}", folder.display()))?;
    match found.next() {
        None => Ok(first),
        Some(_) => Err(format!("{} has more than one *{ending}", folder.display())),
    }
}

/// What a command prints, without the end of its last line.
pub(crate) fn said(command: &mut Command) -> Result<String, String> {
    let shown = cmgateway_examples::checkout::shown(command);
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
