/**
 * What the `openstack` client does by the SDK of Python, for commands that the client of this Debian does not have yet: the same calls
 * with the same arguments (`openstack router ndp proxy …`).
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startNeutrino, temporaryFolder } from '../support/neutrino.ts';
import { complaint, readTour, runTour } from './support/client-tour.ts';

const skip = existsSync('/usr/lib/python3/dist-packages/openstack/network/v2/ndp_proxy.py')
  ? false
  : "the SDK of the openstack client is missing, or too old (Debian's python3-openstacksdk)";

const ndpProxies = `
import json, openstack
cloud = openstack.connect(cloud='neutrino')
net = cloud.network
router = net.find_router('r1', ignore_missing=False)
port = net.find_port('web-1', ignore_missing=False)
said = [net.update_router(router, enable_ndp_proxy=True).enable_ndp_proxy]
made = net.create_ndp_proxy(name=None, router_id=router.id, port_id=port.id)
said.append([made.name, made.ip_address == port.fixed_ips[0]['ip_address'], made.revision_number, bool(made.created_at)])
net.update_ndp_proxy(made, name='web6', description='d')
found = net.find_ndp_proxy('web6', ignore_missing=False)
said.append([found.id == made.id, found.description, found.project_id == cloud.current_project_id])
queries = [{}, {'router_id': router.id}, {'port_id': port.id}, {'ip_address': made.ip_address}, {'name': 'web6'}, {'name': 'x'}]
said.append([len(list(net.ndp_proxies(**query))) for query in queries])
try:
    net.update_router(router, external_gateway_info={})
except openstack.exceptions.ConflictException as error:
    said.append(str(error))
net.delete_ndp_proxy(found)
said.append(net.find_ndp_proxy('web6'))
print(json.dumps(said))
`;

/** What is there before the guide begins. */
const before = `
network create --external public -f json
subnet create --network public --subnet-range 203.0.113.0/24 public-v4 -f json
router create --external-gateway public r1 -f json
network create inside -f json
`;

/** The commands of the guide that this client has. */
function guideSteps(name: string) {
  const text = readFileSync(new URL(`../../docs/guides/${name}.md`, import.meta.url), 'utf8').replaceAll(
    / \\\n +/g,
    ' ',
  );
  const commands = [...text.matchAll(/^\$ openstack (.*)$/gm)].map(([, command = '']) => command);
  assert.ok(commands.length > 0);
  return readTour(commands.map((one) => (/ create /.test(one) ? `${one} -f json` : one)).join('\n')).filter(
    ({ command }) => !command.includes('ndp'),
  );
}

test('NDP proxies as the guide makes them, the rest by the calls of the openstack client', {
  skip,
  timeout: 60_000,
}, async (t) => {
  const { stateDir } = await startNeutrino(t, join(await temporaryFolder(t), 'state'));
  const steps = [
    ...readTour(before),
    ...guideSteps('ndp-proxy'),
    ...readTour('port create --network inside web-1 -f json'),
  ];
  assert.deepEqual(guideSteps('ndp-proxy'), guideSteps('ndp-proxy.zh-CN'));
  const said = await runTour(stateDir, steps);
  assert.equal(steps.flatMap((step, at) => complaint(step, said[at] ?? '') ?? []).join('\n'), '');
  const env = { HOME: stateDir, OS_CLIENT_CONFIG_FILE: join(stateDir, 'clouds.yaml') };
  const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', ndpProxies], { env });
  const [enabled, made, found, lengths, conflict, gone] = JSON.parse(stdout);
  assert.deepEqual([enabled, made, found], [true, ['', true, 0, true], [true, 'd', true]]);
  assert.deepEqual(lengths, [1, 1, 1, 1, 1, 0]);
  assert.match(conflict, /one or more ndp proxies still in use on the router/);
  assert.equal(gone, null);
});
