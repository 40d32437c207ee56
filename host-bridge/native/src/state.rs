//! What one environment owns: everything that JavaScript named.

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::{Rc, Weak};

use napi_sys::{self as sys, napi_env};

use crate::channel::connection::PolledConnection;
use crate::channel::listener::PolledListener;
use crate::environment::Environment;
use crate::js::{Env, Failure, Result};
use crate::table::Table;
use crate::uv;

pub struct State {
    pub environment: Rc<Environment>,
    pub listeners: RefCell<Table<Rc<PolledListener>>>,
    /// Shared with what accepts connections.
    pub connections: Rc<RefCell<Table<Rc<PolledConnection>>>>,
    /// Those with ports, which acks and releases travel over.
    with_ports: Rc<RefCell<Vec<Weak<PolledConnection>>>>,
}

impl State {
    pub fn attach(env: Env) -> Result<()> {
        let environment = Rc::new(Environment::new(env)?);
        let with_ports: Rc<RefCell<Vec<_>>> = Rc::default();
        let flush = Flush { environment: environment.clone(), with_ports: with_ports.clone() };
        environment.flush_with(Box::new(flush))?;
        let state =
            Box::new(State { environment, listeners: RefCell::default(), connections: Rc::default(), with_ports });
        let data = Box::into_raw(state);
        let mut hook = null_mut();
        // SAFETY: the pointer is given back to `release` when the environment ends; the hook runs before that.
        env.check(unsafe { sys::napi_add_async_cleanup_hook(env.raw(), Some(end), data.cast(), &mut hook) })?;
        // SAFETY: as above. Only this thread ever uses it.
        unsafe { &*data }.environment.clean_up_with(hook);
        // SAFETY: as above.
        env.check(unsafe { sys::napi_set_instance_data(env.raw(), data.cast(), Some(release), null_mut()) })
    }

    /// The state of the environment of the running call.
    pub fn of<'a>(env: Env) -> Result<&'a State> {
        let mut data = null_mut();
        // SAFETY: the environment is that of the running call.
        env.check(unsafe { sys::napi_get_instance_data(env.raw(), &mut data) })?;
        // SAFETY: set by `attach`, valid until the environment ends, and calls only come before that.
        unsafe { data.cast::<State>().as_ref() }.ok_or_else(|| Failure::closed("environment"))
    }

    pub fn connection(&self, id: u64) -> Result<Rc<PolledConnection>> {
        let connection = self.connections.borrow().get(id).cloned();
        connection.ok_or_else(|| Failure::closed("Connection"))
    }

    pub fn listener(&self, id: u64) -> Result<Rc<PolledListener>> {
        let listener = self.listeners.borrow().get(id).cloned();
        listener.ok_or_else(|| Failure::closed("Listener"))
    }

    /// Acks and releases are sent over it from now on.
    pub fn flush_regularly(&self, connection: &Rc<PolledConnection>) {
        self.with_ports.borrow_mut().push(Rc::downgrade(connection));
    }

    /// The environment ends (the process, or a worker): close everything, and wait for libuv to let go.
    fn shut_down(&self) {
        let connections: Vec<_> = self.connections.borrow_mut().drain().collect();
        connections.iter().for_each(|connection| connection.close());
        let listeners: Vec<_> = self.listeners.borrow_mut().drain().collect();
        listeners.iter().for_each(|listener| listener.close());
        drop((connections, listeners));
        self.environment.shut_down();
    }
}

/// Runs before the loop waits, while acks or releases do.
struct Flush {
    environment: Rc<Environment>,
    with_ports: Rc<RefCell<Vec<Weak<PolledConnection>>>>,
}

impl uv::Events for Flush {
    fn prepare(&self) {
        self.environment.flush_begins();
        self.with_ports.borrow_mut().retain(|connection| match connection.upgrade() {
            Some(connection) => {
                connection.flush_pending();
                true
            }
            None => false,
        });
    }

    fn closed(&self) {
        self.environment.handle_closed();
    }
}

/// # Safety
/// `data` is the pointer that `attach` made; node calls this before `release`.
unsafe extern "C" fn end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: as the contract above says, it is alive.
    unsafe { &*data.cast::<State>() }.shut_down();
}

/// # Safety
/// `data` is the pointer that `attach` made; node calls this once, and nothing afterwards.
unsafe extern "C" fn release(_env: napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: as the contract above says.
    drop(unsafe { Box::from_raw(data.cast::<State>()) });
}
