/** Addresses that follow from MAC addresses: a subnet that comes gives them to the ports that are there, and takes them along. */
import { ipAllocation, port, type subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { eui64Address } from '../rules/ipam.ts';
import type { Context } from './context.ts';
import { fixedIpsOf, giveBackAddresses, takeAddresses } from './port-addresses.ts';
import { releaseForwardings } from './port-hooks.ts';
import { wakePort } from './wake.ts';

/** Gives every port of the network but routers' interfaces its address in a new subnet with automatic addresses. */
export async function addAutoAddresses(c: Context, row: Row<typeof subnet>): Promise<void> {
  for (const each of await c.t.find(port, { network_id: row.network_id })) {
    if (each.device_owner === 'network:router_interface') continue;
    const fixedIp = { subnet_id: row.id, ip_address: eui64Address(row.cidr, each.mac_address) };
    const result = await c.t.update(port, each.id, { fixed_ips: [...each.fixed_ips, fixedIp] });
    if (!result) continue;
    await takeAddresses(c, result, [fixedIp]);
    await wakePort(c, each, result);
  }
}

/** Takes a port's addresses in a subnet away. */
export async function dropAddressesIn(c: Context, row: Row<typeof port>, subnetId: string): Promise<void> {
  const gone = fixedIpsOf(row).filter((fixedIp) => fixedIp.subnet_id === subnetId);
  await giveBackAddresses(c, gone);
  const result = await c.t.update(port, row.id, {
    fixed_ips: row.fixed_ips.filter((fixedIp) => fixedIp.subnet_id !== subnetId),
  });
  if (!result) return;
  await wakePort(c, row, result);
  await releaseForwardings(
    c,
    result,
    gone.map((fixedIp) => fixedIp.ip_address),
  );
}

/** The ports that have an address in a subnet; at most `limit`. */
export function holdersIn(c: Context, subnetId: string, limit?: number): Promise<Row<typeof port>[]> {
  return c.t.list(
    port,
    {
      op: 'among',
      column: 'id',
      record: ipAllocation.name,
      select: 'port_id',
      where: { op: 'in', column: 'subnet_id', values: [subnetId] },
    },
    limit === undefined ? {} : { limit },
  );
}
