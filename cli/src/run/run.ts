import { dirname, resolve } from 'node:path';
import type { LocatedIssue, RunOutcome, Runtime as RuntimeClass, RuntimeOptions } from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import { formatLine } from '../logs/line.js';
import { levelOf } from '../logs/print.js';
import { parseDuration } from '../output/duration.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { indented, printable } from '../output/printable.js';
import { interruptible } from '../signals.js';
import { issueLines } from '../validate/validate.js';
import { Interrupts } from './interrupts.js';
import { metricsAt, metricsLine } from './metrics.js';
import { openPage, pageOf } from './page.js';
import { Progress } from './progress.js';
import { exitCodeOf, resultJson, summaryLines } from './result.js';
import { tracesTo } from './traces.js';

export interface RunOptions {
  readonly set?: readonly string[];
  readonly duration?: string;
  readonly json?: boolean;
  readonly open?: boolean;
  /** Do what `validate` does first, and run only a graph with which nothing is wrong. */
  readonly check?: boolean;
  readonly level?: string;
  /** True: at the usual place. */
  readonly metrics?: string | boolean;
  /** True: to the usual place. */
  readonly traces?: string | boolean;
  readonly tracesRatio?: string;
}

/** Runs a graph until it ends by itself, its time is up, or Ctrl-C. */
export async function run(io: Io, graph: string, options: RunOptions): Promise<ExitCode> {
  if (options.check === true) {
    const { validateManifest } = await import('@streamlib/runtime');
    const code = await interruptible(io, async (signal) => {
      const onProgress = (message: string) => io.err(indented(message));
      const overrides = options.set ?? [];
      const { issues } = await validateManifest(graph, { overrides, tryOut: true, onProgress, signal });
      return issues.length === 0 ? EXIT.ok : refused(io, graph, issues, options.json === true);
    });
    if (code !== EXIT.ok) return code;
  }
  return runWith(io, graph, options, {}, () => {});
}

/** As `run`, with options of the runtime, and something to do once it has started; `tell` prints a line that stays. */
export async function runWith(
  io: Io,
  graph: string,
  options: RunOptions,
  more: RuntimeOptions,
  started: (runtime: RuntimeClass, tell: (line: string) => void) => void,
): Promise<ExitCode> {
  const duration = options.duration === undefined ? null : parseDuration(options.duration);
  const metrics = metricsAt(options.metrics);
  const traces = tracesTo(options);
  const level = levelOf(options, 'info');
  const logLevel = level === 'trace' ? 'debug' : level === 'fatal' ? 'error' : level;
  const { ControlServer, ManifestError, MetricsServer, openServices, Runtime } = await import(
    '@streamlib/runtime'
  );
  const interrupts = new Interrupts(() => io.err('Stopping; press Ctrl-C once more to end at once.'));
  try {
    const runtime = await Runtime.fromManifest(graph, {
      ...more,
      ...(traces !== null && { traces }),
      overrides: options.set ?? [],
      logLevel,
    });
    const server = metrics === null ? null : await MetricsServer.open(runtime, metrics);
    const control = await ControlServer.open(runtime, await openServices(dirname(resolve(graph))));
    if (server !== null && metrics !== null) io.err(metricsLine(server.url, metrics));
    try {
      return await runGraph(io, runtime, { ...options, duration }, interrupts, started);
    } finally {
      await server?.close();
      await control.close();
    }
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return refused(io, graph, error.issues, options.json === true);
  } finally {
    interrupts.close();
  }
}

function refused(io: Io, graph: string, issues: readonly LocatedIssue[], json: boolean): ExitCode {
  if (json) {
    const message = issues
      .map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`)
      .join('\n');
    printJson(io, { error: { code: 'invalid_graph', message }, issues });
  } else {
    for (const line of issueLines(issues, io.errPalette)) io.err(line);
    io.err(`${graph} cannot run; nothing was started.`);
  }
  return EXIT.usage;
}

async function runGraph(
  io: Io,
  runtime: RuntimeClass,
  options: { json?: boolean; open?: boolean; duration: number | null },
  interrupts: Interrupts,
  onStarted: (runtime: RuntimeClass, tell: (line: string) => void) => void,
): Promise<ExitCode> {
  const progress = new Progress(io, () => runtime.stats());
  let page: string | null = null;
  const show = (processor: string, message: string) => {
    if (page !== null) return;
    const url = pageOf(processor, message, runtime.graph.nodes);
    if (url === null) return;
    page = url;
    progress.line(io.errPalette.bold(`The page is at ${io.errPalette.cyan(printable(url))}`));
    if (options.open) openPage(url, (why) => progress.line(why));
  };
  runtime.on('progress', (message) => progress.line(io.errPalette.dim(`… ${indented(message)}`)));
  runtime.on('log', ({ time, level, processor, message }) => {
    // The runtime's own lines were told as progress; what remains is of interest when it goes wrong.
    if (processor !== null || level === 'warn' || level === 'error')
      progress.line(formatLine({ time, level, processor, message, fields: {} }, io.errPalette));
    if (processor !== null) show(processor, message);
  });

  let began = performance.now();
  let outcome: RunOutcome | null = null;
  let ran = false;
  try {
    const started = runtime.start();
    await Promise.race([started, interrupts.first]);
    if (interrupts.interrupted) {
      // `stop()` makes `start()` end with an error that nobody needs.
      started.catch(() => {});
    } else {
      onStarted(runtime, (line) => progress.line(line));
      began = performance.now();
      ran = true;
      progress.begin();
      outcome = await firstOf(runtime.outcome, interrupts.first, options.duration);
    }
  } finally {
    await runtime.stop();
    progress.end();
  }
  const seconds = (performance.now() - began) / 1000;
  const stats = runtime.stats();
  const ended = outcome ?? (await runtime.outcome);
  // One that was interrupted before it ran was not meant to give anything.
  const missing = ran ? runtime.noOutput() : [];
  if (options.json) printJson(io, resultJson(stats, ended, seconds, missing));
  else for (const line of summaryLines(stats, ended, seconds, io.outPalette, missing)) io.out(line);
  if (options.json) for (const { message } of missing) io.err(indented(message));
  return exitCodeOf(ended, missing);
}

/** The outcome if the graph ended by itself; null if its time was up or the person has had enough. */
async function firstOf(
  outcome: Promise<RunOutcome>,
  interrupted: Promise<void>,
  duration: number | null,
): Promise<RunOutcome | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<null>((resolve) => {
    if (duration !== null) timer = setTimeout(() => resolve(null), duration);
  });
  try {
    return await Promise.race([outcome, interrupted.then(() => null), timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
