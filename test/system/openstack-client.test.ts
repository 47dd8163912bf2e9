import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createCloud, type LabCloud } from '../../src/lab/cloud.ts';
import { openSession, program, skip } from './support/small-cloud.ts';

const client = '/usr/bin/openstack';
const reason =
  skip || (existsSync(client) ? false : "the openstack client is missing (Debian's python3-openstackclient)");

/** The real client, on the first host of a cloud. */
function clientOf(cloud: LabCloud, name = 'neutrino') {
  const env = { OS_CLIENT_CONFIG_FILE: cloud.cloudsFile, HOME: cloud.folder };
  const run = async (line: string, mayFail = false) => {
    const argv = [client, '--os-cloud', name, ...line.split(/\s+/).filter((word) => word !== '')];
    const host = cloud.hosts[0];
    if (!host) throw new Error('no host');
    return host.run(argv, { env, mayFail, timeoutMs: 60_000 });
  };
  return {
    text: async (line: string) => (await run(line)).stdout.trim(),
    // biome-ignore lint/suspicious/noExplicitAny: the client's JSON has a shape of its own for each command.
    json: async (line: string): Promise<any> => JSON.parse((await run(`${line} -f json`)).stdout),
    /** What it says when it fails. */
    failure: async (line: string) => {
      const outcome = await run(line, true);
      assert.notEqual(outcome.code, 0, `${line} succeeded`);
      return outcome.stderr + outcome.stdout;
    },
  };
}

describe('the real openstack client', { skip: reason, timeout: 300_000 }, () => {
  let cloud: LabCloud;
  let os: ReturnType<typeof clientOf>;

  before(async () => {
    cloud = await createCloud({ program });
    await cloud.startServer();
    await cloud.startAgent(0);
    os = clientOf(cloud);
  });
  after(() => cloud?.close());

  test('the notebook: the extension is listed', async () => {
    const list = await os.text('extension list --network -f value -c Alias');
    assert.ok(list.split('\n').includes('floating-ip-port-forwarding'), list);
  });

  test('the notebook: networks, router, port, security group, floating IP, and a forwarding from create to delete', async () => {
    const flat = '--provider-network-type flat --provider-physical-network public';
    await os.json(`network create --external ${flat} public`);
    await os.json('subnet create --network public --subnet-range 203.0.113.0/24 --no-dhcp public-v4');
    const network = await os.json('network create inside');
    assert.equal(network.mtu, 1450);
    await os.json('subnet create --network inside --subnet-range 10.100.0.0/24 inside-v4');
    await os.json('router create r1');
    await os.text('router set --external-gateway public r1');
    await os.text('router add subnet r1 inside-v4');
    await os.json('security group create web');
    await os.json('security group rule create --ingress --protocol tcp --dst-port 8080 web');
    const port = await os.json('port create --network inside --security-group web web-1');
    const address = port.fixed_ips[0].ip_address;
    const fip = await os.json('floating ip create public');

    const made = await os.json(
      `floating ip port forwarding create --internal-ip-address ${address} --internal-protocol-port 8080 ` +
        `--external-protocol-port 9000 --port ${port.id} --protocol tcp ${fip.id}`,
    );
    assert.equal(made.internal_port, 8080);
    assert.equal(made.external_port, 9000);
    assert.equal(made.internal_ip_address, address);

    const list = await os.json(`floating ip port forwarding list ${fip.id}`);
    assert.equal(list.length, 1);
    assert.equal(list[0].ID, made.id);
    await os.text(
      `floating ip port forwarding set --external-protocol-port 9001 --description web ${fip.id} ${made.id}`,
    );
    const shown = await os.json(`floating ip port forwarding show ${fip.id} ${made.id}`);
    assert.equal(shown.external_port, 9001);
    assert.equal(shown.description, 'web');

    const refused = await os.failure(`floating ip delete ${fip.id}`);
    assert.match(refused, /port forwarding/i);
    await os.text(`floating ip port forwarding delete ${fip.id} ${made.id}`);
    assert.deepEqual(await os.json(`floating ip port forwarding list ${fip.id}`), []);
    await os.text(`floating ip delete ${fip.id}`);
  });

  test('look-ups by name, tags, quotas, agents, projects and users', async () => {
    await os.text('network set --tag blue inside');
    const tagged = await os.json('network list --tags blue');
    assert.deepEqual(
      tagged.map((row: { Name: string }) => row.Name),
      ['inside'],
    );
    const router = await os.json('router show r1');
    assert.equal(router.interfaces_info.length, 1);
    const ports = await os.json('port list --router r1');
    assert.equal(ports.length, 2);
    const agents = await os.json('network agent list');
    assert.ok(agents.length >= 3, JSON.stringify(agents));
    for (const agent of agents) assert.equal(agent.Alive, true, JSON.stringify(agent));
    const projects = await os.json('project list');
    assert.deepEqual(projects.map((row: { Name: string }) => row.Name).sort(), ['admin', 'demo']);
    const user = await os.json('user show demo');
    assert.equal(user.name, 'demo');
    const assignments = await os.json('role assignment list --names --user demo');
    assert.equal(assignments.length, 1);
    // This client asks for a compute endpoint before it sets a quota, so the limit is set by the API itself.
    const { api, close } = await openSession(cloud);
    const demo = projects.find((row: { Name: string }) => row.Name === 'demo');
    await api.request('PUT', `/quotas/${demo.ID}`, { quota: { floatingip: 60 } });
    close();
    const quotas = await os.json('quota list --network');
    assert.deepEqual(
      quotas.map((row: Record<string, unknown>) => row['Floating IPs']),
      [60],
    );
  });

  test('another project sees what is shared or external, and nothing else', async () => {
    const demo = clientOf(cloud, 'neutrino-demo');
    const names = (await demo.json('network list')).map((row: { Name: string }) => row.Name);
    assert.deepEqual(names, ['public']);
    assert.match(await demo.failure('network show inside'), /No Network found for inside/);
    assert.match(await demo.failure('network create --external x'), /policy/);
  });
});

describe("Neutron's own files switch port forwarding", { skip: reason, timeout: 120_000 }, () => {
  const aliases = async (plugins: string) => {
    const cloud = await createCloud({
      program,
      files: { 'neutron.conf': `[DEFAULT]\nservice_plugins = ${plugins}\n` },
    });
    try {
      await writeFile(join(cloud.folder, 'note'), plugins);
      await cloud.startServer();
      const os = clientOf(cloud);
      const list = (await os.text('extension list --network -f value -c Alias')).split('\n');
      const missing = '00000000-0000-4000-8000-000000000000';
      const answer = await os.failure(`floating ip port forwarding list ${missing}`);
      return { list, answer };
    } finally {
      await cloud.close();
    }
  };

  test('service_plugins = router,segments,port_forwarding lists the alias', async () => {
    const { list } = await aliases('router,segments,port_forwarding');
    assert.ok(list.includes('floating-ip-port-forwarding'));
  });

  test('without port_forwarding there is no alias', async () => {
    const { list } = await aliases('router,segments');
    assert.ok(!list.includes('floating-ip-port-forwarding'));
    assert.ok(list.includes('router'));
  });
});
