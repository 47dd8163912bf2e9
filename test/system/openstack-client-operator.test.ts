/** What operators do with the real `openstack` client: agents and their work, zones, segments, ranges, flavors, a project's own network. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNeutrino, temporaryFolder } from '../support/neutrino.ts';
import { complaint, readTour, runTour } from './support/client-tour.ts';

const skip = existsSync('/usr/bin/openstack')
  ? false
  : "the openstack client is missing (Debian's python3-openstackclient)";

const configuration = `[DEFAULT]
service_plugins = router,segments,network_segment_range
[ml2]
type_drivers = vxlan,vlan,flat
[ml2_type_vxlan]
vni_ranges = 100:199
[ml2_type_vlan]
network_vlan_ranges = left:10:19
`;

/** A sign of life, as an agent sends it. */
async function report(url: string, stateDir: string, host: string, availability_zone: string): Promise<void> {
  const functions = ['Linux bridge agent', 'L3 agent', 'DHCP agent'].map((agent_type) => ({
    ...{ agent_type, binary: 'neutrino', configurations: {} },
  }));
  const rest = { local_ip: null, bridge_mappings: { left: 'br-left' }, started_at: '2026-01-01T00:00:00Z' };
  const answer = await fetch(`${url}/agent/v1/hosts/${host}`, {
    method: 'POST',
    headers: { 'x-auth-token': readFileSync(join(stateDir, 'agent-token'), 'utf8').trim() },
    body: JSON.stringify({ functions, availability_zone, ...rest }),
  });
  assert.ok(answer.ok, await answer.text());
}

const first = String.raw`
network agent list --agent-type l3 -f json ~ ^(?=[^]*"alpha")(?=[^]*"beta")
availability zone list --network -f json ~ "east"[^]*"west"
network create n1 --availability-zone-hint east -f json ~ "availability_zone_hints": \[\s*"east"
subnet create s1 --network n1 --subnet-range 10.0.0.0/24 -f json
network show n1 -f json ~ "availability_zones": \[\s*"east"
router create r1 --availability-zone-hint west -f json ~ "availability_zone_hints": \[\s*"west"
router add subnet r1 s1
network agent list --router r1 -f json ~ "beta"
network agent list --network n1 -f json ~ "alpha"
`;

const moves = (agents: Readonly<Record<string, string>>) => String.raw`
network agent remove router --l3 ${agents.l3Beta} r1
network agent list --router r1 -f json ~ ^\[\]$
network agent add router --l3 ${agents.l3Alpha} r1
network agent list --router r1 -f json ~ "alpha"
router list --agent ${agents.l3Alpha} -f json ~ "r1"
network agent add network --dhcp ${agents.dhcpBeta} n1
network agent list --network n1 -f json ~ ^(?=[^]*"alpha")(?=[^]*"beta")
network agent remove network --dhcp ${agents.dhcpAlpha} n1
network list --agent ${agents.dhcpBeta} -f json ~ "n1"
network agent set ${agents.l3Beta} --disable --description idle
network agent show ${agents.l3Beta} -f json ~ "idle"
router add route r1 --route destination=10.9.0.0/16,gateway=10.0.0.77 ~ 10.9.0.0/16
router remove route r1 --route destination=10.9.0.0/16,gateway=10.0.0.77 ~ routes
network create n2 --provider-network-type vlan --provider-physical-network left --provider-segment 12 -f json ~ 12
network segment create seg2 --network n2 --network-type vlan --physical-network left --segment 13 -f json ~ 13
network segment list --network n2 --long -f json ~ "seg2"
network segment set seg2 --name seg3 --description d
network segment show seg3 -f json ~ "segmentation_id": 13
subnet create routed --network n2 --subnet-range 10.2.0.0/24 --network-segment seg3 -f json ~ "segment_id": "[0-9a-f-]{36}"
network segment delete seg3 ~ 409
subnet delete routed
network segment delete seg3
network segment range list -f json ~ 100[^]*199
network segment range create own --private --project demo --network-type vxlan --minimum 290 --maximum 295 -f json ~ "minimum": 290
network segment range set own --minimum 290 --maximum 296
network segment range show own -f json ~ "maximum": 296
network segment range list --unused -f json ~ "own"
network segment range delete own
network flavor create gold --service-type L3_ROUTER_NAT -f json ~ "gold"
network flavor set gold --description d --disable
network flavor list -f json ~ "gold"
network flavor profile create --metainfo x --description p -f json ~ "meta_info": "x"
network flavor profile list -f json ~ "x"
network flavor delete gold
network service provider list -f json ~ "single_node"
network create out --external --default -f json ~ "is_default": true
subnet create outs --network out --subnet-range 203.0.113.0/24 -f json
subnet pool create pool --pool-prefix 10.64.0.0/10 --default-prefix-length 24 --default --share -f json ~ "is_default": true
# It shows a field that Neutron does not send either.
network auto allocated topology create --check-resources -f json ~ "dry_run": null
network auto allocated topology create -f json ~ "id"
router list --name auto_allocated_router -f json ~ auto_allocated_router
network auto allocated topology delete
router list --name auto_allocated_router -f json ~ ^\[\]$
`;

async function walk(stateDir: string, text: string): Promise<string[]> {
  const steps = readTour(text);
  const said = await runTour(stateDir, steps);
  const wrong = steps.flatMap((step, at) => complaint(step, said[at] ?? '') ?? []);
  assert.equal(wrong.join('\n'), '');
  return said;
}

test('an operator moves the work of agents and divides numbers and zones by the openstack client', {
  skip,
}, async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'neutron.conf');
  await writeFile(file, configuration);
  const { url, stateDir } = await startNeutrino(t, join(folder, 'state'), ['--config-file', file]);
  await report(url, stateDir, 'alpha', 'east');
  await report(url, stateDir, 'beta', 'west');
  await walk(stateDir, first);
  const [listed = '[]'] = await runTour(stateDir, readTour('network agent list -f json'));
  const agents: { ID: string; Host: string; 'Agent Type': string }[] = JSON.parse(listed);
  const idOf = (type: string, host: string) =>
    agents.find((agent) => agent['Agent Type'] === type && agent.Host === host)?.ID ?? 'none';
  await walk(
    stateDir,
    moves({
      l3Alpha: idOf('L3 agent', 'alpha'),
      l3Beta: idOf('L3 agent', 'beta'),
      dhcpAlpha: idOf('DHCP agent', 'alpha'),
      dhcpBeta: idOf('DHCP agent', 'beta'),
    }),
  );
});
