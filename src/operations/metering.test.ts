import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostKey } from '../model/host-objects.ts';
import { meteringLabelOperations, meteringLabelRuleOperations } from './metering.ts';
import { admin, openSmallCloud, required } from './router-testing.ts';

test('a label wakes the routers with a gateway of its project, or of all, and only while it has rules', async (t) => {
  const { cloud, outside, router } = await openSmallCloud();
  t.after(() => cloud.close());
  const others = await cloud.router(admin, { external_gateway_info: { network_id: outside.id } });
  await cloud.router(admin);
  /** The keys that work wakes. */
  const woken = async (work: () => Promise<unknown>): Promise<HostKey[]> => {
    const since = await cloud.read((r) => r.head());
    await work();
    return (await cloud.read((r) => r.journal(since, 9))).flatMap(({ keys }) => keys).sort();
  };
  const label = (draft: object) => cloud.act(admin, (c) => required(meteringLabelOperations.create)(c, draft));
  const rule = (metering_label_id: string) =>
    cloud.act(admin, (c) =>
      required(meteringLabelRuleOperations.create)(c, {
        metering_label_id,
        direction: 'egress',
        remote_ip_prefix: '10.0.0.0/8',
      }),
    );
  const own = await label({ project_id: router.project_id });
  const shared = await label({ shared: true });
  const both = [`router/${router.id}`, `router/${others.id}`].sort();
  assert.deepEqual(await woken(() => label({ shared: true })), []);
  assert.deepEqual(await woken(() => rule(own.id)), [`router/${router.id}`]);
  const remove = () => cloud.act(admin, async (c) => required(meteringLabelOperations.remove)(c, own));
  assert.deepEqual(await woken(remove), [`router/${router.id}`]);
  const made = await rule(shared.id);
  assert.deepEqual(
    await woken(() => cloud.act(admin, (c) => required(meteringLabelRuleOperations.remove)(c, made))),
    both,
  );
  const bare = () => cloud.act(admin, async (c) => required(meteringLabelOperations.remove)(c, shared));
  assert.deepEqual(await woken(bare), []);
});
