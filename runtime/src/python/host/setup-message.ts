import type { BridgeSetup, ControlMessage } from './types.js';

/** What the client is told of its node before its `setup()` runs. */
export function setupMessage(setup: BridgeSetup): ControlMessage {
  return {
    type: 'setup',
    kind: setup.kind,
    processor_id: setup.node,
    name: setup.node,
    config: JSON.stringify(setup.config),
    inputs: Object.fromEntries(
      setup.ports.inputs.map((port) => [port.name, { delivery: port.delivery, window: port.window }]),
    ),
    outputs: Object.fromEntries(
      setup.ports.outputs.map(({ name, blocking, window, slots, direct }) => [
        name,
        {
          blocking,
          window,
          ...(slots !== undefined && { slots }),
          ...(direct && { ...direct, links: [...direct.links] }),
        },
      ]),
    ),
    log_level: setup.logLevel,
  };
}

/** The schemas of its ports, which the client asks the broker for. */
export function schemasJson({ ports }: BridgeSetup): string {
  return JSON.stringify({
    inputs: Object.fromEntries(ports.inputs.map(({ name, schema }) => [name, schema])),
    outputs: Object.fromEntries(ports.outputs.map(({ name, schema }) => [name, schema])),
  });
}
