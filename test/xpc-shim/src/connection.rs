//! Connections: a thread each, which reads, writes and calls the event handler.
//!
//! While the handler runs nothing is sent or received, as documented.

use std::collections::{HashMap, VecDeque};
use std::ffi::{c_char, c_int, CStr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use block2::{Block, RcBlock};

use crate::dictionary;
use crate::ledger::fault;
use crate::object::{
    _xpc_error_connection_interrupted as INTERRUPTED, _xpc_error_connection_invalid as INVALID, Body, Obj, Raw, Ref,
};
use crate::transport::{self, Frame, Incoming, Wake};
use crate::wire::{self, Cursor};

type HandlerBlock = Block<dyn Fn(Raw)>;
type BarrierBlock = Block<dyn Fn()>;

const MESSAGE: u8 = 0;
const ASKS: u8 = 1;
const ANSWERS: u8 = 2;

type Handler = Shared<RcBlock<dyn Fn(Raw)>>;

/// Blocks are called on threads that did not make them, which is what they are for.
struct Shared<T>(T);
// SAFETY: as said; one thread at a time calls or drops one.
unsafe impl<T> Send for Shared<T> {}

enum Out {
    Frame(Frame),
    Barrier(Shared<RcBlock<dyn Fn()>>),
}

enum Role {
    Anonymous {
        socket: OwnedFd,
        endpoint: OwnedFd,
    },
    Named {
        name: String,
    },
    /// To a named service, which may come back: its end is an interruption.
    ToService {
        name: String,
    },
    ToEndpoint {
        file: OwnedFd,
    },
    /// Came in through a listener.
    Incoming {
        socket: OwnedFd,
    },
    Gone,
}

pub struct Conn {
    wake: Wake,
    pid: AtomicI32,
    uid: AtomicU32,
    state: Mutex<State>,
}

struct State {
    role: Role,
    handler: Option<Handler>,
    active: bool,
    cancelled: bool,
    over: bool,
    interrupt: bool,
    /// Its thread looks at nothing any more.
    finished: bool,
    out: VecDeque<Out>,
    replies: HashMap<u64, Handler>,
    asked: u64,
    /// Of a listener: what came in through it. The header says that they end with it.
    children: Vec<Weak<Conn>>,
    endpoint: Option<OwnedFd>,
}

/// Every connection of this process that a test may interrupt.
static ALL: Mutex<Vec<Weak<Conn>>> = Mutex::new(Vec::new());

/// Has every connection of this process that is no listener see what it sees when the other side goes: an interruption
/// where it leads to a service, the end elsewhere.
pub fn interrupt_all() {
    for conn in ALL.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
        conn.lock().interrupt = true;
        conn.wake.ring();
    }
}

impl Conn {
    fn make(role: Role) -> Raw {
        let (pid, uid) = match &role {
            Role::Incoming { socket } => transport::peer(socket),
            _ => (0, u32::MAX),
        };
        let endpoint = match &role {
            Role::Anonymous { endpoint, .. } => endpoint.try_clone().ok(),
            _ => None,
        };
        let Ok(wake) = Wake::new() else { return std::ptr::null_mut() };
        let state = State {
            role,
            handler: None,
            active: false,
            cancelled: false,
            over: false,
            interrupt: false,
            finished: false,
            out: VecDeque::new(),
            replies: HashMap::new(),
            asked: 0,
            children: Vec::new(),
            endpoint,
        };
        let conn = Arc::new(Self { wake, pid: pid.into(), uid: uid.into(), state: Mutex::new(state) });
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&conn));
        drop(all);
        Ref::new(Body::Connection(conn)).into_raw()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The documentation wants every connection active, and cancelled by whoever has finished with it.
    pub fn last_reference_went(&self) {
        let state = self.lock();
        if !state.active && !state.cancelled {
            fault("a connection was released that was never activated");
        }
    }

    /// Calls the handler with an event. The lock is not held.
    fn tell(&self, event: &Ref) {
        let handler = self.lock().handler.as_ref().map(|h| h.0.clone());
        match handler {
            Some(handler) => handler.call((event.raw(),)),
            None => fault("an event for a connection without a handler"),
        }
    }

    /// The connection's thread. `own` keeps the object while it runs.
    fn run(self: Arc<Self>, own: Ref) {
        let role = std::mem::replace(&mut self.lock().role, Role::Gone);
        match role {
            Role::Anonymous { socket, endpoint } => {
                drop(endpoint);
                self.listen(socket);
            }
            Role::Named { name } => {
                let path = transport::service(&name);
                match path.and_then(|path| Ok((transport::listen_named(&path)?, path))) {
                    Ok((socket, path)) => {
                        self.listen(socket);
                        let _ = std::fs::remove_file(path);
                    }
                    Err(_) => self.useless(),
                }
            }
            Role::ToService { name } => {
                let path = transport::service(&name).unwrap_or_else(|_| PathBuf::new());
                self.talk(transport::connect(&path).ok(), &INTERRUPTED);
            }
            Role::ToEndpoint { file } => {
                let socket = transport::connect_file(&file).ok();
                drop(file);
                self.talk(socket, &INVALID);
            }
            Role::Incoming { socket } => self.talk(Some(socket), &INVALID),
            Role::Gone => {}
        }
        // The handler goes last: who waits for it may count descriptors afterwards.
        let handler = self.finish();
        // The object after this, so that the connection goes with it, and not after the ledger says that it is gone.
        drop(self);
        drop(own);
        drop(handler);
    }

    /// A connection to nothing: it says so, and waits to be cancelled.
    fn useless(&self) {
        self.unwind(&INVALID);
        if !self.lock().cancelled {
            self.lock().over = true;
            self.tell(&Ref::error(&INVALID));
        }
    }

    fn listen(self: &Arc<Self>, socket: OwnedFd) {
        while !self.lock().cancelled {
            while let Ok(peer) = transport::accept(&socket) {
                self.arrive(peer);
            }
            self.wake.wait(Some(&socket), false);
        }
        // "… or cancels the listener connection": what came through it ends.
        let children: Vec<_> = self.lock().children.drain(..).filter_map(|c| c.upgrade()).collect();
        for child in children {
            child.lock().interrupt = true;
            child.wake.ring();
        }
    }

    fn arrive(&self, socket: OwnedFd) {
        let raw = Self::make(Role::Incoming { socket });
        if raw.is_null() {
            return;
        }
        // SAFETY: made above; this is its first reference.
        let object = unsafe { Ref::from_raw(raw) };
        if let Body::Connection(conn) = &object.get().body {
            let mut state = self.lock();
            state.children.retain(|c| c.strong_count() > 0);
            state.children.push(Arc::downgrade(conn));
            drop(state);
            self.tell(&object);
            let mut state = conn.lock();
            if !state.active && !state.cancelled {
                fault("a listener's handler neither took nor refused a connection");
                state.cancelled = true;
            }
            if !state.active {
                // Refused: the socket goes, and with it the peer's hope.
                state.role = Role::Gone;
            }
        }
    }

    /// Reads and writes until the end.
    fn talk(self: &Arc<Self>, socket: Option<OwnedFd>, at_end: &'static Obj) {
        let Some(socket) = socket else { return self.useless() };
        let (pid, uid) = transport::peer(&socket);
        self.pid.store(pid, Ordering::SeqCst);
        self.uid.store(uid, Ordering::SeqCst);
        let mut incoming = Incoming::default();
        loop {
            let alive = incoming.fill(&socket);
            while let Some(whole) = incoming.next() {
                if self.lock().cancelled {
                    return;
                }
                self.deliver(whole);
            }
            let Some(waiting) = self.write(&socket) else { return };
            let interrupted = std::mem::take(&mut self.lock().interrupt);
            if !alive || interrupted {
                break;
            }
            self.wake.wait(Some(&socket), waiting);
        }
        drop(socket);
        self.unwind(at_end);
        if !self.lock().cancelled {
            self.lock().over = true;
            self.tell(&Ref::error(at_end));
        }
        // It is useless now, and goes when whoever has it cancels it.
        while !self.lock().cancelled {
            self.wake.wait(None, false);
            self.unwind(at_end);
        }
    }

    /// Sends what fits. `None`: cancelled; else whether something still waits.
    fn write(&self, socket: &OwnedFd) -> Option<bool> {
        loop {
            let mut state = self.lock();
            if state.cancelled {
                return None;
            }
            match state.out.pop_front() {
                None => return Some(false),
                Some(Out::Barrier(barrier)) => {
                    drop(state);
                    barrier.0.call(());
                }
                Some(Out::Frame(mut frame)) => {
                    match frame.send(socket) {
                        Ok(true) => {}
                        Ok(false) => {
                            state.out.push_front(Out::Frame(frame));
                            return Some(true);
                        }
                        // The peer is gone, which reading will tell after what it still had to say.
                        Err(_) => return Some(false),
                    }
                }
            }
        }
    }

    fn deliver(self: &Arc<Self>, whole: transport::Whole) {
        let mut cursor = Cursor { rest: &whole.body, files: whole.files.into_iter() };
        let Some(object) = cursor.read() else { return fault("a message that cannot be read") };
        if whole.kind == ANSWERS {
            let handler = self.lock().replies.remove(&whole.number);
            match handler {
                Some(handler) => handler.0.call((object.raw(),)),
                None => fault("a reply that nobody waits for"),
            }
            return;
        }
        if whole.kind == ASKS {
            if let Some(mut d) = dictionary::dict(object.get(), "a message") {
                d.asks = Some(whole.number);
            }
        }
        self.tell(&object);
    }

    /// What waits to be sent is discarded, barriers run, replies will not come.
    fn unwind(&self, why: &'static Obj) {
        let mut state = self.lock();
        let out = std::mem::take(&mut state.out);
        let replies = std::mem::take(&mut state.replies);
        drop(state);
        for item in out {
            if let Out::Barrier(barrier) = item {
                barrier.0.call(());
            }
        }
        let error = Ref::error(why);
        replies.into_values().for_each(|handler| handler.0.call((error.raw(),)));
    }

    /// The last event; returns the handler, which nobody calls any more.
    fn finish(&self) -> Option<Handler> {
        while !self.lock().cancelled {
            self.wake.wait(None, false);
            self.unwind(&INVALID);
        }
        self.unwind(&INVALID);
        self.lock().over = true;
        self.tell(&Ref::error(&INVALID));
        let mut state = self.lock();
        state.finished = true;
        let handler = state.handler.take();
        drop(state);
        self.unwind(&INVALID);
        handler
    }
}

unsafe fn conn<'a>(raw: Raw, doing: &str) -> &'a Arc<Conn> {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        match &Obj::at(raw, doing).body {
            Body::Connection(conn) => conn,
            _ => {
                eprintln!("xpc-shim: {doing} on what is no connection");
                std::process::abort()
            }
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_create(name: *const c_char, _queue: Raw) -> Raw {
    if !name.is_null() {
        fault("xpc_connection_create with a name, which is for services inside of an application");
        return std::ptr::null_mut();
    }
    match transport::listen_anonymous() {
        Ok((socket, endpoint)) => Conn::make(Role::Anonymous { socket, endpoint }),
        Err(_) => std::ptr::null_mut(),
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_create_mach_service(name: *const c_char, _queue: Raw, flags: u64) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let name = CStr::from_ptr(name).to_string_lossy().into_owned();
        Conn::make(if flags & 1 != 0 { Role::Named { name } } else { Role::ToService { name } })
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_create_from_endpoint(endpoint: Raw) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let Body::Endpoint(file) = &Obj::at(endpoint, "xpc_connection_create_from_endpoint").body else {
            fault("xpc_connection_create_from_endpoint of what is no endpoint");
            return std::ptr::null_mut();
        };
        file.try_clone().map_or(std::ptr::null_mut(), |file| Conn::make(Role::ToEndpoint { file }))
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_endpoint_create(connection: Raw) -> Raw {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let endpoint =
            conn(connection, "xpc_endpoint_create").lock().endpoint.as_ref().and_then(|e| e.try_clone().ok());
        match endpoint {
            Some(file) => Ref::new(Body::Endpoint(file)).into_raw(),
            None => {
                fault("xpc_endpoint_create of a connection that is no anonymous listener");
                std::ptr::null_mut()
            }
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_set_event_handler(connection: Raw, handler: *mut HandlerBlock) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let conn = conn(connection, "xpc_connection_set_event_handler");
        let copy = RcBlock::copy(handler).map(Shared);
        let mut state = conn.lock();
        // A connection that was cancelled already calls nobody.
        if !state.over {
            state.handler = copy;
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_activate(connection: Raw) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let conn = conn(connection, "xpc_connection_activate");
        let mut state = conn.lock();
        if state.active {
            return;
        }
        if state.handler.is_none() {
            fault("xpc_connection_activate without an event handler");
        }
        state.active = true;
        drop(state);
        let own = Ref::retained(connection, "xpc_connection_activate");
        let run = conn.clone();
        let thread = std::thread::Builder::new().name("xpc-shim".into());
        if thread.spawn(move || run.run(own)).is_err() {
            fault("no thread for a connection");
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_cancel(connection: Raw) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let conn = conn(connection, "xpc_connection_cancel");
        conn.lock().cancelled = true;
        conn.wake.ring();
    }
}

fn queue(conn: &Conn, kind: u8, number: u64, message: &Obj) {
    let (mut body, mut files) = (Vec::new(), Vec::new());
    if wire::write(message, &mut body, &mut files).is_none() {
        return fault("a message with something in it that cannot travel");
    }
    let mut state = conn.lock();
    // "Silently disposed of."
    if !state.cancelled && !state.over {
        state.out.push_back(Out::Frame(Frame::new(kind, number, &body, files)));
    }
    drop(state);
    conn.wake.ring();
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_send_message(connection: Raw, message: Raw) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let conn = conn(connection, "xpc_connection_send_message");
        let message = Obj::at(message, "xpc_connection_send_message");
        let Some(answers) = dictionary::dict(message, "xpc_connection_send_message").map(|d| d.answers) else { return };
        match answers {
            Some(number) => queue(conn, ANSWERS, number, message),
            None => queue(conn, MESSAGE, 0, message),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_send_message_with_reply(
    connection: Raw,
    message: Raw,
    _queue: Raw,
    handler: *mut HandlerBlock,
) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let conn = conn(connection, "xpc_connection_send_message_with_reply");
        let message = Obj::at(message, "xpc_connection_send_message_with_reply");
        let Some(handler) = RcBlock::copy(handler) else { return };
        let mut state = conn.lock();
        state.asked += 1;
        let number = state.asked;
        let late = state.over || state.cancelled;
        if state.finished {
            drop(state);
            let handler = Shared(handler);
            std::thread::spawn(move || {
                let handler = handler;
                handler.0.call((Ref::error(&INVALID).raw(),));
            });
            return;
        }
        state.replies.insert(number, Shared(handler));
        drop(state);
        // A connection that is over answers by itself, on its thread.
        if late {
            return conn.wake.ring();
        }
        queue(conn, ASKS, number, message);
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_send_barrier(connection: Raw, barrier: *mut BarrierBlock) {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        let conn = conn(connection, "xpc_connection_send_barrier");
        let Some(barrier) = RcBlock::copy(barrier) else { return };
        let mut state = conn.lock();
        if state.cancelled {
            // "Invoked immediately."
            drop(state);
            return barrier.call(());
        }
        state.out.push_back(Out::Barrier(Shared(barrier)));
        drop(state);
        conn.wake.ring();
    }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_get_pid(connection: Raw) -> i32 {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe { conn(connection, "xpc_connection_get_pid").pid.load(Ordering::SeqCst) }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_get_euid(connection: Raw) -> u32 {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe { conn(connection, "xpc_connection_get_euid").uid.load(Ordering::SeqCst) }
}

#[no_mangle]
pub unsafe extern "C" fn xpc_connection_set_peer_code_signing_requirement(
    connection: Raw,
    _requirement: *const c_char,
) -> c_int {
    // SAFETY: Apple's header asks the caller for live objects, and for pointers that are valid for the call.
    unsafe {
        conn(connection, "xpc_connection_set_peer_code_signing_requirement");
        // Nothing is signed here.
        libc::ENOTSUP
    }
}
