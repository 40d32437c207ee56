// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are of the shell
import { describe, expect, it } from 'vitest';
import { newerThanBash32, shellOf } from './shell.js';

describe('what bash 3.2 lacks', () => {
  it.each([
    'declare -A map',
    '  local -rA map=()',
    'local -n other=$1',
    'mapfile -t lines < file',
    'cat file | readarray lines',
    'echo "${name,,}"',
    'echo "${name^}"',
    'echo "${name@Q}"',
    'echo "${list[-1]}"',
    'make &>> log',
    'make |& tee log',
    'if [[ -v HOME ]]; then',
    'shopt -s globstar',
    'wait -n',
    'read -r -N 1 key',
    'exec {lock}> file',
    "printf '%(%F)T' -1",
    'echo $EPOCHSECONDS',
    'for n in {01..10}; do',
    '  a) one ;;&',
  ])('is found in: %s', (line) => {
    expect(newerThanBash32(`#!/bin/bash\n${line}\n`)).toEqual([expect.stringMatching(/^line 2: /)]);
  });

  it.each([
    '# declare -A map',
    'echo ok # ${name,,}',
    'local missing=() package',
    'for each in "${list[@]}"; do echo "${each%.*}" "${#list[@]}" "${each/a/b}"; done',
    'root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)',
    'grep -q x <<<"$text" && [[ -x $path ]] || true',
    'read -r line; command &>log; echo {1..3}',
    'case $1 in a) one ;; b) two ;; esac',
  ])('is not found in: %s', (line) => {
    expect(newerThanBash32(line)).toEqual([]);
  });
});

describe('the shell of a script', () => {
  it.each([
    ['#!/bin/sh\n', 'sh'],
    ['#!/usr/bin/env bash\n', 'bash'],
    ['#!/bin/bash -e\n', 'bash'],
    ['#!/usr/bin/env node\n', null],
    ['echo\n', null],
  ])('by %j is %s', (text, shell) => {
    expect(shellOf(text)).toBe(shell);
  });
});
