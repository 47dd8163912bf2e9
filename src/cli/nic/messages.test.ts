import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { unequalPlaces } from '../../lib/catalogue.ts';
import { nicSentences } from './messages.ts';

test('the sentences have the same places in both languages', () => {
  assert.deepEqual(unequalPlaces(nicSentences), []);
});

test('every code that a move gives has a sentence', () => {
  const files = ['decide/findings.ts', 'decide/half.ts', 'actor.ts', 'guard.ts', 'checks.ts'];
  const text = files.map((file) => readFileSync(`src/nic/${file}`, 'utf8')).join('\n');
  const given = [
    ...text.matchAll(
      /(?:refusal|danger|note|wrong|failure|failed)\('([a-z-]+)'|code: '([a-z-]+)'|\? '([a-z]+-[a-z-]+)' : '([a-z-]+)'/g,
    ),
  ];
  const codes = new Set(given.flatMap((match) => match.slice(1).filter((code) => code !== undefined)));
  assert.ok(codes.size > 30, String(codes.size));
  assert.deepEqual(
    [...codes].filter((code) => !(code in nicSentences)),
    [],
  );
});
