/** What the API calls for ports. */
import { portNotFound } from '../model/faults.ts';
import { ipAddressChangeNotAllowed } from '../model/faults-addresses.ts';
import { dhcpBinding, port } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { dnsAssignments } from '../rules/dns.ts';
import { ipsOf } from '../rules/host-view/addresses.ts';
import type { Operations } from './context.ts';
import { createPort, removePort, updatePort } from './port.ts';
import { networkPolicies } from './qos-use.ts';
import { scheduleDhcp } from './schedule.ts';
import { ensureOwnDefaultGroup } from './security-group.ts';
import { trunkDetails } from './trunk-ports.ts';

const ipv4sOf = (row: Row<typeof port>) => ipsOf(row).filter((ip) => !ip.includes(':'));

/** The IPv4 addresses of a router's interface change by the router alone (l3-port-ip-change-not-allowed). */
function checkInterfaceStays(before: Row<typeof port>, after: Row<typeof port>): void {
  if (before.device_owner !== 'network:router_interface' || before.device_id === '') return;
  const left = new Set(ipv4sOf(after));
  const were = ipv4sOf(before);
  if (were.length !== left.size || were.some((ip) => !left.has(ip))) throw ipAddressChangeNotAllowed(before.id);
}

export const portOperations: Operations<typeof port> = {
  resource: port,
  notFound: portNotFound,
  create: (c, draft) => createPort(c, draft),
  update: async (c, row, changes) => {
    await ensureOwnDefaultGroup(c, row.project_id);
    const result = await updatePort(c, row, changes);
    checkInterfaceStays(row, result);
    return result;
  },
  computesFrom: ['id', 'network_id', 'dns_name', 'fixed_ips'],
  compute: async (c, rows) => {
    const policies = await networkPolicies(
      c,
      rows.map((row) => row.network_id),
    );
    const trunks = await trunkDetails(
      c.r,
      rows.map((row) => row.id),
    );
    return rows.map((row) => ({
      qos_network_policy_id: policies.get(row.network_id) ?? null,
      trunk_details: trunks.get(row.id) ?? null,
      dns_assignment: dnsAssignments(c.settings, row.dns_name, ipsOf(row)).map((one) => ({ ...one })),
    }));
  },
  remove: async (c, row) => {
    await removePort(c, row);
    // A DHCP service that is still wanted gets a new port at once, as Neutron's agent makes itself one. The binding knows the
    // port, whatever a user has made of its device_owner.
    const services = await c.t.find(dhcpBinding, { network_id: row.network_id });
    if (services.some((service) => service.port_id === row.id)) await scheduleDhcp(c, row.network_id);
  },
};
