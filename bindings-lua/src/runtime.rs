//! The threads behind the calls, and the guard that ends them with the state.

use std::cell::RefCell;
use std::future::Future;

use cmgateway::ErrorKind;
use cmgateway::blocking::Runtime;
use mlua::{Lua, UserData, UserDataFields, UserDataRef};

use crate::error::{expected, kind_of, misuse};

const KEY: &str = "cmgateway.runtime";

/// This state's share of the threads. Lua drops it when the state closes, before it unloads the module; the last
/// share of the process stops the threads and waits for them.
struct Guard(Runtime);

impl UserData for Guard {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Runtime");
    }
}

/// Gives the state its share.
pub(crate) fn install(lua: &Lua) -> mlua::Result<()> {
    let runtime = Runtime::shared().map_err(|error| misuse(error.to_string()))?;
    lua.set_named_registry_value(KEY, Guard(runtime))
}

/// Runs a call that opens a query; where the site has too many open ones, those that the script has forgotten are
/// collected, and it runs once more.
///
/// Lua 5.1 and LuaJIT do not tell us when a loop over rows is left early.
pub(crate) fn with_free_queries<T>(lua: &Lua, call: impl Fn() -> mlua::Result<T>) -> mlua::Result<T> {
    match call() {
        Err(error) if kind_of(&error) == Some(ErrorKind::Unavailable) => {
            // The first cycle frees the loop's function, the second one the rows that it held.
            lua.gc_collect()?;
            lua.gc_collect()?;
            call()
        }
        done => done,
    }
}

thread_local! {
    /// The states whose calls this thread is waiting in, the innermost last.
    static WAITING: RefCell<Vec<Lua>> = const { RefCell::new(Vec::new()) };
}

struct Waiting;

impl Waiting {
    fn begin(lua: &Lua) -> Self {
        WAITING.with_borrow_mut(|states| states.push(lua.clone()));
        Waiting
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.with_borrow_mut(|states| states.pop());
    }
}

/// Asks the states whose calls this thread is waiting in, the innermost first.
pub(crate) fn waiting<T>(ask: impl Fn(&Lua) -> Option<T>) -> Option<T> {
    let states = WAITING.with_borrow(Clone::clone);
    states.iter().rev().find_map(ask)
}

/// Waits for a future on Lua's thread. No Lua code runs meanwhile but that of methods that scripts supply.
pub(crate) fn wait<T>(lua: &Lua, future: impl Future<Output = cmgateway::Result<T>>) -> mlua::Result<T> {
    // A finaliser may call us while the state closes, when the guard is gone already.
    let guard = lua.named_registry_value::<UserDataRef<Guard>>(KEY);
    let runtime = guard.map_err(|_| misuse("cmgateway: the Lua state is closing"))?.0.clone();
    let _waiting = Waiting::begin(lua);
    runtime.wait(future, || cmgateway::Result::Ok(())).map_err(expected)
}
