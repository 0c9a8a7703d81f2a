//! The programs of the examples take arguments as the operating system gives them.

#[cfg(unix)]
use std::process::Command;

#[cfg(unix)]
const HOST: &str = env!("CARGO_BIN_EXE_lua-host");
#[cfg(unix)]
const QUICK_START: &str = env!("CARGO_BIN_EXE_quickstart");

#[cfg(unix)]
fn not_unicode() -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(vec![b'a', 0xff, b'b'])
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_unicode_reaches_the_script_byte_for_byte() {
    let folder = std::env::temp_dir().join(format!("cmgateway-lua-host-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let script = folder.join(not_unicode());
    std::fs::write(&script, "io.write(#arg, ' ', arg[1]:byte(1, -1))").unwrap();
    let output = Command::new(HOST).arg(&script).arg(not_unicode()).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1 9725598", "{output:?}");
    assert!(output.status.success());
}

#[cfg(unix)]
#[test]
fn the_quick_start_does_not_panic_on_one() {
    let output = Command::new(QUICK_START).arg("--").arg(not_unicode()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage: cargo quickstart"));
}

#[test]
fn a_host_that_runs_a_runtime_of_its_own_may_run_scripts() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer: String = runtime.block_on(async {
        let lua = mlua::Lua::new();
        cmgateway_lua::open(&lua).unwrap();
        let script = r#"return select(2, require "cmgateway".connect("sqlite:/no/such/site.db")).kind"#;
        lua.load(script).eval().unwrap()
    });
    assert_eq!(answer, "not_found");
}
