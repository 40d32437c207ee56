// What the metadata of packages does not say, or what is let in though it is not permissive. Each with its reason, which docs/licences.md shows.

/** Packages that name no licence in their metadata: read in their own files by a person, for this version only. */
export const READ_BY_HAND: Readonly<Record<string, { readonly licence: string; readonly from: string }>> = {
  '@shinyoshiaki/jspack@0.0.6': { licence: 'BSD-3-Clause', from: 'its LICENSE file' },
};

export type Exceptions = Readonly<Record<string, { readonly licence: string; readonly reason: string }>>;

/** Let in by name, with this licence only. */
export const EXCEPTIONS: Exceptions = {
  mediabunny: {
    licence: 'MPL-2.0',
    reason:
      'an optional dependency of node-av (for WebRTC, which StreamLib does not use); unchanged, and the MPL asks for the source of changed files only',
  },
};

/** True of a package though its metadata does not show it. */
export const NOTES = [
  'node-av is MIT, but the FFmpeg that its platform packages bring is a GPL build. Only `@streamlib/media` uses it, and it is loaded only when a graph names `camera`, `display` or `file`. Who passes on a product with it passes on that FFmpeg under the GPL.',
  "The wheels of numpy bring libraries under licences of their own, such as OpenBLAS (BSD) and GCC's runtime (GPL with its exception). StreamLib passes none of them on: they are installed on the user's machine.",
];
