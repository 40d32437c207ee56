import { Command, Option } from 'commander';
import { addControl } from './control/options.js';
import type { ExitCode } from './errors/cli-error.js';
import type { Io } from './output/io.js';
import { addPackages } from './packages/command.js';
import { addTypes } from './types/command.js';
import { version } from './version.js';

const EXIT_CODES = `
Exit codes:
  0    it worked; also a graph that was stopped by Ctrl-C or by --duration
  1    it failed; of \`run\`: also when a node failed for good
  2    wrong arguments, or a graph that cannot run
  3    the broker is not running
  130  ended by a second Ctrl-C, or by one before the work was done`;

const examples = (...lines: string[]) =>
  `\nExamples:\n${lines.map((line) => `  $ streamlib ${line}`).join('\n')}`;
const json = () => new Option('--json', 'print JSON, one line');
const collect = (value: string, before: string[] = []) => [...before, value];

/**
 * The commands and their options. Each imports what it needs only when it is called: `broker status` loads no runtime and no
 * FFmpeg, and `--help` loads nothing.
 */
export function makeProgram(io: Io, done: (code: ExitCode) => void): Command {
  const program = new Command('streamlib')
    .description('Runs graphs of video processors, in TypeScript and in Python.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .addHelpText(
      'after',
      `${examples('run graph.yaml', 'run graph.yaml --set camera.source=clip.mp4 --duration 10s', 'broker status')}\n${EXIT_CODES}`,
    );

  program
    .command('run')
    .description('run a graph until it ends, its time is up, or Ctrl-C')
    .argument('<graph>', 'a manifest in YAML or JSON')
    .option('--set <node.param=value>', 'set a parameter of a node (may be given again)', collect)
    .option('--duration <time>', 'stop after 10s, 500ms, 2m, 1h')
    .option('--level <level>', 'what is shown while it runs: debug, info, warn, error', 'info')
    .option(
      '--metrics [address]',
      'serve metrics for Prometheus and `streamlib top`: PORT or HOST:PORT; default 127.0.0.1:9464',
    )
    .option(
      '--traces [url]',
      'send traces of some frames to a collector of OpenTelemetry (OTLP over HTTP); default as OTEL_* settings say, otherwise http://localhost:4318',
    )
    .option('--traces-ratio <share>', 'the share of frames that are traced, from 0 to 1; default 0.01')
    .option('--check', 'first try the Python code with one frame, as `validate` does; run only if it works')
    .option('--open', 'open the page of the display in a browser')
    .addOption(
      new Option('--json', 'end with one line of JSON on standard output; all else goes to standard error'),
    )
    .addHelpText('after', examples('run graph.yaml --open', 'run graph.yaml --duration 10s --json'))
    .action(async (graph: string, options) => {
      const { run } = await import('./run/run.js');
      done(await run(io, graph, options));
    });

  program
    .command('validate')
    .description('report everything that is wrong with a graph, and try its Python code with one frame')
    .argument('<graph>', 'a manifest in YAML or JSON')
    .option('--set <node.param=value>', 'set a parameter of a node (may be given again)', collect)
    .option('--no-try', 'only import Python code, do not call it')
    .addOption(json())
    .addHelpText('after', examples('validate graph.yaml'))
    .action(async (graph: string, options) => {
      const { validate } = await import('./validate/validate.js');
      done(await validate(io, graph, options));
    });

  program
    .command('logs')
    .description('the log of a runtime with what its Python processes print; also of one that has ended')
    .argument('<runtime>', 'name or id, see `streamlib broker runtimes`')
    .option('-f, --follow', 'keep printing new lines until Ctrl-C')
    .option('--level <level>', 'the lowest level to print', 'debug')
    .option('-n, --lines <count>', 'begin with this many of the last lines')
    .addOption(json())
    .addHelpText(
      'after',
      examples('logs camera-python-display -f', 'logs camera-python-display --level warn'),
    )
    .action(async (runtime: string, options) => {
      const { runtimeLogs } = await import('./logs/runtime-logs.js');
      done(await runtimeLogs(io, runtime, options));
    });

  program
    .command('top')
    .description('what the runtimes do, live: frames, drops, latency, CPU, memory')
    .option('--interval <time>', 'time between two updates', '1s')
    .option('-n, --count <looks>', 'end after this many updates; without a terminal, after one')
    .addOption(json())
    .addHelpText('after', examples('top', 'top -n 2 --interval 5s --json'))
    .action(async (options) => {
      const { top } = await import('./top/top.js');
      done(await top(io, options));
    });

  program
    .command('doctor')
    .description('look for common problems, and give the cause and the next step for each')
    .argument('[runtime]', 'a runtime that should be there, by name or id')
    .addOption(json())
    .addHelpText('after', examples('doctor', 'doctor camera-python-display'))
    .action(async (runtime: string | undefined, options) => {
      const { doctor } = await import('./doctor/doctor.js');
      done(await doctor(io, runtime ?? null, options));
    });

  addControl(program, io, done);
  addTypes(program, io, done);
  addPackages(program, io, done);
  addBroker(program, io, done);
  return program;
}

function addBroker(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const broker = program
    .command('broker')
    .description('the service that introduces runtimes and Python processes')
    .addHelpText(
      'after',
      examples('broker status', 'broker connections --runtime camera-python-display', 'broker logs -f'),
    );

  const lifecycle = (name: 'start' | 'stop' | 'restart', description: string) =>
    broker
      .command(name)
      .description(description)
      .addOption(json())
      .action(async (options) => {
        const { brokerStart, brokerStop, brokerRestart } = await import('./broker/lifecycle.js');
        const commands = { start: brokerStart, stop: brokerStop, restart: brokerRestart };
        done(await commands[name](io, options));
      });
  lifecycle('start', 'start it if it is not running');
  lifecycle('stop', 'stop it');
  lifecycle('restart', 'stop and start it; frames keep flowing');

  const installation = (name: 'install' | 'uninstall', description: string) =>
    broker
      .command(name)
      .description(description)
      .addOption(json())
      .action(async (options) => {
        const { brokerInstall, brokerUninstall } = await import('./broker/install.js');
        done(await { install: brokerInstall, uninstall: brokerUninstall }[name](io, options));
      });
  installation('install', 'make it a user service that starts at login (systemd, launchd)');
  installation('uninstall', 'stop that service and remove it');

  broker
    .command('status')
    .description('whether it is running, and how busy it is')
    .addOption(json())
    .action(async (options) => {
      const { brokerStatus } = await import('./broker/status.js');
      done(await brokerStatus(io, options));
    });

  broker
    .command('runtimes')
    .description('the runtimes that are registered')
    .addOption(json())
    .action(async (options) => {
      const { brokerRuntimes } = await import('./broker/lists.js');
      done(await brokerRuntimes(io, options));
    });

  broker
    .command('connections')
    .description('the connections between runtimes and Python processes, and what each is waiting for')
    .option('--runtime <id>', 'only those of this runtime (id or name)')
    .option('--state <state>', 'only those in this state')
    .option('--all', 'include those that were closed a moment ago')
    .addOption(json())
    .action(async (options) => {
      const { brokerConnections } = await import('./broker/lists.js');
      done(await brokerConnections(io, options));
    });

  broker
    .command('processors')
    .description('the Python processors, their processes and restarts')
    .option('--runtime <id>', 'only those of this runtime (id or name)')
    .option('--state <state>', 'only those in this state')
    .addOption(json())
    .action(async (options) => {
      const { brokerProcessors } = await import('./broker/lists.js');
      done(await brokerProcessors(io, options));
    });

  broker
    .command('logs')
    .description("the broker's own log")
    .option('-f, --follow', 'keep printing new lines until Ctrl-C')
    .option('--level <level>', 'the lowest level to print', 'info')
    .option('-n, --lines <count>', 'begin with this many of the last lines')
    .addOption(json())
    .action(async (options) => {
      const { brokerLogs } = await import('./broker/logs.js');
      done(await brokerLogs(io, options));
    });
}
