import { EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson, snakeKeys } from '../output/json.js';
import type { Palette } from '../output/palette.js';
import { indented } from '../output/printable.js';
import { diagnose } from './diagnose.js';
import type { Facts } from './facts.js';
import { type Finding, type Symptom, symptoms } from './finding.js';
import { gatherFacts } from './gather.js';
import { sandboxLine, sandboxState } from './sandbox.js';

const titles: Record<Symptom, string> = {
  broker_not_running: 'broker not running',
  runtime_not_found: 'runtime not found',
  bridge_not_ready: 'bridge not ready',
  subprocess_not_responding: 'subprocess not responding',
  endpoint_refused: 'endpoint refused',
  timeout_waiting_for_client: 'timeout waiting for client',
};

/** Walks the usual symptoms and says, of each that it finds, the cause and the next step. */
export async function doctor(io: Io, runtime: string | null, options: { json?: boolean }): Promise<ExitCode> {
  const facts = await gatherFacts(runtime);
  const findings = diagnose(facts);
  const sandbox = await sandboxState();
  if (options.json) printJson(io, { healthy: findings.length === 0, findings: snakeKeys(findings), sandbox });
  else {
    for (const line of reportLines(facts, findings, io.outPalette)) io.out(line);
    io.out(sandboxLine(sandbox, io.outPalette));
  }
  if (findings.length === 0) return EXIT.ok;
  return findings.some(({ symptom }) => symptom === 'broker_not_running') &&
    facts.broker.state === 'not_running'
    ? EXIT.brokerNotRunning
    : EXIT.failure;
}

export function reportLines(facts: Facts, findings: readonly Finding[], palette: Palette): string[] {
  const width = Math.max(...symptoms.map((symptom) => titles[symptom].length));
  const margin = ' '.repeat(3 + width + 2);
  const further = `${margin}       `;
  // What cannot be known without a broker is not called well.
  const unknown = (symptom: Symptom) =>
    facts.broker.state !== 'healthy' && symptom !== 'broker_not_running' && symptom !== 'runtime_not_found';
  return symptoms.flatMap((symptom) => {
    const title = titles[symptom].padEnd(width);
    const mine = findings.filter((finding) => finding.symptom === symptom);
    if (mine.length === 0) {
      if (unknown(symptom)) return [`${palette.dim('?')}  ${title}  cannot be checked without the broker`];
      return [`${palette.green('✓')}  ${title}  ${palette.dim('no')}`];
    }
    return mine.flatMap(({ what, cause, next }) => [
      `${palette.red('✗')}  ${palette.bold(title)}  ${indented(what, margin)}`,
      `${margin}cause: ${indented(cause, further)}`,
      `${margin}next:  ${indented(next, further)}`,
    ]);
  });
}
