import type { FieldType, Schema } from '@streamlib/host-bridge';
import type { Delivery, PortSpec } from '@streamlib/processor';
import { DEFAULT_QUEUE } from './queue.js';

export const DELIVERIES: readonly Delivery[] = ['latest', 'every_sample', 'lossless'];

export interface PortDelivery {
  readonly delivery: Delivery;
  readonly queue: number;
  /** How many frames its code keeps besides the one it works on; 0 by default. */
  readonly keep: number;
}

/** A picture is worth only as long as it is the newest; samples and messages are each worth something. */
export function defaultDelivery(schema: Schema): Delivery {
  return schema.fields.some((field) => holdsTexture(field.type)) ? 'latest' : 'every_sample';
}

function holdsTexture(type: FieldType): boolean {
  if (typeof type === 'string') return type === 'Texture';
  if ('Array' in type) return holdsTexture(type.Array);
  if ('Optional' in type) return holdsTexture(type.Optional);
  if ('Struct' in type) return type.Struct.some((field) => holdsTexture(field.type));
  return false;
}

export function schemaOf(spec: PortSpec): Schema {
  return 'schema' in spec ? spec.schema : spec;
}

export function deliveryOf(spec: PortSpec): PortDelivery {
  const delivery = ('schema' in spec ? spec.delivery : undefined) ?? defaultDelivery(schemaOf(spec));
  const queue = ('schema' in spec ? spec.queue : undefined) ?? DEFAULT_QUEUE;
  const keep = ('schema' in spec ? spec.keep : undefined) ?? 0;
  return { delivery, queue: delivery === 'latest' ? 1 : queue, keep };
}

/** The window towards a Python process: with `latest` one frame at a time, so that what waits is always the newest. */
export function windowOf(port: Pick<PortDelivery, 'delivery' | 'queue'>): number {
  return port.delivery === 'latest' ? 1 : port.queue;
}
