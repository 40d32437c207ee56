export function markdown(report: Readonly<Record<string, unknown>>): string;
