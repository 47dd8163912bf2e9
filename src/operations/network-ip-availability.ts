/** How many addresses of networks are in use, counted by the indexes. */
import { networkNotFound } from '../model/faults.ts';
import { ipAllocation, networkIpAvailability, subnet } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { detailsOf, hasDefaultPools, isInPools, sumOfDetails, totalIps, type Use } from '../rules/ip-availability.ts';
import type { Operations, ReadContext } from './context.ts';

type SubnetRow = Row<typeof subnet>;
type AvailabilityRow = Row<typeof networkIpAvailability>;

// The text of JSON for an integer that a number cannot say; TypeScript's library does not know it yet.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** The integer as a body shows it, to the last digit. */
function exact(value: bigint): number {
  return (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : rawJSON(String(value))) as number;
}

const exactly = (sums: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(sums).map(([name, value]) => [name, exact(value as bigint)]));

/** Of a subnet whose pools are the usual ones only the gateway is outside; of others the addresses are looked at. */
async function useOf(c: ReadContext, row: SubnetRow): Promise<Use> {
  const used = await c.r.count(ipAllocation, { subnet_id: row.id });
  if (hasDefaultPools(row)) {
    const { gateway_ip: ip_address } = row;
    const gateway = ip_address === null ? undefined : await c.r.first(ipAllocation, { subnet_id: row.id, ip_address });
    return { used, usedInPools: gateway ? used - 1 : used };
  }
  const taken = used > 0 ? await c.r.find(ipAllocation, { subnet_id: row.id }) : [];
  return { used, usedInPools: taken.filter((one) => isInPools(one.ip_address, row.allocation_pools)).length };
}

async function availabilityOf(c: ReadContext, row: SubnetRow) {
  const use = await useOf(c, row);
  return { row, use, total: totalIps(row), details: detailsOf(row, use) };
}

type Availability = Awaited<ReturnType<typeof availabilityOf>>;

const shownSubnet = ({ row, use, total, details }: Availability): Record<string, unknown> => ({
  subnet_id: row.id,
  subnet_name: row.name,
  cidr: row.cidr,
  ip_version: row.ip_version,
  used_ips: use.used,
  total_ips: exact(total),
  ip_availability_details: exactly(details),
});

const shownNetwork = (subnets: readonly Availability[]): Partial<AvailabilityRow> => ({
  subnet_ip_availability: subnets.map(shownSubnet),
  used_ips: subnets.reduce((sum, one) => sum + one.use.used, 0),
  total_ips: exact(subnets.reduce((sum, one) => sum + one.total, 0n)),
  ip_availability_details: exactly(sumOfDetails(subnets.map((one) => one.details))),
});

/** The subnets of the rows, those of the version that a list asks for. */
async function subnetsOf(c: ReadContext, rows: readonly { readonly id: string }[]): Promise<SubnetRow[]> {
  const versions = c.filters?.get('ip_version')?.map(Number).filter(Number.isInteger) ?? [];
  const ofVersion = versions.length > 0 ? { ip_version: versions } : {};
  return rows.length > 0 ? c.r.find(subnet, { network_id: rows.map((row) => row.id), ...ofVersion }) : [];
}

async function compute(c: ReadContext, rows: readonly AvailabilityRow[]): Promise<Partial<AvailabilityRow>[]> {
  // The rows are networks.
  const networks = rows as unknown as readonly { readonly id: string }[];
  const byNetwork = new Map<string, Availability[]>(networks.map(({ id }) => [id, []]));
  for (const row of await subnetsOf(c, networks)) byNetwork.get(row.network_id)?.push(await availabilityOf(c, row));
  return networks.map(({ id }) => shownNetwork(byNetwork.get(id) ?? []));
}

/** What the API calls. */
export const networkIpAvailabilityOperations: Operations<typeof networkIpAvailability> = {
  resource: networkIpAvailability,
  notFound: networkNotFound,
  compute,
};
