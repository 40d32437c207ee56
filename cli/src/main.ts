import { type GuardedOutput, guardOutput } from '@streamlib/host-bridge/standard-output';
import { CommanderError } from 'commander';
import { CliError, EXIT, type ExitCode } from './errors/cli-error.js';
import { type Io, processIo } from './output/io.js';
import { printJson } from './output/json.js';
import { indented } from './output/printable.js';
import { makeProgram } from './program.js';

/** Runs one command and returns its exit code. Everything that a command throws becomes a sentence and a code here. */
export async function runCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  try {
    await makeProgram(io, (result) => {
      code = result;
    }).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return isHelp(error) ? EXIT.ok : EXIT.usage;
    return tell(error, args.includes('--json'), io);
  }
}

/** What `bin/streamlib.js` calls. */
export async function main(args: readonly string[]): Promise<void> {
  const output = guardOutput();
  const code = await runCommand(args, processIo(output.readerGone));
  // Not left to the event loop: a handle that a processor forgot must not keep the terminal.
  // The error of an earlier write is told after the callback of this one.
  process.stdout.write('', () => setImmediate(() => process.exit(withOutput(code, output))));
}

/** A reader that has seen enough (`| head`) and a terminal that was closed are no failure; a result that is lost otherwise is one. */
function withOutput(code: ExitCode, { failure, readerGone }: GuardedOutput): ExitCode {
  if (failure === null || readerGone.aborted) return code;
  process.stderr.write(`error: the output could not be written: ${failure.message}\n`);
  return code === EXIT.ok ? EXIT.failure : code;
}

function isHelp(error: CommanderError): boolean {
  return error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
}

function tell(error: unknown, json: boolean, io: Io): ExitCode {
  const { code, message, exitCode } = explain(error);
  if (json) printJson(io, { error: { code, message } });
  io.err(`${io.errPalette.red('error:')} ${indented(message, '  ')}`);
  if (error instanceof Error && 'next' in error) io.err(indented(asCommands(String(error.next)), '  '));
  if (code === 'unexpected' && error instanceof Error) io.err(io.errPalette.dim(indented(error.stack ?? '')));
  return exitCode;
}

function explain(error: unknown): { code: string; message: string; exitCode: ExitCode } {
  if (error instanceof CliError)
    return { code: error.code, message: error.message, exitCode: error.exitCode };
  const message = error instanceof Error ? error.message : String(error);
  // Errors of the other packages carry a code of their own; importing their classes would load those packages.
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
  if (code === 'graph' || code === 'config') return { code, message, exitCode: EXIT.usage };
  return { code, message, exitCode: EXIT.failure };
}

/** What the control API advises names its operations; on a command line they go by other names. */
export const COMMANDS: Readonly<Record<string, string>> = {
  get_graph: 'graph',
  list_running: 'graph',
  get_logs: 'logs',
  add_processor: 'add',
  replace_processor: 'replace',
  remove_processor: 'remove',
  connect_processors: 'connect',
  disconnect_processors: 'disconnect',
  request_package: 'packages add',
  get_package_status: 'packages list --requests',
};

function asCommands(advice: string): string {
  return advice.replace(/\b[a-z]+(_[a-z]+)+\b/g, (word) => {
    const command = COMMANDS[word];
    return command === undefined ? word : `\`streamlib ${command}\``;
  });
}
