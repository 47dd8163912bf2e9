/** Instances that get their port by `neutrino port attach`, as a user gives it to them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabHost } from '../../../src/lab/host.ts';
import { dhcp } from '../../../src/lab/instance.ts';
import type { port } from '../../../src/model/index.ts';
import type { Draft, Row } from '../../../src/model/language.ts';
import { agentLog, type Instance, program, type SmallCloud } from './small-cloud.ts';

/** Runs a command of Neutrino on any host of the cloud, as its administrator. */
export async function neutrinoOn(c: SmallCloud, on: number, args: readonly string[], timeoutMs = 60_000) {
  // The first host asks its own loopback, the others the address of the first.
  const own = (await readFile(c.cloud.cloudsFile, 'utf8')).replaceAll(
    '127.0.0.1',
    on === 0 ? '127.0.0.1' : '192.0.2.1',
  );
  const file = join(c.cloud.folder, `clouds-${on + 1}.yaml`);
  await writeFile(file, own, { mode: 0o600 });
  const env = { OS_CLIENT_CONFIG_FILE: file, OS_CLOUD: 'neutrino', LANG: 'C' };
  const host = c.cloud.hosts[on] as LabHost;
  return host.run([...program, ...args], { env, mayFail: true, timeoutMs });
}

/** Makes a port, attaches it to a new namespace of a host, and gets its address by DHCP. */
export async function attach(
  c: SmallCloud,
  name: string,
  on: number,
  draft: Draft<typeof port> = {},
): Promise<Instance> {
  const host = c.cloud.hosts[on] as LabHost;
  const made = await c.api.ports.create({ name, network_id: c.inside.id, security_groups: [c.open.id], ...draft });
  const attached = await neutrinoOn(c, on, [
    'port',
    'attach',
    name,
    '--netns',
    name,
    '--state-dir',
    c.cloud.agentDir(on),
  ]);
  if (attached.code !== 0) throw new Error(`port attach ${name}: ${attached.stderr}`);
  const lease = await dhcp(host, name, 15);
  if (!lease) throw new Error(`${name} got no address by DHCP: ${await agentLog(c.cloud, on)}`);
  const port: Row<typeof import('../../../src/model/index.ts').port> = await c.api.ports.show(made.id);
  return { netns: name, host, port, lease };
}
