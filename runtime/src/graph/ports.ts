import type { Schema } from '@streamlib/host-bridge';
import type { Delivery, PortSpec } from '@streamlib/processor';
import { deliveryOf, schemaOf } from '../flow/delivery.js';

export interface InputModel {
  readonly name: string;
  readonly schema: Schema;
  readonly delivery: Delivery;
  readonly queue: number;
  /** How many frames its code keeps besides the one it works on; none by default. */
  readonly keep?: number;
}

export interface OutputModel {
  readonly name: string;
  readonly schema: Schema;
}

/** What the graph needs to know about a node's type to check its connections. */
export interface NodePorts {
  readonly inputs: ReadonlyMap<string, InputModel>;
  readonly outputs: ReadonlyMap<string, OutputModel>;
  /** Runs in a process of its own, so a frame that it is handed never re-enters the producer's call. */
  readonly ownProcess: boolean;
}

export function portsOf(
  inputs: Readonly<Record<string, PortSpec>>,
  outputs: Readonly<Record<string, PortSpec>>,
  ownProcess: boolean,
): NodePorts {
  return {
    inputs: new Map(
      Object.entries(inputs).map(([name, spec]) => [
        name,
        { name, schema: schemaOf(spec), ...deliveryOf(spec) },
      ]),
    ),
    outputs: new Map(Object.entries(outputs).map(([name, spec]) => [name, { name, schema: schemaOf(spec) }])),
    ownProcess,
  };
}
