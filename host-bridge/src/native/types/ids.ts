/** A native object is a number: an index into a table of the addon with a generation, so a stale one is refused. */
export type NativeId = number;
