import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cookieOf, flowText, flowTexts, matchOf, parseFlow, pushVlan, resubmit } from './flow-text.ts';

test('a flow and the line that a dump has of it are one text', () => {
  const text = flowText({
    table: 20,
    priority: 2,
    match: ['dl_vlan=1', 'dl_dst=fa:16:3e:00:00:01'],
    actions: ['pop_vlan', 'set_field:0x64->tun_id', 'output:vxlan-c0000202'],
  });
  const line =
    ' cookie=0x4e74000000000001, table=20, priority=2,dl_vlan=1,dl_dst=fa:16:3e:00:00:01 actions=pop_vlan,set_field:0x64->tun_id,output:"vxlan-c0000202"';
  assert.deepEqual(parseFlow(line), { cookie: '0x4e74000000000001', text });
  assert.equal(matchOf(text), 'table=20,priority=2,dl_dst=fa:16:3e:00:00:01,dl_vlan=1');
});

test('a dump leaves out table 0 and the cookie 0', () => {
  const text = flowText({ table: 0, priority: 1, match: ['in_port=patch-int'], actions: [resubmit(2)] });
  assert.deepEqual(parseFlow(' priority=1,in_port="patch-int" actions=resubmit(,2)'), { cookie: '0x0', text });
  assert.equal(parseFlow('NXST_FLOW reply (xid=0x4):'), undefined);
});

test('times of a flow are no part of its text', () => {
  const line = ' cookie=0x1, table=20, hard_timeout=300, priority=1,dl_vlan=1 actions=drop';
  assert.equal(parseFlow(line)?.text, flowText({ table: 20, priority: 1, match: ['dl_vlan=1'] }));
});

test('lists of flows are sorted, each flow once', () => {
  const drop = { table: 3, priority: 0 };
  assert.deepEqual(flowTexts([{ ...drop, table: 4 }, drop, drop]), [
    'table=3,priority=0 actions=drop',
    'table=4,priority=0 actions=drop',
  ]);
  assert.equal(pushVlan(1), 'push_vlan:0x8100,set_field:4097->vlan_vid');
});

test('cookies are 64 bits that begin with ours and differ by owner', () => {
  const cookies = Array.from({ length: 1000 }, (_, n) => cookieOf(`network/${n}`));
  assert.equal(new Set(cookies).size, 1000);
  for (const cookie of cookies) assert.match(cookie, /^0x4e74[0-9a-f]{12}$/);
});
