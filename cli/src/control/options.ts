import { type Command, Option } from 'commander';
import type { ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';

const collect = (value: string, before: string[] = []) => [...before, value];

/** The commands that ask a running runtime. Each loads what it needs when it is called. */
export function addControl(program: Command, io: Io, done: (code: ExitCode) => void): void {
  const load = () => import('./commands.js');
  const command = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('-r, --runtime <runtime>', 'id or name; by default the only one that is running')
      .addOption(new Option('--json', 'print JSON, one line'));

  command('graph', 'the running graph: its processors, ports and connections')
    .option('--code', 'with --json: include code that was given as text')
    .action(async (options) => done(await (await load()).graph(io, options)));
  command('add', 'add a processor to the running graph')
    .argument('<name>', 'its name in the graph')
    .argument('<what>', 'a Python file, or a type: camera, display, file')
    .option('--set <param=value>', 'a parameter, or config.key=value (may be given again)', collect)
    .option('--from <port>', 'the output that feeds it')
    .option('--to <port>', 'an input that it feeds (may be given again)', collect)
    .action(async (name, what, options) => done(await (await load()).add(io, name, what, options)));
  command('replace', 'replace the code, type or parameters of a processor while frames flow')
    .argument('<name>')
    .argument('[what]', 'a Python file, or a type; with --set alone, the same with other parameters')
    .option('--set <param=value>', 'a parameter, or config.key=value (may be given again)', collect)
    .action(async (name, what, options) => done(await (await load()).replace(io, name, what, options)));
  command('remove', 'remove a processor from the running graph')
    .argument('<name>')
    .action(async (name, options) => done(await (await load()).remove(io, name, options)));
  command('connect', 'connect an output to an input')
    .argument('<from>', 'processor.port; the port may be left out where there is only one')
    .argument('<to>', 'likewise')
    .option('--delivery <delivery>', 'latest, every_sample or lossless')
    .option('--queue <length>', 'the length of the queue of every_sample and lossless')
    .action(async (from, to, options) => done(await (await load()).connect(io, from, to, options)));
  command('disconnect', 'disconnect an output from an input')
    .argument('<from>')
    .argument('<to>')
    .action(async (from, to, options) => done(await (await load()).disconnect(io, from, to, options)));
  command('tap', 'the next messages that pass a port, a line of JSON each')
    .argument('<port>', 'processor.port')
    .option('-n, --lines <count>', 'how many', '1')
    .option('--timeout <seconds>', 'how long to wait', '5')
    .action(async (port, options) => done(await (await load()).tap(io, port, options)));
  command('snapshot', 'the next frame that passes a port, as a PNG file')
    .argument('<port>', 'processor.port')
    .option('-o, --output <file>', 'where to; <port>.png by default')
    .option('--max-width <pixels>', 'scale wider pictures down to this width')
    .option('--timeout <seconds>', 'how long to wait', '5')
    .action(async (port, options) => done(await (await load()).snapshot(io, port, options)));

  program
    .command('dev')
    .description('run a graph, watch its files, and replace what changes while frames flow')
    .argument('<graph>', 'a manifest in YAML or JSON')
    .option('--set <node.param=value>', 'set a parameter of a node (may be given again)', collect)
    .option('--level <level>', 'what is shown while it runs: debug, info, warn, error', 'info')
    .action(async (graph, options) => {
      const { dev } = await import('./dev.js');
      done(await dev(io, graph, options));
    });
  program
    .command('mcp')
    .description('let an agent build and change a graph, over the Model Context Protocol')
    .option('-r, --runtime <runtime>', 'act on a running runtime; by default an empty one is started')
    .option('--graph <graph>', 'start with this graph')
    .option('--http', 'serve Streamable HTTP on this machine, not standard input and output')
    .option('--port <port>', 'for --http', '8765')
    .option(
      '--allow <folder>',
      'a folder whose files the agent may name (may be given again); the working directory by default',
      collect,
    )
    .option(
      '--allow-device <class>',
      'a class of devices that the agent may name, such as microphone (may be given again); camera by default',
      collect,
    )
    .option(
      '--allow-host <host>',
      "a host that the agent's processors may reach, or an address to listen on (may be given again); none by default",
      collect,
    )
    .action(async (options) => {
      const { mcp } = await import('./mcp.js');
      done(await mcp(io, options));
    });
}
