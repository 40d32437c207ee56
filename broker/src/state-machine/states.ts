/** In the order in which a host passes through them; `failed` can follow any. */
export const hostStates = ['pending', 'alive', 'xpc_ready', 'acked', 'failed'] as const;
export type HostState = (typeof hostStates)[number];

/** In the order in which a client passes through them, `waiting_for_endpoint` only if it polled too early. */
export const clientStates = [
  'pending',
  'alive',
  'waiting_for_endpoint',
  'xpc_endpoint_received',
  'acked',
  'failed',
] as const;
export type ClientState = (typeof clientStates)[number];

export const derivedStates = [
  'awaiting_both',
  'awaiting_host',
  'awaiting_client',
  'both_alive_awaiting_host_xpc',
  'client_waiting_for_host_endpoint',
  'client_connecting',
  'awaiting_ack',
  'ready',
  'failed',
  'closed',
] as const;
export type DerivedState = (typeof derivedStates)[number];

export type Side = 'host' | 'client';

export function hostReached(state: HostState, target: Exclude<HostState, 'failed'>): boolean {
  return state !== 'failed' && hostStates.indexOf(state) >= hostStates.indexOf(target);
}

export function clientReached(state: ClientState, target: Exclude<ClientState, 'failed'>): boolean {
  return state !== 'failed' && clientStates.indexOf(state) >= clientStates.indexOf(target);
}

export function isHostState(text: string): text is HostState {
  return (hostStates as readonly string[]).includes(text);
}

export function isClientState(text: string): text is ClientState {
  return (clientStates as readonly string[]).includes(text);
}

export function isDerivedState(text: string): text is DerivedState {
  return (derivedStates as readonly string[]).includes(text);
}
