import { describe, expect, it } from 'vitest';
import { crateArrows, production, useTree } from './rust.js';

/** The arrows of a crate whose files have these texts, as `from -> to`. */
const arrows = (sources: Record<string, string>) =>
  crateArrows(new Map(Object.entries(sources))).map(({ from, to }) => `${from} -> ${to}`);

describe('modules of Rust', () => {
  it('need what they use, by whichever path', () => {
    expect(
      arrows({
        'lib.rs': 'mod a; mod b; mod c;',
        'a.rs': 'use crate::b::B;',
        'b.rs': 'fn f() { crate::c::g(); }',
        'c/mod.rs': 'mod d; fn g() { d::h(); }',
        'c/d.rs': 'use super::super::a;',
      }),
    ).toEqual(['a.rs -> b.rs', 'b.rs -> c/mod.rs', 'c/mod.rs -> c/d.rs', 'c/d.rs -> a.rs']);
  });

  it('need the module that has a name, not the one that passes it on', () => {
    expect(
      arrows({
        'lib.rs': 'mod m; mod a; pub use m::Frame;',
        'm/mod.rs': 'mod frame; mod pool; pub use frame::{Frame, Other as Else};',
        'm/frame.rs': '',
        'm/pool.rs': 'use super::Frame;',
        'a.rs': 'use crate::m::{Else, Frame};\nuse crate::Frame as F;',
      }),
    ).toEqual(['m/pool.rs -> m/frame.rs', 'a.rs -> m/frame.rs']);
  });

  it('do not need what only their tests use, nor what a comment names', () => {
    expect(
      arrows({
        'lib.rs': 'mod a; mod b;',
        'a.rs': '// use crate::b;\n#[cfg(test)]\nmod tests { use crate::b::B; fn f() { {} } }\nfn after() {}',
        'b.rs': '#[cfg(all(test, loom))]\nmod model { use crate::a; }',
      }),
    ).toEqual([]);
    expect(production('#[cfg(test)]\nmod tests { { } }\nfn after() {}').trim()).toBe('fn after() {}');
  });

  it('do not need other crates', () => {
    expect(arrows({ 'lib.rs': 'use std::io; use libc::c_int; mod a;', 'a.rs': 'use super::c_int;' })).toEqual(
      [],
    );
  });

  it('are in a circle when a planted arrow closes one', () => {
    expect(arrows({ 'lib.rs': '', 'a.rs': 'use crate::b;', 'b.rs': 'use crate::a::A;' })).toEqual([
      'a.rs -> b.rs',
      'b.rs -> a.rs',
    ]);
  });
});

describe('a use tree', () => {
  it('is the paths that it names', () => {
    expect(useTree('crate::{a::{self, B}, c as d, e::*}')).toEqual([
      { path: ['crate', 'a'], name: 'a' },
      { path: ['crate', 'a', 'B'], name: 'B' },
      { path: ['crate', 'c'], name: 'd' },
      { path: ['crate', 'e', '*'], name: '*' },
    ]);
  });
});
