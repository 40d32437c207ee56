// What `npm run faults` found, as a page. Pure.

import { stages as STAGES, type Stage } from './cells.js';
import type { CellOutcome, Figures } from './figures.js';

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface KillTimes {
  readonly kills: number;
  readonly fresh_starts: number;
  readonly noticed_ms: Percentiles;
  readonly back_ms: Percentiles;
  readonly fresh_start_ms: Percentiles;
}

export interface BrokerRestarts {
  readonly seconds: number;
  readonly broker_restarts: number;
  readonly connections: number;
  readonly frames: number;
  readonly frames_lost: number;
  readonly handshakes: number;
  readonly handshake_ms: Pick<Percentiles, 'p50' | 'max'>;
}

export interface Report extends Partial<Figures> {
  readonly outcomes?: readonly CellOutcome[];
  readonly kill_times?: KillTimes;
  readonly broker_restarts?: BrokerRestarts;
  readonly machine: {
    readonly began: string;
    readonly cores: number;
    readonly load_average: readonly number[];
  };
  readonly repeated?: readonly string[];
}

const MEANING: Readonly<Record<CellOutcome['expected'], string>> = {
  flows_on: 'flows on',
  flows_again: 'flows again',
  survives: 'flows again, or ends',
  gone: 'gone',
  stops: 'stops',
};

const first = (text: string) => (text.split('\n')[0] ?? '').replaceAll('|', '\\|');

function strikesTable(cells: readonly CellOutcome[]): string[] {
  const rows = new Map<string, Map<Stage, CellOutcome>>();
  for (const cell of cells) {
    const name = cell.cell.slice(0, -cell.stage.length - 1);
    const at = rows.get(name) ?? new Map<Stage, CellOutcome>();
    rows.set(name, at.set(cell.stage, cell));
  }
  const mark = (cell: CellOutcome | undefined) => (cell === undefined ? '' : cell.passed ? '✓' : '✗');
  return [
    `| fault | what must come of it | ${STAGES.map((stage) => `\`${stage}\``).join(' | ')} | what came of the last |`,
    `|---|---|${STAGES.map(() => '---|').join('')}---|`,
    ...[...rows].flatMap(([name, at]) => {
      const last = [...at.values()].at(-1);
      if (last === undefined) return [];
      const other = [...at.values()].find(({ expected }) => expected !== last.expected);
      const meaning =
        other === undefined
          ? MEANING[last.expected]
          : `${MEANING[other.expected]}; at last ${MEANING[last.expected]}`;
      return `| ${name} | ${meaning} | ${STAGES.map((stage) => mark(at.get(stage))).join(' | ')} | ${first(last.outcome)} |`;
    }),
  ];
}

function fixturesTable(cells: readonly CellOutcome[]): string[] {
  return [
    '| fixture | what must come of it | | what came |',
    '|---|---|---|---|',
    ...cells.map(
      ({ cell, expected, passed, outcome }) =>
        `| \`${cell.slice('fixture '.length)}\` | ${MEANING[expected]} | ${passed ? '✓' : '✗'} | ${first(outcome)} |`,
    ),
  ];
}

function killTimes({
  kills,
  fresh_starts: starts,
  noticed_ms: noticed,
  back_ms: back,
  fresh_start_ms: fresh,
}: KillTimes): string[] {
  return [
    `${kills} clients were killed in flow, and ${starts} graphs started from nothing in between. No spare process, \`backoff_s\` 0.001.`,
    '',
    '| ms | p50 | p99 | longest |',
    '|---|---|---|---|',
    `| until the runtime knows | ${noticed.p50} | ${noticed.p99} | ${noticed.max} |`,
    `| until frames flow again | ${back.p50} | ${back.p99} | ${back.max} |`,
    `| a fresh start, until frames flow | ${fresh.p50} | ${fresh.p99} | ${fresh.max} |`,
  ];
}

export function markdown(report: Report): string {
  const { outcomes = [], kill_times: kills, broker_restarts: restarts, machine, repeated = [] } = report;
  const fixtures = outcomes.filter(({ cell }) => cell.startsWith('fixture '));
  const struck = outcomes.filter(({ cell }) => !cell.startsWith('fixture '));
  const totals = Object.entries(report).filter(([, value]) => typeof value === 'number');
  const lines = [
    '# Faults',
    '',
    '<!-- Written by `npm run faults -- --markdown docs/faults.md`; the words are in test/faults/report.ts. -->',
    '',
    'Client, runtime and broker are killed, stopped, starved and made to say garbage, one and two at a time,',
    'at each step of the handshake and in flow. After each cell it is counted what is left: processes,',
    'descriptors, memory files, sockets, records of the broker, leases. Frames are counted that were lost on',
    'a connection that the fault did not end, or that no counter has. All of that has to be zero.',
    '`npm run faults` does it again; `npm test` runs a few of the cells.',
    '',
    `This is the run of ${machine.began.slice(0, 16).replace('T', ' ')} UTC on ${machine.cores} cores, with a load average of ${machine.load_average[0]} at its begin and ${machine.load_average[1]} at its end.`,
    '',
    ...(repeated.length > 0
      ? [
          `Of this, some was done again, alone, after something had been mended or while the machine was quieter: ${repeated.map((name) => name.replaceAll('_', ' ')).join('; ')}.`,
          '',
        ]
      : []),
    '| total | |',
    '|---|---|',
    ...totals.map(([name, value]) => `| ${name.replaceAll('_', ' ')} | ${value} |`),
    '',
    '## What the words mean',
    '',
    '| fault | what is done |',
    '|---|---|',
    '| kill | SIGKILL |',
    '| stop | SIGSTOP, and SIGCONT a second later |',
    '| descriptors | for a second, the process may open none beyond those that it has |',
    '| memory | for a second, its address space may not grow |',
    '| disk | for a second, neither room nor inodes where state, logs and sockets lie; for runtime and broker alike |',
    '| frames | for a second, the source asks for frames that are larger than what it may have |',
    '| garbage | on each of its sockets the process says 300 random bytes: to the channel, the relay, gRPC |',
    '| strangers | others say random bytes, with and without handles, at the gRPC port, the relay and the control socket |',
    '',
    '| what must come of it | |',
    '|---|---|',
    '| flows on | no frame is lost |',
    '| flows again | frames that were with the client may be lost, and are counted; the rest arrives |',
    '| flows again, or ends | the same, or the process ends at once, as one does that gets no memory, and leaves nothing |',
    '| gone | the runtime ended; its Python process too, and its records |',
    '| stops | the runtime can be stopped in order |',
    '| A; at last B | A at the earlier steps, B at the last one that was tried |',
    '',
    '| mark | |',
    '|---|---|',
    '| ✓ | what must come of it came, and nothing was left |',
    '| ✗ | something else came, or something was left. The last column is about the last step only: `npm run faults -- --only "FAULT STEP" --json` tells of another |',
    '| (empty) | not tried at this step. Most pairs of faults are tried at the first step and in flow only, `frames` in flow only |',
    '',
    ...(struck.length > 0 ? ['## From outside', '', ...strikesTable(struck), ''] : []),
    ...(fixtures.length > 0
      ? [
          '## From within',
          '',
          'Processors of `test/fixtures/misbehaves.py`, each in flow unless its name says otherwise.',
          '',
          ...fixturesTable(fixtures),
          '',
        ]
      : []),
    ...(kills ? ['## A killed client', '', ...killTimes(kills), ''] : []),
    ...(restarts?.seconds
      ? [
          '## A broker that is killed every second',
          '',
          `For ${restarts.seconds} s: ${restarts.broker_restarts} restarts, two of three by SIGKILL, under ${restarts.connections} live connections; ${restarts.frames} frames, ${restarts.frames_lost} lost;`,
          `${restarts.handshakes} new handshakes meanwhile, all completed (median ${restarts.handshake_ms.p50} ms, longest ${restarts.handshake_ms.max} ms). Afterwards the registry had exactly the live connections.`,
          '`npm run faults -- --only broker-restarts --seconds 60` does that alone.',
          '',
        ]
      : []),
    '## Not tried',
    '',
    '- A child of a Python process that puts itself into a session of its own: it is no longer in the process group, and stays.',
    ...((report.not_tried ?? 0) > 0
      ? [
          `- ${report.not_tried} cells that this machine does not allow: a full disk needs the right to mount one, garbage in another's name that to look into its process.`,
        ]
      : []),
    '',
  ];
  return lines.join('\n');
}
