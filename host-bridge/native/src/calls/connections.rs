//! Connections. What is called for each frame is in `per_frame`.

use std::path::Path;

use napi_derive::napi;
use streamlib_bridge::connection::Connection;
use streamlib_bridge::schema::Schema;

use super::border::{call, Flag, NativeId, Text};
use crate::channel::connection::PolledConnection;
use crate::js::{Env, Failure, Result, Value};

#[napi]
pub fn connect_endpoint(env: napi::Env, endpoint: NativeId) -> napi::Result<NativeId> {
    call(env, |state| {
        let connection = {
            let endpoints = state.environment.endpoints.borrow();
            let endpoint = endpoints.get(endpoint.0).ok_or_else(|| Failure::closed("Endpoint"))?;
            Connection::connect(endpoint)?
        };
        NativeId::made(state.connections.borrow_mut().insert(PolledConnection::new(connection)))
    })
}

#[napi]
pub fn connect_named(env: napi::Env, #[napi(ts_arg_type = "string")] path: Text) -> napi::Result<NativeId> {
    call(env, |state| {
        let connection = Connection::connect_named(Path::new(&path.0))?;
        NativeId::made(state.connections.borrow_mut().insert(PolledConnection::new(connection)))
    })
}

/// The process at the other end, as the kernel says.
#[napi(object)]
pub struct ConnectionPeer {
    #[napi(readonly)]
    pub pid: u32,
    #[napi(readonly)]
    pub uid: u32,
}

#[napi]
pub fn connection_peer(env: napi::Env, connection: NativeId) -> napi::Result<ConnectionPeer> {
    call(env, |state| {
        let peer = state.connection(connection.0)?.peer();
        Ok(ConnectionPeer { pid: peer.pid, uid: peer.uid })
    })
}

/// Messages are read from now on.
#[napi]
pub fn connection_start(
    env: napi::Env,
    connection: NativeId,
    #[napi(ts_arg_type = "ConnectionHandlers")] handlers: Value,
) -> napi::Result<()> {
    call(env, |state| state.connection(connection.0)?.start(&state.environment, handlers.0))
}

/// Whether it keeps the process alive.
#[napi]
pub fn connection_keep_alive(
    env: napi::Env,
    connection: NativeId,
    #[napi(ts_arg_type = "boolean")] keep: Flag,
) -> napi::Result<()> {
    call(env, |state| {
        state.connection(connection.0)?.keep_alive(keep.0);
        Ok(())
    })
}

/// Names the ports of this side. Once; frames can flow from then on.
#[napi]
pub fn connection_define_ports(
    env: napi::Env,
    connection: NativeId,
    #[napi(ts_arg_type = "readonly NativePort[]")] inputs: Value,
    #[napi(ts_arg_type = "readonly NativePort[]")] outputs: Value,
) -> napi::Result<()> {
    call(env, |state| {
        let env = state.environment.env;
        let connection = state.connection(connection.0)?;
        connection.define_ports(&state.environment, ports(env, inputs)?, ports(env, outputs)?)?;
        state.flush_regularly(&connection);
        Ok(())
    })
}

/// A list of pairs: a name, and a schema as JSON.
fn ports(env: Env, list: Value) -> Result<Vec<(String, Schema)>> {
    (0..env.array_length(list.0)?)
        .map(|index| {
            let pair = env.element(list.0, index)?;
            let name = env.to_string(env.element(pair, 0)?)?;
            let schema = Schema::from_json(&env.to_string(env.element(pair, 1)?)?).map_err(|e| e.on_port(&name))?;
            Ok((name, schema))
        })
        .collect()
}

/// False: too many messages wait, the peer does not read.
#[napi]
pub fn connection_send_control(
    env: napi::Env,
    connection: NativeId,
    #[napi(ts_arg_type = "object")] message: Value,
    #[napi(ts_arg_type = "NativeId | null")] endpoint: Option<NativeId>,
) -> napi::Result<bool> {
    call(env, |state| {
        let connection = state.connection(connection.0)?;
        connection.send_control(&state.environment, message.0, endpoint.map(|id| id.0))
    })
}

/// Sends acknowledgements and releases that still wait, in a message of their own.
#[napi]
pub fn connection_flush(env: napi::Env, connection: NativeId) -> napi::Result<()> {
    call(env, |state| state.connection(connection.0)?.flush())
}

/// What a connection carried, and what it holds.
#[napi(object)]
pub struct ConnectionStats {
    /// Frames that this side sent.
    #[napi(readonly)]
    pub frames_sent: f64,
    /// Frames that came from the peer.
    #[napi(readonly)]
    pub frames_received: f64,
    /// Leases of this side's memory that the peer holds.
    #[napi(readonly)]
    pub outstanding: f64,
    /// Segments of the peer's memory that are mapped here.
    #[napi(readonly)]
    pub imported: f64,
    /// Leases on their way back to the peer, waiting for a message to travel with.
    #[napi(readonly)]
    pub pending_releases: f64,
}

#[napi]
pub fn connection_stats(env: napi::Env, connection: NativeId) -> napi::Result<ConnectionStats> {
    call(env, |state| {
        let stats = state.connection(connection.0)?.stats();
        Ok(ConnectionStats {
            frames_sent: stats.frames_sent as f64,
            frames_received: stats.frames_received as f64,
            outstanding: stats.outstanding as f64,
            imported: stats.imported as f64,
            pending_releases: stats.pending_releases as f64,
        })
    })
}

#[napi]
pub fn connection_close(env: napi::Env, connection: NativeId) -> napi::Result<()> {
    call(env, |state| {
        state.connection(connection.0)?.not_sending()?;
        let connection = state.connections.borrow_mut().remove(connection.0);
        connection.ok_or_else(|| Failure::closed("Connection"))?.close();
        Ok(())
    })
}
