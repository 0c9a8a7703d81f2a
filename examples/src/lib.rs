//! What the quick start, the Lua host and the test runner share: the checkout, its Python environment, its Lua.

pub mod checkout;
pub mod lua_host;
pub mod python_environment;
pub mod rehearsal_folder;
