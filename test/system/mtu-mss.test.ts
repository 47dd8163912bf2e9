/** A router whose outside carries less than its inside, and which loses "fragmentation needed": TCP goes on all the same. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { outside } from '../../src/lab/cloud.ts';
import { eventually, type Instance, type SmallCloud, skip, startSmallCloud } from './support/small-cloud.ts';

const size = 200_000;

const sink = `
require('net').createServer({ allowHalfOpen: true }, (socket) => {
  let got = 0;
  socket.on('data', (data) => { got += data.length; });
  socket.on('end', () => socket.end(Buffer.alloc(got)));
}).listen(7000, () => console.log('ready'));
`;

/** Sends, and gets as much back; prints how many bytes came within 4 s. */
const upload = `
const socket = require('net').connect(7000, process.argv[1]);
let got = 0;
const end = () => { console.log(got); process.exit(0); };
setTimeout(end, 4000);
socket.on('data', (data) => { got += data.length; });
socket.on('end', end);
socket.on('error', end);
socket.end(Buffer.alloc(${size}));
`;

for (const nat of ['iptables', 'nftables'] as const)
  for (const clamps of [true, false])
    describe(`${nat}, clamp_mss = ${clamps}`, { skip, timeout: 120_000 }, () => {
      let c: SmallCloud;
      let vm: Instance;
      const router = () => ({ netns: `qrouter-${c.router.id}` });

      before(async () => {
        c = await startSmallCloud({ nat, agentFiles: { 'l3_agent.ini': `[neutrino]\nclamp_mss = ${clamps}\n` } });
        vm = await c.boot('vm');
        await vm.host.run(['ip', '-n', 'vm', 'link', 'set', 'eth0', 'mtu', '1450']);
        const server = c.cloud.world.start([process.execPath, '-e', sink]);
        await new Promise((resolve) => server.stdout?.once('data', resolve));
      });
      after(() => c?.close());

      const rules = async () => {
        const show = nat === 'iptables' ? ['iptables-save', '-t', 'mangle'] : ['nft', 'list', 'ruleset'];
        return (await vm.host.run(show, router())).stdout;
      };
      const hasRules = async () => /TCPMSS --clamp-mss-to-pmtu|maxseg size set rt mtu/.test(await rules());
      const transfer = async () => {
        const outcome = await vm.host.run([process.execPath, '-e', upload, outside.gateway], { netns: 'vm' });
        return Number(outcome.stdout);
      };

      test('nothing is clamped where the outside carries as much as the inside', async () => {
        assert.equal(await hasRules(), false);
        assert.equal(await transfer(), size);
      });

      test(`the outside carries less and no error comes: a transfer ${clamps ? 'goes through' : 'hangs'}`, async () => {
        await c.api.networks.update(c.external.id, { mtu: 1400 });
        await eventually('the gateway has 1400', async () =>
          /qg-\S+ .* mtu 1400 /.test((await vm.host.run(['ip', '-o', 'link'], router())).stdout),
        );
        await eventually('the rules are there', async () => (await hasRules()) === clamps);
        // What is there is what is wanted: nothing more to do.
        const plan = await c.cloud.neutrino(0, ['agent', 'plan', '--state-dir', c.cloud.agentDir(0)]);
        assert.deepEqual([plan.code, plan.stdout], [0, 'Nothing: the host is as it should be.\n']);
        const drop = 'type filter hook output priority 0; icmp type destination-unreachable drop';
        await vm.host.run(['nft', '-f', '-'], { input: `table ip lost { chain out { ${drop}; }; }`, ...router() });
        assert.equal((await transfer()) === size, clamps);
      });

      test('the outside carries as much again: the rules are gone', async () => {
        await c.api.networks.update(c.external.id, { mtu: 1500 });
        await eventually('the rules are gone', async () => !(await hasRules()));
      });
    });
