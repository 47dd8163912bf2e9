import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHost } from '../../src/lab/host.ts';
import { fetchPage } from '../../src/lab/probe.ts';
import { createWire } from '../../src/lab/wire.ts';
import { commandsOf, openShell, type Shell } from './support/guide.ts';
import { createNicWorld } from './support/nic-world.ts';
import { eventually, skip } from './support/small-cloud.ts';

const guides = ['one-host', 'several-hosts', 'lost-packets'];

/** Exit code 1 of these says that there is something to see. */
const mayTell = /^\.\/neutrino nic plan/;

/** Does what a guide says, at the prompts of these shells. */
async function follow(shells: Readonly<Record<string, Shell>>, commands: ReturnType<typeof commandsOf>): Promise<void> {
  for (const { prompt, command } of commands) {
    const shell = shells[prompt];
    assert.ok(shell, `${prompt}# ${command}`);
    const { code, output } = await shell.run(command);
    assert.ok(code === 0 || (code === 1 && mayTell.test(command)), `${command} ended with ${code}: ${output}`);
    if (!command.endsWith('&') || !command.startsWith('./neutrino up')) continue;
    const address = /--listen (\S+):/.exec(command)?.[1] ?? '127.0.0.1';
    await eventually('the API answers', async () => {
      const ask = await shell.run(`(exec 3<>/dev/tcp/${address}/9696) 2>/dev/null`);
      return ask.code === 0;
    }).catch((error) => assert.fail(`${error.message}: ${shell.heard()}`));
  }
}

test('the Chinese guides have the commands of the English ones', () => {
  for (const guide of guides) assert.deepEqual(commandsOf(`${guide}.zh-CN`), commandsOf(guide), guide);
});

describe('the guides are true', { skip, timeout: 600_000 }, () => {
  test('one host, one NIC, first forwarded port; and where to look when a packet is lost', async () => {
    const lines = ['address add 192.0.2.2/24 brd + dev ens0', 'route add default via 192.0.2.1 dev ens0'];
    const world = await createNicWorld({ lines });
    try {
      const shells = { '': await openShell(world.host) };
      await follow(shells, commandsOf('one-host'));
      const page = await eventually('the forwarded port answers', async () => {
        const answer = await fetchPage(world.outside, '192.0.2.100', 9000, { ms: 1000 });
        return answer.reached && answer;
      });
      assert.ok(page.reached);
      const here = await fetchPage(world.host, '192.0.2.100', 9000, { ms: 3000 });
      assert.ok(here.reached, 'from the host itself');
      const plan = await shells[''].run('./neutrino agent plan');
      assert.equal(plan.output, 'Nothing: the host is as it should be.\n');
      await follow(shells, commandsOf('lost-packets'));
    } finally {
      await world.close();
    }
  });

  test('several hosts', async () => {
    const hosts = [await createHost('host1'), await createHost('host2')] as const;
    try {
      const [first, second] = hosts;
      await createWire(
        { host: first, device: 'eth0', address: '10.0.0.1/24' },
        { host: second, device: 'eth0', address: '10.0.0.2/24' },
      );
      const shells = { host1: await openShell(first), host2: await openShell(second) };
      const commands = commandsOf('several-hosts');
      const at = commands.findIndex(({ prompt }) => prompt === 'host2');
      await follow(shells, commands.slice(0, at));
      // scp -p
      for (const file of ['agent-token', 'clouds.yaml']) {
        const { stdout } = await first.run(['cat', `/var/lib/neutrino/${file}`]);
        const copy = `umask 077; mkdir -p /etc/neutrino; cat > /etc/neutrino/${file}`;
        await second.run(['sh', '-c', copy], { input: stdout });
      }
      await follow(shells, commands.slice(at));
      const ports = await shells.host1.run(
        'openstack port list --long -f value -c Name -c Status | grep -E "near|far"',
      );
      assert.deepEqual(ports.output.trim().split('\n').sort(), ['far ACTIVE', 'near ACTIVE']);
    } finally {
      await Promise.all(hosts.map((host) => host.close()));
    }
  });
});
