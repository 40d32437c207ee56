import type { ConnectionEntry, ProcessorEntry } from '@streamlib/proto';
import { nextStep } from '../broker/waiting.js';
import { formatDuration } from '../output/duration.js';
import { brokerNotRunning } from './broker-findings.js';
import type { Facts, LogFact } from './facts.js';
import { type Finding, finding } from './finding.js';

/** A handshake that takes longer than this is worth a word. */
const slowMs = 5_000;
/** What is older has been seen, or does not matter any more. */
const recentMs = 10 * 60_000;

/** Every finding has a cause that the facts show and a next step that a person can take. Pure. */
export function diagnose(facts: Facts): Finding[] {
  return [
    ...brokerNotRunning(facts),
    ...runtimeNotFound(facts),
    ...facts.connections.flatMap((connection) => ofConnection(facts, connection)),
    ...slowProcessors(facts),
    ...suspendedProcessors(facts),
    ...endpointRefused(facts),
  ];
}

function runtimeNotFound({ broker, runtimes, logs, wanted, now: _ }: Facts): Finding[] {
  const registered = (log: LogFact) => runtimes.some(({ runtimeId }) => runtimeId === log.id);
  const matches = (log: LogFact) => log.id === wanted || log.name === wanted;
  if (wanted !== null) {
    if (runtimes.some(({ runtimeId, name }) => runtimeId === wanted || name === wanted)) return [];
    const log = logs.find(matches);
    if (log === undefined)
      return [
        finding(
          'runtime_not_found',
          `no runtime "${wanted}" is registered, and none of that name has a log here`,
          'it never ran with this STREAMLIB_HOME, its name is another one, or its log was removed (50 are kept)',
          `\`streamlib broker runtimes\` lists those that run${logs[0] === undefined ? '' : `; the newest log is of ${label(logs[0])}`}`,
        ),
      ];
    return [missing(log, broker.state === 'healthy')];
  }
  // Unasked, only what looks like an accident is told: the newest runtime, if it went without a word.
  const [newest] = logs;
  if (newest === undefined || newest.stopped || registered(newest)) return [];
  if (newest.alive && broker.state !== 'healthy') return [];
  return [missing(newest, broker.state === 'healthy')];
}

function missing(log: LogFact, brokerRuns: boolean): Finding {
  const what = `runtime ${label(log)} is not registered`;
  const of = { runtimeId: log.id };
  if (log.alive)
    return finding(
      'runtime_not_found',
      `${what}, but its process ${log.pid} is running`,
      brokerRuns
        ? 'it talks to another broker, or is registering again at this moment'
        : 'the broker is not running; its ready connections keep working without it',
      brokerRuns
        ? 'compare its STREAMLIB_BROKER_ENDPOINT with that of this command'
        : '`streamlib broker start`; the runtime registers again by itself',
      of,
    );
  const where = `\`streamlib logs ${log.id}\``;
  if (log.stopped) return finding('runtime_not_found', what, 'it stopped normally', `${where} shows why`, of);
  return finding(
    'runtime_not_found',
    `${what}, and its process ${log.pid ?? ''} is gone`,
    log.lastError === null
      ? 'it ended without a message: it was killed (perhaps by the kernel, out of memory), or it crashed'
      : `its last error was: ${log.lastError}`,
    `${where}; \`dmesg | grep -i oom\` if there is nothing in it`,
    of,
  );
}

function ofConnection(facts: Facts, connection: ConnectionEntry): Finding[] {
  const { now } = facts;
  const age = now - connection.stateSinceMs;
  const name = `${connection.processorName || connection.processorId} (connection ${connection.connectionId})`;
  if (connection.derivedState === 'failed') {
    if (age > recentMs || succeeded(facts, connection) || endedInOrder(facts, connection)) return [];
    const timedOut = connection.failureReason.startsWith('timed out');
    if (timedOut)
      return [
        finding(
          'timeout_waiting_for_client',
          `${name} was given up after ${formatDuration(connection.timeoutSecs)}`,
          connection.failureReason,
          stderrOf(facts, connection) ??
            `\`streamlib logs ${connection.runtimeId}\`; is the machine overloaded?`,
          connection,
        ),
      ];
    return [
      finding(
        connection.clientAliveAtMs === 0 ? 'subprocess_not_responding' : 'bridge_not_ready',
        `${name} failed ${formatDuration(age / 1000)} ago`,
        connection.failureReason,
        stderrOf(facts, connection) ?? `\`streamlib logs ${connection.runtimeId} --level warn\``,
        connection,
      ),
    ];
  }
  if (connection.waitingOn === '' || age < slowMs) return [];
  const left = connection.timeoutRemainingSecs;
  const what = `${name} has been ${connection.derivedState} for ${formatDuration(age / 1000)}; it is given up in ${formatDuration(left)}`;
  if (connection.clientState === 'pending') return [notResponding(facts, connection, what)];
  const nearEnd = left < connection.timeoutSecs / 5;
  return [
    finding(
      nearEnd ? 'timeout_waiting_for_client' : 'bridge_not_ready',
      what,
      nextStep(connection),
      connection.waitingOn === 'host'
        ? `the runtime has to act: \`streamlib logs ${connection.runtimeId}\`, and whether its process ${connection.hostPid} is busy or stopped`
        : `the Python process has to act: \`streamlib logs ${connection.runtimeId}\`, and whether process ${connection.clientPid} is busy or stopped`,
      connection,
    ),
  ];
}

function notResponding(facts: Facts, connection: ConnectionEntry, what: string): Finding {
  const processor = facts.processors.find(({ connectionId }) => connectionId === connection.connectionId);
  const pid = processor?.pid ?? 0;
  const symptom = 'subprocess_not_responding';
  const said = stderrOf(facts, connection);
  if (pid === 0)
    return finding(
      symptom,
      what,
      'its Python process was not started, or has ended',
      said ?? logsOf(connection),
      connection,
    );
  if (!facts.alive.has(pid))
    return finding(
      symptom,
      what,
      `its Python process ${pid} has ended`,
      said ?? logsOf(connection),
      connection,
    );
  return finding(
    symptom,
    what,
    `its Python process ${pid} is running, but has not contacted the broker: it is stopped, starved, or hangs before its first step`,
    said ??
      `\`ps -o stat,etime,time,args ${pid}\` (T: stopped, D: waits for a disk); then ${logsOf(connection)}`,
    connection,
  );
}

const logsOf = ({ runtimeId }: { readonly runtimeId: string }) =>
  `\`streamlib logs ${runtimeId} --level warn\``;

/** A newer connection of the same processor got ready: nobody has to do anything about the older one. */
function succeeded({ connections }: Facts, failed: ConnectionEntry): boolean {
  return connections.some(
    (other) =>
      other.runtimeId === failed.runtimeId &&
      other.processorId === failed.processorId &&
      other.derivedState === 'ready' &&
      other.createdAtMs >= failed.createdAtMs,
  );
}

/** Its runtime is gone and said goodbye: what failed before that is nobody's trouble any more. */
function endedInOrder(
  { runtimes, logs, processors }: Facts,
  { runtimeId, connectionId }: ConnectionEntry,
): boolean {
  if (runtimes.some((runtime) => runtime.runtimeId === runtimeId)) return false;
  return (
    logs.some(({ id, stopped }) => id === runtimeId && stopped) ||
    processors.some((processor) => processor.connectionId === connectionId && processor.state === 'stopped')
  );
}

function stderrOf({ logs }: Facts, connection: ConnectionEntry): string | null {
  const log = logs.find(({ id }) => id === connection.runtimeId);
  const lines = log?.stderr.get(connection.processorId) ?? [];
  if (lines.length === 0) return null;
  return `its last lines on stderr: ${lines.join(' ⏎ ')}`;
}

/** Connected, and yet not ready: the user's own code is at work. */
function slowProcessors(facts: Facts): Finding[] {
  return facts.processors.flatMap((processor: ProcessorEntry) => {
    const connection = facts.connections.find(({ connectionId }) => connectionId === processor.connectionId);
    if (connection === undefined || connection.derivedState !== 'ready' || processor.state !== 'starting')
      return [];
    const since = facts.now - connection.readyAtMs;
    if (since < slowMs) return [];
    return [
      finding(
        'bridge_not_ready',
        `${processor.name} is connected, but has been starting for ${formatDuration(since / 1000)}`,
        `its file is still being imported, or its setup() is running (process ${processor.pid})`,
        `wait, or see what it does: \`py-spy dump --pid ${processor.pid}\`, ${logsOf(processor)}`,
        processor,
      ),
    ];
  });
}

/** Of one that is not ready yet, its connection tells. */
function suspendedProcessors({ processors, connections, suspended }: Facts): Finding[] {
  return processors.flatMap((processor) => {
    const connection = connections.find(({ connectionId }) => connectionId === processor.connectionId);
    if (!suspended.has(processor.pid) || (connection !== undefined && connection.derivedState !== 'ready'))
      return [];
    return [
      finding(
        'subprocess_not_responding',
        `${processor.name} is ${processor.state}, but its Python process ${processor.pid} does nothing`,
        'it was stopped, by SIGSTOP or a debugger: its state is T',
        `\`kill -CONT ${processor.pid}\` lets it continue; otherwise the runtime kills it and starts another, ${logsOf(processor)}`,
        processor,
      ),
    ];
  });
}

function endpointRefused({ warnings, now }: Facts): Finding[] {
  const found = new Map<string, Finding>();
  for (const { timeMs, message, fieldsJson } of warnings) {
    if (now - timeMs > recentMs) continue;
    if (
      !/^(endpoint not (stored|given)|relay peer (dropped|refused)|refused: .*(endpoint|another process))/.test(
        message,
      )
    )
      continue;
    const fields = (fieldsJson === '' ? {} : JSON.parse(fieldsJson)) as {
      connection_id?: string;
      pid?: number;
    };
    const id = fields.connection_id;
    const who = fields.pid === undefined || fields.pid === null ? 'a process' : `process ${fields.pid}`;
    found.set(
      `${id ?? ''} ${message}`,
      finding(
        'endpoint_refused',
        `${formatDuration((now - timeMs) / 1000)} ago, ${who} was refused${id === undefined ? '' : ` for connection ${id}`}`,
        message,
        refusalNext(message),
        id === undefined ? {} : { connectionId: id },
      ),
    );
  }
  return [...found.values()];
}

function refusalNext(message: string): string {
  if (message.includes('no such connection'))
    return 'the connection had ended, or runtime and process use different brokers: compare STREAMLIB_BROKER_XPC_SERVICE on both sides';
  if (message.includes('claim') || message.includes('another process'))
    return 'two processes use one STREAMLIB_CONNECTION_ID: it must not be set by hand or inherited';
  if (message.includes('a second') || message.includes('connections'))
    return 'a process sends the relay far too many requests: `streamlib broker logs --level debug` names it';
  return '`streamlib broker logs --level debug` shows what came before';
}

function label({ id, name }: LogFact): string {
  return name === '' ? id : `${name} (${id})`;
}
