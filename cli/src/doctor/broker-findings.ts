import type { Facts } from './facts.js';
import { type Finding, finding } from './finding.js';

/** Without a broker that answers, the rest can hardly be told. */
export function brokerNotRunning({ broker, serviceName }: Facts): Finding[] {
  const symptom = 'broker_not_running';
  if (broker.state === 'healthy') {
    const { status } = broker;
    if (status.serviceName === serviceName) return [];
    return [
      finding(
        symptom,
        `the broker at ${status.grpcAddress} serves "${status.serviceName}", not "${serviceName}"`,
        'two checkouts or installations share a port',
        'choose another port with STREAMLIB_BROKER_PORT',
      ),
    ];
  }
  if (broker.state === 'refused')
    return [
      finding(
        symptom,
        `the broker at ${broker.address} refuses this command`,
        broker.message,
        refusedNext(broker.message),
      ),
    ];
  if (broker.state === 'bad_token')
    return [
      finding(
        symptom,
        `the broker at ${broker.address} cannot be asked`,
        broker.message,
        'set the token as described, then `streamlib doctor` again; connections that are ready keep working',
      ),
    ];
  if (broker.holder !== null)
    return [
      finding(
        symptom,
        `nothing answers at ${broker.address}, but process ${broker.holder} is this broker`,
        'it hangs, or it listens at a different address from the one that this command uses',
        `compare STREAMLIB_BROKER_ENDPOINT and STREAMLIB_BROKER_PORT; else \`streamlib broker restart\`, or \`kill -9 ${broker.holder}\` and \`streamlib broker start\`: connections that are ready keep working`,
      ),
    ];
  if (broker.taken)
    return [
      finding(
        symptom,
        `no broker answers at ${broker.address}, but another program listens there`,
        'it occupies the port, so a broker could not start',
        `\`ss -ltnp\` (\`lsof -i :PORT\` on a Mac) shows which; \`streamlib broker start\` takes another port, unless STREAMLIB_BROKER_PORT or STREAMLIB_BROKER_ENDPOINT says which one`,
      ),
    ];
  const cause =
    broker.lastError === null
      ? 'nobody has started it since login, or it was stopped'
      : `the last one ended with: ${broker.lastError}`;
  const next =
    '`streamlib broker start`, or run a graph, which starts one; `streamlib broker install` starts it at login';
  return [finding(symptom, `nothing answers at ${broker.address}`, cause, next)];
}

function refusedNext(message: string): string {
  if (message.includes('another user')) return 'choose another port with STREAMLIB_BROKER_PORT';
  if (message.includes('token'))
    return 'use the STREAMLIB_HOME and STREAMLIB_BROKER_TOKEN that the broker was started with, or `streamlib broker restart`';
  return '`streamlib broker restart`; connections that are ready keep working';
}
