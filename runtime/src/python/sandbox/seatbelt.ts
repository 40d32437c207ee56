/** What a confined process on macOS may touch. All paths without links: Seatbelt compares what they lead to. */
export interface SeatbeltPaths {
  readonly codeDir: string;
  readonly environment: string;
  /** The folder of the interpreter that the environment was made from. */
  readonly base: string;
  /** The interpreter itself: the only program that may be started, and by the one that starts it. */
  readonly interpreter: string;
  readonly scratch: string;
}

const SYSTEM = ['/usr/lib', '/usr/share/zoneinfo', '/System/Library', '/Library/Apple/System'];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/random', '/dev/urandom'];

/** The rules in Seatbelt's own language. What is not allowed is refused; nothing here allows the network. Pure. */
export function seatbeltProfile({ codeDir, environment, base, interpreter, scratch }: SeatbeltPaths): string {
  const under = (paths: readonly string[]) => paths.map((path) => `(subpath ${quoted(path)})`).join(' ');
  const exactly = (paths: readonly string[]) => paths.map((path) => `(literal ${quoted(path)})`).join(' ');
  const libraries = [environment, base, ...SYSTEM];
  return [
    '(version 1)',
    '(deny default)',
    '(deny network*)',
    '(allow process-info* (target self))',
    '(allow signal (target self))',
    '(allow sysctl-read)',
    // Whether a path exists, not what is in it.
    '(allow file-read-metadata)',
    `(allow file-read* ${under([codeDir, ...libraries])})`,
    `(allow file-read* ${exactly(['/', interpreter, ...DEVICES])})`,
    `(allow file-map-executable ${under(libraries)} ${exactly([interpreter])})`,
    `(allow file-read* file-write* ${under([scratch])})`,
    `(allow file-write-data ${exactly(['/dev/null'])})`,
    `(allow process-exec ${exactly([interpreter])})`,
    // Pictures that others lend are surfaces of the kernel.
    '(allow iokit-open (iokit-user-client-class "IOSurfaceRootUserClient"))',
    '',
  ].join('\n');
}

function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, (sign) => `\\${sign}`)}"`;
}
