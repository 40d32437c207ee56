/** A line of the log as somebody who started the broker in a terminal wants to read it. */
export function forPeople(line: string): string {
  try {
    const { level, time, msg, err: _, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const clock = new Date(Number(time)).toLocaleTimeString('en-GB');
    const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
    return `${clock} ${String(level).toUpperCase().padEnd(5)} ${String(msg)}${rest.join('')}\n`;
  } catch {
    return line;
  }
}
