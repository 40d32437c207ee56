import type { RuntimeEntry } from '@streamlib/proto';
import { ControlClient } from '@streamlib/runtime';
import { withBroker } from '../broker-client.js';
import { CliError } from '../errors/cli-error.js';

/** The control of a runtime by id or name; without either, of the only one that runs. */
export async function findRuntime(wanted: string | undefined): Promise<ControlClient> {
  const { runtimes } = await withBroker((client) => client.call((c) => c.listRuntimes, { runtimeId: '' }));
  const found = chooseRuntime(runtimes, wanted);
  return new ControlClient(found.runtimeId, found.apiAddress);
}

export function chooseRuntime(runtimes: readonly RuntimeEntry[], wanted: string | undefined): RuntimeEntry {
  const controlled = runtimes.filter(({ apiAddress }) => apiAddress !== '');
  const names = controlled.map(({ runtimeId, name }) => `  ${runtimeId}  ${name}`).join('\n');
  if (wanted === undefined) {
    const [only, ...others] = controlled;
    if (only !== undefined && others.length === 0) return only;
    throw new CliError(
      'not_found',
      only === undefined
        ? 'no runtime that can be controlled is running here; start one with `streamlib run GRAPH`'
        : `several runtimes are running; name one with --runtime:\n${names}`,
    );
  }
  const found =
    controlled.find(({ runtimeId }) => runtimeId === wanted) ??
    controlled.filter(({ name }) => name === wanted).sort((a, b) => b.registeredAtMs - a.registeredAtMs)[0] ??
    (wanted.length >= 4 ? controlled.find(({ runtimeId }) => runtimeId.startsWith(wanted)) : undefined);
  if (found !== undefined) return found;
  throw new CliError(
    'not_found',
    names === ''
      ? `no runtime "${wanted}": none that can be controlled is running here`
      : `no runtime "${wanted}"; these are running:\n${names}`,
  );
}
