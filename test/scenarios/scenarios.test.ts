/**
 * Every `*.script` here, run on the simulated machine; its transcript is the `*.golden` beside it. `UPDATE_GOLDENS=1` writes the
 * goldens anew.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { natDriversOf, runScript } from './script.ts';

const folder = new URL('./', import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith('.script'))) {
  const script = readFileSync(new URL(name, folder), 'utf8');
  for (const driver of natDriversOf(script)) {
    const golden = name.replace('.script', driver === 'iptables' ? '.golden' : `.${driver}.golden`);
    test(`scenario ${golden.replace('.golden', '')}`, async () => {
      const transcript = await runScript(script, driver);
      const url = new URL(golden, folder);
      if (process.env.UPDATE_GOLDENS) writeFileSync(url, transcript);
      assert.equal(transcript, readFileSync(url, 'utf8'));
    });
  }
}
