/** What the real `openstack` client does by id: rules, helpers, meters, profiles, sharing; and what is not served here. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startNeutrino, temporaryFolder } from '../support/neutrino.ts';
import { complaint, readTour, runTour } from './support/client-tour.ts';

const skip = existsSync('/usr/bin/openstack')
  ? false
  : "the openstack client is missing (Debian's python3-openstackclient)";

const configuration = `[DEFAULT]
service_plugins = router,qos,metering,conntrack_helper,local_ip
`;
const driver = 'neutron.services.l3_router.service_providers.single_node.SingleNodeDriver';

const made = String.raw`
network create ext --external --share -f json ~ "shared": true
subnet create exts --network ext --subnet-range 203.0.113.0/24 -f json
network create in -f json
floating ip create ext --floating-ip-address 203.0.113.50 --dns-name a --dns-domain b.c. ~ No Extension found for dns-integration
floating ip create ext --floating-ip-address 203.0.113.50 -f json
floating ip show 203.0.113.50 -f json ~ "port_id": null
address scope create as -f json
address scope show as -f json ~ "ip_version": 4
address group create ag --address 10.0.0.0/24 -f json
address group show ag -f json ~ "10.0.0.0/24"
security group create sg -f json
security group rule create sg --protocol tcp --dst-port 22 -f json ~ "port_range_min": 22
network rbac create --type network --action access_as_shared --target-project demo in -f json
network qos policy create q -f json
network qos rule create q --type bandwidth-limit --max-kbps 1000 --ingress -f json
network qos rule create q --type minimum-bandwidth --min-kbps 100 --egress -f json ~ "min_kbps": 100
network qos rule type show bandwidth_limit -f json ~ "drivers"
network qos rule type show pizza ~ No QoSRuleType found for pizza
network meter create m --description d --share -f json ~ "shared": true
network meter list -f json ~ "m"
network meter show m -f json ~ "description": "d"
network meter rule create m --ingress --source-ip-prefix 10.0.0.0/24 -f json ~ "direction": "ingress"
network meter rule create m --egress --remote-ip-prefix 10.1.0.0/24 --exclude -f json ~ "is_excluded": true
network meter rule create m --egress --remote-ip-prefix 10.1.0.0/23 --exclude ~ 409
router create r -f json ~ "flavor_id": null
network l3 conntrack helper create r --helper ftp --protocol tcp --port 21 -f json ~ "helper": "ftp"
network l3 conntrack helper create r --helper pizza --protocol tcp --port 21 ~ Conntrack Helper pizza is not allowed
network l3 conntrack helper list r -f json ~ "tcp"
network flavor create gold --service-type L3_ROUTER_NAT -f json
network flavor show gold -f json ~ "service_type": "L3_ROUTER_NAT"
network flavor profile create --driver ${driver} -f json ~ SingleNodeDriver
subnet create ins --network in --subnet-range 10.3.0.0/24 --no-dhcp -f json
port create web --network in --fixed-ip ip-address=10.3.0.20 -f json
local ip create --name l --network in --local-ip-address 10.3.0.9 -f json ~ "local_ip_address": "10.3.0.9"
local ip create --name p --local-port web --ip-mode passthrough -f json ~ "ip_mode": "passthrough"
local ip create --name none ~ Either Port ID or Network ID must be specified
local ip set l --description near
local ip show l -f json ~ "description": "near"
local ip list --name l -f json ~ "10.3.0.9"
local ip association create l web --fixed-ip 10.3.0.99 ~ does not have requested IP address: 10.3.0.99
local ip association create l web -f json ~ "fixed_ip": "10.3.0.20"
local ip association list l --fixed-port web -f json ~ "Local IP Address": "10.3.0.9"
local ip association list l --host elsewhere -f json ~ ^\[\]$
local ip delete l ~ is still associated with one or more ports
# What is not served: the client says so.
router create h --ha ~ 400[^]*Unrecognized attribute\(s\) 'ha'
router create d --distributed ~ 400[^]*Unrecognized attribute\(s\) 'distributed'
network create v --transparent-vlan ~ 400[^]*Unrecognized attribute\(s\) 'vlan_transparent'
`;

/** The ids that lists show, by the words that name their rows. */
const wanted = {
  rule: 'security group rule list sg --ingress -f json',
  rbac: 'network rbac list --type network --action access_as_shared --long -f json',
  limit: 'network qos rule list q -f json',
  meterRule: 'network meter rule list -f json',
  helper: 'network l3 conntrack helper list r -f json',
  profile: 'network flavor profile list -f json',
  fixedPort: 'local ip association list l -f json',
} as const;

const byId = (ids: Readonly<Record<keyof typeof wanted, string>>) => String.raw`
security group rule show ${ids.rule} -f json ~ "port_range_min": 22
security group rule delete ${ids.rule}
security group rule show ${ids.rule} ~ No SecurityGroupRule found
network rbac show ${ids.rbac} -f json ~ "access_as_shared"
network rbac set ${ids.rbac} --target-project admin
network rbac delete ${ids.rbac}
network rbac show ${ids.rbac} ~ No RBACPolicy found
network qos rule show q ${ids.limit} -f json ~ "max_kbps": 1000
network qos rule set q ${ids.limit} --max-kbps 2000 --max-burst-kbits 100
network qos rule show q ${ids.limit} -f json ~ "max_kbps": 2000
network qos rule delete q ${ids.limit}
network qos rule show q ${ids.limit} ~ not found|No such|404
network meter rule show ${ids.meterRule} -f json ~ "metering_label_id"
network meter rule delete ${ids.meterRule}
network meter delete m
network meter rule list -f json ~ ^\[\]$
network l3 conntrack helper show r ${ids.helper} -f json ~ "port": 21
network l3 conntrack helper set r ${ids.helper} --port 2121
network l3 conntrack helper show r ${ids.helper} -f json ~ "port": 2121
network l3 conntrack helper delete r ${ids.helper}
network l3 conntrack helper list r -f json ~ ^\[\]$
local ip association delete l ${ids.fixedPort}
local ip association list l -f json ~ ^\[\]$
local ip delete l p
local ip list -f json ~ ^\[\]$
network flavor add profile gold ${ids.profile}
network flavor show gold -f json ~ "service_profile_ids": \[\s*"${ids.profile}"
network flavor profile delete ${ids.profile} ~ is used by some service instance
network flavor remove profile gold ${ids.profile}
network flavor profile set ${ids.profile} --description d --disable
network flavor profile show ${ids.profile} -f json ~ "enabled": false
network flavor profile delete ${ids.profile}
network flavor delete gold
`;

async function walk(stateDir: string, text: string): Promise<void> {
  const steps = readTour(text);
  const said = await runTour(stateDir, steps);
  const wrong = steps.flatMap((step, at) => complaint(step, said[at] ?? '') ?? []);
  assert.equal(wrong.join('\n'), '');
}

test('the openstack client shows, changes and deletes what it names by id', { skip }, async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'neutron.conf');
  await writeFile(file, configuration);
  const { stateDir } = await startNeutrino(t, join(folder, 'state'), ['--config-file', file]);
  await walk(stateDir, made);
  const names = Object.keys(wanted) as (keyof typeof wanted)[];
  const lists = await runTour(
    stateDir,
    names.map((name) => ({ command: wanted[name], pattern: undefined })),
  );
  const ids = names.map((name, at) => {
    // The client may warn before it lists.
    const text = lists[at] ?? '[]';
    const rows = JSON.parse(text.slice(Math.max(0, text.search(/^\[/m)))) as Readonly<Record<string, unknown>>[];
    const row = name === 'limit' ? rows.find((one) => one.Type === 'bandwidth_limit') : rows[0];
    return [name, String(row?.ID ?? row?.['Fixed port ID'] ?? `no ${name}`)] as const;
  });
  await walk(stateDir, byId(Object.fromEntries(ids) as Record<keyof typeof wanted, string>));
});
