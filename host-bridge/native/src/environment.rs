//! What every part of the addon needs of one environment: Node-API, libuv's loop, what TypeScript installed, and the tables
//! of objects that JavaScript names by number. It knows no connections and no listeners; `State` has those.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr::null_mut;
use std::sync;

use napi_sys::{self as sys, napi_value};
use streamlib_bridge::memory::{Frame, FramePool, Segment};
use streamlib_bridge::service::InstanceLock;
use streamlib_bridge::sys::endpoint::Endpoint;

use crate::js::{Env, Failure, Reference, Result};
use crate::table::Table;
use crate::uv;

pub struct Environment {
    pub env: Env,
    pub uv: *mut uv::Loop,
    pub frames: RefCell<Table<Frame>>,
    pub pools: RefCell<Table<FramePool>>,
    pub locks: RefCell<Table<InstanceLock>>,
    pub endpoints: RefCell<Table<Endpoint>>,
    /// Segments that have an ArrayBuffer, by the address of their mapping.
    pub mappings: RefCell<HashMap<usize, sync::Weak<Segment>>>,
    /// For strings on their way into a message.
    pub scratch: RefCell<Vec<u8>>,
    installed: RefCell<Option<Installed>>,
    /// Runs before the loop waits, while a flush is due.
    before_poll: RefCell<Option<uv::Handle>>,
    /// uv handles that libuv has not let go of yet.
    open_handles: Cell<usize>,
    cleanup: Cell<sys::napi_async_cleanup_hook_handle>,
    ending: Cell<bool>,
}

/// What the TypeScript side gave us.
pub struct Installed {
    make_error: Reference,
    pub make_texture: Reference,
    pub make_buffer: Reference,
    /// Property names as JavaScript strings, in an array: Node-API cannot keep a reference to a string.
    pub names: Reference,
    /// Callbacks from the loop run in this async context, so that promises and ticks run after each batch.
    pub async_context: sys::napi_async_context,
    pub resource: Reference,
}

/// Index into `Installed::names`.
pub const NATIVE_HANDLE: u32 = 0;

impl Environment {
    pub fn new(env: Env) -> Result<Self> {
        let mut uv_loop = null_mut();
        // SAFETY: the loop of a node environment lives as long as the environment.
        env.check(unsafe { sys::napi_get_uv_event_loop(env.raw(), &mut uv_loop) })?;
        Ok(Self {
            env,
            uv: uv_loop.cast(),
            frames: RefCell::default(),
            pools: RefCell::default(),
            locks: RefCell::default(),
            endpoints: RefCell::default(),
            mappings: RefCell::default(),
            scratch: RefCell::default(),
            installed: RefCell::new(None),
            before_poll: RefCell::new(None),
            open_handles: Cell::new(0),
            cleanup: Cell::new(null_mut()),
            ending: Cell::new(false),
        })
    }

    /// `flush`: its `prepare` is called once before the loop waits, after each `schedule_flush`.
    pub fn flush_with(&self, flush: Box<dyn uv::Events>) -> Result<()> {
        let handle = uv::Handle::prepare(self.uv, flush).map_err(|code| Failure::new("io", uv::describe(code)))?;
        self.handle_opened();
        *self.before_poll.borrow_mut() = Some(handle);
        Ok(())
    }

    /// `hook`: removed when the environment has ended and libuv has let go of every handle.
    pub fn clean_up_with(&self, hook: sys::napi_async_cleanup_hook_handle) {
        self.cleanup.set(hook);
    }

    pub fn install(&self, make_error: napi_value, make_texture: napi_value, make_buffer: napi_value) -> Result<()> {
        let env = self.env;
        let names = env.array(1)?;
        env.set_element(names, NATIVE_HANDLE, env.string("nativeHandle")?)?;
        let resource = env.object()?;
        let name = env.string("streamlib")?;
        let mut async_context = null_mut();
        // SAFETY: resource and name are live values; the context is destroyed in `shut_down`.
        env.check(unsafe { sys::napi_async_init(env.raw(), resource, name, &mut async_context) })?;
        *self.installed.borrow_mut() = Some(Installed {
            make_error: Reference::new(env, make_error)?,
            make_texture: Reference::new(env, make_texture)?,
            make_buffer: Reference::new(env, make_buffer)?,
            names: Reference::new(env, names)?,
            async_context,
            resource: Reference::new(env, resource)?,
        });
        Ok(())
    }

    pub fn installed<R>(&self, read: impl FnOnce(&Installed) -> Result<R>) -> Result<R> {
        match &*self.installed.borrow() {
            Some(installed) => read(installed),
            None => Err(Failure::closed("environment")),
        }
    }

    pub fn throw(&self, failure: Failure) {
        let installed = self.installed.borrow();
        failure.throw(self.env, installed.as_ref().map(|i| &i.make_error));
    }

    pub fn handle_opened(&self) {
        self.open_handles.set(self.open_handles.get() + 1);
    }

    /// Called by each uv handle when libuv has let go of it.
    pub fn handle_closed(&self) {
        self.open_handles.set(self.open_handles.get() - 1);
        self.finish_cleanup();
    }

    /// Acks or releases may wait: they travel with the next message, at the latest when the loop is about to sleep.
    pub fn schedule_flush(&self) {
        if let Some(before_poll) = &*self.before_poll.borrow() {
            before_poll.start_prepare();
        }
    }

    pub fn flush_begins(&self) {
        if let Some(before_poll) = &*self.before_poll.borrow() {
            before_poll.stop_prepare();
        }
    }

    /// The environment ends (the process, or a worker): give everything back, and wait for libuv to let go.
    pub fn shut_down(&self) {
        self.ending.set(true);
        self.frames.borrow_mut().drain().for_each(drop);
        self.pools.borrow_mut().drain().for_each(drop);
        self.endpoints.borrow_mut().drain().for_each(drop);
        self.locks.borrow_mut().drain().for_each(drop);
        if let Some(installed) = self.installed.borrow_mut().take() {
            // SAFETY: made by `install`, destroyed once.
            unsafe { sys::napi_async_destroy(self.env.raw(), installed.async_context) };
        }
        let before_poll = self.before_poll.borrow_mut().take();
        if let Some(before_poll) = before_poll {
            before_poll.close();
        }
        self.finish_cleanup();
    }

    fn finish_cleanup(&self) {
        if self.ending.get() && self.open_handles.get() == 0 {
            let hook = self.cleanup.replace(null_mut());
            if !hook.is_null() {
                // SAFETY: the handle that `clean_up_with` was given, removed once; node waits for this.
                unsafe { sys::napi_remove_async_cleanup_hook(hook) };
            }
        }
    }
}
