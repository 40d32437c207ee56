from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AllocateConnectionRequest(_message.Message):
    __slots__ = ("runtime_id", "processor_id", "schemas_json", "processor_name", "kind", "timeout_secs", "host_pid")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEMAS_JSON_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECS_FIELD_NUMBER: _ClassVar[int]
    HOST_PID_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    processor_id: str
    schemas_json: str
    processor_name: str
    kind: str
    timeout_secs: int
    host_pid: int
    def __init__(self, runtime_id: _Optional[str] = ..., processor_id: _Optional[str] = ..., schemas_json: _Optional[str] = ..., processor_name: _Optional[str] = ..., kind: _Optional[str] = ..., timeout_secs: _Optional[int] = ..., host_pid: _Optional[int] = ...) -> None: ...

class AllocateConnectionResponse(_message.Message):
    __slots__ = ("connection_id", "success", "error", "timeout_secs", "client_token")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TOKEN_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    success: bool
    error: str
    timeout_secs: int
    client_token: str
    def __init__(self, connection_id: _Optional[str] = ..., success: _Optional[bool] = ..., error: _Optional[str] = ..., timeout_secs: _Optional[int] = ..., client_token: _Optional[str] = ...) -> None: ...

class HostAliveRequest(_message.Message):
    __slots__ = ("connection_id", "pid")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    pid: int
    def __init__(self, connection_id: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class HostAliveResponse(_message.Message):
    __slots__ = ("success", "client_state")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_STATE_FIELD_NUMBER: _ClassVar[int]
    success: bool
    client_state: str
    def __init__(self, success: _Optional[bool] = ..., client_state: _Optional[str] = ...) -> None: ...

class HostXpcReadyRequest(_message.Message):
    __slots__ = ("connection_id",)
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    def __init__(self, connection_id: _Optional[str] = ...) -> None: ...

class HostXpcReadyResponse(_message.Message):
    __slots__ = ("success", "client_state")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_STATE_FIELD_NUMBER: _ClassVar[int]
    success: bool
    client_state: str
    def __init__(self, success: _Optional[bool] = ..., client_state: _Optional[str] = ...) -> None: ...

class ClientAliveRequest(_message.Message):
    __slots__ = ("connection_id", "pid")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    pid: int
    def __init__(self, connection_id: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class ClientAliveResponse(_message.Message):
    __slots__ = ("success", "host_state")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    HOST_STATE_FIELD_NUMBER: _ClassVar[int]
    success: bool
    host_state: str
    def __init__(self, success: _Optional[bool] = ..., host_state: _Optional[str] = ...) -> None: ...

class GetClientStatusRequest(_message.Message):
    __slots__ = ("connection_id",)
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    def __init__(self, connection_id: _Optional[str] = ...) -> None: ...

class GetClientStatusResponse(_message.Message):
    __slots__ = ("client_state", "derived_state", "failure_reason")
    CLIENT_STATE_FIELD_NUMBER: _ClassVar[int]
    DERIVED_STATE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    client_state: str
    derived_state: str
    failure_reason: str
    def __init__(self, client_state: _Optional[str] = ..., derived_state: _Optional[str] = ..., failure_reason: _Optional[str] = ...) -> None: ...

class GetHostStatusRequest(_message.Message):
    __slots__ = ("connection_id",)
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    def __init__(self, connection_id: _Optional[str] = ...) -> None: ...

class GetHostStatusResponse(_message.Message):
    __slots__ = ("host_state", "derived_state", "failure_reason")
    HOST_STATE_FIELD_NUMBER: _ClassVar[int]
    DERIVED_STATE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    host_state: str
    derived_state: str
    failure_reason: str
    def __init__(self, host_state: _Optional[str] = ..., derived_state: _Optional[str] = ..., failure_reason: _Optional[str] = ...) -> None: ...

class MarkAckedRequest(_message.Message):
    __slots__ = ("connection_id", "side")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    side: str
    def __init__(self, connection_id: _Optional[str] = ..., side: _Optional[str] = ...) -> None: ...

class MarkAckedResponse(_message.Message):
    __slots__ = ("success", "connection_state")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_STATE_FIELD_NUMBER: _ClassVar[int]
    success: bool
    connection_state: str
    def __init__(self, success: _Optional[bool] = ..., connection_state: _Optional[str] = ...) -> None: ...

class GetConnectionInfoRequest(_message.Message):
    __slots__ = ("connection_id",)
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    def __init__(self, connection_id: _Optional[str] = ...) -> None: ...

class GetConnectionInfoResponse(_message.Message):
    __slots__ = ("found", "host_state", "client_state", "derived_state", "host_xpc_endpoint_stored", "client_connected", "age_secs", "timeout_secs", "connection")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    HOST_STATE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_STATE_FIELD_NUMBER: _ClassVar[int]
    DERIVED_STATE_FIELD_NUMBER: _ClassVar[int]
    HOST_XPC_ENDPOINT_STORED_FIELD_NUMBER: _ClassVar[int]
    CLIENT_CONNECTED_FIELD_NUMBER: _ClassVar[int]
    AGE_SECS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECS_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    found: bool
    host_state: str
    client_state: str
    derived_state: str
    host_xpc_endpoint_stored: bool
    client_connected: bool
    age_secs: int
    timeout_secs: int
    connection: ConnectionEntry
    def __init__(self, found: _Optional[bool] = ..., host_state: _Optional[str] = ..., client_state: _Optional[str] = ..., derived_state: _Optional[str] = ..., host_xpc_endpoint_stored: _Optional[bool] = ..., client_connected: _Optional[bool] = ..., age_secs: _Optional[int] = ..., timeout_secs: _Optional[int] = ..., connection: _Optional[_Union[ConnectionEntry, _Mapping]] = ...) -> None: ...

class CloseConnectionRequest(_message.Message):
    __slots__ = ("connection_id", "reason", "detail", "side")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    reason: str
    detail: str
    side: str
    def __init__(self, connection_id: _Optional[str] = ..., reason: _Optional[str] = ..., detail: _Optional[str] = ..., side: _Optional[str] = ...) -> None: ...

class CloseConnectionResponse(_message.Message):
    __slots__ = ("success",)
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    success: bool
    def __init__(self, success: _Optional[bool] = ...) -> None: ...

class GetSchemaRequest(_message.Message):
    __slots__ = ("connection_id",)
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    def __init__(self, connection_id: _Optional[str] = ...) -> None: ...

class GetSchemaResponse(_message.Message):
    __slots__ = ("schemas_json", "runtime_id", "processor_id", "processor_name", "kind")
    SCHEMAS_JSON_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    schemas_json: str
    runtime_id: str
    processor_id: str
    processor_name: str
    kind: str
    def __init__(self, schemas_json: _Optional[str] = ..., runtime_id: _Optional[str] = ..., processor_id: _Optional[str] = ..., processor_name: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class ReportChannelUpRequest(_message.Message):
    __slots__ = ("connection_id", "client_pid")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_PID_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    client_pid: int
    def __init__(self, connection_id: _Optional[str] = ..., client_pid: _Optional[int] = ...) -> None: ...

class ReportChannelUpResponse(_message.Message):
    __slots__ = ("success",)
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    success: bool
    def __init__(self, success: _Optional[bool] = ...) -> None: ...

class ProcessorReport(_message.Message):
    __slots__ = ("processor_id", "name", "kind", "state", "pid", "restarts", "connection_id", "last_error")
    PROCESSOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    processor_id: str
    name: str
    kind: str
    state: str
    pid: int
    restarts: int
    connection_id: str
    last_error: str
    def __init__(self, processor_id: _Optional[str] = ..., name: _Optional[str] = ..., kind: _Optional[str] = ..., state: _Optional[str] = ..., pid: _Optional[int] = ..., restarts: _Optional[int] = ..., connection_id: _Optional[str] = ..., last_error: _Optional[str] = ...) -> None: ...

class ReportProcessorRequest(_message.Message):
    __slots__ = ("runtime_id", "processor")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    processor: ProcessorReport
    def __init__(self, runtime_id: _Optional[str] = ..., processor: _Optional[_Union[ProcessorReport, _Mapping]] = ...) -> None: ...

class ReportProcessorResponse(_message.Message):
    __slots__ = ("success",)
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    success: bool
    def __init__(self, success: _Optional[bool] = ...) -> None: ...

class LiveConnection(_message.Message):
    __slots__ = ("connection_id", "processor_id", "processor_name", "kind", "host_state", "client_state", "schemas_json", "timeout_secs", "host_pid", "client_pid", "created_at_ms", "ready_at_ms")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HOST_STATE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_STATE_FIELD_NUMBER: _ClassVar[int]
    SCHEMAS_JSON_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECS_FIELD_NUMBER: _ClassVar[int]
    HOST_PID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_PID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    READY_AT_MS_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    processor_id: str
    processor_name: str
    kind: str
    host_state: str
    client_state: str
    schemas_json: str
    timeout_secs: int
    host_pid: int
    client_pid: int
    created_at_ms: int
    ready_at_ms: int
    def __init__(self, connection_id: _Optional[str] = ..., processor_id: _Optional[str] = ..., processor_name: _Optional[str] = ..., kind: _Optional[str] = ..., host_state: _Optional[str] = ..., client_state: _Optional[str] = ..., schemas_json: _Optional[str] = ..., timeout_secs: _Optional[int] = ..., host_pid: _Optional[int] = ..., client_pid: _Optional[int] = ..., created_at_ms: _Optional[int] = ..., ready_at_ms: _Optional[int] = ...) -> None: ...

class RegisterRuntimeRequest(_message.Message):
    __slots__ = ("runtime_id", "name", "pid", "api_address", "log_file", "version", "connections", "processors")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    API_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LOG_FILE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    PROCESSORS_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    name: str
    pid: int
    api_address: str
    log_file: str
    version: str
    connections: _containers.RepeatedCompositeFieldContainer[LiveConnection]
    processors: _containers.RepeatedCompositeFieldContainer[ProcessorReport]
    def __init__(self, runtime_id: _Optional[str] = ..., name: _Optional[str] = ..., pid: _Optional[int] = ..., api_address: _Optional[str] = ..., log_file: _Optional[str] = ..., version: _Optional[str] = ..., connections: _Optional[_Iterable[_Union[LiveConnection, _Mapping]]] = ..., processors: _Optional[_Iterable[_Union[ProcessorReport, _Mapping]]] = ...) -> None: ...

class RegisterRuntimeResponse(_message.Message):
    __slots__ = ("lease_secs", "adopted_connection_ids", "rejected_connections", "broker_instance_id")
    LEASE_SECS_FIELD_NUMBER: _ClassVar[int]
    ADOPTED_CONNECTION_IDS_FIELD_NUMBER: _ClassVar[int]
    REJECTED_CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    BROKER_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    lease_secs: int
    adopted_connection_ids: _containers.RepeatedScalarFieldContainer[str]
    rejected_connections: _containers.RepeatedCompositeFieldContainer[RejectedConnection]
    broker_instance_id: str
    def __init__(self, lease_secs: _Optional[int] = ..., adopted_connection_ids: _Optional[_Iterable[str]] = ..., rejected_connections: _Optional[_Iterable[_Union[RejectedConnection, _Mapping]]] = ..., broker_instance_id: _Optional[str] = ...) -> None: ...

class RejectedConnection(_message.Message):
    __slots__ = ("connection_id", "reason")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    reason: str
    def __init__(self, connection_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class UnregisterRuntimeRequest(_message.Message):
    __slots__ = ("runtime_id",)
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    def __init__(self, runtime_id: _Optional[str] = ...) -> None: ...

class UnregisterRuntimeResponse(_message.Message):
    __slots__ = ("success", "closed_connections")
    SUCCESS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    success: bool
    closed_connections: int
    def __init__(self, success: _Optional[bool] = ..., closed_connections: _Optional[int] = ...) -> None: ...

class HeartbeatRequest(_message.Message):
    __slots__ = ("runtime_id", "processors")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSORS_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    processors: _containers.RepeatedCompositeFieldContainer[ProcessorReport]
    def __init__(self, runtime_id: _Optional[str] = ..., processors: _Optional[_Iterable[_Union[ProcessorReport, _Mapping]]] = ...) -> None: ...

class HeartbeatResponse(_message.Message):
    __slots__ = ("lease_secs", "broker_instance_id")
    LEASE_SECS_FIELD_NUMBER: _ClassVar[int]
    BROKER_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    lease_secs: int
    broker_instance_id: str
    def __init__(self, lease_secs: _Optional[int] = ..., broker_instance_id: _Optional[str] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("status", "version", "git_hash", "uptime_secs", "runtime_count", "connection_count", "ready_count", "pending_count", "failed_count", "processor_count", "pid", "service_name", "relay_path", "grpc_address", "log_file", "started_at_ms", "broker_instance_id")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    GIT_HASH_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECS_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    READY_COUNT_FIELD_NUMBER: _ClassVar[int]
    PENDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    FAILED_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_COUNT_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    RELAY_PATH_FIELD_NUMBER: _ClassVar[int]
    GRPC_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LOG_FILE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    BROKER_INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    status: str
    version: str
    git_hash: str
    uptime_secs: int
    runtime_count: int
    connection_count: int
    ready_count: int
    pending_count: int
    failed_count: int
    processor_count: int
    pid: int
    service_name: str
    relay_path: str
    grpc_address: str
    log_file: str
    started_at_ms: int
    broker_instance_id: str
    def __init__(self, status: _Optional[str] = ..., version: _Optional[str] = ..., git_hash: _Optional[str] = ..., uptime_secs: _Optional[int] = ..., runtime_count: _Optional[int] = ..., connection_count: _Optional[int] = ..., ready_count: _Optional[int] = ..., pending_count: _Optional[int] = ..., failed_count: _Optional[int] = ..., processor_count: _Optional[int] = ..., pid: _Optional[int] = ..., service_name: _Optional[str] = ..., relay_path: _Optional[str] = ..., grpc_address: _Optional[str] = ..., log_file: _Optional[str] = ..., started_at_ms: _Optional[int] = ..., broker_instance_id: _Optional[str] = ...) -> None: ...

class ListRuntimesRequest(_message.Message):
    __slots__ = ("runtime_id",)
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    def __init__(self, runtime_id: _Optional[str] = ...) -> None: ...

class ListRuntimesResponse(_message.Message):
    __slots__ = ("runtimes",)
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    runtimes: _containers.RepeatedCompositeFieldContainer[RuntimeEntry]
    def __init__(self, runtimes: _Optional[_Iterable[_Union[RuntimeEntry, _Mapping]]] = ...) -> None: ...

class RuntimeEntry(_message.Message):
    __slots__ = ("runtime_id", "name", "pid", "api_address", "log_file", "version", "registered_at_ms", "last_seen_at_ms", "lease_secs", "lease_remaining_secs", "connection_count", "ready_count")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    API_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LOG_FILE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REGISTERED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_AT_MS_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECS_FIELD_NUMBER: _ClassVar[int]
    LEASE_REMAINING_SECS_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    READY_COUNT_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    name: str
    pid: int
    api_address: str
    log_file: str
    version: str
    registered_at_ms: int
    last_seen_at_ms: int
    lease_secs: int
    lease_remaining_secs: int
    connection_count: int
    ready_count: int
    def __init__(self, runtime_id: _Optional[str] = ..., name: _Optional[str] = ..., pid: _Optional[int] = ..., api_address: _Optional[str] = ..., log_file: _Optional[str] = ..., version: _Optional[str] = ..., registered_at_ms: _Optional[int] = ..., last_seen_at_ms: _Optional[int] = ..., lease_secs: _Optional[int] = ..., lease_remaining_secs: _Optional[int] = ..., connection_count: _Optional[int] = ..., ready_count: _Optional[int] = ...) -> None: ...

class ListConnectionsRequest(_message.Message):
    __slots__ = ("runtime_id", "state", "include_closed")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_CLOSED_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    state: str
    include_closed: bool
    def __init__(self, runtime_id: _Optional[str] = ..., state: _Optional[str] = ..., include_closed: _Optional[bool] = ...) -> None: ...

class ListConnectionsResponse(_message.Message):
    __slots__ = ("connections",)
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[ConnectionEntry]
    def __init__(self, connections: _Optional[_Iterable[_Union[ConnectionEntry, _Mapping]]] = ...) -> None: ...

class ConnectionEntry(_message.Message):
    __slots__ = ("connection_id", "runtime_id", "processor_id", "processor_name", "kind", "host_state", "client_state", "derived_state", "age_secs", "timeout_secs", "timeout_remaining_secs", "waiting_on", "state_since_ms", "failure_reason", "close_reason", "host_xpc_endpoint_stored", "client_connected", "poll_count", "host_pid", "client_pid", "created_at_ms", "host_alive_at_ms", "endpoint_stored_at_ms", "host_acked_at_ms", "host_failed_at_ms", "host_last_seen_at_ms", "client_alive_at_ms", "first_poll_at_ms", "endpoint_delivered_at_ms", "client_acked_at_ms", "client_failed_at_ms", "client_last_seen_at_ms", "channel_up_at_ms", "ready_at_ms", "closed_at_ms")
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    HOST_STATE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_STATE_FIELD_NUMBER: _ClassVar[int]
    DERIVED_STATE_FIELD_NUMBER: _ClassVar[int]
    AGE_SECS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_SECS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_REMAINING_SECS_FIELD_NUMBER: _ClassVar[int]
    WAITING_ON_FIELD_NUMBER: _ClassVar[int]
    STATE_SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_REASON_FIELD_NUMBER: _ClassVar[int]
    CLOSE_REASON_FIELD_NUMBER: _ClassVar[int]
    HOST_XPC_ENDPOINT_STORED_FIELD_NUMBER: _ClassVar[int]
    CLIENT_CONNECTED_FIELD_NUMBER: _ClassVar[int]
    POLL_COUNT_FIELD_NUMBER: _ClassVar[int]
    HOST_PID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_PID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    HOST_ALIVE_AT_MS_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_STORED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    HOST_ACKED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    HOST_FAILED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    HOST_LAST_SEEN_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ALIVE_AT_MS_FIELD_NUMBER: _ClassVar[int]
    FIRST_POLL_AT_MS_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_DELIVERED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ACKED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FAILED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_LAST_SEEN_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_UP_AT_MS_FIELD_NUMBER: _ClassVar[int]
    READY_AT_MS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_MS_FIELD_NUMBER: _ClassVar[int]
    connection_id: str
    runtime_id: str
    processor_id: str
    processor_name: str
    kind: str
    host_state: str
    client_state: str
    derived_state: str
    age_secs: int
    timeout_secs: int
    timeout_remaining_secs: int
    waiting_on: str
    state_since_ms: int
    failure_reason: str
    close_reason: str
    host_xpc_endpoint_stored: bool
    client_connected: bool
    poll_count: int
    host_pid: int
    client_pid: int
    created_at_ms: int
    host_alive_at_ms: int
    endpoint_stored_at_ms: int
    host_acked_at_ms: int
    host_failed_at_ms: int
    host_last_seen_at_ms: int
    client_alive_at_ms: int
    first_poll_at_ms: int
    endpoint_delivered_at_ms: int
    client_acked_at_ms: int
    client_failed_at_ms: int
    client_last_seen_at_ms: int
    channel_up_at_ms: int
    ready_at_ms: int
    closed_at_ms: int
    def __init__(self, connection_id: _Optional[str] = ..., runtime_id: _Optional[str] = ..., processor_id: _Optional[str] = ..., processor_name: _Optional[str] = ..., kind: _Optional[str] = ..., host_state: _Optional[str] = ..., client_state: _Optional[str] = ..., derived_state: _Optional[str] = ..., age_secs: _Optional[int] = ..., timeout_secs: _Optional[int] = ..., timeout_remaining_secs: _Optional[int] = ..., waiting_on: _Optional[str] = ..., state_since_ms: _Optional[int] = ..., failure_reason: _Optional[str] = ..., close_reason: _Optional[str] = ..., host_xpc_endpoint_stored: _Optional[bool] = ..., client_connected: _Optional[bool] = ..., poll_count: _Optional[int] = ..., host_pid: _Optional[int] = ..., client_pid: _Optional[int] = ..., created_at_ms: _Optional[int] = ..., host_alive_at_ms: _Optional[int] = ..., endpoint_stored_at_ms: _Optional[int] = ..., host_acked_at_ms: _Optional[int] = ..., host_failed_at_ms: _Optional[int] = ..., host_last_seen_at_ms: _Optional[int] = ..., client_alive_at_ms: _Optional[int] = ..., first_poll_at_ms: _Optional[int] = ..., endpoint_delivered_at_ms: _Optional[int] = ..., client_acked_at_ms: _Optional[int] = ..., client_failed_at_ms: _Optional[int] = ..., client_last_seen_at_ms: _Optional[int] = ..., channel_up_at_ms: _Optional[int] = ..., ready_at_ms: _Optional[int] = ..., closed_at_ms: _Optional[int] = ...) -> None: ...

class ListProcessorsRequest(_message.Message):
    __slots__ = ("runtime_id", "state")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    state: str
    def __init__(self, runtime_id: _Optional[str] = ..., state: _Optional[str] = ...) -> None: ...

class ListProcessorsResponse(_message.Message):
    __slots__ = ("processors",)
    PROCESSORS_FIELD_NUMBER: _ClassVar[int]
    processors: _containers.RepeatedCompositeFieldContainer[ProcessorEntry]
    def __init__(self, processors: _Optional[_Iterable[_Union[ProcessorEntry, _Mapping]]] = ...) -> None: ...

class ProcessorEntry(_message.Message):
    __slots__ = ("runtime_id", "processor_id", "name", "kind", "state", "pid", "restarts", "connection_id", "derived_state", "last_error")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    PROCESSOR_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    DERIVED_STATE_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    processor_id: str
    name: str
    kind: str
    state: str
    pid: int
    restarts: int
    connection_id: str
    derived_state: str
    last_error: str
    def __init__(self, runtime_id: _Optional[str] = ..., processor_id: _Optional[str] = ..., name: _Optional[str] = ..., kind: _Optional[str] = ..., state: _Optional[str] = ..., pid: _Optional[int] = ..., restarts: _Optional[int] = ..., connection_id: _Optional[str] = ..., derived_state: _Optional[str] = ..., last_error: _Optional[str] = ...) -> None: ...

class WatchConnectionsRequest(_message.Message):
    __slots__ = ("runtime_id", "state", "include_current", "connection_id")
    RUNTIME_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_CURRENT_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_ID_FIELD_NUMBER: _ClassVar[int]
    runtime_id: str
    state: str
    include_current: bool
    connection_id: str
    def __init__(self, runtime_id: _Optional[str] = ..., state: _Optional[str] = ..., include_current: _Optional[bool] = ..., connection_id: _Optional[str] = ...) -> None: ...

class WatchConnectionsResponse(_message.Message):
    __slots__ = ("sequence", "at_ms", "kind", "connection", "previous_derived_state")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_DERIVED_STATE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    at_ms: int
    kind: str
    connection: ConnectionEntry
    previous_derived_state: str
    def __init__(self, sequence: _Optional[int] = ..., at_ms: _Optional[int] = ..., kind: _Optional[str] = ..., connection: _Optional[_Union[ConnectionEntry, _Mapping]] = ..., previous_derived_state: _Optional[str] = ...) -> None: ...

class TailLogsRequest(_message.Message):
    __slots__ = ("level", "follow", "lines")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    level: str
    follow: bool
    lines: int
    def __init__(self, level: _Optional[str] = ..., follow: _Optional[bool] = ..., lines: _Optional[int] = ...) -> None: ...

class TailLogsResponse(_message.Message):
    __slots__ = ("time_ms", "level", "message", "fields_json", "sequence")
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIELDS_JSON_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    time_ms: int
    level: str
    message: str
    fields_json: str
    sequence: int
    def __init__(self, time_ms: _Optional[int] = ..., level: _Optional[str] = ..., message: _Optional[str] = ..., fields_json: _Optional[str] = ..., sequence: _Optional[int] = ...) -> None: ...
