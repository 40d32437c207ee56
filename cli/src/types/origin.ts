import type { TypeOrigin } from '@streamlib/runtime';

/** Where a type comes from, in a few words. */
export function originText(origin: TypeOrigin): string {
  switch (origin.kind) {
    case 'runtime':
      return 'the runtime';
    case 'program':
      return 'this program';
    case 'npm':
      return `${origin.package} ${origin.version}`;
    case 'python':
      return `${origin.package} ${origin.version} (Python)`;
  }
}
