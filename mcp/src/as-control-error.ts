import { ControlError } from '@streamlib/runtime';

/** Whatever a tool threw, as the error that says what to do next. */
export function asControlError(thrown: unknown): ControlError {
  if (thrown instanceof ControlError) return thrown;
  return new ControlError(
    'internal',
    thrown instanceof Error ? thrown.message : String(thrown),
    'Tell the user.',
  );
}
