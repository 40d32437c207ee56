import { BridgeError } from '../errors/bridge-error.js';
import type { PortDef } from './connection.js';

/**
 * A field that the schema does not have is a mistake worth telling: mostly a misspelt optional one. Checked here and not
 * in the addon because listing an object's keys is far cheaper in JavaScript.
 */
export function refuseUnknownFields(port: PortDef, value: object): void {
  const { fields } = port.schema;
  let index = 0;
  for (const key in value) {
    // Objects are mostly written in the schema's order, so the guess is right at once.
    if (fields[index]?.name !== key && !fields.some((field) => field.name === key)) {
      const names = fields.map((field) => field.name).join(', ');
      throw new BridgeError(
        'value',
        `Port "${port.name}": ${port.schema.name} has no field "${key}"; its fields are ${names}`,
        { port: port.name, field: key },
      );
    }
    index += 1;
  }
}
