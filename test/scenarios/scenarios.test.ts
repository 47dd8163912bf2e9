/**
 * Every `*.script` here, run on the simulated machine; its transcript is the `*.golden` beside it. `UPDATE_GOLDENS=1` writes the
 * goldens anew.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runScript } from './script.ts';

const folder = new URL('./', import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith('.script'))) {
  test(`scenario ${name.replace('.script', '')}`, async () => {
    const transcript = await runScript(readFileSync(new URL(name, folder), 'utf8'));
    const golden = new URL(name.replace('.script', '.golden'), folder);
    if (process.env.UPDATE_GOLDENS) writeFileSync(golden, transcript);
    assert.equal(transcript, readFileSync(golden, 'utf8'));
  });
}
