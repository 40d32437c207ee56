//! What one environment owns: everything that JavaScript named, and its part of libuv's loop.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::{Rc, Weak};
use std::sync;

use napi_sys::{self as sys, napi_env, napi_value};
use streamlib_bridge::memory::{Frame, FramePool, Segment};
use streamlib_bridge::service::InstanceLock;
use streamlib_bridge::sys::endpoint::Endpoint;

use crate::channel::connection::Link;
use crate::channel::listener::Inlet;
use crate::js::{Args, Env, Failure, Reference, Result};
use crate::table::Table;
use crate::uv;

pub struct State {
    pub env: Env,
    pub uv: *mut uv::Loop,
    pub frames: RefCell<Table<Frame>>,
    pub pools: RefCell<Table<FramePool>>,
    pub locks: RefCell<Table<InstanceLock>>,
    pub endpoints: RefCell<Table<Endpoint>>,
    pub listeners: RefCell<Table<Rc<Inlet>>>,
    pub links: RefCell<Table<Rc<Link>>>,
    /// Links with ports: those that acks and releases travel over.
    pub flowing: RefCell<Vec<Weak<Link>>>,
    /// Segments that have an ArrayBuffer, by the address of their mapping.
    pub mappings: RefCell<HashMap<usize, sync::Weak<Segment>>>,
    /// For strings on their way into a message.
    pub scratch: RefCell<Vec<u8>>,
    installed: RefCell<Option<Installed>>,
    settle: RefCell<Option<uv::Handle>>,
    /// uv handles that libuv has not let go of yet.
    open_handles: Cell<usize>,
    cleanup: Cell<sys::napi_async_cleanup_hook_handle>,
    ending: Cell<bool>,
    this: RefCell<Weak<State>>,
}

/// What the TypeScript side gave us.
pub struct Installed {
    pub make_error: Reference,
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

impl State {
    pub fn attach(env: Env) -> Result<()> {
        let mut uv_loop = null_mut();
        // SAFETY: the loop of a node environment lives as long as the environment.
        env.check(unsafe { sys::napi_get_uv_event_loop(env.raw(), &mut uv_loop) })?;
        let state = Rc::new(State {
            env,
            uv: uv_loop.cast(),
            frames: RefCell::default(),
            pools: RefCell::default(),
            locks: RefCell::default(),
            endpoints: RefCell::default(),
            listeners: RefCell::default(),
            links: RefCell::default(),
            flowing: RefCell::default(),
            mappings: RefCell::default(),
            scratch: RefCell::default(),
            installed: RefCell::new(None),
            settle: RefCell::new(None),
            open_handles: Cell::new(0),
            cleanup: Cell::new(null_mut()),
            ending: Cell::new(false),
            this: RefCell::new(Weak::new()),
        });
        *state.this.borrow_mut() = Rc::downgrade(&state);
        let prepare = uv::Handle::prepare(state.uv, Box::new(Settle(state.share())));
        *state.settle.borrow_mut() = Some(prepare.map_err(|code| Failure::new("io", uv::describe(code)))?);
        state.handle_opened();
        let data = Rc::into_raw(state).cast_mut();
        // SAFETY: the pointer is given back to `release` when the environment ends; the hook runs before that.
        unsafe {
            let mut hook = null_mut();
            env.check(sys::napi_add_async_cleanup_hook(env.raw(), Some(end), data.cast(), &mut hook))?;
            (*data).cleanup.set(hook);
            env.check(sys::napi_set_instance_data(env.raw(), data.cast(), Some(release), null_mut()))
        }
    }

    pub fn of<'a>(env: Env) -> Option<&'a State> {
        let mut data = null_mut();
        // SAFETY: set by `attach`, valid until the environment ends, and calls only come before that.
        unsafe {
            sys::napi_get_instance_data(env.raw(), &mut data);
            data.cast::<State>().as_ref()
        }
    }

    /// A share for what outlives a call, such as the handlers of uv handles.
    pub fn share(&self) -> Rc<State> {
        self.this.borrow().upgrade().expect("the state lives while it is borrowed")
    }

    /// `install(makeError, makeTexture, makeBuffer)`
    pub fn install(&self, args: &Args) -> Result<napi_value> {
        let env = args.env;
        let names = env.array(1)?;
        env.set_element(names, NATIVE_HANDLE, env.string("nativeHandle")?)?;
        let resource = env.object()?;
        let mut async_context = null_mut();
        // SAFETY: resource and name are live values; the context is destroyed in `shut_down`.
        env.check(unsafe { sys::napi_async_init(env.raw(), resource, env.string("streamlib")?, &mut async_context) })?;
        *self.installed.borrow_mut() = Some(Installed {
            make_error: Reference::new(env, args.value(0))?,
            make_texture: Reference::new(env, args.value(1))?,
            make_buffer: Reference::new(env, args.value(2))?,
            names: Reference::new(env, names)?,
            async_context,
            resource: Reference::new(env, resource)?,
        });
        env.undefined()
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
    pub fn stir(&self) {
        if let Some(settle) = &*self.settle.borrow() {
            settle.start_prepare();
        }
    }

    fn settled(&self) {
        if let Some(settle) = &*self.settle.borrow() {
            settle.stop_prepare();
        }
        self.flowing.borrow_mut().retain(|link| match link.upgrade() {
            Some(link) => {
                link.settle();
                true
            }
            None => false,
        });
    }

    /// The environment ends (the process, or a worker): close everything, and wait for libuv to let go.
    fn shut_down(&self) {
        self.ending.set(true);
        let links: Vec<_> = self.links.borrow_mut().drain().collect();
        links.iter().for_each(|link| link.close());
        let listeners: Vec<_> = self.listeners.borrow_mut().drain().collect();
        listeners.iter().for_each(|listener| listener.close());
        drop((links, listeners));
        self.frames.borrow_mut().drain().for_each(drop);
        self.pools.borrow_mut().drain().for_each(drop);
        self.endpoints.borrow_mut().drain().for_each(drop);
        self.locks.borrow_mut().drain().for_each(drop);
        if let Some(installed) = self.installed.borrow_mut().take() {
            // SAFETY: made by `install`, destroyed once.
            unsafe { sys::napi_async_destroy(self.env.raw(), installed.async_context) };
        }
        let settle = self.settle.borrow_mut().take();
        if let Some(settle) = settle {
            settle.close();
        }
        self.finish_cleanup();
    }

    fn finish_cleanup(&self) {
        if self.ending.get() && self.open_handles.get() == 0 {
            let hook = self.cleanup.replace(null_mut());
            if !hook.is_null() {
                // SAFETY: the handle that `attach` was given, removed once; node waits for this.
                unsafe { sys::napi_remove_async_cleanup_hook(hook) };
            }
        }
    }
}

struct Settle(Rc<State>);

impl uv::Events for Settle {
    fn prepare(&self) {
        self.0.settled();
    }

    fn closed(&self) {
        self.0.handle_closed();
    }
}

unsafe extern "C" fn end(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    (*data.cast::<State>()).shut_down();
}

unsafe extern "C" fn release(_env: napi_env, data: *mut c_void, _hint: *mut c_void) {
    drop(Rc::from_raw(data.cast::<State>()));
}
