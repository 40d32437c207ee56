// Figures other than the echo, in the order of the report.

/** @type {readonly import('../harness/types.ts').Scenario[]} */
export const SCENARIOS = [];
