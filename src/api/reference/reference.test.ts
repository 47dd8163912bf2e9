import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Json, startTestApi } from '../test-bed.ts';
import { referencePages } from './pages.ts';

for (const [file, page] of Object.entries(referencePages)) {
  test(`docs/reference/${file} is current`, async () => {
    const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', file);
    assert.equal(await readFile(path, 'utf8'), page(), 'run: node tools/generate-reference.ts');
  });
}

test('the OpenAPI document has every path of the model, and refers to nothing that it does not have', async () => {
  const api = await startTestApi();
  const { status, body, text } = await api.ask('', 'GET', '/openapi.json');
  await api.close();
  assert.equal(status, 200);
  assert.equal(body.openapi, '3.1.0');
  assert.ok(body.paths['/v2.0/floatingips/{floatingip_id}/port_forwardings/{id}'].put);
  assert.equal(body.paths['/v2.0/security-group-rules/{id}'].put, undefined);
  assert.deepEqual(body.components.schemas.port_create.required, ['network_id']);
  const operations = new Set<string>();
  for (const [path, item] of Object.entries<Json>(body.paths)) {
    const declared = (item.parameters ?? []).map((one: Json) => one.name);
    assert.deepEqual(
      declared,
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
      path,
    );
    for (const { operationId } of Object.values<Json>(item).filter((one) => one.operationId)) {
      assert.ok(!operations.has(operationId), `${operationId} stands once`);
      operations.add(operationId);
    }
  }
  for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g))
    assert.ok(body.components.schemas[name ?? ''], name);
});
