import {
  ConnectionEntry,
  GetStatusResponse,
  ProcessorEntry,
  RuntimeEntry,
  TailLogsResponse,
} from '@streamlib/proto';
import { describe, expect, it } from 'vitest';
import { PLAIN } from '../output/palette.js';
import { diagnose } from './diagnose.js';
import { reportLines } from './doctor.js';
import type { Facts, LogFact } from './facts.js';

const now = 1_700_000_000_000;
const status = GetStatusResponse.fromPartial({
  serviceName: 'com.example',
  grpcAddress: '127.0.0.1:1',
  pid: 5,
});

function facts(more: Partial<Facts> = {}): Facts {
  return {
    now,
    serviceName: 'com.example',
    broker: { state: 'healthy', status },
    runtimes: [],
    connections: [],
    processors: [],
    warnings: [],
    logs: [],
    alive: new Set(),
    suspended: new Set(),
    wanted: null,
    ...more,
  };
}

const waiting = (more: Partial<ConnectionEntry>) =>
  ConnectionEntry.fromPartial({
    ...{ connectionId: 'c1', runtimeId: 'r1', processorId: 'effect', processorName: 'effect' },
    ...{
      derivedState: 'awaiting_client',
      hostState: 'xpc_ready',
      clientState: 'pending',
      waitingOn: 'client',
    },
    ...{ stateSinceMs: now - 40_000, createdAtMs: now - 41_000, timeoutSecs: 300, timeoutRemainingSecs: 259 },
    ...more,
  });

const log = (more: Partial<LogFact> = {}): LogFact => ({
  ...{ id: 'r1', name: 'demo', file: '/logs/r1.log', pid: 42, alive: false, stopped: false, lastError: null },
  stderr: new Map(),
  ...more,
});

const away = {
  state: 'not_running',
  address: '127.0.0.1:1',
  message: 'none',
  holder: null,
  taken: false,
  lastError: null,
} as const;

describe('a machine on which all is well', () => {
  it('has nothing to be said of', () => {
    const connections = [
      waiting({ derivedState: 'ready', waitingOn: '', clientState: 'acked', hostState: 'acked' }),
    ];
    const runtimes = [RuntimeEntry.fromPartial({ runtimeId: 'r1', name: 'demo' })];
    expect(diagnose(facts({ connections, runtimes, logs: [log({ alive: true })] }))).toEqual([]);
    expect(diagnose(facts({ connections: [waiting({ stateSinceMs: now - 1_000 })] }))).toEqual([]);
    expect(diagnose(facts({ logs: [log({ stopped: true })] }))).toEqual([]);
    expect(reportLines(facts(), [], PLAIN)).toHaveLength(6);
  });
});

/** What each must find: the symptom, a part of its cause, a part of the next step. */
const cases: [string, Partial<Facts>, string, string, string][] = [
  ['no broker', { broker: away }, 'broker_not_running', 'nobody has started it', 'streamlib broker start'],
  [
    'a broker that crashed',
    { broker: { ...away, lastError: 'out of descriptors' } },
    'broker_not_running',
    'the last one ended with: out of descriptors',
    'streamlib broker start',
  ],
  [
    'a broker that hangs',
    { broker: { ...away, state: 'stuck', holder: 77 } },
    'broker_not_running',
    'it hangs',
    'kill -9 77',
  ],
  [
    "another user's broker",
    { broker: { ...away, state: 'refused', message: 'belongs to another user of this machine' } },
    'broker_not_running',
    'another user',
    'STREAMLIB_BROKER_PORT',
  ],
  [
    'a wrong token',
    { broker: { ...away, state: 'refused', message: 'wants its token' } },
    'broker_not_running',
    'token',
    'STREAMLIB_HOME',
  ],
  [
    'a token that cannot be sent, of which the doctor died',
    {
      broker: {
        ...away,
        state: 'bad_token',
        message: "the broker's token in STREAMLIB_BROKER_TOKEN cannot be sent",
      },
    },
    'broker_not_running',
    'STREAMLIB_BROKER_TOKEN cannot be sent',
    'set the token as described',
  ],
  [
    'a port that another program has, which was told as nobody there',
    { broker: { ...away, taken: true } },
    'broker_not_running',
    'it occupies the port',
    'STREAMLIB_BROKER_PORT',
  ],
  [
    'a ready process that was frozen, of which all was said to be well',
    {
      connections: [waiting({ derivedState: 'ready', waitingOn: '', readyAtMs: now - 20_000 })],
      processors: [
        ProcessorEntry.fromPartial({
          connectionId: 'c1',
          name: 'effect',
          state: 'running',
          pid: 8,
          runtimeId: 'r1',
        }),
      ],
      alive: new Set([8]),
      suspended: new Set([8]),
    },
    'subprocess_not_responding',
    'stopped',
    'kill -CONT 8',
  ],
  [
    "another checkout's broker",
    { broker: { state: 'healthy', status: { ...status, serviceName: 'other' } } },
    'broker_not_running',
    'share a port',
    'STREAMLIB_BROKER_PORT',
  ],
  [
    'a runtime that was killed',
    { logs: [log()] },
    'runtime_not_found',
    'it ended without a message',
    'streamlib logs r1',
  ],
  [
    'a runtime that crashed',
    { logs: [log({ lastError: 'no memory' })] },
    'runtime_not_found',
    'its last error was: no memory',
    'streamlib logs r1',
  ],
  [
    'a runtime that stopped, asked for',
    { logs: [log({ stopped: true })], wanted: 'demo' },
    'runtime_not_found',
    'stopped normally',
    'streamlib logs r1',
  ],
  [
    'a runtime that never was',
    { wanted: 'nobody' },
    'runtime_not_found',
    'never ran with this STREAMLIB_HOME',
    'streamlib broker runtimes',
  ],
  [
    'a runtime of another broker',
    { logs: [log({ alive: true })] },
    'runtime_not_found',
    'another broker',
    'STREAMLIB_BROKER_ENDPOINT',
  ],
  [
    'a host that does not store its endpoint',
    {
      connections: [
        waiting({
          derivedState: 'both_alive_awaiting_host_xpc',
          clientState: 'alive',
          waitingOn: 'host',
          hostPid: 9,
        }),
      ],
    },
    'bridge_not_ready',
    'the host has not stored its endpoint yet',
    'process 9',
  ],
  [
    'an import that takes long',
    {
      connections: [waiting({ derivedState: 'ready', waitingOn: '', readyAtMs: now - 20_000 })],
      processors: [
        ProcessorEntry.fromPartial({
          connectionId: 'c1',
          name: 'effect',
          state: 'starting',
          pid: 8,
          runtimeId: 'r1',
        }),
      ],
    },
    'bridge_not_ready',
    'still being imported',
    'py-spy dump --pid 8',
  ],
  [
    'a process that has ended',
    {
      connections: [waiting({})],
      processors: [ProcessorEntry.fromPartial({ connectionId: 'c1', pid: 8 })],
      logs: [
        log({
          alive: true,
          stopped: true,
          stderr: new Map([['effect', ['Traceback', 'ImportError: no cv2']]]),
        }),
      ],
    },
    'subprocess_not_responding',
    'process 8 has ended',
    'ImportError: no cv2',
  ],
  [
    'a process that hangs before its first step',
    {
      connections: [waiting({})],
      processors: [ProcessorEntry.fromPartial({ connectionId: 'c1', pid: 8 })],
      alive: new Set([8]),
    },
    'subprocess_not_responding',
    'has not contacted the broker',
    'ps -o stat,etime,time,args 8',
  ],
  [
    'an endpoint that was refused',
    {
      warnings: [
        TailLogsResponse.fromPartial({
          timeMs: now - 1000,
          message: 'endpoint not given: no such connection',
          fieldsJson: '{"connection_id":"c9","pid":3}',
        }),
      ],
    },
    'endpoint_refused',
    'no such connection',
    'STREAMLIB_BROKER_XPC_SERVICE',
  ],
  [
    'a handshake that took too long',
    {
      connections: [
        waiting({
          derivedState: 'failed',
          waitingOn: '',
          failureReason: 'timed out after 300 s: client never contacted the broker',
        }),
      ],
    },
    'timeout_waiting_for_client',
    'client never contacted the broker',
    'streamlib logs r1',
  ],
  [
    'a handshake that will soon have taken too long',
    {
      connections: [
        waiting({
          derivedState: 'client_connecting',
          clientState: 'xpc_endpoint_received',
          clientPid: 4,
          timeoutRemainingSecs: 20,
        }),
      ],
    },
    'timeout_waiting_for_client',
    'has not connected to it yet',
    'process 4',
  ],
];

describe('the usual troubles', () => {
  it.each(cases)('%s', (_, more, symptom, cause, next) => {
    const findings = diagnose(facts(more));
    expect(findings).toEqual([
      expect.objectContaining({
        symptom,
        cause: expect.stringContaining(cause),
        next: expect.stringContaining(next),
      }),
    ]);
    const lines = reportLines(facts(more), findings, PLAIN).join('\n');
    expect(lines).toContain(`cause: ${findings[0]?.cause}`);
    expect(lines).toContain(`next:  ${findings[0]?.next}`);
  });

  it('that are over are not told: a failure that a newer connection made up for, or an old refusal', () => {
    const failed = waiting({
      connectionId: 'c0',
      derivedState: 'failed',
      waitingOn: '',
      failureReason: 'was killed',
    });
    const ready = waiting({ derivedState: 'ready', waitingOn: '' });
    expect(diagnose(facts({ connections: [failed, ready] }))).toEqual([]);
    const warnings = [
      TailLogsResponse.fromPartial({ timeMs: now - 3_600_000, message: 'endpoint not given: x' }),
    ];
    expect(diagnose(facts({ warnings }))).toEqual([]);
  });

  it('of a runtime that ended in order were told as its bridge not being ready', () => {
    const connections = [waiting({ derivedState: 'failed', waitingOn: '', failureReason: 'was killed' })];
    expect(diagnose(facts({ connections }))).toHaveLength(1);
    expect(diagnose(facts({ connections, logs: [log({ stopped: true })] }))).toEqual([]);
    const processors = [
      ProcessorEntry.fromPartial({ runtimeId: 'r1', connectionId: 'c1', state: 'stopped' }),
    ];
    expect(diagnose(facts({ connections, processors }))).toEqual([]);
    // While it runs, they are its own.
    const runtimes = [RuntimeEntry.fromPartial({ runtimeId: 'r1' })];
    expect(diagnose(facts({ connections, processors, runtimes }))).toHaveLength(1);
  });
});
