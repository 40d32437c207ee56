/** One family of the text format, as a strict reader takes it. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly series: { readonly name: string; readonly labels: Map<string, string>; readonly value: number }[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/** Reads Prometheus' text format, and throws at whatever its own checker (`promtool check metrics`) refuses or complains about. */
export function readTextFormat(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families: Family[] = [];
  const lines = text.slice(0, -1).split('\n');
  for (let at = 0; at < lines.length; ) {
    const [, name = '', help = ''] = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(lines[at++] ?? '') ?? [];
    if (help === '') throw new Error(`no help: ${lines[at - 1]}`);
    const [, typed, type = ''] =
      /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(lines[at++] ?? '') ?? [];
    if (typed !== name) throw new Error(`${name} has no type`);
    if (families.some((each) => each.name === name)) throw new Error(`${name} is there twice`);
    const family: Family = { name, type, series: [] };
    for (; at < lines.length && !lines[at]?.startsWith('#'); at++)
      family.series.push(sample(lines[at] ?? ''));
    check(family);
    families.push(family);
  }
  return families;
}

function sample(line: string): Family['series'][number] {
  const [, name = '', braces = '', value = ''] =
    /^([a-zA-Z_:][\w:]*)(\{.*\})? (NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line) ?? [];
  if (name === '') throw new Error(`not a sample: ${line}`);
  const labels = new Map<string, string>();
  let rest = braces.slice(1, -1);
  while (rest !== '') {
    const [all = '', label = '', text = ''] =
      /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest) ?? [];
    if (all === '') throw new Error(`not labels: ${line}`);
    if (labels.has(label)) throw new Error(`a label twice: ${line}`);
    labels.set(label, text);
    rest = rest.slice(all.length);
  }
  return { name, labels, value: value.endsWith('Inf') ? Number(`${value[0]}Infinity`) : Number(value) };
}

function check({ name, type, series }: Family): void {
  if (series.length === 0) throw new Error(`${name} has no samples`);
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`);
  const seen = new Set<string>();
  for (const { name: full, labels, value } of series) {
    const suffix = full.slice(name.length);
    if (!full.startsWith(name) || !SUFFIXES[type]?.includes(suffix))
      throw new Error(`${full} in ${type} ${name}`);
    const isBucket = type === 'histogram' && suffix === '_bucket';
    if (labels.has('le') !== isBucket) throw new Error(`${full}: the label le is for buckets`);
    const isQuantile = type === 'summary' && suffix === '';
    if (labels.has('quantile') !== isQuantile)
      throw new Error(`${full}: the label quantile is for summaries`);
    if (type !== 'gauge' && !(value >= 0)) throw new Error(`${full} is ${value}`);
    const key = `${full}${JSON.stringify([...labels].sort())}`;
    if (seen.has(key)) throw new Error(`${key} is there twice`);
    seen.add(key);
  }
  if (type === 'histogram' || type === 'summary') checkWhole(name, type, series);
}

/** Of each of its series, a histogram and a summary have all parts, and they fit each other. */
function checkWhole(name: string, type: string, series: Family['series']): void {
  const groups = new Map<string, Family['series']>();
  for (const each of series) {
    const own = [...each.labels].filter(([label]) => label !== 'le' && label !== 'quantile').sort();
    const key = JSON.stringify(own);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  for (const [key, parts] of groups) {
    const partsOf = (suffix: string) => parts.filter((each) => each.name === name + suffix);
    const [[sum, ...sums], [count, ...counts]] = [partsOf('_sum'), partsOf('_count')];
    if (sum === undefined || count === undefined || sums.length + counts.length > 0)
      throw new Error(`${name}${key} has no sum or no count`);
    if (type === 'summary') continue;
    const buckets = partsOf('_bucket').map(({ value }) => value);
    const last = partsOf('_bucket').at(-1);
    if (last?.labels.get('le') !== '+Inf' || last.value !== count.value)
      throw new Error(`${name}${key} does not end with all`);
    if (buckets.some((value, index) => value < (buckets[index - 1] ?? 0)))
      throw new Error(`${name}${key} goes down`);
  }
}
