/** The first line of a text, without what only announces the lines after it (`…; the end of its stderr:`). */
export function headline(text: string): string {
  const first = text.split('\n', 1)[0] ?? '';
  const announces = first.length < text.trimEnd().length && first.endsWith(':');
  const at = announces ? first.lastIndexOf(';') : -1;
  return at > 0 ? first.slice(0, at) : first;
}
