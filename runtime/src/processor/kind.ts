/** How a Python processor is driven: see `execution` in docs/writing-processors.md. */
export const PYTHON_KINDS = ['manual', 'reactive', 'continuous'] as const;
export type PythonKind = (typeof PYTHON_KINDS)[number];
