import type { ControlValue } from '@streamlib/host-bridge';

/** Who reads an output, as its subprocess is told. */
export interface DirectReaders {
  /** Whether anybody in the runtime reads the output too. */
  readonly host: boolean;
  readonly links: readonly Readonly<Record<string, ControlValue>>[];
}

/** What a client says about a link to another subprocess; `link_endpoint` has an endpoint with it. */
export interface LinkMessage {
  readonly type: 'link_endpoint' | 'linked' | 'link_failed';
  readonly link: string;
  readonly attempt: number;
  readonly reason: string;
}
